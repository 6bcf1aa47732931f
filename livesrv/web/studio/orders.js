/** Orders to ship: who bought what; mark as shipped, or cancel and give the money back. */

import { act, fail, onSecondTap, toast } from "./act.js";
import { bareName, drawAvatar, find, make, painter, picture } from "../shared/dom.js";
import { request } from "./office.js";
import { count, dayAndTime, money, say } from "../shared/words.js";

const PAGE = 50;
const PEOPLE_MAX = 500;
const LOOK_MS = 1_500;

export class Orders {
  #sheet = find("orders");
  #list = find("orders-list");
  #parcel = find("parcel");
  #state = "paid";
  #next = null;
  #orders = new Map();
  #order = null;
  #people = new Map(); // names by id, of those who bought while we looked
  #timer = 0;
  #offer;
  #paint = painter(() => this.#draw());

  /** `offer(room, id)` is what we know of an offer, if anything. */
  constructor(offer) {
    this.#offer = offer;
    for (const button of this.#sheet.querySelectorAll("[data-state]")) {
      button.addEventListener("click", () => this.#choose(button.dataset.state));
    }
    find("orders-more").addEventListener("click", ({ currentTarget }) => act(currentTarget, () => this.#load(this.#next)));
    find("ship-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#step(find("ship"), "ship", this.#tracking());
    });
    onSecondTap(find("cancel"), () => this.#undo());
  }

  open() {
    this.#choose("paid");
    this.#sheet.showModal();
  }

  /** Somebody bought: there is one more to ship, and we have a name for them. */
  bought({ id, name }) {
    this.#people.delete(id);
    this.#people.set(id, name);
    if (this.#people.size > PEOPLE_MAX) this.#people.delete(this.#people.keys().next().value);
    this.lookSoon();
  }

  /** Count what is to be shipped, before long. */
  lookSoon() {
    if (this.#timer !== 0) return;
    this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  async #look() {
    this.#timer = 0;
    const page = await ordersIn("paid").catch(() => null);
    if (page === null) return;
    drawBadge(page);
    const isFirstPage = this.#orders.size <= PAGE;
    if (this.#sheet.open && this.#state === "paid" && isFirstPage) this.#take(page, true);
  }

  #choose(state) {
    this.#state = state;
    for (const button of this.#sheet.querySelectorAll("[data-state]")) {
      button.ariaPressed = String(button.dataset.state === state);
    }
    this.#take({ orders: [], next: null }, true);
    this.#load(null).catch(fail);
  }

  async #load(cursor) {
    const state = this.#state;
    const page = await ordersIn(state, cursor);
    if (state === this.#state) this.#take(page, cursor === null);
    if (state === "paid" && cursor === null) drawBadge(page);
  }

  #take({ orders, next }, isAnew) {
    if (isAnew) this.#orders.clear();
    for (const order of orders) this.#orders.set(order.order, order);
    this.#next = next;
    this.#paint();
  }

  #draw() {
    const items = [...this.#orders.values()].map((order) => this.#newItem(order));
    this.#list.replaceChildren(...items);
    find("orders-none").hidden = items.length > 0;
    find("orders-more").hidden = this.#next === null;
  }

  #newItem(order) {
    const [item, button, about] = [make("li"), make("button", "order"), make("span", "about")];
    button.type = "button";
    button.dataset.order = order.order;
    const buyer = make("bdi", "small", bareName(this.#nameOf(order.buyer)));
    about.append(make("b", "", this.#what(order)), buyer);
    button.append(make("span", "emoji", this.#emoji(order)), about, make("span", "price", money(order.total_minor, order.currency)));
    button.addEventListener("click", () => this.#open(order));
    item.append(button);
    return item;
  }

  #open(order) {
    this.#order = order;
    drawAvatar(find("parcel-avatar"), { id: order.buyer, name: this.#nameOf(order.buyer) });
    find("parcel-buyer").textContent = this.#nameOf(order.buyer);
    find("parcel-what").textContent = this.#what(order);
    find("parcel-total").textContent = money(order.total_minor, order.currency);
    find("parcel-when").textContent = dayAndTime(order.at_ms);
    find("parcel-number").textContent = say("parcel.number", { order: order.order });
    find("tracking").value = order.tracking ?? "";
    find("ship-form").hidden = order.status !== "paid";
    find("cancel").classList.remove("armed");
    this.#parcel.showModal();
  }

  #tracking() {
    const tracking = find("tracking").value.trim();
    return tracking === "" ? {} : { tracking };
  }

  /** Before it is shipped an order is cancelled; later its money is given back, once. */
  #undo() {
    if (this.#order.status === "paid") return this.#step(null, "cancel", {});
    return this.#step(null, "refunds", { key: `all-${this.#order.order}`.slice(0, 64) });
  }

  async #step(button, step, body) {
    const { order } = this.#order;
    const doing = () => request("POST", `v1/orders/${order}/${step}`, body);
    const done = button === null ? await doing() : await act(button, doing);
    if (done === null) return;
    this.#parcel.close();
    this.#orders.delete(order);
    this.#paint();
    this.lookSoon();
    toast(step === "ship" ? "🚚" : "↩️", say(step === "ship" ? "parcel.shipped" : "parcel.returned"));
  }

  #nameOf(id) {
    return this.#people.get(id) ?? id;
  }

  #what({ room, lines }) {
    return lines.map(({ offer, quantity }) => `${count(quantity)} × ${this.#titleOf(room, offer)[1]}`).join(", ");
  }

  #emoji({ room, lines }) {
    return this.#titleOf(room, lines[0].offer)[0];
  }

  #titleOf(room, offer) {
    return picture(this.#offer(room, offer)?.title ?? offer, "🛍️");
  }
}

function ordersIn(state, cursor = null) {
  const query = new URLSearchParams({ as: "seller", state, limit: PAGE });
  if (cursor !== null) query.set("cursor", cursor);
  return request("GET", `v1/orders?${query}`);
}

function drawBadge({ orders, next }) {
  const badge = find("orders-count");
  badge.hidden = orders.length === 0;
  badge.textContent = next === null ? count(orders.length) : `${count(orders.length)}+`;
}
