/**
 * What a screen reader is told: a polite digest now and then instead of every comment; what one
 * must not miss, such as a new offer, at once. Says nothing while nothing happens.
 */

import { find, painter } from "../shared/dom.js";
import { count, say } from "../shared/words.js";

const EVERY_MS = 10_000;
const NEWS_MAX = 5;

export class Digest {
  #summary = find("digest");
  #news = find("news");
  #counts = { comments: 0, gifts: 0, sold: 0 };
  #last = "";
  #fresh = [];
  #timer = 0;
  #paint = painter(() => this.#tell());

  comment({ user, text }) {
    this.#last = `${user.name}: ${text}`;
    this.#add("comments", 1);
  }

  gift({ user, added }, emoji) {
    this.#last = `${user.name} ${say("gift.sent")} ${emoji}`;
    this.#add("gifts", added);
  }

  sold({ lines }) {
    this.#add("sold", lines.reduce((sum, { quantity }) => sum + quantity, 0));
  }

  /** Say this at once, behind what is being said. */
  now(words) {
    this.#fresh = [...this.#fresh, words].slice(-NEWS_MAX);
    this.#paint();
  }

  #add(what, number) {
    this.#counts[what] += number;
    if (this.#timer === 0) this.#timer = setTimeout(() => this.#sum(), EVERY_MS);
  }

  #sum() {
    const happened = Object.entries(this.#counts).filter(([, number]) => number > 0);
    const parts = happened.map(([what, number]) => say(`digest.${what}`, { count: count(number) }));
    if (this.#last !== "") parts.push(say("digest.last", { words: this.#last }));
    this.#summary.textContent = parts.join(" ");
    this.#counts = { comments: 0, gifts: 0, sold: 0 };
    this.#last = "";
    this.#timer = 0;
  }

  #tell() {
    this.#news.textContent = this.#fresh.join(" ");
    this.#fresh = [];
  }
}
