/**
 * Taps in quick succession on one gift: one key, and a count that only grows.
 *
 * One command of a combo is under way at a time; it carries all taps so far, so however fast one
 * taps, and whatever the connection does meanwhile, every tap is paid for once.
 */

import { newKey } from "../client/index.js";

export const COMBO_MS = 3_000;

/** Taps on one gift, from the first until there has been none for a while. */
export class Combo {
  #gift;
  #give;
  #show;
  #current = null;
  #timer = 0;
  #unpaid = 0;

  /** `give(command)` answers whether it was taken; `show(taps)` how far the combo is, 0 when over. */
  constructor(gift, give, show) {
    this.#gift = gift;
    this.#give = give;
    this.#show = show;
  }

  /** How many taps are on their way, and not in the balance yet. */
  get unpaid() {
    return this.#unpaid;
  }

  tap({ room, nowMs }) {
    this.#current ??= { room, key: newKey("c"), madeAtMs: nowMs, taps: 0, isSending: false };
    this.#current.taps += 1;
    this.#unpaid += 1;
    this.#show(this.#current.taps);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(), COMBO_MS);
    this.#flush(this.#current);
  }

  async #flush(combo) {
    if (combo.isSending) return;
    combo.isSending = true;
    let sent = 0;
    while (sent < combo.taps) {
      const before = sent;
      sent = combo.taps;
      const isTaken = await this.#give(this.#command(combo, sent));
      this.#unpaid -= (isTaken ? sent : combo.taps) - before;
      if (isTaken) continue;
      if (combo === this.#current) this.#end();
      return;
    }
    combo.isSending = false;
  }

  #command({ room, key, madeAtMs }, total) {
    return { type: "gift", room, gift: this.#gift, key, count: total, made_at_ms: madeAtMs };
  }

  #end() {
    clearTimeout(this.#timer);
    this.#current = null;
    this.#show(0);
  }
}
