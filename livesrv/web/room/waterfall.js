/**
 * Comments, gifts and purchases falling past.
 *
 * However much arrives: at most `ROWS_MAX` nodes, which are used again, and at most
 * `ROWS_PER_DRAW` of them filled in a quarter of a second, so that one can still read them. Other
 * people's comments that find no place are counted instead.
 */

import { bareName, drawAvatar, find, make, painter, picture } from "../shared/dom.js";
import { count, say } from "../shared/words.js";

const ROWS_MAX = 30;
const ROWS_PER_DRAW = 2;
const QUEUE_MAX = 12;
const DRAW_MS = 250;
const MISSED_MS = 2_500;

export class Waterfall {
  #list = find("rows");
  #more = find("more");
  #queue = [];
  #rows = new Map(); // by comment or combo
  #missed = 0;
  #missedTimer = 0;
  #drawTimer = 0;
  #me = null;
  #paint = painter(() => this.#draw());

  /** Begin anew with the comments of a snapshot, as the user `me`. */
  reset(comments, me) {
    this.#me = me;
    this.#queue = [];
    this.#rows.clear();
    this.#list.replaceChildren();
    for (const comment of comments.slice(-ROWS_MAX)) this.#show(this.#item(comment));
  }

  comment(comment) {
    this.#push(this.#item(comment));
  }

  gift({ user, combo, count: total }, emoji) {
    const text = `${say("gift.sent")} ${emoji} ×${count(total)}`;
    this.#push({ kind: "gift", id: `${user.id} ${combo}`, user, text });
  }

  sold({ user, seq }, lines) {
    const pieces = lines.map(({ quantity, title }) => `${quantity} × ${short(title)}`);
    const text = `${say("order.bought")} ${pieces.join(", ")}`;
    this.#push({ kind: "sold", id: `sold ${seq}`, user, text });
  }

  notice(text, id) {
    this.#push({ kind: "notice", id, user: null, text });
  }

  remove(comment) {
    this.#queue = this.#queue.filter(({ id }) => id !== comment);
    this.#rows.get(comment)?.remove();
    this.#rows.delete(comment);
  }

  /** So many comments were left out on their way here. */
  missed(number) {
    if (number === 0) return;
    this.#missed += number;
    this.#more.textContent = `+${count(this.#missed)}`;
    this.#more.ariaLabel = say("shed", { count: count(this.#missed) });
    this.#more.hidden = false;
    clearTimeout(this.#missedTimer);
    this.#missedTimer = setTimeout(() => {
      this.#missed = 0;
      this.#more.hidden = true;
    }, MISSED_MS);
  }

  #push(item) {
    this.#queue.push(item);
    if (this.#queue.length > QUEUE_MAX) this.#leaveOut();
    if (this.#drawTimer === 0) this.#paint();
  }

  /** Drop the oldest comment in the queue, or the oldest item when it has none. */
  #leaveOut() {
    const oldest = this.#queue.findIndex(({ kind }) => kind === "comment");
    const [dropped] = this.#queue.splice(Math.max(0, oldest), 1);
    if (dropped.kind === "comment") this.missed(1);
  }

  #item({ comment, user, text }) {
    const isHost = user.badges.includes("host");
    const kind = user.id === this.#me ? "mine" : isHost ? "host" : "comment";
    return { kind, id: comment, user, text };
  }

  #draw() {
    for (const item of this.#queue.splice(0, ROWS_PER_DRAW)) this.#show(item);
    this.#drawTimer = setTimeout(() => {
      this.#drawTimer = 0;
      if (this.#queue.length > 0) this.#paint();
    }, DRAW_MS);
  }

  #show(item) {
    const known = this.#rows.get(item.id);
    const row = known ?? this.#free();
    fill(row, item);
    row.dataset.id = item.id;
    this.#rows.set(item.id, row);
    if (!known) this.#list.append(row);
  }

  /** A row to fill: a new one, or the one that has been there longest. */
  #free() {
    if (this.#list.childElementCount < ROWS_MAX) return newRow();
    const row = this.#list.firstElementChild;
    this.#rows.delete(row.dataset.id);
    row.remove();
    return row;
  }
}

function newRow() {
  const row = make("li");
  const body = make("p");
  body.append(make("bdi", "who"), make("span", "text"));
  body.lastElementChild.dir = "auto";
  row.append(make("span", "avatar"), body);
  return row;
}

function fill(row, { kind, user, text }) {
  const [avatar, body] = row.children;
  row.className = `row ${kind}`;
  avatar.hidden = body.firstElementChild.hidden = user === null;
  if (user !== null) {
    drawAvatar(avatar, user);
    body.firstElementChild.textContent = bareName(user.name);
  }
  body.lastElementChild.textContent = text;
}

function short(title) {
  const [emoji, name] = picture(title, "");
  return emoji || name;
}
