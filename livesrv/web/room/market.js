/**
 * What is on sale in a room, and the wallet. What is behind a tap, the counter, comes right after
 * it: on a thin line the show should be there first.
 *
 * Must not know the socket: it is told what the wire says, and says what is to be sent.
 */

import { session } from "../shared/session.js";
import "./finger.js"; // knows every tap, also those before the counter is there
import { Shop } from "./shop.js";
import { Wallet } from "./wallet.js";

const AGAIN_MS = 2_000;

export class Market {
  #room = null;
  #wallet = new Wallet(() => this.#look());
  #shop;
  #doors;
  #counter = null;
  #coming = null;

  /**
   * `here()` says which room this is, who is looking, and what time it is at the server.
   * `send(command)` resolves to the reply, however long it takes; `require()` to whether the
   * viewer may act; `toast(words)` and `fail(error)` tell them something; `reenter()` begins anew.
   */
  constructor(doors) {
    this.#doors = doors;
    this.#shop = new Shop({
      buy: (offer) => this.#at((counter) => counter.buy(offer)),
      changed: (offer) => this.#counter?.update(offer),
      now: () => doors.here().nowMs,
    });
  }

  /** Begin anew: another room, or another viewer. */
  enter(room) {
    this.#room = room;
    this.#wallet.load(session.token);
    this.#counter?.enter(room);
  }

  /** What a snapshot says: what is pinned, and whose room it is. */
  reset({ pinned, host }) {
    this.#shop.reset(pinned);
    this.#at((counter) => counter.meet(host));
  }

  /** The connection is there: ask again what has had no answer. */
  resume() {
    this.#at((counter) => counter.resume());
  }

  /** An event of the room, as far as it is about what is on sale. */
  event(event) {
    const { type } = event;
    if (type === "pinned") this.#shop.pin(event);
    else if (type === "unpinned") this.#shop.unpin(event.offer);
    else if (type === "stock") this.#shop.change(event);
    else if (type === "ended") this.#shop.reset([]);
    else if (type === "sold" || type === "reserved" || type === "unsold") this.#restock(event);
  }

  /** What the wire tells this viewer alone. */
  push(push) {
    if (push.type === "balance") this.#wallet.set(push.currency, push.balance_minor);
    else this.#at((counter) => counter.push(push));
  }

  titleOf(offer) {
    return this.#shop.titleOf(offer);
  }

  #restock(event) {
    for (const { offer, stock } of event.lines) this.#shop.stock(offer, stock);
  }

  #look() {
    this.#counter?.look();
  }

  /** Have something done at the counter, as soon as it is there. */
  async #at(act) {
    this.#coming ??= this.#come();
    await this.#coming;
    act(this.#counter);
  }

  async #come() {
    const { Counter } = await load("./counter.js");
    const [shop, wallet] = [this.#shop, this.#wallet];
    this.#counter = new Counter({ ...this.#doors, shop, wallet });
    this.#counter.enter(this.#room);
  }
}

/** A module that comes later, however often the line breaks meanwhile. */
async function load(path) {
  for (;;) {
    try {
      return await import(path);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
