/**
 * The shows that are on, most viewers first; a click looks into one.
 *
 * The server lists the newest first, in pages: so of the newest `ROOMS_MAX` those with the most
 * viewers are on top, and any other room can be named.
 */

import { ask } from "../shared/api.js";
import { find, make } from "../shared/dom.js";
import { brief, count, say } from "../shared/words.js";
import { write } from "./format.js";

const LOOK_MS = 10_000;
const ROOMS_A_PAGE = 50;
const ROOMS_MAX = 200;
const ROWS_AT_FIRST = 20;

export class Rooms {
  #list = find("rooms");
  #more = find("rooms-more");
  #rows = ROWS_AT_FIRST;
  #found = [];
  #timer = 0;

  constructor() {
    this.#more.addEventListener("click", () => {
      this.#rows = ROOMS_MAX;
      this.#draw();
    });
    find("rooms-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const room = find("rooms-name").value.trim();
      if (room !== "") location.hash = `room=${encodeURIComponent(room)}`;
    });
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** Look which are on, and again after a while; not while nobody sees the page. */
  async look() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const found = await readAll().catch(() => null);
    if (found !== null) this.#found = found.sort((a, b) => b.viewers - a.viewers);
    find("rooms-empty").hidden = this.#found.length > 0;
    this.#draw();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), LOOK_MS);
  }

  #draw() {
    const focused = document.activeElement?.dataset.room;
    this.#list.replaceChildren(...this.#found.slice(0, this.#rows).map(row));
    this.#more.hidden = this.#found.length <= this.#rows;
    this.#more.textContent = say("rooms.more", { count: count(this.#found.length - this.#rows) });
    if (focused !== undefined) this.#list.querySelector(`[data-room="${focused}"]`)?.focus();
  }
}

async function readAll() {
  const found = [];
  let cursor = null;
  do {
    const behind = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { rooms, next } = await ask("GET", `v1/live?limit=${ROOMS_A_PAGE}${behind}`);
    found.push(...rooms);
    cursor = next;
  } while (cursor !== null && found.length < ROOMS_MAX);
  return found;
}

function row({ room, title, host, viewers, likes, started_at_ms: startedAtMs }) {
  const item = make("li");
  const link = make("a", "room");
  const [name, who] = [make("b", "title", title), make("span", "who", host.name)];
  const audience = make("b", "viewers", brief(viewers));
  audience.append(make("span", "unseen", ` ${say("viewers")} `));
  name.dir = who.dir = "auto";
  link.href = `#room=${room}`;
  link.dataset.room = room;
  link.append(
    audience,
    name,
    who,
    make("span", "figure", say("rooms.likes", { count: brief(likes) })),
    make("span", "figure", write("age", (Date.now() - startedAtMs) / 1000)),
  );
  item.append(link);
  return item;
}
