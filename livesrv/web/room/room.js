/** The page: puts its parts together, and passes on what the wire says. */

import { Client } from "../client/index.js";
import { ROOT, socketUrl } from "../shared/api.js";
import { drawAvatar, find, painter } from "../shared/dom.js";
import { Banners } from "./banners.js";
import { Connection } from "./connection.js";
import { Digest } from "./digest.js";
import { Flyer, Hearts } from "./effects.js";
import { Gifters } from "./gifters.js";
import { emojiOf } from "./gifts.js";
import { Login, isDemo } from "../shared/login.js";
import { Likes } from "./likes.js";
import { session } from "../shared/session.js";
import { Market } from "./market.js";
import { Saver } from "./saver.js";
import { Video } from "./video.js";
import { Waterfall } from "./waterfall.js";
import { count, learn, money, say, sayError, translate } from "../shared/words.js";

const TOAST_MS = 3_000;
const BIG_GIFT_COINS = 500;
const PICTURES = { created: "🌅", ended: "🌙" };
const FORGET_TOKEN = new Set([4403, "unauthenticated"]);

/** One visit to one room, and everything on the screen that belongs to it. */
class Show {
  #room = null;
  #client = null;
  #user = null;
  #clockMs = 0;
  #viewers = 0;
  #about = null;
  #toastTimer = 0;
  #gifters = new Gifters();
  #waterfall = new Waterfall(undefined, {
    paced: (isBusy) => (find("show").dataset.pace = isBusy ? "busy" : "calm"),
  });
  #digest = new Digest();
  #connected = new Connection();
  #video = new Video();
  #hearts = new Hearts();
  #flyer = new Flyer();
  #banners = new Banners();
  #saver = new Saver({ changed: (isOn) => this.#save(isOn) });
  #likes = new Likes({
    hearts: this.#hearts,
    require: () => this.#may(),
    send: (number) => this.#like(number),
  });
  #paint = painter(() => this.#draw());
  #login = new Login("viewer");
  #here = () => ({ room: this.#room, user: this.#user ?? session.user, nowMs: Date.now() + this.#clockMs });
  #market = new Market({
    here: this.#here,
    send: (command) => this.#client.insist(command),
    require: () => this.#may(),
    toast: (words) => this.#toast(words),
    fail: (error) => this.#fail(error),
    reenter: () => this.enter(this.#room),
  });

  constructor() {
    find("join").addEventListener("click", () => this.#may());
    find("say").addEventListener("submit", (event) => this.#speak(event));
    find("retry").addEventListener("click", () => this.enter(this.#room));
    for (const type of ["online", "pageshow"]) {
      addEventListener(type, () => this.#client?.nudge());
    }
    addEventListener("offline", () => this.#connected.isIn && this.#client.nudge());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#client?.nudge();
    });
    this.#saver.look();
  }

  enter(room) {
    this.#client?.close();
    this.#room = room;
    this.#user = null;
    find("show").hidden = false;
    find("curtain").hidden = true;
    this.#showWho();
    this.#market.enter(room);
    this.#client = new Client({
      url: socketUrl(),
      room,
      token: session.token,
      saver: this.#saver.isOn,
      on: {
        connection: (state, reason) => this.#connection(state, reason),
        welcome: (welcome) => this.#welcome(welcome),
        joined: (joined) => this.#joined(joined),
        batch: (batch) => this.#batch(batch),
        push: (push) => this.#push(push),
        quality: (quality) => this.#quality(quality),
      },
    });
    this.#client.open();
  }

  // --- what the wire says

  #connection(state, reason) {
    this.#connected.tell(state);
    if (state === "ended") this.#ended(reason);
    if (state === "in") this.#market.resume();
  }

  #ended(reason) {
    const isTokenOver = FORGET_TOKEN.has(reason);
    if (isTokenOver) session.forget();
    if (reason === "not_found") location.replace(ROOT);
    else if (isTokenOver) this.#drop("🚪", say("token.over"), "watch");
    else this.#drop("🚪", sayError(reason), "retry");
  }

  #quality(quality) {
    this.#connected.quality(quality);
    this.#saver.line(quality);
  }

  #save(isOn) {
    this.#video.save(isOn);
    if (this.#client) this.#client.saver = isOn;
  }

  #welcome({ user, server_time_ms: serverMs }) {
    this.#user = user;
    this.#clockMs = serverMs - Date.now();
  }

  #joined({ state, recovered }) {
    this.#viewers = state.viewers;
    this.#likes.reset(state.likes);
    this.#introduce(state);
    if (!recovered) this.#begin(state);
    this.#status(state.status);
    this.#paint();
  }

  /** Who is on, and what this is called; `about` is a state. */
  #introduce(about) {
    const { title, host, city } = about;
    this.#about = about;
    document.title = title;
    find("title").textContent = title;
    find("host").textContent = [host.name, city].filter(Boolean).join(" · ");
    drawAvatar(find("host-avatar"), host);
  }

  #begin(state) {
    this.#gifters.reset(state.top_gifters);
    this.#market.reset(state);
    this.#waterfall.reset(state.comments, this.#user);
  }

  #batch({ events, waterfall, shed }) {
    for (const event of events) this.#event(event);
    for (const drop of waterfall) this.#fall(drop);
    this.#waterfall.missed(shed);
    this.#paint();
  }

  #event(event) {
    const { type } = event;
    this.#market.event(event);
    if (type === "gift") this.#gift(event);
    else if (type === "sold") this.#sold(event);
    else if (type === "pinned") this.#tellPin(event);
    else if (type === "reserved") this.#tellSoldOut(event);
    else if (type === "removed") this.#waterfall.remove(event.comment);
    else if (type === "notice" && event.text) this.#waterfall.notice(event.text, `notice ${event.seq}`);
    else if (type === "muted" && event.user === this.#user) this.#toast(say("error.muted"));
    else if (type === "started") this.#status("live");
    else if (type === "ended") this.#end();
    else if (type === "settings") this.#settings(event);
  }

  /** The host calls it something else, or has moved the video. */
  #settings(event) {
    this.#introduce({ ...this.#about, ...event });
    this.#status(find("show").dataset.status);
  }

  #tellPin({ title, price_minor: price, currency }) {
    this.#digest.now(say("news.pinned", { title, price: money(price, currency) }));
  }

  #tellSoldOut({ lines }) {
    for (const { offer, stock } of lines) {
      if (stock === 0) this.#digest.now(say("news.soldout", { title: this.#market.titleOf(offer) }));
    }
  }

  #end() {
    this.#status("ended");
    this.#digest.now(say("show.ended"));
  }

  #fall(drop) {
    if (drop.type === "comment") this.#comment(drop);
    else if (drop.type === "viewers") this.#viewers = drop.count;
    else if (drop.type === "like") this.#likes.fall(drop);
  }

  #comment(comment) {
    this.#waterfall.comment(comment);
    this.#digest.comment(comment);
  }

  #gift(event) {
    const emoji = emojiOf(event.gift);
    this.#waterfall.gift(event, emoji);
    this.#banners.show(event, emoji);
    this.#digest.gift(event, emoji);
    if (event.coins >= BIG_GIFT_COINS) this.#flyer.launch(emoji);
    this.#gifters.add(event);
  }

  #sold(event) {
    const titled = event.lines.map((line) => ({ ...line, title: this.#market.titleOf(line.offer) }));
    this.#waterfall.sold(event, titled);
    this.#digest.sold(event);
    this.#tellSoldOut(event);
  }

  #push(push) {
    if (push.type === "gap") this.#waterfall.missed(push.shed);
    else this.#market.push(push);
  }

  // --- what the viewer does

  /** Whether the viewer may act; a guest is asked for a name, where there is a login. */
  async #may() {
    const was = session.token;
    const may = await this.#login.require();
    if (session.token !== was) this.enter(this.#room);
    if (!may && !isDemo) this.#toast(say("guest"));
    return may;
  }

  async #speak(event) {
    event.preventDefault();
    const box = find("text");
    const text = box.value.trim();
    if (text === "") return;
    box.value = "";
    try {
      await this.#client.ask({ type: "comment", room: this.#room, text });
    } catch (error) {
      if (box.value === "") box.value = text;
      this.#fail(error);
    }
  }

  #like(number) {
    const like = { type: "like", room: this.#room, count: number };
    this.#client?.ask(like).catch(() => {}); // a like of the past is worth nothing
  }

  // --- what is on the screen

  #draw() {
    find("viewers-count").textContent = count(this.#viewers);
  }

  #showWho() {
    const isGuest = session.token === null;
    find("show").dataset.who = isGuest ? "guest" : "viewer";
    find("join").hidden = !isGuest || !isDemo;
    find("guest").hidden = !isGuest || isDemo;
    find("say").hidden = isGuest;
  }

  #status(status) {
    find("show").dataset.status = status;
    this.#video.show(status === "live" ? this.#about.media_url : null);
    if (status === "live") find("curtain").hidden = true;
    else this.#drop(PICTURES[status], say(`show.${status}`), null);
  }

  /** Let the curtain down, with a reason and what may be done about it. */
  #drop(emoji, words, action) {
    find("curtain").hidden = false;
    find("curtain-picture").textContent = emoji;
    find("curtain-words").textContent = words;
    find("retry").hidden = action === null;
    if (action !== null) find("retry-words").textContent = say(action);
  }

  #fail(error) {
    if (error.code === "busy") this.#connected.busy();
    this.#toast(error.code ? sayError(error.code) : say("connection.waiting"));
  }

  #toast(words) {
    const toast = find("toast");
    const sheet = document.querySelector("dialog[open]");
    if (sheet === null) find("tray").before(toast);
    else sheet.append(toast); // what is behind a sheet is not seen
    toast.textContent = words;
    toast.hidden = false;
    clearTimeout(this.#toastTimer);
    this.#toastTimer = setTimeout(() => (toast.hidden = true), TOAST_MS);
  }
}

/** What stands behind the last "/"; as it stands there when it cannot be decoded: no room has such a name. */
function roomInAddress() {
  const written = location.pathname.split("/").at(-1);
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

await learn("common", "room");
translate();
find("splash").remove();
new Show().enter(roomInAddress());
for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
