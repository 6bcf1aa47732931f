/** The goods of the room as a strip of cards: those shown to viewers first, each with what is left. */

import { find, make, painter, picture } from "../shared/dom.js";
import { count, money, say } from "../shared/words.js";

const LAST_PIECES = 10;

export class Goods {
  #list = find("goods");
  #offers = new Map(); // by id, in the order they came
  #pinned = new Set(); // the last one pinned last
  #cards = new Map();
  #tapped;
  #changed;
  #arrangeSoon = painter(() => this.#arrange());

  /** `tapped(offer)` when a card is; `changed(offer)` when an offer stands differently. */
  constructor({ tapped, changed }) {
    this.#tapped = tapped;
    this.#changed = changed;
  }

  /** Begin anew with what is pinned, the latest first. */
  reset(pinned) {
    this.#cards.clear();
    this.#offers.clear();
    this.#pinned.clear();
    this.#list.replaceChildren();
    for (const offer of pinned.toReversed()) this.pin(offer);
  }

  pin(offer) {
    this.#pinned.delete(offer.offer);
    this.#pinned.add(offer.offer);
    this.put(offer);
  }

  unpin(id) {
    this.#pinned.delete(id);
    this.#again(id);
  }

  unpinAll() {
    const pinned = [...this.#pinned];
    this.#pinned.clear();
    pinned.forEach((id) => this.#again(id));
  }

  /** An offer as it stands now, new or known. */
  put(offer) {
    const { pieces } = this.#offers.get(offer.offer) ?? {};
    this.#offers.set(offer.offer, { ...(pieces !== undefined && { pieces }), ...offer });
    this.#again(offer.offer);
  }

  /** What is left of some: lines of `sold`, `reserved` or `unsold`. */
  take(lines) {
    for (const { offer, stock } of lines) {
      const known = this.#offers.get(offer);
      if (!known) continue;
      known.stock = stock;
      this.#draw(known);
      this.#changed(known);
    }
  }

  find(id) {
    return this.#offers.get(id);
  }

  isPinned(id) {
    return this.#pinned.has(id);
  }

  #again(id) {
    const offer = this.#offers.get(id);
    if (!offer) return;
    this.#draw(offer);
    this.#arrangeSoon();
    this.#changed(offer);
  }

  #draw(offer) {
    if (!this.#cards.has(offer.offer)) this.#cards.set(offer.offer, this.#newCard(offer.offer));
    fill(this.#cards.get(offer.offer), offer, this.#pinned.has(offer.offer));
  }

  /** Pinned ones, then the others; both with the latest first, and what is off sale last. */
  #arrange() {
    const latest = [...this.#offers.values()].reverse();
    const pinned = [...this.#pinned].reverse().filter((id) => this.#offers.has(id));
    const others = latest.filter(({ offer }) => !this.#pinned.has(offer));
    const on = others.filter(({ withdrawn }) => !withdrawn);
    const off = others.filter(({ withdrawn }) => withdrawn);
    const ids = [...pinned, ...[...on, ...off].map(({ offer }) => offer)];
    this.#list.replaceChildren(...ids.map((id) => this.#cards.get(id)));
  }

  #newCard(id) {
    const [item, button, bar] = [make("li"), make("button", "good"), make("span", "stock-bar")];
    button.type = "button";
    button.dataset.offer = id;
    bar.append(make("i"));
    button.append(make("span", "mark"), make("span", "emoji"), make("b", "price"), bar, make("span", "left"), make("span", "unseen"));
    button.addEventListener("click", () => this.#tapped(this.#offers.get(id)));
    item.append(button);
    return item;
  }
}

/** How full the bar is: what is left of all there were, in parts of 1. */
export function fullness({ stock, pieces }) {
  return pieces > 0 ? Math.min(1, stock / pieces) : Number(stock > 0);
}

function fill(item, offer, isPinned) {
  const button = item.firstElementChild;
  const [mark, emoji, price, bar, left, rest] = button.children;
  const [image, title] = picture(offer.title, "🛍️");
  mark.textContent = offer.withdrawn ? "🚫" : isPinned ? "📌" : "";
  emoji.textContent = image;
  price.textContent = `${offer.flash ? "⚡" : ""}${money(offer.price_minor, offer.currency)}`;
  left.textContent = count(offer.stock);
  bar.firstElementChild.style.setProperty("--full", fullness(offer));
  button.className = `good${isPinned ? " pinned" : ""}${offer.withdrawn ? " off" : ""}`;
  button.classList.toggle("last", offer.stock <= LAST_PIECES);
  const stands = isPinned ? "offer.pinned" : "offer.unpinned";
  rest.textContent = [say("offer.left", { count: count(offer.stock) }), title, say(stands)].join(", ");
}
