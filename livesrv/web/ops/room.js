/**
 * One room, looked into: what its members are sent, as a member. It ends when one leaves it.
 *
 * Whoever looks is one viewer more.
 */

import { Client } from "../client/index.js";
import { socketUrl } from "../shared/api.js";
import { find, make, painter } from "../shared/dom.js";
import { count, money, say, sayError } from "../shared/words.js";
import { Charts } from "./charts.js";
import { timeOf, write } from "./format.js";
import { History } from "./history.js";
import { Pulse } from "./pulse.js";

const BEAT_MS = 1_000;
const LINES_MAX = 40;
const QUEUE_MAX = 200;
const CHARTS = [
  { id: "room-comments", kind: "rate", lines: ["comments", "shed"] },
  { id: "room-events", kind: "rate", lines: ["events", "likes", "batches"] },
  { id: "room-viewers", kind: "count", lines: ["viewers"] },
];
const RATES = ["comments", "events", "shed", "likes"];

export class RoomView {
  #room;
  #client;
  #pulse = new Pulse(Date.now() / 1000);
  #history = new History();
  #charts;
  #events = new Lines(find("room-events"), "ltr");
  #comments = new Lines(find("room-comments"), "auto");
  #pinned = new Map();
  #timer = 0;

  constructor(room, token) {
    this.#room = room;
    this.#client = new Client({
      url: socketUrl(),
      room,
      token,
      on: {
        connection: (state, reason) => this.#tellConnection(state, reason),
        joined: (joined) => this.#joined(joined),
        batch: (batch) => this.#take(batch),
        push: (push) => push.type === "gap" && this.#pulse.gap(push),
      },
    });
  }

  open() {
    find("room-title").textContent = this.#room;
    find("room-about").textContent = find("room-connection").textContent = "";
    this.#charts = new Charts(find("room-charts"), CHARTS, this.#history);
    this.#client.open();
    this.#drawFigures(this.#pulse.beat(Date.now() / 1000));
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
  }

  leave() {
    clearInterval(this.#timer);
    this.#client.close();
    this.#charts.leave();
    for (const part of [this.#events, this.#comments]) part.clear();
    find("room-offers").replaceChildren();
  }

  #tellConnection(state, reason) {
    const node = find("room-connection");
    node.dataset.state = state;
    node.textContent = state === "ended" ? sayError(reason) : say(`connection.${state}`);
  }

  #joined(joined) {
    const { title, host, status, city, pinned, comments } = joined.state;
    this.#pulse.joined(joined);
    if (joined.recovered) return;
    find("room-title").textContent = title;
    find("room-about").textContent = [this.#room, host.name, city, say(`status.${status}`)].filter(Boolean).join(" · ");
    this.#pinned = new Map(pinned.map((offer) => [offer.offer, offer]));
    this.#drawOffers();
    this.#comments.clear();
    for (const comment of comments) this.#hear(comment);
    this.#events.add(say("room.snapshot", { seq: joined.seq }), joined.epoch, Date.now() / 1000);
  }

  #take(batch) {
    this.#pulse.take(batch);
    for (const event of batch.events) this.#note(event);
    for (const item of batch.waterfall) if (item.type === "comment") this.#hear(item);
  }

  #hear({ user, text, at_ms: atMs }) {
    this.#comments.add(user.name, text, atMs / 1000);
  }

  #note(event) {
    this.#events.add(`${event.seq} ${event.type}`, textOf(event), event.at_ms / 1000);
    if (event.type === "pinned" || (event.type === "stock" && this.#pinned.has(event.offer))) {
      this.#pinned.set(event.offer, event);
    }
    for (const { offer, stock } of event.lines ?? []) {
      if (this.#pinned.has(offer)) this.#pinned.set(offer, { ...this.#pinned.get(offer), stock });
    }
    if (event.type === "unpinned") this.#pinned.delete(event.offer);
    if (event.type === "ended") this.#pinned.clear();
    this.#drawOffers();
  }

  #drawOffers = painter(() => find("room-offers").replaceChildren(...Array.from(this.#pinned.values(), offerRow)));

  #beat() {
    const nowS = Date.now() / 1000;
    const figures = this.#pulse.beat(nowS);
    this.#history.add(nowS, figures);
    this.#drawFigures(figures);
    this.#charts.draw();
  }

  #drawFigures(figures) {
    const { epoch, seq, likes, snapshots, recoveries, skipped } = this.#pulse;
    const rateOf = (name) => figure(say("room.rate", { name: say(`line.${name}`) }), write("rate", figures[name]));
    find("room-figures").replaceChildren(
      figure(say("line.viewers"), write("count", figures.viewers)),
      ...RATES.map(rateOf),
      figure(say("room.likes"), write("count", likes)),
      figure(say("room.place"), write("count", seq), epoch),
      figure(say("room.holes"), count(Math.max(0, snapshots - 1) + recoveries)),
      figure(say("room.skipped"), count(skipped)),
    );
  }
}

/** The newest lines of text, at the top; drawn once a frame, however many come. */
class Lines {
  #node;
  #dir;
  #queue = [];
  #paint = painter(() => this.#draw());

  constructor(node, dir) {
    this.#node = node;
    this.#dir = dir;
    this.clear();
  }

  add(head, text, atS) {
    this.#queue.push([head, text, atS]);
    if (this.#queue.length > QUEUE_MAX) this.#queue.shift();
    this.#paint();
  }

  clear() {
    this.#queue = [];
    this.#node.replaceChildren();
  }

  #draw() {
    for (const line of this.#queue.splice(0).slice(-LINES_MAX)) this.#node.prepend(newLine(this.#dir, ...line));
    while (this.#node.childElementCount > LINES_MAX) this.#node.lastElementChild.remove();
  }
}

function newLine(dir, head, text, atS) {
  const item = make("li");
  const [name, rest] = [make("bdi", "who", head), make("span", "text", text)];
  rest.dir = dir;
  item.append(make("time", "", timeOf(atS)), name, rest);
  return item;
}

function figure(name, value, title = "") {
  const box = make("div");
  box.title = title ?? "";
  box.append(make("dt", "", name), make("dd", "", value));
  return box;
}

function offerRow({ offer, title, price_minor: priceMinor, currency, stock, pieces }) {
  const item = make("li");
  const name = make("b", "title", title);
  name.dir = "auto";
  const left = pieces === undefined ? count(stock) : `${count(stock)} / ${count(pieces)}`;
  item.append(name, make("span", "small", offer), make("span", "figure", money(priceMinor, currency)));
  item.append(make("span", "figure", say("offer.left", { count: left })));
  return item;
}

/** An event's own fields as text: the wire's names stay as they are. */
function textOf({ type: _, seq: __, at_ms: ___, user, lines, ...fields }) {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`);
  if (lines) parts.unshift(...lines.map(({ offer, quantity, stock }) => `${quantity} × ${offer} (${stock})`));
  if (user) parts.unshift(`\u2068${user.name ?? user}\u2069`);
  return parts.join(" ");
}
