/** What the order sheet says of terms that changed before its eyes: what was, and what is. */

import { find, replay } from "../shared/dom.js";
import { count, money, say } from "../shared/words.js";

const NEWS = { priceMinor: "order.new.price", quantity: "order.new.quantity" };

/** `change` as of `difference` in terms.js. */
export function showNews({ name, before, after }, currency) {
  const [news, isState] = [find("order-news"), name === "state"];
  const write = (value) => (name === "priceMinor" ? money(value, currency) : count(value));
  find("news-words").textContent = say(isState ? `offer.${after}` : NEWS[name]);
  find("news-change").hidden = isState;
  find("news-before").textContent = isState ? "" : write(before);
  find("news-after").textContent = isState ? "" : write(after);
  news.dataset.is = isBetter(name, before, after) ? "better" : "worse";
  news.hidden = false;
  replay(news, "shake");
}

export function hideNews() {
  find("order-news").hidden = true;
}

function isBetter(name, before, after) {
  if (name === "state") return after === "open";
  return name === "priceMinor" ? after < before : after > before;
}
