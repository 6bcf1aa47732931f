/**
 * "My orders": a list that keeps itself up to date, with a count of those on their way.
 *
 * The books are asked when it is opened; what changes later is told by `order_update`.
 */

import { ask } from "../shared/api.js";
import { find, icon, make, picture } from "../shared/dom.js";
import { session } from "../shared/session.js";
import { count, say } from "../shared/words.js";
import { OrderRow } from "./order_row.js";
import { Titles } from "./titles.js";

const PAGE = 20;
const KNOWN_MAX = 200;
const TICK_MS = 1_000;
const UNDER_WAY = ["held", "paid", "shipped"];

export class Orders {
  #button = find("me");
  #badge = find("me-count");
  #sheet = find("me-sheet");
  #list = find("orders");
  #more = find("orders-more");
  #orders = new Map(); // by id, the newest first
  #rows = new Map();
  #titles = new Titles();
  #next = null;
  #tick = 0;
  #user = null;
  #own = new Set(); // moves made here: nobody has to be told of them
  #toast;
  #fail;
  #now;
  #tells;

  /**
   * `toast(words)` and `fail(error)` tell the viewer something; `now()` is the server's time;
   * `tells(order)` whether the order sheet tells of this order already.
   */
  constructor({ toast, fail, now, tells }) {
    this.#toast = toast;
    this.#fail = fail;
    this.#now = now;
    this.#tells = tells;
    this.#button.addEventListener("click", () => this.open());
    this.#more.addEventListener("click", () => this.#load(this.#next));
    this.#sheet.addEventListener("close", () => clearInterval(this.#tick));
  }

  /** Begin anew, for whoever is using the page now. */
  enter() {
    this.#user = session.token;
    this.#orders.clear();
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#next = null;
    this.#button.hidden = this.#user === null;
    this.#count();
    if (this.#user !== null) this.#fetch(`state=${UNDER_WAY}&limit=${PAGE}`);
  }

  async open() {
    this.#sheet.showModal();
    clearInterval(this.#tick);
    this.#tick = setInterval(() => this.#drawHeld(), TICK_MS);
    await this.#load(null);
  }

  /** What has become of an order: an `order_update`. */
  async hear({ type, ...update }) {
    const known = this.#orders.get(update.order);
    if (known) this.#put([{ ...known, ...update }]);
    else await this.#fetchOne(update.order);
    const isOwn = this.#own.delete(`${update.order} ${update.status}`);
    if (isOwn || update.status === "held" || this.#tells(update.order)) return;
    const order = this.#orders.get(update.order);
    if (order) this.#toast(await this.#news(order));
  }

  async #news(order) {
    const [title] = await this.#titles.of(order);
    const [emoji, name] = picture(title, "🛍️");
    return `${emoji} ${name}: ${say(`status.${order.status}`)}`;
  }

  // --- asking the books

  async #load(cursor) {
    this.#more.hidden = true;
    const page = await this.#fetch(`limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (page === null) return;
    this.#next = page.next;
    this.#more.hidden = page.next === null || this.#orders.size >= KNOWN_MAX;
    find("orders-empty").hidden = this.#orders.size > 0;
  }

  async #fetch(query) {
    const user = this.#user;
    try {
      const page = await ask("GET", `v1/orders?${query}`, { token: user });
      if (user !== this.#user) return null;
      this.#put(page.orders);
      return page;
    } catch (error) {
      if (this.#sheet.open) this.#fail(error);
      return null;
    }
  }

  async #fetchOne(order) {
    const user = this.#user;
    const found = await ask("GET", `v1/orders/${order}`, { token: user }).catch(() => null);
    if (found !== null && user === this.#user) this.#put([found]);
  }

  async #move(order, move) {
    const status = { cancel: "cancelled", deliver: "delivered" }[move];
    this.#own.add(`${order} ${status}`);
    try {
      this.#put([await ask("POST", `v1/orders/${order}/${move}`, { token: this.#user })]);
    } catch (error) {
      this.#own.delete(`${order} ${status}`);
      this.#rows.delete(order); // with its button, which is spent
      this.#fail(error);
      await this.#fetchOne(order);
    }
  }

  // --- what is on the screen

  #put(orders) {
    for (const order of orders) this.#orders.set(order.order, order);
    const sorted = [...this.#orders.values()].sort((a, b) => b.at_ms - a.at_ms).slice(0, KNOWN_MAX);
    this.#orders = new Map(sorted.map((order) => [order.order, order]));
    this.#count();
    for (const order of orders) this.#draw(order);
    this.#list.replaceChildren(...sorted.flatMap(({ order }) => this.#rows.get(order)?.node ?? []));
  }

  async #draw(order) {
    const row = this.#rows.get(order.order) ?? new OrderRow((move) => this.#move(order.order, move));
    this.#rows.set(order.order, row);
    row.show(order, this.#titles.known(order), this.#now());
    const titles = await this.#titles.of(order);
    const current = this.#orders.get(order.order);
    if (current && this.#rows.get(order.order) === row) row.show(current, titles, this.#now());
  }

  /** How long those that wait for money are kept is told by the second. */
  #drawHeld() {
    for (const order of this.#orders.values()) if (order.status === "held") this.#draw(order);
  }

  #count() {
    const orders = [...this.#orders.values()];
    const underWay = orders.filter(({ status }) => UNDER_WAY.includes(status)).length;
    this.#badge.hidden = underWay === 0;
    this.#badge.textContent = count(underWay);
    this.#button.ariaLabel = this.#button.title = underWay > 0
      ? say("me.count", { count: count(underWay) })
      : say("me");
    find("orders-empty").hidden = orders.length > 0;
  }
}
