/** How figures are written: in the reader's language, short enough to be read from across a room. */

import { brief, count, duration, language, percent } from "../shared/words.js";

const BYTE_UNITS = ["kilobyte", "megabyte", "gigabyte", "terabyte"];
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const few = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const NONE = "–";

const KINDS = {
  count: (value) => (value < 100_000 ? count(Math.round(value)) : brief(value)),
  rate: (value) => (value < 10 ? few.format(value) : KINDS.count(value)),
  seconds: (value) => (value < 0.9995 ? inUnit(value * 1000, "millisecond") : inUnit(value, "second")),
  share: (value) => percent(Math.round(value * 100) / 100),
  bytes: (value) => writeBytes(value / 1000),
  age: (value) => duration(value * 1000),
};

/** A value of a kind: "count", "rate", "seconds", "share", "bytes" or "age"; null is a dash. */
export function write(kind, value) {
  return value === null || value === undefined ? NONE : KINDS[kind](value);
}

/** The time of day to the second, of seconds since the epoch. */
export function timeOf(atS) {
  return clock.format(atS * 1000);
}

function writeBytes(value, units = BYTE_UNITS) {
  const [unit, ...larger] = units;
  return value >= 999.5 && larger.length > 0 ? writeBytes(value / 1000, larger) : inUnit(value, unit);
}

function inUnit(value, unit) {
  const maximumFractionDigits = value < 10 ? 1 : 0;
  const unitDisplay = unit === "second" ? "narrow" : "short";
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay, maximumFractionDigits }).format(value);
}
