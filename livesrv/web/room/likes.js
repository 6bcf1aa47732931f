/**
 * Likes: the button, two quick taps anywhere on the stage, and how many there are.
 *
 * Taps are sent together, a few times a second. One that is lost is worth nothing.
 */

import { find, painter } from "../shared/dom.js";
import { count, say } from "../shared/words.js";

const SEND_MS = 500;
const SENT_MAX = 100;
const DOUBLE_MS = 350;
const DOUBLE_PX = 48;
const NOT_STAGE = "button, a, input, form, .offers, .tray, .reel, .curtain";

export class Likes {
  #button = find("like");
  #label = find("likes");
  #hearts;
  #require;
  #send;
  #total = 0;
  #tapped = 0;
  #timer = 0;
  #paint = painter(() => this.#draw());

  /** `require()` resolves to whether one may like; `send(count)` tells the server. */
  constructor({ hearts, require, send }) {
    this.#hearts = hearts;
    this.#require = require;
    this.#send = send;
    this.#button.addEventListener("click", () => this.#like(() => this.#hearts.rise(1)));
    onQuickTaps(find("show"), (x, y) => this.#like(() => this.#hearts.riseAt(x, y)));
  }

  /** Begin anew with the number of a snapshot. */
  reset(total) {
    this.#total = total;
    this.#paint();
  }

  /** Others and ourselves have tapped `number` more. */
  fall({ count: number, total }) {
    this.#total = Math.max(this.#total, total);
    this.#hearts.rise(number);
    this.#paint();
  }

  async #like(show) {
    if (!(await this.#require())) return;
    show();
    this.#tapped += 1;
    this.#paint();
    if (this.#timer === 0) this.#timer = setTimeout(() => this.#flush(), SEND_MS);
  }

  #flush() {
    const number = Math.min(this.#tapped, SENT_MAX);
    this.#timer = this.#tapped = 0;
    this.#total += number;
    this.#send(number);
  }

  #draw() {
    const number = count(this.#total + this.#tapped);
    this.#label.textContent = number;
    this.#button.ariaLabel = `${say("like")} ${number}`;
  }
}

/** Call `tapped(x, y)` for the second tap in a quick row on the bare stage, and each one after. */
function onQuickTaps(stage, tapped) {
  let last = null;
  stage.addEventListener("pointerup", ({ target, isPrimary, clientX: x, clientY: y, timeStamp: atMs }) => {
    if (!isPrimary || target.closest(NOT_STAGE)) return;
    const isNext = last !== null && atMs - last.atMs < DOUBLE_MS;
    if (isNext && Math.hypot(x - last.x, y - last.y) < DOUBLE_PX) tapped(x, y);
    last = { x, y, atMs };
  });
}
