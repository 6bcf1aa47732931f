/**
 * What this device remembers from one visit to the next: the currency, the room, the most viewers.
 *
 * Hints that save a tap, never the truth, which is the server's. A rehearsal remembers apart.
 */

import { ROOT } from "../shared/api.js";

const PREFIX = `livesrv.studio ${ROOT.pathname} `;

export function recall(name, otherwise = null) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // a device that keeps nothing asks again
  }
}
