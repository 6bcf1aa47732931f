/**
 * What a page says, in the reader's language, and how numbers, money and times are written.
 *
 * The server has chosen the language already (`<html lang dir>`): by the reader's own choice, else
 * by what the browser asks for. Its catalogues are words/LANGUAGE/PART.js.
 */

const LANGUAGE_COOKIE = "livesrv_language";
const YEAR_S = 365 * 24 * 3600;

/** The languages there are, each by its own name. */
export const LANGUAGES = { en: "English", zh: "中文", ar: "العربية" };
export const language = document.documentElement.lang;

const words = {};
const wished = navigator.languages?.find((tag) => tag.split("-")[0].toLowerCase() === language);
const locale = wished ?? language;

/** Learn the words of these parts. Before anything is said. */
export async function learn(...parts) {
  const catalogues = parts.map((part) => import(`../words/${language}/${part}.js`));
  for (const { default: catalogue } of await Promise.all(catalogues)) {
    Object.assign(words, catalogue);
  }
}

/** Have the pages speak another language from now on. */
export function choose(chosen) {
  const path = new URL("../../../", import.meta.url).pathname;
  document.cookie = `${LANGUAGE_COOKIE}=${chosen}; path=${path}; max-age=${YEAR_S}; samesite=lax`;
  location.reload();
}

/** What stands under `key`, with `{name}` replaced from `values`. */
export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** A refusal in words: `code` is an error code or a close code. */
export function sayError(code) {
  return words[`error.${code}`] ?? words["error.other"];
}

/** Put words where the document asks for them: `data-say` as text, `data-label` as its name. */
export function translate(root = document) {
  for (const node of root.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of root.querySelectorAll("[data-label]")) {
    node.ariaLabel = node.title = say(node.dataset.label);
  }
  for (const node of root.querySelectorAll("[data-hint]")) {
    node.placeholder = node.ariaLabel = say(node.dataset.hint);
  }
}

const compact = new Intl.NumberFormat(locale, { notation: "compact" });
const plain = new Intl.NumberFormat(locale);
const percents = new Intl.NumberFormat(locale, { style: "percent" });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const dates = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const currencies = new Map();

/** 812 → "812", 10455 → "10K", "1万". */
export function count(number) {
  return number < 10_000 ? plain.format(number) : compact.format(number);
}

/** The same where there is little room: 1019 → "1K". */
export function brief(number) {
  return compact.format(number);
}

/** 11 → "×11", whichever way the line around it runs. */
export function times(number) {
  return `\u2066×${count(number)}\u2069`;
}

/** 0.25 → "25%". */
export function percent(share) {
  return percents.format(share);
}

/** An amount in its smallest unit, as one writes it: 2990 "CNY" → "¥29.90", 5 "COIN" → "🪙 5". */
export function money(minor, currency) {
  if (currency === "COIN") return `🪙 ${plain.format(minor)}`;
  return formatOf(currency).format(minor / 10 ** fractionDigits(currency));
}

/** How many digits of the smallest unit stand behind the point: "CNY" → 2, "JPY" → 0. */
export function fractionDigits(currency) {
  return formatOf(currency).resolvedOptions().maximumFractionDigits;
}

/** The time of day, of milliseconds since the epoch. */
export function timeOfDay(atMs) {
  return clock.format(atMs);
}

/** Day and time of day. */
export function dayAndTime(atMs) {
  return days.format(atMs);
}

/** The day alone. */
export function day(atMs) {
  return dates.format(atMs);
}

/** How long, to the second: 125000 → "2:05", 3725000 → "1:02:05". */
export function duration(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

function formatOf(currency) {
  if (!currencies.has(currency)) {
    currencies.set(currency, new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "narrowSymbol" }));
  }
  return currencies.get(currency);
}
