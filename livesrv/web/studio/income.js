/**
 * What the show brings, as it comes: each sale and gift at once, the sums as the books have them.
 *
 * The sums are asked for soon after something came, at most every `GAP_MS`, and once more a little
 * later, since commission is a moment behind; else every `QUIET_MS`.
 */

import { find, make, painter } from "../shared/dom.js";
import { request } from "./office.js";
import { ownShows } from "./rooms.js";
import { count, money, say } from "../shared/words.js";

const SOON_MS = 500;
const GAP_MS = 2_000;
const QUIET_MS = 20_000;
const TICKS_MAX = 30;
const TICKS_SHOWN = 2;

export class Income {
  #show = null; // { room, startedAtMs } of the show that is on
  #ticks = [];
  #timer = 0;
  #dueAt = Infinity;
  #askedAt = 0;
  #later = false;
  #paint = painter(() => this.#drawTicks());

  constructor() {
    find("income").addEventListener("click", () => this.#open());
  }

  begin(room, startedAtMs) {
    if (this.#show?.room === room && this.#show.startedAtMs === startedAtMs) return;
    this.#show = { room, startedAtMs };
    this.#ticks = [];
    this.#paint();
    drawSums({ sales: [], orders: 0, gifts: 0, coins: 0 });
    this.#lookWithin(0);
  }

  end() {
    this.#show = null;
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  /** Money for goods came: `amount` in words, a picture and who paid. */
  sold(amount, emoji, who) {
    this.#tick("sale", `+${amount}`, emoji, who);
  }

  gift(emoji, times, who) {
    this.#tick("gift", `+${emoji}×${count(times)}`, "", who);
  }

  #tick(kind, amount, emoji, who) {
    this.#ticks.unshift({ kind, amount, emoji, who });
    this.#ticks.length = Math.min(this.#ticks.length, TICKS_MAX);
    this.#paint();
    this.#later = true;
    this.#lookWithin(Math.max(SOON_MS, this.#askedAt + GAP_MS - Date.now()));
  }

  #lookWithin(ms) {
    const dueAt = Date.now() + ms;
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  async #look() {
    this.#dueAt = Infinity;
    this.#askedAt = Date.now();
    const isAgain = this.#later;
    this.#later = false;
    const found = document.hidden ? null : await read().catch(() => null);
    if (this.#show === null) return;
    if (found) this.#draw(found);
    this.#lookWithin(isAgain ? GAP_MS : QUIET_MS);
  }

  #draw({ shows, earnings }) {
    const { room, startedAtMs } = this.#show;
    const show = shows.find((each) => each.room === room && each.started_at_ms === startedAtMs);
    if (show) drawSums(show);
    drawEarnings(find("earned-now"), earnings);
  }

  #drawTicks() {
    find("ticks").replaceChildren(...this.#ticks.slice(0, TICKS_SHOWN).map(newTick));
    find("all-ticks").replaceChildren(...this.#ticks.map(newTick));
  }

  #open() {
    find("earned").showModal();
    this.#lookWithin(0);
  }
}

/** Pending and available, a line for each currency. */
export function drawEarnings(place, earnings) {
  place.replaceChildren(...earnings.map(newEarning));
}

function newEarning({ currency, pending_minor: pending, available_minor: available }) {
  const line = make("li", "earning");
  line.append(
    newAmount("⏳", "earning.pending", money(pending, currency)),
    newAmount("👛", "earning.available", money(available, currency)),
  );
  return line;
}

function newAmount(emoji, word, amount) {
  const node = make("span", "amount");
  node.append(make("span", "emoji", emoji), make("b", "", amount), make("span", "small", say(word)));
  return node;
}

async function read() {
  const [shows, { earnings }] = await Promise.all([ownShows(), request("GET", "v1/earnings")]);
  return { shows, earnings };
}

function drawSums({ sales, orders, gifts, coins }) {
  const amounts = sales.map(({ currency, amount_minor: minor }) => money(minor, currency));
  find("income-sales").textContent = amounts.join(" + ") || "0";
  find("income-orders").textContent = count(orders);
  find("income-coins").textContent = count(coins);
  find("income-gifts").textContent = count(gifts);
}

function newTick({ kind, amount, emoji, who }) {
  const item = make("li", `tick ${kind}`);
  item.append(make("bdi", "got", amount), make("span", "", emoji), make("bdi", "", who));
  return item;
}
