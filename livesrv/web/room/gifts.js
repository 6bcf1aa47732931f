/**
 * The gift tray. Taps in quick succession are one combo: one key, and a count that only grows.
 *
 * One command of a combo is under way at a time; it carries all taps so far, so however fast one
 * taps, and whatever the connection does meanwhile, every tap is paid for once.
 */

import { ROOT } from "../shared/api.js";
import { newKey } from "../client/index.js";
import { find, make, replay } from "../shared/dom.js";
import { count, money } from "../shared/words.js";

const EMOJI = { rose: "🌹", heart: "💖", rocket: "🚀", beer: "🍺", crown: "👑", star: "⭐" };
const COMBO_MS = 3_000;

export const emojiOf = (gift) => EMOJI[gift] ?? "🎁";

export class GiftTray {
  #tray = find("tray");
  #button = find("gift");
  #list = find("gifts");
  #send;
  #require;
  #fail;
  #here;

  /**
   * `send(command)` resolves when it is answered, `require()` to whether one may give. `here()`
   * says which room this is and what time it is at the server.
   */
  constructor({ send, require, fail, here }) {
    this.#send = send;
    this.#require = require;
    this.#fail = fail;
    this.#here = here;
    this.#button.addEventListener("click", () => this.toggle(this.#tray.hidden));
    this.#tray.addEventListener("keydown", ({ key }) => key === "Escape" && this.toggle(false));
    find("tray-close").addEventListener("click", () => this.toggle(false));
  }

  async load() {
    const answer = await fetch(new URL("v1/gifts", ROOT)).catch(() => null);
    if (!answer?.ok) return;
    const { gifts } = await answer.json();
    gifts.sort((a, b) => a.price_minor - b.price_minor);
    this.#list.replaceChildren(...gifts.map((gift) => this.#item(gift)));
  }

  toggle(isOpen) {
    this.#tray.hidden = !isOpen;
    this.#button.ariaExpanded = String(isOpen);
    if (!isOpen) this.#button.focus();
    else if (this.#list.childElementCount === 0) this.load();
    else this.#list.querySelector("button").focus();
  }

  #item({ gift, price_minor: price }) {
    const button = make("button", "treat");
    const times = make("b", "times");
    button.type = "button";
    button.ariaLabel = `${gift}, ${money(price, "COIN")}`;
    button.append(make("span", "emoji", emojiOf(gift)), make("span", "", money(price, "COIN")));
    button.append(times);
    const combo = new Combo(gift, (command) => this.#give(command), (taps) => showTaps(times, taps));
    button.addEventListener("click", () => this.#tap(combo));
    const item = make("li");
    item.append(button);
    return item;
  }

  async #tap(combo) {
    if (!(await this.#require())) return;
    combo.tap(this.#here());
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

/** Taps on one gift, from the first until there has been none for a while. */
class Combo {
  #gift;
  #give;
  #show;
  #current = null;
  #timer = 0;

  constructor(gift, give, show) {
    this.#gift = gift;
    this.#give = give;
    this.#show = show;
  }

  tap({ room, nowMs }) {
    this.#current ??= { room, key: newKey("c"), madeAtMs: nowMs, taps: 0, isSending: false };
    this.#current.taps += 1;
    this.#show(this.#current.taps);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(), COMBO_MS);
    this.#flush(this.#current);
  }

  async #flush(combo) {
    if (combo.isSending) return;
    combo.isSending = true;
    let sent = 0;
    while (sent < combo.taps) {
      sent = combo.taps;
      if (await this.#give(this.#command(combo, sent))) continue;
      if (combo === this.#current) this.#end();
      return;
    }
    combo.isSending = false;
  }

  #command({ room, key, madeAtMs }, total) {
    return { type: "gift", room, gift: this.#gift, key, count: total, made_at_ms: madeAtMs };
  }

  #end() {
    clearTimeout(this.#timer);
    this.#current = null;
    this.#show(0);
  }
}

function showTaps(node, taps) {
  node.textContent = taps > 0 ? `×${count(taps)}` : "";
  replay(node, "bump");
}
