/** The offers pinned now, as cards, the latest first. All that goes by is kept up to date here. */

import { find, make } from "../shared/dom.js";
import { say } from "../shared/words.js";
import { Card } from "./card.js";
import { termsOf } from "./terms.js";

const KNOWN_MAX = 200;
const TICK_MS = 1_000;

export class Shop {
  #list = find("offers");
  #dots = find("offer-dots");
  #cards = new Map(); // by offer, the first one last
  #known = new Map();
  #tick = 0;
  #buy;
  #changed;
  #now;

  /**
   * `buy(offer)` when somebody wants one, `changed(offer)` when an offer stands differently.
   * `now()` is the server's time.
   */
  constructor({ buy, changed, now }) {
    this.#buy = buy;
    this.#changed = changed;
    this.#now = now;
    this.#list.addEventListener("scroll", () => this.#markDot(), { passive: true });
  }

  reset(pinned) {
    this.#cards.clear();
    this.#list.replaceChildren();
    for (const offer of [...pinned].reverse()) this.#add(offer);
    this.#arrange();
  }

  /** Show an offer first. */
  pin(offer) {
    this.#add(offer);
    this.#arrange();
    this.#changed(this.offer(offer.offer));
  }

  unpin(id) {
    this.#cards.get(id)?.node.remove();
    this.#cards.delete(id);
    this.#arrange();
  }

  /** What is left of an offer. */
  stock(id, stock) {
    const offer = this.#known.get(id);
    if (!offer) return;
    offer.stock = stock;
    this.#draw(id);
    this.#changed(offer);
  }

  /** An offer has other terms from now on: another price, title or limit, or it is off sale. */
  change(offer) {
    const known = this.#known.get(offer.offer);
    if (!known) return;
    this.#remember(offer);
    this.#draw(offer.offer);
    if (known.price_minor !== offer.price_minor) this.#cards.get(offer.offer)?.flash();
    this.#changed(this.offer(offer.offer));
  }

  /** An offer as it was last heard of; undefined for one that has never been pinned here. */
  offer(id) {
    return this.#known.get(id);
  }

  titleOf(id) {
    return this.#known.get(id)?.title ?? id;
  }

  #add(offer) {
    this.#cards.get(offer.offer)?.node.remove();
    this.#cards.delete(offer.offer);
    this.#remember(offer);
    const card = new Card(() => this.#buy(this.offer(offer.offer)));
    card.node.dataset.offer = offer.offer;
    this.#cards.set(offer.offer, card);
    this.#list.prepend(card.node);
    this.#draw(offer.offer);
  }

  #draw(id) {
    const [card, offer, nowMs] = [this.#cards.get(id), this.#known.get(id), this.#now()];
    card?.show(offer.title, termsOf(offer, nowMs), nowMs);
  }

  #arrange() {
    const cards = [...this.#cards.values()].reverse();
    this.#dots.hidden = cards.length < 2;
    this.#dots.replaceChildren(...cards.map((card, index) => newDot(card, index, cards.length)));
    this.#list.scrollTo({ left: 0 });
    this.#markDot();
    clearInterval(this.#tick);
    if (cards.length > 0) this.#tick = setInterval(() => this.#drawAll(), TICK_MS);
  }

  #drawAll() {
    if (document.hidden) return;
    for (const id of this.#cards.keys()) this.#draw(id);
  }

  #markDot() {
    const width = this.#list.firstElementChild?.offsetWidth || 1;
    const shown = Math.round(Math.abs(this.#list.scrollLeft) / width);
    [...this.#dots.children].forEach((dot, index) => {
      dot.ariaCurrent = index === shown ? "true" : null;
    });
  }

  #remember(offer) {
    this.#known.delete(offer.offer);
    this.#known.set(offer.offer, { ...offer, stock: offer.withdrawn ? 0 : offer.stock });
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.keys().next().value);
  }
}

function newDot(card, index, all) {
  const dot = make("button", "dot");
  dot.type = "button";
  dot.ariaLabel = say("offer.nth", { number: index + 1, count: all });
  dot.addEventListener("click", () => card.look());
  return dot;
}
