/**
 * Buying: one tap opens this sheet with the total, the second one pays.
 *
 * The sheet shows a quote, and the button pays just that. When the terms change meanwhile, the
 * sheet says what was and what is, and the button has to be pressed anew.
 */

import { Lost, newKey } from "../client/index.js";
import { find, picture } from "../shared/dom.js";
import { count, duration, money, say, sayError, timeOfDay } from "../shared/words.js";
import { adviceOn } from "./advice.js";
import { showPrice, showStock, showUntil } from "./card.js";
import { keepClear } from "./finger.js";
import { hideNews, showNews } from "./news.js";
import { pendingOrder, place } from "./pending.js";
import { difference, quote, quoteDeal } from "./terms.js";
import { Trigger } from "./trigger.js";

const SLOW_MS = 2_500;
const TICK_MS = 1_000;

export class OrderSheet {
  #sheet = find("order");
  #trigger = new Trigger(find("pay"), () => this.#pay());
  #offer = null;
  #deal = null;
  #wish = null; // the quote that is shown
  #held = null;
  #tick = 0;
  #send;
  #here;
  #holds;
  #refresh;
  #dealt;

  /**
   * `send(command)` resolves to the reply, however long it takes. `here()` says which room this
   * is, who is buying, and what time it is at the server; `holds(currency)` what the buyer has.
   * `refresh()` asks for the offers' terms: what it hears comes by `update`. `dealt(deal)` when a
   * price made for this buyer may be gone.
   */
  constructor({ send, here, holds, refresh, dealt }) {
    this.#send = send;
    this.#here = here;
    this.#holds = holds;
    this.#refresh = refresh;
    this.#dealt = dealt;
    find("fewer").addEventListener("click", () => this.#choose(this.#wish.quantity - 1));
    find("more-pieces").addEventListener("click", () => this.#choose(this.#wish.quantity + 1));
    this.#sheet.addEventListener("close", () => clearInterval(this.#tick));
  }

  /**
   * Offer pieces of an offer; or all of `deal`, a price made for this buyer. An order that has no
   * answer yet comes first: with another key it might be paid twice.
   */
  open(offer, deal = null) {
    if (this.#isPaying) return this.#open();
    if (pendingOrder(this.#here().user) !== null) return this.resume();
    this.#offer = offer;
    this.#deal = deal;
    this.#ask(1);
  }

  /** Whether the sheet is telling the buyer about this order already. */
  tells(order) {
    return this.#sheet.open && (this.#isPaying || this.#sheet.dataset.order === order);
  }

  /** An offer stands differently: what the sheet shows may not be true any more. */
  update(offer) {
    if (offer.offer !== this.#offer?.offer) return;
    this.#offer = offer;
    this.look();
  }

  /** Look again at what is shown: the clock, the terms, or the wallet has moved. */
  look() {
    if (!this.#sheet.open) return;
    if (this.#sheet.dataset.state === "held") this.#showHeld();
    if (this.#sheet.dataset.state !== "choose") return;
    const seen = this.#wish;
    this.#show(this.#quote(seen.quantity));
    const changed = difference(seen, this.#wish);
    if (changed === null) return;
    showNews(changed, this.#wish.currency);
    this.#trigger.rearm();
  }

  /** What has become of an order that the sheet shows. */
  hear({ order, status }) {
    if (!this.tells(order) || this.#sheet.dataset.state !== "held") return;
    if (status === "paid") this.#paid(this.#held);
    else if (status !== "held") this.#fail("order.expired", {}, null);
  }

  /** Send again what has had no answer. */
  resume() {
    const order = pendingOrder(this.#here().user);
    if (order === null || this.#isPaying) return;
    this.#wish = order.wish;
    this.#title(order.title);
    this.#open();
    this.#place(order);
  }

  get #isPaying() {
    return this.#sheet.dataset.state === "paying";
  }

  // --- choosing

  #ask(quantity) {
    this.#title(this.#offer.title, this.#deal?.quantity);
    hideNews();
    find("order-steps").hidden = this.#deal !== null;
    find("order-for-you").hidden = this.#deal === null;
    this.#show(this.#quote(quantity));
    this.#state("choose");
    this.#open();
    keepClear(this.#sheet, find("pay"));
    this.#trigger.rearm();
    find("pay").focus();
  }

  #choose(quantity) {
    hideNews();
    this.#show(this.#quote(quantity));
  }

  #quote(quantity) {
    const { nowMs } = this.#here();
    if (this.#deal !== null) return quoteDeal(this.#deal, nowMs);
    return quote(this.#offer, quantity, nowMs);
  }

  #show(wish) {
    this.#wish = wish;
    const { quantity, most, totalMinor, currency, state, until } = wish;
    find("quantity").textContent = count(quantity);
    find("fewer").disabled = quantity <= 1;
    find("more-pieces").disabled = quantity >= most;
    this.#showPrice(wish);
    showStock(find("order-stock"), wish);
    showUntil(find("order-until"), until, this.#here().nowMs);
    find("pay-total").textContent = say("order.pay", { total: money(totalMinor, currency) });
    find("pay").disabled = state !== "open";
    this.#showPurse(wish);
  }

  #showPrice(wish) {
    showPrice(find("order-price"), find("order-was"), { ...wish, totalMinor: undefined });
    const carriage = find("order-carriage");
    carriage.hidden = !(this.#deal?.carriage_minor > 0);
    if (carriage.hidden) return;
    const amount = money(this.#deal.carriage_minor, wish.currency);
    carriage.textContent = say("order.carriage", { amount });
  }

  #showPurse({ totalMinor, currency }) {
    const holds = this.#holds(currency);
    const isShort = holds !== null && holds < totalMinor;
    find("order-purse").classList.toggle("unknown", holds === null); // and keeps its place
    if (holds === null) return;
    find("order-purse").classList.toggle("short", isShort);
    find("purse-now").textContent = money(holds, currency);
    find("purse-after").textContent = isShort
      ? say("order.missing", { amount: money(totalMinor - holds, currency) })
      : money(holds - totalMinor, currency);
  }

  // --- paying

  #pay() {
    if (this.#wish.state !== "open") return;
    const { room, user, nowMs } = this.#here();
    const { quantity, totalMinor, currency } = this.#wish;
    const command = {
      type: "order",
      room,
      key: newKey("o"),
      lines: [{ offer: this.#offer.offer, quantity }],
      total_minor: totalMinor,
      currency,
      made_at_ms: nowMs,
      ...(this.#deal && { private_price: this.#deal.private_price }),
    };
    this.#place({ command, title: this.#offer.title, user, wish: this.#wish });
  }

  async #place(order) {
    this.#state("paying");
    find("order-wait").textContent = say("order.paying");
    const slow = setTimeout(() => {
      find("order-wait").textContent = say("order.waiting");
    }, SLOW_MS);
    try {
      this.#placed(await place(order, this.#send));
    } catch (error) {
      if (error instanceof Lost) this.#unanswered();
      else await this.#refused(error.code);
    } finally {
      clearTimeout(slow);
    }
  }

  #placed(reply) {
    this.#sheet.dataset.order = reply.order;
    if (this.#deal !== null) this.#dealt(this.#deal);
    if (reply.status !== "held") return this.#paid(reply);
    this.#held = reply;
    this.#state("held");
    this.#showHeld();
    this.#open();
  }

  #showHeld() {
    const { pay_url: url, due_ms: dueMs, total_minor: total, currency } = this.#held;
    find("held-total").textContent = money(total, currency);
    find("held-until").textContent = say("order.held", {
      time: timeOfDay(dueMs),
      left: duration(dueMs - this.#here().nowMs),
    });
    find("held-pay").href = url;
    find("held-pay").hidden = !isWebAddress(url);
  }

  #paid({ order, total_minor: total, currency, balance_minor: balance, duplicate }) {
    find("paid-title").textContent = say(duplicate ? "order.paid.again" : "order.paid");
    find("paid-total").textContent = money(total, currency);
    find("paid-balance").textContent = say("order.balance", { balance: money(balance, currency) });
    find("paid-order").textContent = say("order.number", { order });
    this.#state("paid");
    if (this.#sheet.open) find("paid-close").focus();
  }

  async #refused(code) {
    if (this.#deal !== null) this.#dealt(this.#deal);
    const mayChoose = this.#offer !== null && this.#deal === null;
    if (mayChoose && ["price_changed", "sold_out", "limit_exceeded"].includes(code)) {
      await this.#refresh();
    }
    if (code === "price_changed" && mayChoose) return this.#askAnew();
    const wish = mayChoose ? this.#quote(this.#wish.quantity) : this.#wish;
    const advised = { ...this.#wish, stock: wish.stock, limit: wish.limit };
    const { key, values, take } = adviceOn(code, advised, this.#holds(wish.currency));
    this.#fail(key, values, this.#offer === null ? null : take);
  }

  /** Ask again after a change that came with the press: what was, what is, and a new press. */
  #askAnew() {
    const seen = this.#wish;
    this.#ask(seen.quantity);
    const changed = difference(seen, this.#wish);
    if (changed !== null) showNews(changed, this.#wish.currency);
  }

  /** Nobody knows whether it was paid; the same order with the same key finds out. */
  #unanswered() {
    this.#showFailure(say("order.unknown"), say("retry"), () => this.resume());
  }

  #fail(key, { minor = 0, count: number = 0 }, take) {
    const values = { amount: money(minor, this.#wish.currency), count: count(number) };
    const words = key.startsWith("error.") ? sayError(key.slice("error.".length)) : say(key, values);
    const isFewer = take !== null && take < this.#wish.quantity;
    const again = isFewer ? say("order.take", { count: count(take) }) : say("retry");
    this.#showFailure(words, again, take === null ? null : () => this.#ask(take));
  }

  #showFailure(words, againWords, again) {
    find("failed-why").textContent = words;
    find("again-words").textContent = againWords;
    find("again").hidden = again === null;
    find("again").onclick = again;
    this.#state("failed");
    this.#open();
    find(again === null ? "failed-close" : "again").focus();
  }

  // --- the sheet

  #title(title, pieces = 1) {
    const [emoji, name] = picture(title, "🛍️");
    find("order-emoji").textContent = emoji;
    find("order-title").textContent = pieces > 1 ? `${count(pieces)} × ${name}` : name;
  }

  #state(state) {
    this.#sheet.dataset.state = state;
  }

  #open() {
    if (!this.#sheet.open) this.#sheet.showModal();
    clearInterval(this.#tick);
    this.#tick = setInterval(() => this.look(), TICK_MS);
  }
}

function isWebAddress(url) {
  return /^https?:\/\//.test(url ?? "");
}
