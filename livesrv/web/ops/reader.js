/**
 * Reads /metrics every 2 s for as long as the page is open.
 *
 * Must not know what the figures are. Invariants: readings never overlap, none takes longer than
 * `ANSWER_MS`, and one that fails ends nothing; only a token that will never do ends it.
 */

import { ROOT } from "../shared/api.js";
import { parse } from "./exposition.js";

const READ_MS = 2_000;
const AGAIN_MS = 400; // behind the first that fails: its connection's worker may just be gone
const ANSWER_MS = 3_000;
const UNAUTHENTICATED = 401;
const FORBIDDEN = 403;

export class Reader {
  #token;
  #on;
  #failures = 0;
  #timer = 0;

  /**
   * `on.reading(scrape)` is called with each; `on.away(why)` when two in a row have failed, with
   * "silent", "refused" or "strange"; `on.ended(status)` when the token will not do.
   */
  constructor(token, on) {
    this.#token = token;
    this.#on = on;
  }

  async read() {
    clearTimeout(this.#timer);
    const beganAt = performance.now();
    const { scrape, why, status } = await look(this.#token);
    if (status === UNAUTHENTICATED || status === FORBIDDEN) {
      this.#on.ended(status);
      return;
    }
    this.#tell(scrape, why);
    const pauseMs = this.#failures === 1 ? AGAIN_MS : READ_MS;
    this.#timer = setTimeout(() => this.read(), Math.max(AGAIN_MS, pauseMs - (performance.now() - beganAt)));
  }

  #tell(scrape, why) {
    this.#failures = scrape ? 0 : this.#failures + 1;
    if (scrape) this.#on.reading(scrape);
    else if (this.#failures > 1) this.#on.away(why);
  }
}

async function look(token) {
  const answer = await ask(token).catch(() => null);
  if (answer === null) return { why: "silent" };
  const { status, text } = answer;
  if (status !== 200) return { why: "refused", status };
  try {
    return { scrape: parse(text) };
  } catch {
    return { why: "strange" };
  }
}

async function ask(token) {
  const answer = await fetch(new URL("metrics", ROOT), {
    headers: { Authorization: `Bearer ${token}` },
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  return { status: answer.status, text: await answer.text() };
}
