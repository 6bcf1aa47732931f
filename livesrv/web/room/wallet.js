/** What the viewer's wallet holds, shown wherever the document has a `data-balance`. */

import { ask } from "../shared/api.js";
import { make, painter, replay } from "../shared/dom.js";
import { money } from "../shared/words.js";

export class Wallet {
  #balances = new Map();
  #isLoaded = false;
  #loads = 0;
  #changed;
  #paint = painter(() => this.#draw());

  /** `changed()` when it may hold more or less than before. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Ask for everything, or forget it: without a token there is no wallet. */
  async load(token) {
    const load = (this.#loads += 1);
    this.#balances.clear();
    this.#isLoaded = false;
    this.#tell();
    if (!token) return;
    const answer = await ask("GET", "v1/wallet", { token }).catch(() => null);
    if (answer === null || load !== this.#loads) return; // the next `balance` push tells
    this.#isLoaded = true;
    for (const { currency, balance_minor: minor } of answer.balances) {
      if (!this.#balances.has(currency)) this.#balances.set(currency, minor); // a push is newer
    }
    this.#tell();
  }

  set(currency, minor) {
    this.#balances.set(currency, minor);
    this.#tell();
  }

  /** What there is of a currency; null while nobody has told. */
  holds(currency) {
    return this.#balances.get(currency) ?? (this.#isLoaded ? 0 : null);
  }

  #tell() {
    this.#paint();
    this.#changed();
  }

  #draw() {
    for (const place of document.querySelectorAll("[data-balance]")) {
      const only = place.dataset.balance;
      const shown = [...this.#balances].filter(([currency]) => !only || currency === only);
      place.hidden = shown.length === 0;
      place.replaceChildren(...shown.map(([currency, minor]) => newAmount(place, currency, minor)));
    }
  }
}

/** An amount; one that differs from what stood there moves, up or down. */
function newAmount(place, currency, minor) {
  const amount = make("span", "amount", money(minor, currency));
  const before = place.querySelector(`[data-currency="${currency}"]`)?.dataset.minor;
  Object.assign(amount.dataset, { currency, minor });
  if (before !== undefined && Number(before) !== minor) replay(amount, minor > before ? "up" : "down");
  return amount;
}
