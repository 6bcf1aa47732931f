/**
 * The order that has no answer yet: sent until it has one, over lost connections, and kept in
 * sessionStorage over a reload of the page. The server carries a key out once.
 */

import { Lost } from "../client/index.js";

const PENDING = "livesrv.order";

/** The order that somebody still waits for: { command, title, user, wish }; null without one. */
export function pendingOrder(user) {
  const kept = JSON.parse(sessionStorage.getItem(PENDING));
  return kept !== null && kept.user === user ? kept : null;
}

/** Send it and wait for its reply; `send(command)` repeats it while that helps. */
export async function place(order, send) {
  sessionStorage.setItem(PENDING, JSON.stringify(order));
  try {
    const reply = await send(order.command);
    sessionStorage.removeItem(PENDING);
    return reply;
  } catch (error) {
    if (!(error instanceof Lost)) sessionStorage.removeItem(PENDING);
    throw error;
  }
}
