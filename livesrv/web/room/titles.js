/** What the goods of orders are called: asked for once a room, and kept for a few rooms. */

import { ask } from "../shared/api.js";

const ROOMS_MAX = 30;

export class Titles {
  #rooms = new Map(); // room: a promise of its titles by offer
  #known = new Map();

  /** The titles of an order's lines, as far as they are known already; else the offers' ids. */
  known({ room, lines }) {
    return lines.map(({ offer }) => this.#known.get(`${room} ${offer}`) ?? offer);
  }

  /** The titles of an order's lines. */
  async of(order) {
    if (!this.#rooms.has(order.room)) this.#rooms.set(order.room, this.#learn(order.room));
    if (this.#rooms.size > ROOMS_MAX) this.#forget(this.#rooms.keys().next().value);
    await this.#rooms.get(order.room);
    return this.known(order);
  }

  async #learn(room) {
    try {
      const { offers } = await ask("GET", `v1/rooms/${room}/offers`);
      for (const { offer, title } of offers) this.#known.set(`${room} ${offer}`, title);
    } catch {
      this.#rooms.delete(room); // the ids will do until somebody asks again
    }
  }

  #forget(room) {
    this.#rooms.delete(room);
    for (const key of this.#known.keys()) if (key.startsWith(`${room} `)) this.#known.delete(key);
  }
}
