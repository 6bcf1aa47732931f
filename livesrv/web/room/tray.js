/** The gift tray: what there is to give, what it costs, and how the combo stands. */

import { ask } from "../shared/api.js";
import { find, make, replay } from "../shared/dom.js";
import { count, money, say } from "../shared/words.js";
import { Combo } from "./combo.js";
import { emojiOf } from "./gifts.js";
import { newRing } from "./ring.js";

export class GiftTray {
  #tray = find("tray");
  #button = find("gift");
  #list = find("gifts");
  #treats = [];
  #streak = make("b", "times");
  #ring = newRing();
  #send;
  #require;
  #toast;
  #fail;
  #here;
  #holds;

  /**
   * `send(command)` resolves when it is answered, `require()` to whether one may give. `here()`
   * says which room this is and what time it is at the server, `holds()` how many coins there are;
   * `toast(words)` and `fail(error)` tell the viewer something.
   */
  constructor({ send, require, toast, fail, here, holds }) {
    this.#send = send;
    this.#require = require;
    this.#toast = toast;
    this.#fail = fail;
    this.#here = here;
    this.#holds = holds;
    this.#button.append(this.#ring, this.#streak);
    this.#button.disabled = false;
    this.#button.addEventListener("click", () => this.toggle(this.#tray.hidden));
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.#leave());
    find("tray-close").addEventListener("click", () => this.toggle(false));
  }

  async load() {
    const answer = await ask("GET", "v1/gifts").catch(() => null);
    if (answer === null) return;
    const gifts = answer.gifts.sort((a, b) => a.price_minor - b.price_minor);
    this.#treats = gifts.map((gift) => this.#treat(gift));
    this.#list.replaceChildren(...this.#treats.map(({ node }) => node));
    this.look();
  }

  async toggle(isOpen) {
    this.#tray.hidden = !isOpen;
    this.#button.ariaExpanded = String(isOpen);
    if (!isOpen) return this.#button.focus();
    if (this.#treats.length === 0) await this.load();
    this.#list.querySelector("button")?.focus();
  }

  #leave() {
    if (!this.#tray.hidden && document.querySelector("dialog[open]") === null) this.toggle(false);
  }

  /** Look again at what the coins reach for. */
  look() {
    for (const treat of this.#treats) treat.showMissing(this.#missing(treat.price));
  }

  /** How many coins are missing for one more, after all that is on its way. */
  #missing(price) {
    const holds = this.#holds();
    if (holds === null) return 0;
    const unpaid = this.#treats.reduce((sum, { combo, price: each }) => sum + combo.unpaid * each, 0);
    return Math.max(0, price - (holds - unpaid));
  }

  #treat({ gift, price_minor: price }) {
    const treat = new Treat(gift, price, () => this.#tap(treat));
    const show = (taps) => {
      treat.showTaps(taps);
      showStreak(this.#streak, this.#ring, taps);
    };
    treat.combo = new Combo(gift, (command) => this.#give(command), show);
    return treat;
  }

  async #tap(treat) {
    if (!(await this.#require())) return;
    const missing = this.#missing(treat.price);
    if (missing > 0) return this.#toast(say("gift.missing", { coins: money(missing, "COIN") }));
    treat.combo.tap(this.#here());
    this.look();
  }

  async #give(command) {
    try {
      await this.#send(command);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }
}

/** One gift on the tray. */
class Treat {
  node = make("li");
  combo = null;
  #button = make("button", "treat");
  #times = make("b", "times");
  #ring = newRing();
  #label;

  constructor(gift, price, tap) {
    this.price = price;
    this.#label = `${gift}, ${money(price, "COIN")}`;
    this.#button.type = "button";
    this.#button.ariaLabel = this.#label;
    this.#button.append(make("span", "emoji", emojiOf(gift)), make("span", "", money(price, "COIN")));
    this.#button.append(this.#ring, this.#times);
    this.#button.addEventListener("click", tap);
    this.node.append(this.#button);
  }

  showTaps(taps) {
    showStreak(this.#times, this.#ring, taps);
  }

  /** Dim what costs more than there is. It may be tapped still, to be told what is missing. */
  showMissing(coins) {
    this.#button.classList.toggle("dim", coins > 0);
    const words = coins > 0 ? `, ${say("gift.missing", { coins: money(coins, "COIN") })}` : "";
    this.#button.ariaLabel = this.#label + words;
  }
}

function showStreak(times, ring, taps) {
  times.textContent = taps > 0 ? `×${count(taps)}` : "";
  ring.classList.remove("running");
  if (taps === 0) return;
  replay(times, "bump");
  replay(ring, "running");
}
