/**
 * Prices that a seller made for this viewer alone: a card each, until they are taken or over.
 *
 * They are told once, so they are kept on the device, for those who reload the page.
 */

import { ask } from "../shared/api.js";
import { find } from "../shared/dom.js";
import { session } from "../shared/session.js";
import { say } from "../shared/words.js";
import { Card } from "./card.js";
import { quoteDeal } from "./terms.js";

const KEPT = "livesrv.private_prices";
const KEPT_MAX = 10;
const TICK_MS = 1_000;

export class Bargains {
  #list = find("bargains");
  #cards = new Map(); // by id: { card, deal, title }
  #tick = 0;
  #room = null;
  #buy;
  #offerOf;
  #now;

  /**
   * `buy(offer, deal)` when the viewer wants it. `offerOf(id)` resolves to the offer it is for;
   * `now()` is the server's time.
   */
  constructor({ buy, offerOf, now }) {
    this.#buy = buy;
    this.#offerOf = offerOf;
    this.#now = now;
  }

  /** Show those of a room that were told before and hold still. */
  enter(room) {
    this.#room = room;
    for (const id of [...this.#cards.keys()]) this.#drop(id);
    for (const { user, deal } of kept()) {
      if (user === session.user && deal.room === room) this.check(deal);
    }
  }

  /** A price was made: a `private_price`. */
  async hear(deal) {
    keep(deal);
    if (deal.room === this.#room) await this.#show(deal);
  }

  /** Find out whether it holds still. */
  async check(deal) {
    const path = `v1/private-prices/${deal.private_price}`;
    const found = await ask("GET", path, { token: session.token }).catch((error) => error);
    const isGone = found.code === "not_found" || (found.status !== undefined && found.status !== "open");
    if (!isGone && deal.room === this.#room) return this.#show(deal);
    if (isGone) this.#drop(deal.private_price);
    if (isGone) forget(deal.private_price);
  }

  async #show(deal) {
    const offer = await this.#offerOf(deal.offer);
    if (offer === undefined || deal.room !== this.#room) return;
    const card = new Card(() => this.#buy(offer, deal), say("order.for_you"));
    this.#drop(deal.private_price);
    this.#cards.set(deal.private_price, { card, deal, title: offer.title });
    card.node.dataset.deal = deal.private_price;
    this.#list.append(card.node);
    this.#draw();
    card.flash();
    if (this.#tick === 0) this.#tick = setInterval(() => this.#draw(), TICK_MS);
  }

  #draw() {
    const nowMs = this.#now();
    for (const [id, { card, deal, title }] of this.#cards) {
      if (nowMs < deal.expires_ms) card.show(title, quoteDeal(deal, nowMs), nowMs);
      else this.#drop(id);
    }
  }

  #drop(id) {
    this.#cards.get(id)?.card.node.remove();
    this.#cards.delete(id);
    if (this.#cards.size > 0) return;
    clearInterval(this.#tick);
    this.#tick = 0;
  }
}

function kept() {
  const all = JSON.parse(localStorage.getItem(KEPT)) ?? [];
  return all.filter(({ deal }) => deal.expires_ms > Date.now());
}

function keep(deal) {
  const others = kept().filter((each) => each.deal.private_price !== deal.private_price);
  const all = [...others, { user: session.user, deal }].slice(-KEPT_MAX);
  localStorage.setItem(KEPT, JSON.stringify(all));
}

function forget(id) {
  const others = kept().filter(({ deal }) => deal.private_price !== id);
  localStorage.setItem(KEPT, JSON.stringify(others));
}
