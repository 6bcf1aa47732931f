/** The shows that are on now. */

import { ask } from "../shared/api.js";
import { drawAvatar, find, icon, make } from "../shared/dom.js";
import { count, learn, say, translate } from "../shared/words.js";

const LOOK_MS = 5_000;

/** Look which shows are on, draw them, and look again after a while. */
async function look() {
  const rooms = await liveRooms();
  find("lobby-message").hidden = rooms !== null && rooms.length > 0;
  find("lobby-message").dataset.state = rooms === null ? "away" : "empty";
  find("lobby-words").textContent = say(rooms === null ? "lobby.away" : "lobby.empty");
  if (rooms !== null) find("rooms").replaceChildren(...rooms.map(newCard));
  setTimeout(look, LOOK_MS);
}

/** The rooms whose show is on; null when they cannot be asked for. */
async function liveRooms() {
  const answer = await ask("GET", "v1/rooms").catch(() => null);
  return answer && answer.rooms.filter(({ status }) => status === "live");
}

function newCard({ room, title, host, city, viewers }) {
  const link = make("a", "room");
  link.href = `room/${room}`;
  const avatar = make("span", "avatar");
  drawAvatar(avatar, host);
  const about = make("div", "about");
  const name = make("b", "title", title);
  name.dir = "auto";
  about.append(name, make("span", "who", [host.name, city].filter(Boolean).join(" · ")));
  const audience = make("span", "pill");
  audience.append(icon("eye"), make("span", "", count(viewers)));
  link.append(avatar, about, audience);
  const item = make("li");
  item.append(link);
  return item;
}

await learn("common", "discover");
translate();
look();
