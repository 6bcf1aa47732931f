/**
 * Buying: one tap opens this sheet with the total, the second one pays.
 *
 * An order is made once, with its key, and kept until it is answered: over lost connections, and
 * in sessionStorage over a reload of the page. The server carries a key out once.
 */

import { Lost, newKey } from "../client/index.js";
import { find, picture } from "../shared/dom.js";
import { stockWords } from "./shop.js";
import { count, money, say, sayError } from "../shared/words.js";

const PIECES_MAX = 99;
const SLOW_MS = 2_500;
const PENDING = "livesrv.order";

export class OrderSheet {
  #sheet = find("order");
  #offer = null;
  #quantity = 1;
  #send;
  #here;

  /**
   * `send(command)` resolves to the reply, once, however long it takes. `here()` says which room
   * this is, who is buying, and what time it is at the server.
   */
  constructor({ send, here }) {
    this.#send = send;
    this.#here = here;
    find("fewer").addEventListener("click", () => this.#choose(this.#quantity - 1));
    find("more-pieces").addEventListener("click", () => this.#choose(this.#quantity + 1));
    find("pay").addEventListener("click", () => this.#pay());
    find("again").addEventListener("click", () => this.open(this.#offer));
  }

  open(offer) {
    this.#offer = offer;
    const [emoji, title] = picture(offer.title, "🛍️");
    find("order-emoji").textContent = emoji;
    find("order-title").textContent = title;
    this.#state("choose");
    this.#choose(1);
    if (!this.#sheet.open) this.#sheet.showModal();
    find("pay").focus();
  }

  /** An offer stands differently: what the sheet shows may not be true any more. */
  update(offer) {
    if (offer.offer !== this.#offer?.offer) return;
    this.#offer = offer;
    if (this.#sheet.dataset.state === "choose") this.#choose(this.#quantity);
  }

  /** Send again what had no answer when the page was left. */
  resume() {
    const { command, title, user } = JSON.parse(sessionStorage.getItem(PENDING)) ?? {};
    if (user !== this.#here().user || this.#sheet.open) return;
    const [emoji, name] = picture(title, "🛍️");
    find("order-emoji").textContent = emoji;
    find("order-title").textContent = name;
    this.#sheet.showModal();
    this.#place(command);
  }

  #choose(quantity) {
    const { stock, limit_per_buyer: limit, price_minor: price, currency } = this.#offer;
    const most = Math.min(stock, limit ?? PIECES_MAX, PIECES_MAX);
    this.#quantity = Math.max(1, Math.min(quantity, most));
    find("quantity").textContent = count(this.#quantity);
    find("fewer").disabled = this.#quantity <= 1;
    find("more-pieces").disabled = this.#quantity >= most;
    find("order-price").textContent = money(price, currency);
    find("order-stock").textContent = stockWords(stock);
    find("pay-total").textContent = say("order.pay", { total: money(this.#total(), currency) });
    find("pay").disabled = stock <= 0;
  }

  #total() {
    return this.#offer.price_minor * this.#quantity;
  }

  #pay() {
    const { room, user, nowMs } = this.#here();
    const command = {
      type: "order",
      room,
      key: newKey("o"),
      lines: [{ offer: this.#offer.offer, quantity: this.#quantity }],
      total_minor: this.#total(),
      currency: this.#offer.currency,
      made_at_ms: nowMs,
    };
    sessionStorage.setItem(PENDING, JSON.stringify({ command, title: this.#offer.title, user }));
    this.#place(command);
  }

  async #place(command) {
    this.#state("paying");
    find("order-wait").textContent = say("order.paying");
    const slow = setTimeout(() => {
      find("order-wait").textContent = say("order.waiting");
    }, SLOW_MS);
    try {
      this.#paid(await this.#send(command));
      sessionStorage.removeItem(PENDING);
    } catch (error) {
      if (!(error instanceof Lost)) sessionStorage.removeItem(PENDING);
      this.#failed(error);
    } finally {
      clearTimeout(slow);
    }
  }

  #paid({ order, total_minor: total, currency, balance_minor: balance, duplicate }) {
    find("paid-title").textContent = say(duplicate ? "order.paid.again" : "order.paid");
    find("paid-total").textContent = money(total, currency);
    find("paid-balance").textContent = say("order.balance", { balance: money(balance, currency) });
    find("paid-order").textContent = say("order.number", { order });
    this.#state("paid");
    find("paid-close").focus();
  }

  #failed(error) {
    find("failed-why").textContent = sayError(error.code);
    find("again").hidden = this.#offer === null;
    this.#state("failed");
  }

  #state(state) {
    this.#sheet.dataset.state = state;
  }
}
