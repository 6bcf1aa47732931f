/** What flies over the stage: hearts, rockets. A fixed number of nodes, used again. */

import { find, make, replay } from "../shared/dom.js";

const HEARTS_MAX = 14;
const HEARTS_DUE_MAX = 5;
const HEART_GAP_MS = 120;
const HEART_MS = 2_400; // as long as the animation in room.css
const FLIGHT_MS = 2_600;
const HUES = [0, 0, 1, 10, 11];

/** Hearts that rise from the like button, or from where somebody tapped. */
export class Hearts {
  #sky = find("hearts");
  #freeAtMs = new Array(HEARTS_MAX).fill(0);
  #due = 0;
  #timer = 0;

  /** Let some rise, one after the other; more than a few at a time are as many as a few. */
  rise(number) {
    this.#due = Math.min(this.#due + number, HEARTS_DUE_MAX);
    if (this.#timer === 0 && this.#due > 0) this.#next();
  }

  /** Let one rise from a point of the window. */
  riseAt(x, y) {
    const { left, top } = this.#sky.getBoundingClientRect();
    this.#start({ left: `${x - left}px`, top: `${y - top}px` });
  }

  #next() {
    this.#due -= 1;
    this.#start({ left: "", top: "" });
    this.#timer = this.#due > 0 ? setTimeout(() => this.#next(), HEART_GAP_MS) : 0;
  }

  /** All are in the air: then one less is not missed. */
  #start(from) {
    const nowMs = performance.now();
    const free = this.#freeAtMs.findIndex((atMs) => atMs <= nowMs);
    if (free < 0 || document.hidden) return;
    this.#freeAtMs[free] = nowMs + HEART_MS;
    const heart = this.#sky.children[free] ?? this.#sky.appendChild(make("i", "", "❤"));
    heart.style.setProperty("left", from.left);
    heart.style.setProperty("top", from.top);
    heart.classList.toggle("tapped", from.left !== "");
    heart.style.setProperty("--drift", `${Math.random() * 60 - 30}px`);
    heart.dataset.hue = HUES[Math.floor(Math.random() * HUES.length)];
    replay(heart, "rising");
  }
}

/** A gift that is worth it crosses the whole stage, one at a time. */
export class Flyer {
  #node = find("flyer");
  #freeAtMs = 0;

  launch(emoji) {
    const nowMs = performance.now();
    if (nowMs < this.#freeAtMs || document.hidden) return;
    this.#freeAtMs = nowMs + FLIGHT_MS;
    this.#node.textContent = emoji;
    replay(this.#node, "flying");
  }
}
