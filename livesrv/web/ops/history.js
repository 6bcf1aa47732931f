/**
 * Figures over time, since the page was opened. Pure.
 *
 * Invariants: however long it goes on, at most `POINTS_MAX` points of at most `COLUMNS_MAX` figures
 * are kept; when they are full, the older half is thinned: of two points their worse, so that a peak
 * is still seen a day later. Missing numbers are null: a gap.
 */

export const POINTS_MAX = 1_800; // an hour of a reading every 2 s, before anything is thinned
const COLUMNS_MAX = 64;

export class History {
  #pointsMax;
  #columns = new Map();
  /** The moments, in seconds since the epoch. */
  times = [];

  constructor(pointsMax = POINTS_MAX) {
    this.#pointsMax = pointsMax;
  }

  /** A point: figures by name. Those that are left out have a gap there. */
  add(atS, figures) {
    for (const name of Object.keys(figures)) this.#begin(name);
    this.times.push(atS);
    for (const [name, column] of this.#columns) column.push(figures[name] ?? null);
    if (this.times.length > this.#pointsMax) this.#thin();
  }

  /** One figure, a number or null for each of `times`. */
  column(name) {
    return this.#columns.get(name) ?? this.times.map(() => null);
  }

  /** Where the points from `sinceS` on begin. */
  from(sinceS) {
    const first = this.times.findIndex((atS) => atS >= sinceS);
    return first < 0 ? this.times.length : first;
  }

  #begin(name) {
    if (this.#columns.has(name) || this.#columns.size >= COLUMNS_MAX) return;
    this.#columns.set(name, this.times.map(() => null));
  }

  #thin() {
    const half = 2 * Math.floor(this.times.length / 4);
    this.times = thinned(this.times, half, (first) => first);
    for (const [name, column] of this.#columns) this.#columns.set(name, thinned(column, half, worse));
  }
}

function thinned(column, half, choose) {
  const older = [];
  for (let at = 0; at < half; at += 2) older.push(choose(column[at], column[at + 1]));
  return [...older, ...column.slice(half)];
}

function worse(first, second) {
  if (first === null || second === null) return first ?? second;
  return Math.max(first, second);
}
