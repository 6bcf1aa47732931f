/** What the viewer's wallet holds, shown wherever the document has a `data-balance`. */

import { ROOT } from "../shared/api.js";
import { make, painter } from "../shared/dom.js";
import { money } from "../shared/words.js";

export class Wallet {
  #balances = new Map();
  #paint = painter(() => this.#draw());

  /** Ask for everything, or forget it: without a token there is no wallet. */
  async load(token) {
    this.#balances.clear();
    this.#paint();
    if (!token) return;
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(new URL("v1/wallet", ROOT), { headers }).catch(() => null);
    if (!answer?.ok) return; // the next `balance` push tells
    const { balances } = await answer.json();
    for (const { currency, balance_minor: minor } of balances) this.set(currency, minor);
  }

  set(currency, minor) {
    this.#balances.set(currency, minor);
    this.#paint();
  }

  #draw() {
    for (const place of document.querySelectorAll("[data-balance]")) {
      const only = place.dataset.balance;
      const shown = [...this.#balances].filter(([currency]) => !only || currency === only);
      const amounts = shown.map(([currency, minor]) => make("span", "", money(minor, currency)));
      place.replaceChildren(...amounts);
      place.hidden = shown.length === 0;
    }
  }
}
