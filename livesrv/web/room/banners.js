/**
 * Who is sending what: a banner for each combo, counting up while it lasts.
 *
 * Two at a time, on two nodes. Each may be seen for a while before the next one takes its place;
 * a few combos wait for that, and those that have waited longest give way. Drawn once a frame.
 */

import { bareName, drawAvatar, find, make, painter, replay } from "../shared/dom.js";
import { times } from "../shared/words.js";

const BANNERS_MAX = 2;
const WAITING_MAX = 6;
const STAY_MS = 3_500;
const LEAST_MS = 1_200; // for the next combo, when one waits
const LEVELS = [10, 66, 188]; // from so many on a streak looks hotter, as people know it

export class Banners {
  #lanes;
  #waiting = new Map(); // by combo: { gift, emoji }
  #timer = 0;
  #paint = painter(() => this.#draw());

  constructor() {
    this.#lanes = Array.from({ length: BANNERS_MAX }, newLane);
    find("banners").replaceChildren(...this.#lanes.map(({ node }) => node));
  }

  show(gift, emoji) {
    const key = `${gift.user.id} ${gift.combo}`;
    this.#waiting.set(key, { gift, emoji });
    if (this.#waiting.size > WAITING_MAX) this.#waiting.delete(this.#waiting.keys().next().value);
    this.#paint();
  }

  #draw() {
    const nowMs = performance.now();
    for (const [key, { gift, emoji }] of this.#waiting) {
      const lane = this.#laneFor(key, nowMs);
      if (!lane) continue;
      this.#waiting.delete(key);
      fillLane(lane, key, gift, emoji, nowMs);
    }
    for (const lane of this.#lanes) lane.node.hidden = lane.untilMs <= nowMs;
    clearTimeout(this.#timer);
    const dueMs = this.#dueMs(nowMs);
    if (dueMs < Infinity) this.#timer = setTimeout(this.#paint, dueMs - nowMs);
  }

  /** The combo's own lane, an empty one, or one that has been seen long enough. */
  #laneFor(key, nowMs) {
    const isFree = ({ untilMs }) => untilMs <= nowMs;
    return (
      this.#lanes.find((lane) => lane.key === key && !isFree(lane)) ??
      this.#lanes.find(isFree) ??
      this.#lanes.find(({ sinceMs }) => sinceMs + LEAST_MS <= nowMs)
    );
  }

  /** When something will change by itself. */
  #dueMs(nowMs) {
    const shown = this.#lanes.filter(({ untilMs }) => untilMs > nowMs);
    const isAwaited = this.#waiting.size > 0;
    return Math.min(...shown.map((lane) => (isAwaited ? lane.sinceMs + LEAST_MS : lane.untilMs)));
  }
}

function newLane() {
  const node = make("li", "banner");
  const gift = make("span", "what");
  node.hidden = true;
  node.append(make("span", "avatar"), make("bdi", "who"), gift, make("b", "times"));
  return { node, key: null, sinceMs: 0, untilMs: 0 };
}

function fillLane(lane, key, { user, count: total }, emoji, nowMs) {
  const [avatar, who, what, streak] = lane.node.children;
  if (lane.key !== key || lane.node.hidden) {
    Object.assign(lane, { key, sinceMs: nowMs });
    drawAvatar(avatar, user);
    who.textContent = bareName(user.name);
    what.textContent = emoji;
    lane.node.hidden = false;
    replay(lane.node, "arriving");
  }
  lane.untilMs = nowMs + STAY_MS;
  lane.node.dataset.level = LEVELS.filter((from) => total >= from).length;
  streak.textContent = times(total);
  replay(streak, "bump");
}
