/** Paying out what is available: all of it, confirmed with the amounts; coins turn into money. */

import { act } from "./act.js";
import { newKey } from "../client/index.js";
import { find, make } from "../shared/dom.js";
import { request } from "./office.js";
import { coinsIn } from "./sums.js";
import { money, say } from "../shared/words.js";

const COIN = "COIN";

export class PayoutSheet {
  #sheet = find("payout");
  #earning = null;
  #key = null; // kept until answered: paid out once, however often it is asked
  #rates = [];
  #done;

  /** `done()` when something was paid out. */
  constructor(done) {
    this.#done = done;
    find("payout-go").addEventListener("click", ({ currentTarget }) => this.#go(currentTarget));
    find("payout-into").addEventListener("change", () => this.#draw());
    this.#sheet.addEventListener("close", () => this.#sheet.dataset.state === "paid" && this.#done());
  }

  async open(earning) {
    this.#earning = earning;
    this.#key = newKey("p");
    this.#sheet.dataset.state = "choose";
    await this.#offerCurrencies();
    this.#draw();
    this.#sheet.showModal();
  }

  /** Coins turn into any money that has a rate by now. */
  async #offerCurrencies() {
    const select = find("payout-into");
    this.#rates = [];
    if (this.#earning.currency === COIN) {
      this.#rates = (await request("GET", "v1/coin-rates").catch(() => ({ rates: [] }))).rates;
    }
    const known = [...new Set(this.#rates.map(({ currency }) => currency))];
    const begun = known.filter((currency) => coinsIn(0, currency, this.#rates, Date.now()) !== null);
    select.replaceChildren(...begun.map((currency) => new Option(currency, currency)));
    select.hidden = begun.length < 2;
  }

  #draw() {
    const { currency, available_minor: available } = this.#earning;
    const into = this.#into();
    const coins = into === null ? null : coinsIn(available, into, this.#rates, Date.now());
    const isPossible = currency !== COIN || coins > 0;
    find("payout-amount").textContent = money(available, currency);
    find("payout-worth").textContent = coins === null ? "" : `≈ ${money(coins, into)}`;
    find("payout-why").textContent = isPossible ? say("payout.tax") : say("payout.rate");
    find("payout-go").disabled = !isPossible;
  }

  #into() {
    return this.#earning.currency === COIN ? find("payout-into").value || null : null;
  }

  async #go(button) {
    const { currency, available_minor: amount } = this.#earning;
    const into = this.#into();
    const body = { key: this.#key, amount_minor: amount, currency, ...(into !== null && { into }) };
    const paid = await act(button, () => request("POST", "v1/payouts", body));
    if (paid === null) return;
    this.#drawPaid(paid.payout);
    this.#sheet.dataset.state = "paid";
  }

  #drawPaid({ gross_minor: gross, tax_minor: tax, net_minor: net, currency }) {
    find("paid-net").textContent = money(net, currency);
    const lines = [["payout.gross", gross], ["payout.taxed", -tax]];
    find("paid-lines").replaceChildren(
      ...lines.map(([word, minor]) => make("li", "small", `${say(word)}: ${money(minor, currency)}`)),
    );
  }
}
