/** The page: puts its parts together, and passes on what the wire says. */

import { Client } from "../client/index.js";
import { ROOT, socketUrl } from "../shared/api.js";
import { drawAvatar, find, make, painter } from "../shared/dom.js";
import { Banners, Hearts } from "./effects.js";
import { GiftTray, emojiOf } from "./gifts.js";
import { Login, isDemo } from "../shared/login.js";
import { session } from "../shared/session.js";
import { OrderSheet } from "./order.js";
import { Shop } from "./shop.js";
import { Wallet } from "./wallet.js";
import { Waterfall } from "./waterfall.js";
import { brief, count, learn, say, sayError, translate } from "../shared/words.js";

const TOAST_MS = 3_000;
const LIKES_MS = 500;
const LIKES_MAX = 100;
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
  #likes = 0;
  #tapped = 0;
  #likeTimer = 0;
  #toastTimer = 0;
  #gifters = new Map();
  #wallet = new Wallet();
  #waterfall = new Waterfall();
  #hearts = new Hearts();
  #banners = new Banners();
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
    find("like").addEventListener("click", () => this.#like());
    find("say").addEventListener("submit", (event) => this.#comment(event));
    find("retry").addEventListener("click", () => this.enter(this.#room));
    addEventListener("online", () => this.#client?.nudge());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#client?.nudge();
    });
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
      on: {
        connection: (state, reason) => this.#connection(state, reason),
        welcome: (welcome) => this.#welcome(welcome),
        joined: (joined) => this.#joined(joined),
        batch: (batch) => this.#batch(batch),
        push: (push) => this.#push(push),
      },
    });
    this.#client.open();
  }

  // --- what the wire says

  #connection(state, reason) {
    find("show").dataset.connection = state;
    find("connection-words").textContent = state === "ended" ? "" : say(`connection.${state}`);
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

  #welcome({ user, server_time_ms: serverMs }) {
    this.#user = user;
    this.#clockMs = serverMs - Date.now();
  }

  #joined({ state, recovered }) {
    this.#viewers = state.viewers;
    this.#likes = state.likes;
    if (!recovered) this.#begin(state);
    this.#status(state.status);
    this.#paint();
  }

  #begin(state) {
    document.title = state.title;
    find("title").textContent = state.title;
    find("host").textContent = [state.host.name, state.city].filter(Boolean).join(" · ");
    drawAvatar(find("host-avatar"), state.host);
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
    else if (type === "pinned") this.#shop.pin(event);
    else if (type === "unpinned") this.#shop.unpin(event.offer);
    else if (type === "stock") this.#shop.change(event);
    else if (type === "reserved" || type === "unsold") this.#restock(event);
    else if (type === "removed") this.#waterfall.remove(event.comment);
    else if (type === "notice" && event.text) this.#waterfall.notice(event.text, `notice ${event.seq}`);
    else if (type === "muted" && event.user === this.#user) this.#toast(say("error.muted"));
    else if (type === "started") this.#status("live");
    else if (type === "ended") this.#end();
  }

  #end() {
    this.#shop.reset([]);
    this.#status("ended");
  }

  #fall(drop) {
    if (drop.type === "comment") this.#waterfall.comment(drop);
    else if (drop.type === "viewers") this.#viewers = drop.count;
    else if (drop.type === "like") {
      this.#likes = drop.total;
      this.#hearts.rise(drop.count);
    }
  }

  #gift(event) {
    const emoji = emojiOf(event.gift);
    this.#waterfall.gift(event, emoji);
    this.#banners.show(event, emoji);
    const coins = (this.#gifters.get(event.user.id)?.coins ?? 0) + event.coins;
    this.#gifters.set(event.user.id, { user: event.user, coins });
    if (this.#gifters.size > GIFTERS_KNOWN) this.#forgetLeast();
  }

  #forgetLeast() {
    const [least] = [...this.#gifters].sort(([, a], [, b]) => a.coins - b.coins);
    this.#gifters.delete(least[0]);
  }

  #restock(event) {
    for (const { offer, stock } of event.lines) this.#shop.stock(offer, stock);
  }

  #sold(event) {
    this.#restock(event);
    const titled = event.lines.map((line) => ({ ...line, title: this.#shop.titleOf(line.offer) }));
    this.#waterfall.sold(event, titled);
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

  async #comment(event) {
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

  async #like() {
    if (!(await this.#may())) return;
    this.#hearts.rise(1);
    this.#tapped += 1;
    this.#paint();
    if (this.#likeTimer === 0) {
      this.#likeTimer = setTimeout(() => this.#sendLikes(), LIKES_MS);
    }
  }

  #sendLikes() {
    const likes = Math.min(this.#tapped, LIKES_MAX);
    this.#tapped = 0;
    this.#likeTimer = 0;
    const like = { type: "like", room: this.#room, count: likes };
    this.#client?.ask(like).catch(() => {}); // a like of the past is worth nothing
  }

  // --- what is on the screen

  #draw() {
    find("viewers-count").textContent = count(this.#viewers);
    find("likes").textContent = count(this.#likes + this.#tapped);
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
