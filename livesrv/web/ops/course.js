/**
 * One process over several readings: what its counters did since it last told something new. Pure.
 *
 * A process tells of itself once a second, at moments of its own: so rates count by its own clock,
 * and one that has told nothing new keeps its last rates. Invariant: a counter that began anew with
 * its process counts from zero, never backwards.
 */

const UPTIME = "process_uptime_seconds";
const STARTED = "process_start_time_seconds";

export class Course {
  /** What it told last: Map(key → number). */
  keys;
  seenAtS;
  restarts = 0;
  restartedAtS = -Infinity;
  #passedS = 0;
  #grown = new Map();
  #rates = new Map();

  constructor(keys, atS) {
    this.keys = keys;
    this.seenAtS = atS;
  }

  /** It told again: `keys` at the moment `atS` of ours. */
  tell(keys, atS) {
    const before = this.keys;
    const uptimeS = keys.get(UPTIME) ?? 0;
    const isAnew = before.get(STARTED) !== keys.get(STARTED);
    this.keys = keys;
    this.seenAtS = atS;
    if (!isAnew && uptimeS === before.get(UPTIME)) {
      this.#grown = new Map();
      return;
    }
    if (isAnew) {
      this.restarts += 1;
      this.restartedAtS = atS;
    }
    this.#note(isAnew ? new Map() : before, keys);
  }

  get(key) {
    return this.keys.get(key) ?? null;
  }

  /** By how much a counter grew a second of late; null before it told twice, or if it has none. */
  rate(key) {
    return this.#rates.get(key) ?? null;
  }

  /** The same of one that is not told before it has counted anything: 0 meanwhile. */
  rateOrZero(key) {
    return this.#passedS > 0 ? (this.#rates.get(key) ?? 0) : null;
  }

  /** By how much a counter grew with this telling: 0 when it told nothing new. */
  grown(key) {
    return this.#grown.get(key) ?? 0;
  }

  /** The same of all keys that begin so: [rest of the key, growth]. */
  *grownOf(prefix) {
    for (const [key, grown] of this.#grown) {
      if (key.startsWith(prefix)) yield [key.slice(prefix.length), grown];
    }
  }

  /** The rates of all keys that begin so: [rest of the key, rate]. */
  *ratesOf(prefix) {
    for (const [key, rate] of this.#rates) {
      if (key.startsWith(prefix)) yield [key.slice(prefix.length), rate];
    }
  }

  #note(before, keys) {
    this.#passedS = keys.get(UPTIME) - (before.get(UPTIME) ?? 0);
    this.#grown = new Map();
    this.#rates = new Map();
    for (const [key, value] of keys) {
      const grown = value - (before.get(key) ?? 0);
      this.#grown.set(key, grown);
      this.#rates.set(key, grown / this.#passedS);
    }
  }
}

/**
 * A quantile of a histogram: cumulative counts by upper bound, on a straight line between bounds.
 *
 * `buckets` is Map(bound → count). Beyond the last finite bound it is that bound; null when
 * nothing was counted.
 */
export function quantile(buckets, share) {
  const rows = Array.from(buckets, ([bound, count]) => [bound === "+Inf" ? Infinity : Number(bound), count]);
  rows.sort(([a], [b]) => a - b);
  const wanted = share * (rows.at(-1)?.[1] ?? 0);
  if (!(wanted > 0)) return null;
  const place = rows.findIndex(([, count]) => count >= wanted);
  const [low, below] = place === 0 ? [0, 0] : rows[place - 1];
  const [high, upto] = rows[place];
  return high === Infinity ? low : low + ((high - low) * (wanted - below)) / (upto - below);
}
