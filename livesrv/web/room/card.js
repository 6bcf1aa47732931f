/** A card of something to buy: its picture, price, what is left and how long, and a button. */

import { icon, make, picture } from "../shared/dom.js";
import { count, duration, money, say } from "../shared/words.js";
import { LAST_PIECES } from "./terms.js";

const CLOCKS = { flash: "⚡", opens: "⏰", closes: "⏳" };

export class Card {
  node = make("li", "card");
  #emoji = make("span", "emoji");
  #title = make("b", "title");
  #price = make("span", "price");
  #was = make("s", "was");
  #until = make("span", "until");
  #stock = make("span", "stock");
  #bar = make("span", "level");
  #button = make("button", "buy");

  constructor(buy, mark = null) {
    const [about, prices, left] = [make("div", "about"), make("p", "prices"), make("p", "left")];
    this.#title.dir = "auto";
    this.#emoji.ariaHidden = "true";
    this.#bar.append(make("i"));
    prices.append(this.#price, this.#was);
    left.append(this.#until, this.#stock);
    about.append(this.#title, prices, left, this.#bar);
    if (mark !== null) about.prepend(make("span", "for-you", mark));
    this.#button.type = "button";
    this.#button.append(icon("bag"), make("span", "", say("offer.buy")));
    this.#button.addEventListener("click", buy);
    this.node.append(this.#emoji, about, this.#button);
  }

  /** What it costs and how it stands; `terms` as of terms.js. */
  show(title, terms, nowMs) {
    const [emoji, name] = picture(title, "🛍️");
    write(this.#emoji, emoji);
    write(this.#title, terms.quantity > 1 ? `${count(terms.quantity)} × ${name}` : name);
    showPrice(this.#price, this.#was, terms);
    showUntil(this.#until, terms.until, nowMs);
    showStock(this.#stock, terms);
    this.#showLevel(terms.share);
    this.#button.disabled = terms.state !== "open";
    this.#button.ariaLabel = `${say("offer.buy")}: ${name}, ${this.#price.textContent}`;
  }

  /** A change that should be seen, unless one wants no motion. */
  flash() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.node.animate([{ boxShadow: "0 0 0 4px #ffc24b" }, { boxShadow: "0 0 0 0 #ffc24b00" }], 900);
  }

  look() {
    this.node.scrollIntoView({ block: "nearest", inline: "start" });
  }

  #showLevel(share) {
    this.#bar.hidden = share === null;
    this.#bar.style.setProperty("--share", share ?? 0);
  }
}

/** The price, and the one it replaces for a while. */
export function showPrice(price, was, { priceMinor, regularMinor, totalMinor, currency }) {
  write(price, money(totalMinor ?? priceMinor, currency));
  was.hidden = regularMinor === null || regularMinor === priceMinor;
  if (!was.hidden) write(was, money(regularMinor, currency));
}

/** How long until the clock changes something. */
export function showUntil(node, until, nowMs) {
  node.hidden = until === null;
  if (until === null) return;
  node.className = `until ${until.kind}`;
  write(node, `${CLOCKS[until.kind]} ${duration(until.atMs - nowMs)}`);
  const words = say(`offer.${until.kind}`, { time: duration(until.atMs - nowMs) });
  if (node.title !== words) node.title = words;
}

/** How much is left, in words, or why there is nothing to buy. */
export function showStock(node, { state, stock }) {
  node.hidden = stock === null && state === "open";
  node.classList.toggle("last", state !== "open" || stock <= LAST_PIECES);
  if (state !== "open") write(node, say(`offer.${state}`));
  else if (stock !== null) {
    write(node, say(stock <= LAST_PIECES ? "offer.last" : "offer.left", { count: count(stock) }));
  }
}

/** Text that is the same stays untouched: a screen reader hears only of changes. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
