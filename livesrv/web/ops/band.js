/** The band on top: how it is, in one colour, one shape and one word, and what to do about it. */

import { find, make } from "../shared/dom.js";
import { duration, say } from "../shared/words.js";
import { timeOf, write } from "./format.js";

const SHAPES = { well: "✓", amber: "!", red: "✕", unknown: "?" };
const NEWS_MAX = 20;
const NEWS_ONLY = "restarted"; // is over by being so for a while
const FINDINGS_MAX = 12;
const KINDS = {
  connections: "share",
  files: "share",
  cpu: "share",
  "store-cpu": "share",
  held: "share",
  waiting: "share",
  store: "seconds",
  disk: "seconds",
  oldest: "seconds",
  loop: "seconds",
  flush: "seconds",
  orders: "seconds",
  relay: "count",
  commission: "count",
  missing: "count",
  busy: "rate",
  "turned-away": "rate",
  shed: "rate",
  gaps: "rate",
  defects: "rate",
};

/** What stands for a level beside its colour: a shape with a sign in it. */
export function sign(level) {
  const node = make("span", "sign", SHAPES[level]);
  node.dataset.level = level;
  node.ariaHidden = "true";
  return node;
}

export class Band {
  #band = find("band");
  #news = find("news");
  #drawn = new Map(); // findings shown now, by key

  /** Show the findings of a reading made at `atS`; none: all is well. */
  draw(findings, atS) {
    this.#tellNews(findings, atS);
    const [worst, ...others] = findings;
    this.#show(worst?.level ?? "well", worst ? this.#headline(worst) : say("band.none"));
    this.#note(worst ? noteOf(valueOf(worst), say("band.since", { time: sinceOf(worst, atS) })) : "");
    this.#instruct(worst ? say(`do.${worst.rule}`, wordsOf(worst)) : "");
    find("others").replaceChildren(...others.slice(0, FINDINGS_MAX).map((finding) => row(finding, atS)));
  }

  /** /metrics cannot be had, since `sinceS`. */
  drawAway(why, sinceS, atS) {
    this.#show("red", say(`away.${why}`));
    this.#note(say("band.since", { time: duration((atS - sinceS) * 1000) }));
    this.#instruct(say("away.do"));
    find("others").replaceChildren();
  }

  /** Something that has happened, at the top of the list of news. */
  tell(level, text, atS) {
    const item = make("li");
    item.append(make("time", "", timeOf(atS)), sign(level), make("span", "", text));
    this.#news.prepend(item);
    while (this.#news.childElementCount > NEWS_MAX) this.#news.lastElementChild.remove();
    find("news-box").hidden = false;
  }

  #tellNews(findings, atS) {
    const now = new Map(findings.map((finding) => [finding.key, finding]));
    for (const [key, finding] of now) {
      if (this.#drawn.get(key)?.level !== finding.level) this.tell(finding.level, this.#headline(finding), atS);
    }
    for (const [key, finding] of this.#drawn) {
      if (!now.has(key) && finding.rule !== NEWS_ONLY) this.tell("well", say("news.over", { what: this.#headline(finding) }), atS);
    }
    this.#drawn = now;
  }

  #headline(finding) {
    return say(`rule.${finding.rule}`, wordsOf(finding));
  }

  /** What a screen reader is told: only when it changes, and without figures that always do. */
  #show(level, headline) {
    if (this.#band.dataset.level !== level) {
      this.#band.dataset.level = level;
      find("band-sign").replaceChildren(sign(level));
      setText(find("band-word"), say(`level.${level}`));
      document.title = `${SHAPES[level]} ${say("ops.title")}`;
    }
    setText(find("band-what"), headline);
  }

  #note(text) {
    setText(find("band-note"), text);
  }

  #instruct(text) {
    setText(find("band-do"), text);
  }
}

function row(finding, atS) {
  const item = make("li");
  const text = make("div");
  text.append(
    make("b", "", say(`rule.${finding.rule}`, wordsOf(finding))),
    make("span", "figure", ` ${noteOf(valueOf(finding), sinceOf(finding, atS))}`),
    make("p", "", say(`do.${finding.rule}`, wordsOf(finding))),
  );
  item.append(sign(finding.level), text);
  return item;
}

const noteOf = (...parts) => parts.filter(Boolean).join(" · ");
const wordsOf = ({ subject }) => ({ who: subject ?? "" });
const sinceOf = ({ sinceS }, atS) => duration((atS - sinceS) * 1000);

function valueOf({ rule, value }) {
  return KINDS[rule] ? write(KINDS[rule], value) : "";
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
