/**
 * All that money moves in a room: what is pinned, orders, prices for one buyer, gifts, the wallet.
 *
 * Must not know the socket: it is told what the wire says, and says what is to be sent.
 */

import { ask } from "../shared/api.js";
import { say } from "../shared/words.js";
import { Bargains } from "./bargains.js";
import { GiftTray } from "./gifts.js";
import { OrderSheet } from "./order.js";
import { Orders } from "./orders.js";
import { Shop } from "./shop.js";
import { Wallet } from "./wallet.js";
import { session } from "../shared/session.js";

export class Market {
  #room = null;
  #here;
  #send;
  #wallet = new Wallet(() => this.#moved());
  #shop;
  #order;
  #orders;
  #bargains;
  #tray;

  /**
   * `here()` says which room this is, who is looking, and what time it is at the server.
   * `send(command)` resolves to the reply, however long it takes; `require()` to whether the
   * viewer may act; `toast(words)` and `fail(error)` tell them something.
   */
  constructor({ here, send, require, toast, fail }) {
    const now = () => here().nowMs;
    const sent = (command) => this.#insist(command);
    const buy = (offer, deal) => require().then((may) => may && this.#order.open(offer, deal));
    this.#here = here;
    this.#send = send;
    this.#shop = new Shop({ buy, changed: (offer) => this.#order.update(offer), now });
    this.#bargains = new Bargains({ buy, offerOf: (id) => this.#offer(id), now });
    this.#order = new OrderSheet({
      send: sent,
      here,
      holds: (currency) => this.#wallet.holds(currency),
      refresh: () => this.#refresh(),
      dealt: (deal) => this.#bargains.check(deal),
    });
    this.#orders = new Orders({ toast, fail, now, tells: (order) => this.#order.tells(order) });
    this.#tray = new GiftTray({
      send: sent,
      require,
      fail: (why) => (typeof why === "string" ? toast(why) : fail(why)),
      here,
      holds: () => this.#wallet.holds("COIN"),
    });
  }

  /** Begin anew: another room, or another viewer. */
  enter(room) {
    this.#room = room;
    this.#wallet.load(session.token);
    this.#tray.load();
    this.#orders.enter();
    this.#bargains.enter(room);
  }

  /** What is pinned, as a snapshot has it. */
  reset(pinned) {
    this.#shop.reset(pinned);
  }

  /** The connection is there: ask again what has had no answer. */
  resume() {
    this.#order.resume();
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
    else if (push.type === "private_price") this.#bargains.hear(push);
    else if (push.type === "order_update") {
      this.#order.hear(push);
      this.#orders.hear(push);
    }
  }

  titleOf(offer) {
    return this.#shop.titleOf(offer);
  }

  #moved() {
    this.#order?.look();
    this.#tray?.look();
  }

  #restock(event) {
    for (const { offer, stock } of event.lines) this.#shop.stock(offer, stock);
  }

  async #insist(command) {
    const reply = await this.#send(command);
    const currency = reply.type === "gifted" ? "COIN" : reply.currency;
    this.#wallet.set(currency, reply.balance_minor);
    return reply;
  }

  /** Ask how the offers stand, for those who may have missed it. */
  async #refresh() {
    for (const offer of await this.#offers()) this.#shop.change(offer);
  }

  async #offer(id) {
    return this.#shop.offer(id) ?? (await this.#offers()).find(({ offer }) => offer === id);
  }

  async #offers() {
    const answer = await ask("GET", `v1/rooms/${this.#room}/offers`).catch(() => null);
    return answer?.offers ?? [];
  }
}
