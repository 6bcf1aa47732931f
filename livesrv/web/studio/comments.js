/**
 * The waterfall as its host needs it: every row can be tapped, by whoever has to deal with it.
 *
 * Drawn once per frame, `ROWS_MAX` nodes used again. While a finger is on it, or somebody has
 * scrolled back or stands in it with the keyboard, it holds still and rows wait, so that nobody taps
 * the wrong person; of those that wait, the oldest of more than `WAITING_MAX` are left out.
 */

import { bareName, drawAvatar, find, make, painter, picture } from "../shared/dom.js";
import { count, say } from "../shared/words.js";

const ROWS_MAX = 40;
const WAITING_MAX = 200;
const NEAR_PX = 40;
const BADGES = { host: "🎬", moderator: "🛡️", buyer: "🛍️" };

export class Comments {
  #list = find("rows");
  #latest = find("latest");
  #waiting = [];
  #items = new Map(); // what is on the screen, by id
  #rows = new Map();
  #isTouched = false;
  #isBack = false;
  #paint = painter(() => this.#draw());

  /** `tapped(item)` with { comment?, user, text } of a row. */
  constructor(tapped) {
    this.#list.addEventListener("click", ({ target }) => {
      const item = this.#items.get(target.closest("li")?.dataset.id);
      if (item?.user) tapped(item);
    });
    this.#list.addEventListener("pointerdown", () => this.#touch(true));
    addEventListener("pointerup", () => this.#isTouched && setTimeout(() => this.#touch(false)));
    addEventListener("pointercancel", () => this.#touch(false));
    this.#list.addEventListener("focusout", () => this.#paint());
    this.#list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#latest.addEventListener("click", () => this.#jump());
  }

  reset(comments) {
    this.#waiting = [];
    this.#items.clear();
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#isBack = false;
    for (const comment of comments) this.comment(comment);
  }

  comment({ comment, user, text }) {
    const isHost = user.badges.includes("host");
    this.#push({ id: comment, comment, kind: isHost ? "host" : "said", user, text });
  }

  gift({ user, combo, count: total }, emoji) {
    this.#push({ id: `${user.id} ${combo}`, kind: "gift", user, text: `${emoji} ×${count(total)}` });
  }

  sold({ user, seq }, words) {
    this.#push({ id: `sold ${seq}`, kind: "sold", user, text: words });
  }

  notice({ seq, text }) {
    const [emoji, words] = picture(text, "📣");
    this.#push({ id: `notice ${seq}`, kind: "notice", user: null, text: `${emoji} ${words}` });
  }

  remove(comment) {
    this.#waiting = this.#waiting.filter(({ id }) => id !== comment);
    this.#rows.get(comment)?.remove();
    this.#rows.delete(comment);
    this.#items.delete(comment);
  }

  get #isStill() {
    return this.#isTouched || this.#isBack || this.#list.contains(document.activeElement);
  }

  #push(item) {
    this.#waiting.push(item);
    if (this.#waiting.length > WAITING_MAX) this.#waiting.shift();
    this.#paint();
  }

  #draw() {
    if (!this.#isStill) {
      for (const item of this.#waiting.splice(0).slice(-ROWS_MAX)) this.#show(item);
      this.#list.scrollTop = this.#list.scrollHeight;
    }
    this.#latest.hidden = this.#waiting.length === 0;
    this.#latest.lastElementChild.textContent = count(this.#waiting.length);
  }

  #show(item) {
    const known = this.#rows.get(item.id);
    const row = known ?? this.#free();
    fill(row, item);
    row.dataset.id = item.id;
    this.#rows.set(item.id, row);
    this.#items.set(item.id, item);
    if (!known) this.#list.append(row);
  }

  #free() {
    if (this.#list.childElementCount < ROWS_MAX) return newRow();
    const row = this.#list.firstElementChild;
    this.#rows.delete(row.dataset.id);
    this.#items.delete(row.dataset.id);
    row.remove();
    return row;
  }

  #touch(isTouched) {
    this.#isTouched = isTouched;
    if (!isTouched) this.#paint();
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    this.#isBack = scrollHeight - scrollTop - clientHeight > NEAR_PX;
    if (!this.#isBack) this.#paint();
  }

  #jump() {
    document.activeElement?.blur();
    this.#isBack = false;
    this.#paint();
  }
}

function newRow() {
  const [row, button, body] = [make("li"), make("button", "row"), make("span", "body")];
  button.type = "button";
  body.append(make("bdi", "who"), " ", make("span", "badges"), " ", make("bdi", "text"));
  button.append(make("span", "avatar"), body);
  row.append(button);
  return row;
}

function fill(row, { kind, user, text }) {
  const [avatar, body] = row.firstElementChild.children;
  const [who, badges, words] = body.children;
  row.firstElementChild.className = `row ${kind}`;
  row.firstElementChild.disabled = user === null;
  avatar.hidden = user === null;
  who.textContent = badges.textContent = "";
  words.textContent = text;
  if (user === null) return;
  drawAvatar(avatar, user);
  who.textContent = bareName(user.name);
  for (const badge of user.badges) badges.append(newBadge(badge));
}

function newBadge(badge) {
  const node = make("span", "", BADGES[badge] ?? "");
  node.role = "img";
  node.ariaLabel = node.title = badge in BADGES ? say(`badge.${badge}`) : badge;
  return node;
}
