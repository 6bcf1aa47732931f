/** The show is over: what it brought, and how that compares with the one before. */

import { find, make } from "../shared/dom.js";
import { recall, remember } from "./memory.js";
import { ownShows } from "./rooms.js";
import { change, sideBySide } from "./sums.js";
import { count, duration, money, percent, say } from "../shared/words.js";

const LOOK_MS = 500;
const LOOKS_MAX = 30;
const PEAKS_MAX = 20;
const PICTURES = { earned: "💰", sales: "🛍️", orders: "🧾", pieces: "📦", gifts: "🎁", coins: "🪙", viewers: "👀" };

/** The most viewers this device saw of a show: nobody else counts them. */
export function notePeak(startedAtMs, viewers) {
  const peaks = recall("peaks", []).filter(([atMs]) => atMs !== startedAtMs);
  const most = Math.max(viewers, peakOf(startedAtMs) ?? 0);
  remember("peaks", [...peaks, [startedAtMs, most]].slice(-PEAKS_MAX));
}

function peakOf(startedAtMs) {
  return recall("peaks", []).find(([atMs]) => atMs === startedAtMs)?.[1] ?? null;
}

export class Summary {
  #sheet = find("summary");
  #looks = 0;

  /** Open it for the show of a room that began at a moment. */
  async open(room, startedAtMs) {
    const looks = ++this.#looks;
    find("summary-figures").replaceChildren();
    this.#state("wait");
    if (!this.#sheet.open) this.#sheet.showModal();
    for (let left = LOOKS_MAX; left > 0 && looks === this.#looks && this.#sheet.open; left--) {
      if (await this.#look(room, startedAtMs)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Whether the figures are final. */
  async #look(room, startedAtMs) {
    const shows = await ownShows().catch(() => []);
    const at = shows.findIndex((each) => each.room === room && each.started_at_ms === startedAtMs);
    if (at < 0) return false;
    this.#draw(shows[at], shows[at + 1] ?? null);
    return shows[at].is_final;
  }

  #draw(show, last) {
    this.#state(show.is_final ? "final" : "counting");
    find("summary-time").textContent = duration((show.ended_at_ms ?? Date.now()) - show.started_at_ms);
    find("summary-first").hidden = last !== null;
    const figures = [...sideBySide(show, last), viewers(show, last)].filter(({ now }) => now !== null);
    find("summary-figures").replaceChildren(...figures.map(newFigure));
  }

  #state(state) {
    this.#sheet.dataset.state = state;
  }
}

function viewers(show, last) {
  const before = last === null ? null : peakOf(last.started_at_ms);
  return { name: "viewers", currency: null, now: peakOf(show.started_at_ms), before };
}

function newFigure({ name, currency, now, before }) {
  const write = (amount) => (currency === null ? count(amount) : money(amount, currency));
  const item = make("li", "figure");
  item.dataset.figure = name;
  item.append(make("span", "emoji", PICTURES[name]), make("b", "", write(now)), make("span", "small", say(`figure.${name}`)));
  if (before !== null) item.append(newChange(now, before, write(before)));
  return item;
}

function newChange(now, before, written) {
  const share = change(now, before);
  const way = now > before ? "up" : now < before ? "down" : "same";
  const arrow = { up: "▲", down: "▼", same: "＝" }[way];
  const node = make("span", `change ${way}`, share === null ? arrow : `${arrow} ${percent(Math.abs(share))}`);
  node.role = "img";
  node.ariaLabel = node.title = say(`change.${way}`, { before: written });
  return node;
}
