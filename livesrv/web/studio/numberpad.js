/** A big number pad for an amount of money. It has the digits, a point where money has one, and ⌫. */

import { icon, make } from "../shared/dom.js";
import { count, fractionDigits, money, say } from "../shared/words.js";

const DIGITS_MAX = 9;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "0", "⌫"];

export class NumberPad {
  #root;
  #keys = new Map();
  #typed = "";
  #currency = "CNY";
  #changed;

  /** `changed(minor)` after each key, in the currency's smallest unit. */
  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
    for (const key of KEYS) this.#keys.set(key, this.#newKey(key));
    root.dir = "ltr";
    root.append(...this.#keys.values());
    root.closest("dialog").addEventListener("keydown", (event) => this.#hear(event));
  }

  reset(currency) {
    this.#currency = currency;
    this.#typed = "";
    this.#keys.get(".").style.visibility = this.#decimals === 0 ? "hidden" : "visible";
    this.#changed(0);
  }

  get minor() {
    const [whole, fraction = ""] = this.#typed.split(".");
    return Number(whole + fraction.padEnd(this.#decimals, "0"));
  }

  /** What is typed, as one writes it. */
  get words() {
    return money(this.minor, this.#currency);
  }

  get #decimals() {
    return fractionDigits(this.#currency);
  }

  #press(key) {
    const typed = key === "⌫" ? this.#typed.slice(0, -1) : this.#typed + key;
    if (!this.#fits(typed)) return;
    this.#typed = typed;
    this.#keys.get(".").classList.toggle("on", typed.includes("."));
    this.#changed(this.minor);
  }

  #fits(typed) {
    const [whole, fraction = "", ...more] = typed.split(".");
    return more.length === 0 && whole.length <= DIGITS_MAX && fraction.length <= this.#decimals;
  }

  /** Keys of a keyboard, unless they go into a text. */
  #hear(event) {
    if (event.target.tagName === "INPUT" || this.#root.offsetParent === null) return;
    const key = event.key === "Backspace" ? "⌫" : event.key.replace(",", ".");
    if (this.#keys.has(key)) this.#press(key);
  }

  #newKey(key) {
    const button = make("button", "key", key === "⌫" || key === "." ? "" : count(Number(key)));
    button.type = "button";
    button.dataset.key = key;
    if (key === ".") button.textContent = "·";
    if (key === "⌫") button.append(icon("erase"));
    if (key === "." || key === "⌫") button.ariaLabel = say(key === "." ? "pad.point" : "pad.back");
    button.addEventListener("click", () => this.#press(key));
    return button;
  }
}
