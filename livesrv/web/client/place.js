/**
 * What a client decides without a socket, a timer or a clock: its place in the reliable lane, how
 * good its line is, how long to wait before it comes back.
 */

const LATER_CLOSES = new Set([1013, 4429]);
const PAUSE_FIRST_MS = 400;
const PAUSE_LATER_MS = 3_000;
const PAUSE_MAX_MS = 10_000;
const HINT_MAX_MS = 60_000; // the server says 2 s at most; who says an hour is not obeyed
const TRIPS_KEPT = 5;
const SLOW_TRIP_MS = 1_000; // a phone on 3G takes 300 to 400
const GAPS_KEPT = 20;
const GAP_COUNTS_MS = 60_000;

/** Where we are in the room's reliable lane. Between `ask` and `joined`, batches do not count. */
export class Place {
  epoch = null;
  seq = 0;
  isAsking = false;

  /** The `since` of the next join; undefined before the first. */
  since() {
    return this.epoch === null ? undefined : { epoch: this.epoch, seq: this.seq };
  }

  /** A join is on its way: what follows `since` will be told again, behind `joined`. */
  ask() {
    this.isAsking = true;
  }

  joined({ epoch, seq }) {
    this.epoch = epoch;
    this.seq = seq;
    this.isAsking = false;
  }

  /** What to do with a batch: "take" it, "drop" it, or drop it and "rejoin". */
  take({ epoch, seq, events }) {
    if (this.isAsking) return "drop";
    if (epoch !== this.epoch || this.seq + events.length !== seq) return "rejoin";
    this.seq = seq;
    return "take";
  }
}

/** How good the line is, by the last pings and by what the server had to skip. */
export class Line {
  #tripsMs = [];
  #gapsAtMs = [];

  pong(tripMs) {
    this.#tripsMs = [...this.#tripsMs, tripMs].slice(-TRIPS_KEPT);
  }

  gap(nowMs) {
    this.#gapsAtMs = [...this.#gapsAtMs, nowMs].slice(-GAPS_KEPT);
  }

  quality(nowMs) {
    const sorted = [...this.#tripsMs].sort((a, b) => a - b);
    const roundTripMs = sorted[sorted.length >> 1] ?? null;
    const gaps = this.#gapsAtMs.filter((atMs) => nowMs - atMs < GAP_COUNTS_MS).length;
    return { roundTripMs, gaps, isSlow: gaps > 0 || roundTripMs > SLOW_TRIP_MS };
  }
}

/** How long to wait after so many failures in a row: full jitter over an exponential. */
export function pauseMs(failures, closeCode, random = Math.random()) {
  const first = LATER_CLOSES.has(closeCode) ? PAUSE_LATER_MS : PAUSE_FIRST_MS;
  return random * Math.min(PAUSE_MAX_MS, first * 2 ** failures);
}

/** How long to wait when the server says so: a little longer, for not all may come at once. */
export function hintedMs(hintMs, random = Math.random()) {
  return Math.min(HINT_MAX_MS, hintMs) * (1 + random / 2);
}
