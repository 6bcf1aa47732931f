/**
 * Requests in the host's name. Every one of them may be sent twice: what is made carries its id or
 * its key, so passing trouble is met by asking again for a while.
 */

import { Lost } from "../client/index.js";
import { ask } from "../shared/api.js";
import { session } from "../shared/session.js";

const PASSING = new Set(["busy", "rate_limited"]);
const TRIES_MAX = 4;
const PAUSE_MS = 700;
const PAUSE_MAX_MS = 5_000;

/** The server's answer; throws `Refusal`, and `Lost` when there is none for long. */
export async function request(method, path, body) {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(method, path, { token: session.token, body });
    } catch (error) {
      if (tries === TRIES_MAX || !isPassing(error)) throw error;
      await pause(error.retryAfterMs ?? PAUSE_MS * tries);
    }
  }
}

function isPassing(error) {
  return error instanceof Lost || PASSING.has(error.code);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.min(ms, PAUSE_MAX_MS)));
}
