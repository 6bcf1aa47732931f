/**
 * How we stand with the server, in a corner of the page: coming in, coming back and for how long,
 * without a network, or in but badly served. It heals by itself; nothing here is to be pressed.
 */

import { find } from "../shared/dom.js";
import { duration, say } from "../shared/words.js";

const TICK_MS = 1_000;
const TELL_FROM_MS = 2_000; // shorter, nobody asks how long
const BUSY_MS = 10_000;

export class Connection {
  #show = find("show");
  #words = find("connection-words");
  #time = find("connection-time");
  #line = find("line");
  #lineWords = find("line-words");
  #state = "connecting";
  #wasIn = false;
  #outSinceMs = Date.now();
  #tick = 0;
  #isSlow = false;
  #busyUntilMs = 0;
  #busyTimer = 0;

  constructor() {
    addEventListener("online", () => this.#draw());
    addEventListener("offline", () => this.#draw());
  }

  get isIn() {
    return this.#state === "in";
  }

  /** What the client says: "connecting", "in", "waiting" or "ended". */
  tell(state) {
    const isOut = state === "connecting" || state === "waiting";
    if (isOut && this.#state === "in") this.#outSinceMs = Date.now();
    this.#state = state;
    this.#wasIn ||= state === "in";
    clearInterval(this.#tick);
    if (isOut) this.#tick = setInterval(() => this.#draw(), TICK_MS);
    this.#draw();
  }

  /** What the client says of its line. */
  quality({ isSlow }) {
    this.#isSlow = isSlow;
    this.#draw();
  }

  /** The server has no time for us just now. */
  busy() {
    this.#busyUntilMs = Date.now() + BUSY_MS;
    clearTimeout(this.#busyTimer);
    this.#busyTimer = setTimeout(() => this.#draw(), BUSY_MS);
    this.#draw();
  }

  #draw() {
    this.#show.dataset.connection = this.#state;
    write(this.#words, this.#state === "ended" ? "" : say(`connection.${this.#named()}`));
    const outMs = Date.now() - this.#outSinceMs;
    this.#time.textContent = this.isIn || outMs < TELL_FROM_MS ? "" : duration(outMs);
    this.#drawLine();
  }

  #named() {
    if (this.isIn) return "in";
    if (!navigator.onLine) return "offline";
    return this.#wasIn ? "waiting" : "connecting";
  }

  #drawLine() {
    const isBusy = Date.now() < this.#busyUntilMs;
    this.#line.hidden = !this.isIn || !(isBusy || this.#isSlow);
    write(this.#lineWords, this.#line.hidden ? "" : say(isBusy ? "line.busy" : "line.slow"));
  }
}

/** Only what has changed: a reader of screens says it again. */
function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}
