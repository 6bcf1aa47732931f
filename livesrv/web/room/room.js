/** The page: puts its parts together, and passes on what the wire says. */

import { Client } from "../client/index.js";
import { ROOT, socketUrl } from "../shared/api.js";
import { drawAvatar, find, make, painter } from "../shared/dom.js";
import { Banners } from "./banners.js";
import { Connection } from "./connection.js";
import { Digest } from "./digest.js";
import { Flyer, Hearts } from "./effects.js";
import { GiftTray, emojiOf } from "./gifts.js";
import { Login, isDemo } from "../shared/login.js";
import { Likes } from "./likes.js";
import { session } from "../shared/session.js";
import { OrderSheet } from "./order.js";
import { Saver } from "./saver.js";
import { Shop } from "./shop.js";
import { Video } from "./video.js";
import { Wallet } from "./wallet.js";
import { Waterfall } from "./waterfall.js";
import { brief, count, learn, money, say, sayError, translate } from "../shared/words.js";

const TOAST_MS = 3_000;
const BIG_GIFT_COINS = 500;
const GIFTERS_SHOWN = 3;
const GIFTERS_KNOWN = 200;
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
  #gifters = new Map();
  #wallet = new Wallet();
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
  #send = (command) => this.#insist(command);
  #here = () => ({ room: this.#room, user: this.#user, nowMs: Date.now() + this.#clockMs });
  #order = new OrderSheet({ send: this.#send, here: this.#here });
  #shop = new Shop({
    buy: (offer) => this.#may().then((may) => may && this.#order.open(offer)),
    changed: (offer) => this.#order.update(offer),
  });
  #tray = new GiftTray({
    send: this.#send,
    require: () => this.#may(),
    fail: (error) => this.#fail(error),
    here: this.#here,
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
    this.#wallet.load(session.token);
    this.#tray.load();
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
    if (state === "in") this.#order.resume();
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
    this.#gifters.clear();
    for (const { user, coins } of state.top_gifters) this.#gifters.set(user.id, { user, coins });
    this.#shop.reset(state.pinned);
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
    if (type === "gift") this.#gift(event);
    else if (type === "sold") this.#sold(event);
    else if (type === "pinned") this.#pin(event);
    else if (type === "unpinned") this.#shop.unpin(event.offer);
    else if (type === "stock") this.#shop.change(event);
    else if (type === "reserved" || type === "unsold") this.#restock(event);
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

  #pin(offer) {
    this.#shop.pin(offer);
    const { title, price_minor: price, currency } = offer;
    this.#digest.now(say("news.pinned", { title, price: money(price, currency) }));
  }

  #end() {
    this.#shop.reset([]);
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
    const coins = (this.#gifters.get(event.user.id)?.coins ?? 0) + event.coins;
    this.#gifters.set(event.user.id, { user: event.user, coins });
    if (this.#gifters.size > GIFTERS_KNOWN) this.#forgetLeast();
  }

  #forgetLeast() {
    const [least] = [...this.#gifters].sort(([, a], [, b]) => a.coins - b.coins);
    this.#gifters.delete(least[0]);
  }

  #restock(event) {
    for (const { offer, stock } of event.lines) {
      this.#shop.stock(offer, stock);
      if (stock === 0) this.#digest.now(say("news.soldout", { title: this.#shop.titleOf(offer) }));
    }
  }

  #sold(event) {
    this.#restock(event);
    const titled = event.lines.map((line) => ({ ...line, title: this.#shop.titleOf(line.offer) }));
    this.#waterfall.sold(event, titled);
    this.#digest.sold(event);
  }

  #push(push) {
    if (push.type === "balance") this.#wallet.set(push.currency, push.balance_minor);
    else if (push.type === "gap") this.#waterfall.missed(push.shed);
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

  async #insist(command) {
    const reply = await this.#client.insist(command);
    const currency = reply.type === "gifted" ? "COIN" : reply.currency;
    this.#wallet.set(currency, reply.balance_minor);
    return reply;
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
    const top = [...this.#gifters.values()].sort((a, b) => b.coins - a.coins);
    find("gifters").replaceChildren(...top.slice(0, GIFTERS_SHOWN).map(newGifter));
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
    toast.textContent = words;
    toast.hidden = false;
    clearTimeout(this.#toastTimer);
    this.#toastTimer = setTimeout(() => (toast.hidden = true), TOAST_MS);
  }
}

function newGifter({ user, coins }) {
  const item = make("li");
  const avatar = make("span", "avatar");
  drawAvatar(avatar, user);
  item.title = user.name;
  item.append(avatar, make("span", "coins", brief(coins)));
  return item;
}

await learn("common", "room");
translate();
find("splash").remove();
new Show().enter(decodeURIComponent(location.pathname.split("/").at(-1)));
for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
