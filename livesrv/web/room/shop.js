/** The offers pinned now, as cards; each with its price, what is left, and a button to buy. */

import { find, icon, make, picture } from "../shared/dom.js";
import { count, money, say } from "../shared/words.js";

const LAST_PIECES = 10;
const KNOWN_MAX = 200;

export class Shop {
  #list = find("offers");
  #cards = new Map();
  #known = new Map();
  #buy;
  #changed;

  /** `buy(offer)` when somebody wants one; `changed(offer)` when an offer stands differently. */
  constructor({ buy, changed }) {
    this.#buy = buy;
    this.#changed = changed;
  }

  reset(pinned) {
    this.#cards.clear();
    this.#list.replaceChildren();
    for (const offer of pinned.toReversed?.() ?? [...pinned].reverse()) this.pin(offer);
  }

  /** Show an offer first. */
  pin(offer) {
    this.unpin(offer.offer);
    this.#remember(offer);
    const card = newCard(() => this.#buy(this.#known.get(offer.offer)));
    this.#cards.set(offer.offer, card);
    this.#list.prepend(card);
    this.#list.scrollTo({ left: 0 });
    showTerms(card, offer);
  }

  unpin(id) {
    this.#cards.get(id)?.remove();
    this.#cards.delete(id);
  }

  /** What is left of an offer. */
  stock(id, stock) {
    const offer = this.#known.get(id);
    if (!offer) return;
    offer.stock = stock;
    const card = this.#cards.get(id);
    if (card) showStock(card, stock);
    this.#changed(offer);
  }

  /** An offer has other terms from now on: another price, title or limit, or it is off sale. */
  change(offer) {
    if (!this.#known.has(offer.offer)) return;
    this.#remember(offer);
    const card = this.#cards.get(offer.offer);
    if (card) showTerms(card, offer);
    this.#changed(this.#known.get(offer.offer));
  }

  titleOf(id) {
    return this.#known.get(id)?.title ?? id;
  }

  #remember(offer) {
    this.#known.delete(offer.offer);
    this.#known.set(offer.offer, { ...offer, stock: offer.withdrawn ? 0 : offer.stock });
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.keys().next().value);
  }
}

/** How much of an offer is left, in words. */
export function stockWords(stock) {
  if (stock <= 0) return say("offer.soldout");
  return say(stock <= LAST_PIECES ? "offer.last" : "offer.left", { count: count(stock) });
}

function newCard(buy) {
  const card = make("li", "card");
  const about = make("div", "about");
  const name = make("b", "title");
  name.dir = "auto";
  about.append(name, make("span", "price"), make("span", "stock"));
  const button = make("button", "buy");
  button.type = "button";
  button.append(icon("bag"), make("span", "", say("offer.buy")));
  button.addEventListener("click", buy);
  card.append(make("span", "emoji"), about, button);
  return card;
}

function showTerms(card, offer) {
  const [emoji, title] = picture(offer.title, "🛍️");
  card.querySelector(".emoji").textContent = emoji;
  card.querySelector(".title").textContent = title;
  card.querySelector(".price").textContent = money(offer.price_minor, offer.currency);
  showStock(card, offer.withdrawn ? 0 : offer.stock);
}

function showStock(card, stock) {
  const label = card.querySelector(".stock");
  label.textContent = stockWords(stock);
  label.classList.toggle("last", stock <= LAST_PIECES);
  card.querySelector("button").disabled = stock <= 0;
}
