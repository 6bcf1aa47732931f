/**
 * Comments, gifts and purchases falling past: everything the server sends, drawn once a frame.
 *
 * Of a frame with more than fits only the last is shown. While somebody reads, nothing moves: what
 * comes waits until they go on. Whatever finds no place is counted, and the number is shown.
 * Invariant: shown + waiting + counted is what arrived, and all of it is bounded.
 */

import { painter, picture } from "../shared/dom.js";
import { brief, count, say, times } from "../shared/words.js";
import { Backlog } from "./backlog.js";
import { ROWS_MAX, Rows } from "./rows.js";

const WAITING_MAX = 200;
const MISSED_MS = 2_500;
const CALM_PER_S = 8; // at more rows a second than this they do not glide in
const BUSY_PER_S = 30; // and at more than this, nobody looks at anything else
const BUSY_MS = 2_000;
const AT_END_PX = 4;
const AWAY_KEYS = new Set(["ArrowUp", "PageUp", "Home"]);

export class Waterfall {
  #reel;
  #rows;
  #more;
  #latest;
  #pause;
  #waiting = new Backlog(WAITING_MAX);
  #isPaused = false;
  #isAway = false;
  #missed = { before: 0, now: 0 };
  #missedTimer = 0;
  #second = { startMs: 0, rows: 0 };
  #busyTimer = 0;
  #paced;
  #me = null;
  #paint = painter(() => this.#draw());

  /**
   * `root` is the document's section with the reel, its rows and its buttons. `paced(isBusy)` when
   * so much begins to fall that a cheap phone needs all its strength for it, and when it is over.
   */
  constructor(root = document.querySelector(".fall"), { paced = () => {} } = {}) {
    this.#paced = paced;
    this.#reel = root.querySelector(".reel");
    this.#rows = new Rows(root.querySelector(".rows"));
    this.#more = root.querySelector(".more");
    this.#latest = root.querySelector(".latest");
    this.#pause = root.querySelector(".pause");
    this.#pause.addEventListener("click", () => (this.#isPaused ? this.resume() : this.pause()));
    this.#latest.addEventListener("click", () => this.#goOn());
    this.#holdOnTouch();
  }

  /** Begin anew with the comments of a snapshot, as the user `me`. */
  reset(comments, me) {
    this.#me = me;
    this.#waiting.clear();
    this.#rows.clear();
    this.resume();
    for (const comment of comments.slice(-ROWS_MAX)) this.comment(comment);
  }

  comment({ comment, user, text }) {
    const isOwn = user.id === this.#me;
    const kind = isOwn ? "mine" : user.badges.includes("host") ? "host" : "comment";
    this.#push({ kind, id: comment, user, text, isOwn });
  }

  gift({ user, combo, count: total }, emoji) {
    const text = `${say("gift.sent")} ${emoji} ${times(total)}`;
    const isOwn = user.id === this.#me;
    this.#push({ kind: "gift", id: `${user.id} ${combo}`, user, text, isOwn });
  }

  sold({ user, seq }, lines) {
    const pieces = lines.map(({ quantity, title }) => `${short(title)} ${times(quantity)}`);
    const text = `${say("order.bought")} ${pieces.join(", ")}`;
    this.#push({ kind: "sold", id: `sold ${seq}`, user, text, isOwn: user.id === this.#me });
  }

  notice(text, id) {
    this.#push({ kind: "notice", id, user: null, text, isOwn: true });
  }

  /** Take a comment away, wherever it is. */
  remove(comment) {
    this.#waiting.remove(comment);
    this.#rows.remove(comment);
    this.#paint();
  }

  /** So many were left out on their way here. */
  missed(number) {
    if (number === 0) return;
    this.#missed.now += number;
    if (this.#missedTimer === 0) this.#missedTimer = setTimeout(() => this.#forget(), MISSED_MS);
    this.#paint();
  }

  /** The number is of the last moments: a show that sheds all evening is not a debt. */
  #forget() {
    this.#missed = { before: this.#missed.now, now: 0 };
    const isOver = this.#missed.before === 0;
    this.#missedTimer = isOver ? 0 : setTimeout(() => this.#forget(), MISSED_MS);
    this.#paint();
  }

  pause() {
    this.#isPaused = true;
    this.#paint();
  }

  /** Go on where we are now: at the end, with all that waited. */
  resume() {
    this.#isPaused = this.#isAway = false;
    this.#reel.scrollTop = 0;
    this.#paint();
  }

  // --- reading

  /** Somebody who touches the rows, or scrolls back, wants to read. */
  #holdOnTouch() {
    const reel = this.#reel;
    const hold = () => this.pause();
    const options = { passive: true };
    reel.addEventListener("pointerdown", hold, options);
    reel.addEventListener("wheel", ({ deltaY }) => deltaY < 0 && hold(), options);
    reel.addEventListener("keydown", ({ key }) => AWAY_KEYS.has(key) && hold());
    reel.addEventListener("focus", () => reel.matches(":focus-visible") && hold());
    reel.addEventListener("scroll", () => this.#scrolled(), options);
  }

  /** The reel is turned upside down: 0 is its end, and what lies before it is negative. */
  #scrolled() {
    const isAway = this.#reel.scrollTop < -AT_END_PX;
    if (isAway) this.pause();
    else if (this.#isAway) this.resume();
    this.#isAway = isAway;
  }

  #goOn() {
    this.#pause.focus({ preventScroll: true }); // the button that was pressed goes away
    this.resume();
  }

  // --- drawing

  #push(item) {
    this.missed(this.#waiting.add(item));
    this.#paint();
  }

  #draw() {
    if (!this.#isPaused && this.#waiting.size > 0) this.#fall();
    this.#drawPause();
    this.#drawMissed();
  }

  #fall() {
    const { items, leftOut } = this.#waiting.take(ROWS_MAX);
    this.missed(leftOut);
    const rowsPerS = this.#measure(items.length);
    this.#rows.show(items, rowsPerS <= CALM_PER_S);
    if (rowsPerS > BUSY_PER_S) this.#beBusy();
  }

  /** Rows in the second that runs. */
  #measure(number) {
    const nowMs = performance.now();
    if (nowMs - this.#second.startMs > 1_000) this.#second = { startMs: nowMs, rows: 0 };
    this.#second.rows += number;
    return this.#second.rows;
  }

  #beBusy() {
    if (this.#busyTimer === 0) this.#paced(true);
    clearTimeout(this.#busyTimer);
    this.#busyTimer = setTimeout(() => {
      this.#busyTimer = 0;
      this.#paced(false);
    }, BUSY_MS);
  }

  #drawPause() {
    if (this.#latest.hidden === this.#isPaused) this.#switch();
    if (!this.#isPaused) return;
    const waiting = count(this.#waiting.size);
    this.#latest.lastElementChild.textContent = waiting;
    this.#latest.ariaLabel = say("fall.latest", { count: waiting });
  }

  #switch() {
    this.#latest.hidden = !this.#isPaused;
    this.#pause.ariaPressed = String(this.#isPaused);
  }

  #drawMissed() {
    const missed = this.#missed.before + this.#missed.now;
    if (missed === 0 && this.#more.hidden) return;
    this.#more.hidden = missed === 0;
    this.#more.firstElementChild.textContent = `+${brief(missed)}`;
    this.#more.lastElementChild.textContent = say("shed", { count: count(missed) });
  }
}

function short(title) {
  const [emoji, name] = picture(title, "");
  return emoji || name;
}
