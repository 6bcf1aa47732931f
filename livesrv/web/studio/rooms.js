/**
 * The host's room: found again wherever it was left, made when there is none.
 *
 * A host has one room and uses it show after show: its address stays, and what was on sale is still
 * there. The server's list of shows says which; what this device remembers is for a room that has
 * had no show yet.
 */

import { newKey } from "../client/index.js";
import { bareName } from "../shared/dom.js";
import { recall, remember } from "./memory.js";
import { request } from "./office.js";
import { THEMES } from "../shared/themes.js";

const OTHER = "🎬";

/** The state of the room that is live, else of the one used last; null when there is none. */
export async function ownRoom(user) {
  const shows = await ownShows();
  const live = shows.find(({ ended_at_ms: ended }) => ended === null);
  const names = [live?.room, recall(`room ${user}`), shows[0]?.room].filter(Boolean);
  for (const room of new Set(names)) {
    const state = await readRoom(room);
    if (state?.host.id === user) return state;
  }
  return null;
}

/** The host's shows, newest first. */
export async function ownShows() {
  return (await request("GET", "v1/shows")).shows;
}

/** Make a room for a host, named after them, with the picture of its theme. */
export async function openRoom({ sub: user, name }, theme) {
  const room = newKey("r");
  remember(`room ${user}`, room);
  const title = titleOf(name ?? user, theme);
  return request("POST", "v1/rooms", { room, title, theme });
}

/** The same room under another theme, and its title with it unless the host wrote one. */
export function retheme({ room, title, theme }, { sub: user, name }, chosen) {
  const change = { theme: chosen };
  if (title === titleOf(name ?? user, theme)) change.title = titleOf(name ?? user, chosen);
  return changeRoom(room, change);
}

export function changeRoom(room, change) {
  return request("PATCH", `v1/rooms/${room}`, change);
}

function titleOf(name, theme) {
  return `${THEMES[theme] ?? OTHER} ${bareName(name)}`;
}

async function readRoom(room) {
  try {
    return await request("GET", `v1/rooms/${room}`);
  } catch (error) {
    if (error.code === "not_found") return null;
    throw error;
  }
}
