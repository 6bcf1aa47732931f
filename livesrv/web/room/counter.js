/**
 * What is behind a tap: buying, giving, one's own orders, prices for one buyer, following the host.
 *
 * Must not know the socket, like the market whose counter it is.
 */

import { ask } from "../shared/api.js";
import { Bargains } from "./bargains.js";
import { Follow } from "./follow.js";
import { Me } from "./me.js";
import { OrderSheet } from "./order.js";
import { Orders } from "./orders.js";
import { GiftTray } from "./tray.js";

export class Counter {
  #room = null;
  #send;
  #require;
  #shop;
  #wallet;
  #order;
  #orders;
  #bargains;
  #tray;
  #follow;
  #me;

  /** What the market is given, with its `shop` and its `wallet`. */
  constructor({ here, send, require, toast, fail, reenter, shop, wallet }) {
    const now = () => here().nowMs;
    const sent = (command) => this.#insist(command);
    this.#send = send;
    this.#require = require;
    this.#shop = shop;
    this.#wallet = wallet;
    this.#bargains = new Bargains({
      buy: (offer, deal) => this.buy(offer, deal),
      offerOf: (id) => this.#offer(id),
      now,
    });
    this.#order = new OrderSheet({
      send: sent,
      here,
      holds: (currency) => wallet.holds(currency),
      refresh: () => this.#refresh(),
      dealt: (deal) => this.#bargains.check(deal),
    });
    this.#orders = new Orders({ toast, fail, now, tells: (order) => this.#order.tells(order) });
    this.#tray = new GiftTray({ send: sent, require, toast, fail, here, holds: () => wallet.holds("COIN") });
    this.#follow = new Follow({ require, fail });
    this.#me = new Me({
      leave: reenter,
      change: () => require().then((may) => may || reenter()),
    });
  }

  /** Begin anew: another room, or another viewer. */
  enter(room) {
    this.#room = room;
    this.#me.show();
    this.#tray.load();
    this.#orders.enter();
    this.#bargains.enter(room);
  }

  /** Whose room it is. */
  meet(host) {
    this.#follow.show(host);
  }

  /** Ask whether the viewer wants an offer, or all of a `deal` made for them. */
  async buy(offer, deal = null) {
    if (await this.#require()) this.#order.open(offer, deal);
  }

  /** An offer stands differently. */
  update(offer) {
    this.#order.update(offer);
  }

  /** The wallet holds more or less. */
  look() {
    this.#order.look();
    this.#tray.look();
  }

  resume() {
    this.#order.resume();
  }

  push(push) {
    if (push.type === "private_price") this.#bargains.hear(push);
    else if (push.type === "order_update") {
      this.#order.hear(push);
      this.#orders.hear(push);
    }
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
