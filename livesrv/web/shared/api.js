/** The server's HTTP API and where it is: beside the pages, whatever path they are served under. */

import { Lost, Refusal } from "../client/index.js";

const TIMEOUT_MS = 15_000;

/** The pages are at the root: this module is at ROOT/assets/VERSION/shared/api.js. */
export const ROOT = new URL("../../../", import.meta.url);

/** Where WebSockets connect. */
export function socketUrl() {
  const url = new URL("ws", ROOT);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/**
 * Ask the server; its answer, read as JSON. `path` is relative to the root: "v1/rooms".
 *
 * Throws `Refusal` with the problem's code, and `Lost` when there is no answer.
 */
export async function ask(method, path, { token = null, body } = {}) {
  const answer = await fetch(new URL(path, ROOT), {
    method,
    headers: {
      ...(token !== null && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => null);
  const content = await answer?.json().catch(() => null);
  if (!answer || content === null) throw new Lost("no answer");
  if (!answer.ok) throw new Refusal({ ...content, message: content.detail });
  return content;
}
