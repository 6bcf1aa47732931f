/**
 * Figures over time, since the page was opened. Pure.
 *
 * Invariants: however long it goes on, at most `POINTS_MAX` points of at most `COLUMNS_MAX` figures
 * are kept; when they are full, the older half is thinned evenly: of neighbours the worst is kept, so
 * that a peak is still seen a day later. Missing numbers are null: a gap.
 */

export const POINTS_MAX = 1_800; // an hour of a reading every 2 s, before anything is thinned
const COLUMNS_MAX = 64;
const KEPT_SHARE = 0.75; // of the older half: the step doubles when thinning would leave more

export class History {
  #pointsMax;
  #columns = new Map();
  #stepS = 1;
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
    const older = this.times.slice(0, Math.floor(this.times.length / 2));
    const slotsOf = () => older.map((atS) => Math.floor((atS - older[0]) / this.#stepS));
    while (new Set(slotsOf()).size > KEPT_SHARE * older.length) this.#stepS *= 2;
    const slots = slotsOf();
    this.times = thinned(this.times, slots, (atS) => atS);
    for (const [name, column] of this.#columns) this.#columns.set(name, thinned(column, slots, worse));
  }
}

/** A column whose first values, of the same slot each, have become one. */
function thinned(column, slots, choose) {
  const older = [];
  slots.forEach((slot, index) => {
    if (slot !== slots[index - 1]) older.push(column[index]);
    else older.push(choose(older.pop(), column[index]));
  });
  return [...older, ...column.slice(slots.length)];
}

function worse(first, second) {
  if (first === null || second === null) return first ?? second;
  return Math.max(first, second);
}
