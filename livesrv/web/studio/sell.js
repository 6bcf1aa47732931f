/**
 * Putting something on sale without reading: its picture, its price, how many. A word for the
 * picture is the title, in the creator's language; who can write may write another one.
 */

import { act } from "./act.js";
import { newKey } from "../client/index.js";
import { find, make } from "../shared/dom.js";
import { isPlayMoney } from "./play.js";
import { recall, remember } from "./memory.js";
import { NumberPad } from "./numberpad.js";
import { CURRENCIES, GOODS, currencyOf } from "./pictures.js";
import { count, say } from "../shared/words.js";

const STOCK = 50;
const STOCK_MAX = 1_000_000;

export class SellSheet {
  #sheet = find("sell");
  #pad;
  #emoji = "";
  #stock = STOCK;
  #offer = null; // what was sent last, with its id
  #sell;

  /** `sell(offer)` puts it on sale, once an id, and resolves when it is. */
  constructor(sell) {
    this.#sell = sell;
    this.#pad = new NumberPad(find("sell-pad"), () => this.#draw());
    find("sell-pictures").append(...GOODS.map((good) => this.#newPicture(good)));
    find("sell-back").addEventListener("click", () => this.#step("picture"));
    find("sell-title").addEventListener("input", () => this.#draw());
    find("sell-done").addEventListener("click", ({ currentTarget }) => this.#done(currentTarget));
    for (const chip of this.#sheet.querySelectorAll("[data-stock]")) {
      chip.addEventListener("click", () => this.#count(Number(chip.dataset.stock)));
    }
    find("sell-fewer").addEventListener("click", () => this.#count(this.#stock - 1));
    find("sell-more").addEventListener("click", () => this.#count(this.#stock + 1));
    this.#offerCurrencies();
  }

  open() {
    this.#step("picture");
    this.#sheet.showModal();
  }

  #offerCurrencies() {
    const select = find("sell-currency");
    const own = isPlayMoney ? "CNY" : recall("currency", currencyOf(navigator.language));
    const choice = isPlayMoney ? [own] : [...new Set([own, ...CURRENCIES])];
    select.append(...choice.map((currency) => new Option(currency, currency)));
    select.hidden = choice.length === 1;
    select.addEventListener("change", () => {
      remember("currency", select.value);
      this.#pad.reset(select.value);
    });
  }

  #newPicture([emoji, word]) {
    const [item, button] = [make("li"), make("button", "picture")];
    button.type = "button";
    button.dataset.good = word;
    button.append(make("span", "emoji", emoji), make("span", "word", say(`good.${word}`)));
    button.addEventListener("click", () => this.#choose(emoji, say(`good.${word}`)));
    item.append(button);
    return item;
  }

  #choose(emoji, word) {
    this.#emoji = emoji;
    find("sell-emoji").textContent = emoji;
    find("sell-title").value = word;
    this.#step("price");
    this.#pad.reset(find("sell-currency").value);
    this.#count(STOCK);
    find("sell-pad").querySelector("button").focus();
  }

  #count(stock) {
    this.#stock = Math.max(1, Math.min(stock, STOCK_MAX));
    this.#draw();
  }

  #draw() {
    find("sell-price").textContent = this.#pad.words;
    find("sell-stock").textContent = count(this.#stock);
    for (const chip of this.#sheet.querySelectorAll("[data-stock]")) {
      chip.ariaPressed = String(Number(chip.dataset.stock) === this.#stock);
    }
    find("sell-done").disabled = this.#pad.minor === 0 || find("sell-title").value.trim() === "";
  }

  async #done(button) {
    if ((await act(button, () => this.#sell(this.#same()))) !== null) this.#sheet.close();
  }

  /** What is to be sold; sent again with the same content it has the same id, and is one offer. */
  #same() {
    const content = {
      title: `${this.#emoji} ${find("sell-title").value.trim()}`,
      price_minor: this.#pad.minor,
      currency: find("sell-currency").value,
      stock: this.#stock,
    };
    const { offer, ...sent } = this.#offer ?? {};
    const isSame = JSON.stringify(sent) === JSON.stringify(content);
    this.#offer = { offer: isSame ? offer : newKey("g"), ...content };
    return { ...content, offer: this.#offer.offer };
  }

  #step(step) {
    if (step === "picture") this.#offer = null;
    this.#sheet.dataset.step = step;
  }
}
