/** My money: what is pending and what is available, paying it out, this month day by day, the last shows. */

import { act, fail } from "./act.js";
import { find, make, picture } from "../shared/dom.js";
import { request } from "./office.js";
import { PayoutSheet } from "./payout.js";
import { ownShows } from "./rooms.js";
import { byDay } from "./sums.js";
import { count, day, dayAndTime, money, say } from "../shared/words.js";

const LINES = 5_000;
const PAGES_MAX = 4;
const KINDS = { sales: "🛍️", gifts: "🎁", refunds: "↩️", payouts: "💸" };

export class Money {
  #user = null;
  #payout = new PayoutSheet(() => this.open(this.#user));

  constructor() {
    find("statement-load").addEventListener("click", ({ currentTarget }) => act(currentTarget, () => this.#statement()));
  }

  /** Show it as it is now. */
  async open(user) {
    this.#user = user;
    await Promise.all([this.#earnings(), this.#statement(), this.#shows()]).catch(fail);
  }

  async #earnings() {
    const { earnings } = await request("GET", "v1/earnings");
    find("money-none").hidden = earnings.length > 0;
    find("purses").replaceChildren(...earnings.map((earning) => this.#newPurse(earning)));
  }

  #newPurse(earning) {
    const { currency, pending_minor: pending, available_minor: available } = earning;
    const [item, button] = [make("li", "purse"), make("button", "big pay-out")];
    button.type = "button";
    button.disabled = available <= 0;
    button.dataset.currency = currency;
    button.append(make("span", "emoji", "💸"), make("span", "", say("payout")));
    button.addEventListener("click", () => this.#payout.open(earning));
    item.append(
      newHeap("👛", available, currency, "earning.available"),
      newHeap("⏳", pending, currency, "earning.pending"),
      button,
    );
    return item;
  }

  /** This month, as many lines as there are up to a bound; where there are more it says so. */
  async #statement() {
    const lines = [];
    let cursor = null;
    for (let page = 0; page === 0 || (cursor !== null && page < PAGES_MAX); page++) {
      const query = new URLSearchParams({ limit: LINES, ...(cursor !== null && { cursor }) });
      const found = await request("GET", `v1/statements/${this.#user}?${query}`);
      lines.push(...found.lines);
      cursor = found.next;
    }
    const days = byDay(lines, this.#user, day);
    find("days").replaceChildren(...days.map(newDay));
    find("days-none").hidden = days.length > 0;
    find("days-more").hidden = cursor === null;
  }

  async #shows() {
    const shows = await ownShows();
    find("shows").replaceChildren(...shows.map(newShow));
    find("shows-none").hidden = shows.length > 0;
  }
}

function newHeap(emoji, minor, currency, word) {
  const heap = make("p", "heap");
  heap.append(make("span", "emoji", emoji), make("b", "", money(minor, currency)), make("span", "small", say(word)));
  return heap;
}

function newDay({ day: written, sums }) {
  const [item, list] = [make("li", "day"), make("ul", "day-sums")];
  list.append(...sums.map(newSum));
  item.append(make("b", "", written), list);
  return item;
}

function newSum({ kind, currency, amount_minor: minor }) {
  const item = make("li", minor < 0 ? "less" : "more");
  const sign = minor > 0 ? "+" : "";
  const image = make("span", "emoji", KINDS[kind]);
  image.role = "img";
  image.ariaLabel = image.title = say(`kind.${kind}`);
  item.append(image, make("span", "", `${sign}${money(minor, currency)}`));
  return item;
}

function newShow({ title, started_at_ms: startedAtMs, orders, coins, sales }) {
  const [item, about] = [make("li", "past"), make("span", "about")];
  const [emoji, name] = picture(title, "🎬");
  const amounts = sales.map(({ currency, amount_minor: minor }) => money(minor, currency));
  about.append(make("bdi", "title", name), make("span", "small", dayAndTime(startedAtMs)));
  item.append(make("span", "emoji", emoji), about, make("span", "took", `🧾 ${count(orders)} · 🪙 ${count(coins)}`));
  if (amounts.length > 0) item.lastElementChild.prepend(make("b", "", amounts.join(" + ")), make("br"));
  return item;
}
