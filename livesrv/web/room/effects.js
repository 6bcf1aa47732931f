/** What flies over the stage: hearts, gift banners, rockets. A fixed number of nodes, used again. */

import { bareName, drawAvatar, find, make, replay } from "../shared/dom.js";
import { count } from "../shared/words.js";

const HEARTS_MAX = 14;
const HEARTS_AT_ONCE = 5;
const HEART_GAP_MS = 120;
const HUES = [0, 0, 1, 10, 11];
const BANNERS_MAX = 2;
const BANNER_MS = 3_500;
const BIG_GIFT_COINS = 500;

/** Hearts that rise from the like button. */
export class Hearts {
  #sky = find("hearts");
  #next = 0;

  /** Let some rise, one after the other. */
  rise(number) {
    for (let i = 0; i < Math.min(number, HEARTS_AT_ONCE); i++) {
      setTimeout(() => this.#one(), i * HEART_GAP_MS);
    }
  }

  #one() {
    if (document.hidden) return;
    const heart = this.#sky.children[this.#next] ?? this.#sky.appendChild(make("i", "", "❤"));
    this.#next = (this.#next + 1) % HEARTS_MAX;
    heart.style.setProperty("--drift", `${Math.random() * 60 - 30}px`);
    heart.dataset.hue = HUES[Math.floor(Math.random() * HUES.length)];
    replay(heart, "rising");
  }
}

/** Who is sending what: a banner for each combo, counting up while it lasts. */
export class Banners {
  #list = find("banners");
  #shown = new Map(); // combo -> { node, timer }

  show(gift, emoji) {
    const key = `${gift.user.id} ${gift.combo}`;
    const banner = this.#shown.get(key) ?? this.#add(key);
    fillBanner(banner.node, gift, emoji);
    clearTimeout(banner.timer);
    banner.timer = setTimeout(() => this.#drop(key), BANNER_MS);
    if (gift.coins >= BIG_GIFT_COINS) launch(emoji);
  }

  #add(key) {
    if (this.#shown.size >= BANNERS_MAX) this.#drop(this.#shown.keys().next().value);
    const banner = { node: newBanner(), timer: 0 };
    this.#shown.set(key, banner);
    this.#list.append(banner.node);
    return banner;
  }

  #drop(key) {
    const banner = this.#shown.get(key);
    clearTimeout(banner.timer);
    banner.node.remove();
    this.#shown.delete(key);
  }
}

function newBanner() {
  const node = make("li", "banner");
  node.append(make("span", "avatar"), make("bdi", "who"), make("span", "what"), make("b", "times"));
  return node;
}

function fillBanner(node, { user, count: total }, emoji) {
  const [avatar, who, what, times] = node.children;
  drawAvatar(avatar, user);
  who.textContent = bareName(user.name);
  what.textContent = emoji;
  times.textContent = `×${count(total)}`;
  replay(times, "bump");
}

/** A gift that is worth it crosses the whole stage. */
function launch(emoji) {
  const flyer = find("flyer");
  flyer.textContent = emoji;
  replay(flyer, "flying");
}
