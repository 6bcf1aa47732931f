/** One offer under the host's finger: show it or not, more pieces, another price, a flash price, off sale. */

import { act, onSecondTap, onTap } from "./act.js";
import { newKey } from "../client/index.js";
import { find, picture } from "../shared/dom.js";
import { fullness } from "./goods.js";
import { NumberPad } from "./numberpad.js";
import { count, money, say } from "../shared/words.js";

const FLASH_SHARE = 0.7;
const FLASH_MS = 5 * 60_000;
const EARLIER_MS = 1_000; // so that it has begun by the server's clock too

export class OfferSheet {
  #sheet = find("offer");
  #offer = null;
  #isPinned;
  #setPinned;
  #change;
  #now;
  #pad;

  /**
   * `isPinned(id)`; `setPinned(id, isPinned)` and `change(id, fields)` resolve when it is done;
   * `now()` is the server's time.
   */
  constructor({ isPinned, setPinned, change, now }) {
    this.#isPinned = isPinned;
    this.#setPinned = setPinned;
    this.#change = change;
    this.#now = now;
    this.#pad = new NumberPad(find("offer-pad"), () => this.#drawPad());
    onTap(find("pin"), () => this.#setPinned(this.#offer.offer, !this.#isPinned(this.#offer.offer)));
    for (const button of this.#sheet.querySelectorAll("[data-restock]")) this.#onRestock(button);
    onTap(find("flash"), () => this.#flash());
    find("reprice").addEventListener("click", () => this.#openPad());
    find("reprice-back").addEventListener("click", () => this.#step("choose"));
    find("reprice-done").addEventListener("click", ({ currentTarget }) => this.#reprice(currentTarget));
    onSecondTap(find("withdraw"), () => this.#to({ is_withdrawn: !this.#offer.withdrawn }));
  }

  open(offer) {
    this.#offer = offer;
    this.#step("choose");
    this.#draw();
    this.#sheet.showModal();
  }

  /** It stands differently now. */
  update(offer) {
    if (offer.offer !== this.#offer?.offer) return;
    this.#offer = offer;
    this.#draw();
  }

  #to(fields) {
    return this.#change(this.#offer.offer, fields);
  }

  /** One key until it is answered: however often it is sent, the pieces come once. */
  #onRestock(button) {
    let key = null;
    button.ariaLabel = button.title = say("offer.restock", { count: count(Number(button.dataset.restock)) });
    onTap(button, async () => {
      key ??= newKey("s");
      await this.#to({ restock: Number(button.dataset.restock), key });
      key = null;
    });
  }

  #flash() {
    if (this.#offer.flash) return this.#to({ flash: null });
    const from = this.#now() - EARLIER_MS;
    const price = Math.max(1, Math.round(this.#offer.price_minor * FLASH_SHARE));
    return this.#to({ flash: { price_minor: price, from_ms: from, until_ms: from + FLASH_MS } });
  }

  #openPad() {
    this.#step("price");
    this.#pad.reset(this.#offer.currency);
  }

  async #reprice(button) {
    const done = await act(button, () => this.#to({ price_minor: this.#pad.minor }));
    if (done !== null) this.#step("choose");
  }

  #drawPad() {
    find("reprice-price").textContent = this.#pad.words;
    find("reprice-done").disabled = this.#pad.minor === 0;
  }

  #draw() {
    const { offer, title, price_minor: price, currency, stock, pieces, flash, withdrawn } = this.#offer;
    const [emoji, name] = picture(title, "🛍️");
    find("offer-emoji").textContent = emoji;
    find("offer-title").textContent = name;
    find("offer-price").textContent = money(price, currency);
    find("offer-left").textContent = pieces === undefined ? count(stock) : `${count(stock)} / ${count(pieces)}`;
    find("offer-bar").style.setProperty("--full", fullness(this.#offer));
    find("pin").ariaPressed = String(this.#isPinned(offer));
    find("flash").ariaPressed = String(Boolean(flash));
    find("withdraw").ariaPressed = String(Boolean(withdrawn));
  }

  #step(step) {
    this.#sheet.dataset.step = step;
  }
}
