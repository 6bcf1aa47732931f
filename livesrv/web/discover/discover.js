/**
 * The shows that are on now, as big pictures: what is sold, who sells it, how many watch.
 *
 * Newest first, so that whoever has just gone live is seen first, however few know them. A card
 * stays where it is while it is looked at; only its numbers change.
 */

import { ROOT, ask } from "../shared/api.js";
import { bareName, drawAvatar, find, hueOf, icon, make, picture } from "../shared/dom.js";
import { THEMES } from "../shared/themes.js";
import { LANGUAGES, brief, choose, language, learn, money, say, translate } from "../shared/words.js";

const LOOK_MS = 10_000;
const ROOMS_A_PAGE = 24;
const CARDS_MAX = 480;
const AHEAD = "800px"; // of the end: the next page is there before one comes to it

class Discover {
  #list = find("rooms");
  #more = find("more");
  #cards = new Map(); // by room
  #next = null;
  #timer = 0;
  #nearEnd = new IntersectionObserver(([end]) => end.isIntersecting && this.#turn(), {
    rootMargin: AHEAD,
  });

  constructor() {
    this.#more.addEventListener("click", () => this.#turn());
    this.#nearEnd.observe(this.#more);
    addEventListener("online", () => this.look());
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** Look which shows are on now, and again after a while; not while nobody sees the page. */
  async look() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const page = await askForLive();
    this.#tell(page);
    if (page !== null) this.#refresh(page);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), LOOK_MS);
  }

  #tell(page) {
    const state = page === null ? "away" : page.rooms.length === 0 ? "empty" : "shown";
    document.body.dataset.state = state;
    find("message").hidden = state === "shown" || (state === "away" && this.#cards.size > 0);
    find("away").hidden = state !== "away" || this.#cards.size === 0;
    find("message-words").textContent = say(state === "away" ? "lobby.away" : "lobby.empty");
  }

  /** The first page anew: those who should be on it and are not have ended. */
  #refresh({ rooms, next }) {
    const last = rooms.at(-1);
    const oldest = next === null ? 0 : last.started_at_ms;
    const live = new Set(rooms.map(({ room }) => room));
    const isJoined = last !== undefined && this.#cards.has(last.room); // else some may lie between
    for (const [room, card] of this.#cards) {
      if (!live.has(room) && card.startedAtMs > oldest) this.#remove(room);
    }
    rooms.forEach((room) => this.#put(room));
    if (!isJoined || this.#cards.size === rooms.length) this.#goOnAt(next);
  }

  /** The next page, behind what is shown. */
  async #turn() {
    if (this.#next === null || this.#cards.size >= CARDS_MAX) return;
    const cursor = this.#next;
    this.#next = null;
    const page = await askForLive(cursor);
    page?.rooms.forEach((room) => this.#put(room));
    this.#goOnAt(page === null ? cursor : page.next);
  }

  #goOnAt(next) {
    this.#next = next;
    this.#more.hidden = next === null || this.#cards.size >= CARDS_MAX;
    this.#nearEnd.unobserve(this.#more);
    this.#nearEnd.observe(this.#more); // tells at once when the end is still in sight
  }

  /** Draw a show, at its place when it is not there yet. */
  #put(room) {
    const known = this.#cards.get(room.room);
    if (known) {
      known.draw(room);
      return;
    }
    const card = new Card(room);
    const older = [...this.#cards.values()].filter(({ startedAtMs }) => startedAtMs < card.startedAtMs);
    const next = older.reduce((a, b) => (a?.startedAtMs >= b.startedAtMs ? a : b), undefined);
    this.#list.insertBefore(card.node, next?.node ?? null);
    this.#cards.set(room.room, card);
  }

  #remove(room) {
    this.#cards.get(room).node.remove();
    this.#cards.delete(room);
  }
}

/** One show: a link with a picture. */
class Card {
  node = make("li");
  startedAtMs;
  #link = make("a", "room");
  #emoji = make("span", "emoji");
  #viewers = make("b");
  #price = make("span", "price");
  #avatar = make("span", "avatar");
  #title = make("b", "title");
  #host = make("span", "who");

  constructor(room) {
    this.startedAtMs = room.started_at_ms;
    this.#link.href = new URL(`room/${room.room}`, ROOT);
    this.#link.dataset.hue = hueOf(room.room);
    this.#title.dir = this.#host.dir = "auto";
    const [audience, caption, about] = [make("span", "pill"), make("div", "caption"), make("div", "about")];
    this.#emoji.ariaHidden = this.#avatar.ariaHidden = "true";
    audience.append(make("i", "lamp"), icon("eye"), this.#viewers, make("span", "unseen", say("viewers")));
    about.append(this.#title, this.#host);
    caption.append(this.#avatar, about);
    this.#link.append(make("i", "hills"), this.#emoji, audience, this.#price, caption);
    this.node.append(this.#link);
    this.draw(room);
  }

  draw({ title, host, city, theme, viewers, pinned: [offer] }) {
    const name = bareName(title);
    this.#emoji.textContent = pictureOf(offer, title, theme, host);
    this.#viewers.textContent = brief(viewers);
    this.#price.textContent = offer ? money(offer.price_minor, offer.currency) : "";
    this.#title.textContent = name;
    this.#host.textContent = [host.name, city].filter(Boolean).join(" · ");
    drawAvatar(this.#avatar, host);
  }
}

/** What stands for a show: what is sold right now, else what the title or the theme shows. */
function pictureOf(offer, title, theme, host) {
  const sold = offer && picture(offer.title, null)[0];
  return sold ?? picture(title, null)[0] ?? THEMES[theme] ?? picture(host.name, "🎬")[0];
}

/** A page of the shows that are on; null when they cannot be asked for. */
function askForLive(cursor) {
  const behind = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  return ask("GET", `v1/live?limit=${ROOMS_A_PAGE}${behind}`).catch(() => null);
}

function offerLanguages() {
  const select = find("language");
  for (const [code, name] of Object.entries(LANGUAGES)) {
    select.append(new Option(name, code, false, code === language));
  }
  select.addEventListener("change", () => choose(select.value));
}

await learn("common", "discover");
translate();
offerLanguages();
new Discover().look();
