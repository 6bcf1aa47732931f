/** The shows that are on now: enters the only one by itself, lists them when there are several. */

import { drawAvatar, find, icon, make } from "./dom.js";
import { count, say } from "./words.js";

const LOOK_MS = 5_000;

export class Lobby {
  #page = find("lobby");
  #list = find("rooms");
  #message = find("lobby-message");
  #timer = 0;

  /** Show the list and keep it fresh. With `isEager`, enter the only show there is. */
  open({ isEager }) {
    this.close();
    this.#page.hidden = false;
    this.#look(isEager);
  }

  close() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#page.hidden = true;
  }

  async #look(isEager) {
    const rooms = await liveRooms();
    if (this.#page.hidden) return;
    if (isEager && rooms?.length === 1) {
      location.replace(`#room=${rooms[0].room}`);
      return;
    }
    this.#draw(rooms);
    this.#timer = setTimeout(() => this.#look(isEager), LOOK_MS);
  }

  #draw(rooms) {
    this.#message.hidden = rooms !== null && rooms.length > 0;
    this.#message.dataset.state = rooms === null ? "away" : "empty";
    find("lobby-words").textContent = say(rooms === null ? "lobby.away" : "lobby.empty");
    if (rooms !== null) this.#list.replaceChildren(...rooms.map(newCard));
  }
}

/** The rooms whose show is on; null when they cannot be asked for. */
async function liveRooms() {
  const answer = await fetch("v1/rooms").catch(() => null);
  if (!answer?.ok) return null;
  const { rooms } = await answer.json();
  return rooms.filter(({ status }) => status === "live");
}

function newCard({ room, title, host, city, viewers }) {
  const link = make("a", "room");
  link.href = `#room=${room}`;
  const avatar = make("span", "avatar");
  drawAvatar(avatar, host);
  const about = make("div", "about");
  const name = make("b", "title", title);
  name.dir = "auto";
  about.append(name, make("span", "who", [host.name, city].filter(Boolean).join(" · ")));
  const audience = make("span", "pill");
  audience.append(icon("i-eye"), make("span", "", count(viewers)));
  link.append(avatar, about, audience);
  const item = make("li");
  item.append(link);
  return item;
}
