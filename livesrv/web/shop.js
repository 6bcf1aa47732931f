/** The offers pinned now, as cards; each with its price, what is left, and a button to buy. */

import { find, icon, make, picture } from "./dom.js";
import { count, money, say } from "./words.js";

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
    const card = newCard(offer, () => this.#buy(this.#known.get(offer.offer)));
    this.#cards.set(offer.offer, card);
    this.#list.prepend(card);
    this.#list.scrollTo({ left: 0 });
    showStock(card, offer.stock);
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

  titleOf(id) {
    return this.#known.get(id)?.title ?? id;
  }

  #remember(offer) {
    this.#known.delete(offer.offer);
    this.#known.set(offer.offer, { ...offer });
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.keys().next().value);
  }
}

/** How much of an offer is left, in words. */
export function stockWords(stock) {
  if (stock <= 0) return say("offer.soldout");
  return say(stock <= LAST_PIECES ? "offer.last" : "offer.left", { count: count(stock) });
}

function newCard(offer, buy) {
  const [emoji, title] = picture(offer.title, "🛍️");
  const card = make("li", "card");
  const about = make("div", "about");
  const name = make("b", "title", title);
  name.dir = "auto";
  about.append(name, make("span", "price", money(offer.price_minor, offer.currency)));
  about.append(make("span", "stock"));
  const button = make("button", "buy");
  button.type = "button";
  button.append(icon("i-bag"), make("span", "", say("offer.buy")));
  button.addEventListener("click", buy);
  card.append(make("span", "emoji", emoji), about, button);
  return card;
}

function showStock(card, stock) {
  const label = card.querySelector(".stock");
  label.textContent = stockWords(stock);
  label.classList.toggle("last", stock <= LAST_PIECES);
  card.querySelector("button").disabled = stock <= 0;
}
