/**
 * A client for the wire, version 1 (protocol/README.md): one room, no page.
 *
 *   const client = new Client({ url: "wss://example.org/ws", room: "orchard", token, on });
 *   client.open();
 *   await client.ask({ type: "comment", room: "orchard", text: "so sweet!" });
 *   await client.insist({ type: "order", room: "orchard", key, lines, total_minor, currency });
 *
 * It reconnects by itself, with `since`, and keeps its place in the reliable lane by the one rule
 * of the wire: at S, a batch of R events ending at T fits exactly when S + R = T. So no event is
 * missing and none comes twice. README.md tells how to use it, index.d.ts what everything is.
 *
 * Must not know the DOM. Invariant: everything asked or insisted on is settled in the end, and
 * whatever belongs to a connection that was left is never heard.
 */

import { Line, Place, hintedMs, pauseMs } from "./place.js";

export { Line, Place, hintedMs, pauseMs };

const FINAL_CLOSES = new Set([4400, 4403, 4409]); // 4401 with a good token: our hello came late
const FINAL_ERRORS = new Set(["not_found", "banned", "forbidden", "invalid", "unauthenticated"]);
const RETRIED_ERRORS = new Set(["busy", "rate_limited"]);

const RETRY_MS = 500;
const SETTLED_MS = 5_000; // a connection that lived this long did not fail
const WATCH_MS = 1_000;
const PING_EVERY_MS = 15_000;
const DEAD_MS = 6_000; // nothing heard for so long after a ping: nobody is there
const ANSWER_MS = 30_000; // commands are answered in order: one that is not holds up all others
const CONNECT_MS = 10_000;
const INSIST_MS = 120_000;
const TIMER_MAX_MS = 2 ** 31 - 1; // beyond, a browser's timer goes off at once
const ASKED_MAX = 100;
const INSISTED_MAX = 50;
const ABNORMAL = 1006;

/** The wire in JSON: what a client speaks unless it is told otherwise. */
export const json = {
  subprotocol: "livesrv.v1.json",
  encode: JSON.stringify,
  decode: JSON.parse,
};

/** The server said no. `code` is one of the wire's error codes. */
export class Refusal extends Error {
  constructor({ code, message, retry_after_ms }) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.retryAfterMs = retry_after_ms;
  }
}

/** The connection went before the answer came; the command may have been carried out. */
export class Lost extends Error {
  name = "Lost";
}

/** The deadline went by before the answer came; the command may have been carried out. */
export class Late extends Lost {
  name = "Late";
}

/** A fresh idempotency key: nobody else will choose it. */
export function newKey(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return `${prefix}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export class Client {
  /** What the next `hello` says; null is a guest. */
  token;

  #url;
  #room;
  #codec;
  #on;
  #saver;
  #askedSaver = false;
  #socket = null;
  #place = new Place();
  #line = new Line();
  #nextId = 1;
  #asked = new Map();
  #wishes = new Set();
  #life = "new"; // then "open", "ended", "open" again…
  #isIn = false;
  #failures = 0;
  #hint = null;
  #timer = 0;
  #watch = 0;
  #openedAt = 0;
  #heardAt = 0;
  #pingedAt = 0;

  constructor({ url, room, token = null, codec = json, saver = false, on = {} }) {
    this.token = token;
    this.#url = url;
    this.#room = room;
    this.#codec = codec;
    this.#saver = saver;
    this.#on = on;
  }

  /** Come in, and stay until `close` or until the server says that there is no way back. */
  open() {
    if (this.#life === "open") return;
    this.#life = "open";
    this.#failures = 0;
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#connect();
  }

  close() {
    this.#end(null);
  }

  /** The network or the screen is back: find out at once where we stand. */
  nudge() {
    if (this.#life !== "open") return;
    if (this.#socket === null) this.#connect();
    else if (this.#isIn && this.#pingedAt <= this.#heardAt) this.#ping();
  }

  /** Fewer batches and fewer comments, for a line that is thin or costs much. */
  get saver() {
    return this.#saver;
  }

  set saver(isOn) {
    this.#saver = Boolean(isOn);
    if (this.#isIn) this.#rejoin();
  }

  /** Send a command; its reply. Rejects with `Refusal`, or with `Lost` when there is none. */
  ask(command) {
    return this.#isIn ? this.#send(command) : Promise.reject(new Lost("not connected"));
  }

  /**
   * Send a command again and again until it is answered, through as many connections as it takes.
   * For commands with a `key`: the server carries them out once. Rejects with `Refusal`, with
   * `Late` when the deadline comes first, with `Lost` when the client ends.
   */
  insist(command, { deadlineMs = INSIST_MS } = {}) {
    if (this.#life === "ended") return Promise.reject(new Lost("the client has ended"));
    if (this.#wishes.size >= INSISTED_MAX) return Promise.reject(tooMany(INSISTED_MAX));
    const wish = newWish(command, Math.min(deadlineMs, TIMER_MAX_MS));
    this.#wishes.add(wish);
    if (this.#isIn) this.#try(wish);
    return wish.answer.finally(() => {
      clearTimeout(wish.deadline);
      clearTimeout(wish.again);
      this.#wishes.delete(wish);
    });
  }

  // --- connecting

  #connect() {
    clearTimeout(this.#timer);
    this.#tell("connection", "connecting");
    if (this.#life !== "open") return;
    const socket = new WebSocket(this.#hint?.url ?? this.#url, [this.#codec.subprotocol]);
    socket.binaryType = "arraybuffer";
    this.#hint = null;
    this.#socket = socket;
    this.#openedAt = this.#heardAt = Date.now();
    this.#pingedAt = 0;
    socket.onopen = () => this.#enter(socket);
    socket.onmessage = ({ data }) => this.#hear(socket, data);
    socket.onclose = ({ code }) => this.#lose(socket, code);
  }

  /** Say who we are and where we want to be in one go: on a thin line a round trip is felt. */
  async #enter(socket) {
    const hello = this.token ? { type: "hello", token: this.token } : { type: "hello" };
    const welcome = this.#send(hello);
    this.#join();
    try {
      this.#tell("welcome", await welcome);
    } catch (error) {
      this.#turnAway(socket, error);
    }
  }

  async #join() {
    const socket = this.#socket;
    const since = this.#place.since();
    this.#askedSaver = this.#saver;
    this.#place.ask();
    const join = { type: "join", room: this.#room };
    if (since) join.since = since;
    if (this.#saver) join.saver = true;
    try {
      await this.#send(join);
    } catch (error) {
      this.#turnAway(socket, error);
    }
  }

  /** One join at a time: behind two, events would come twice. */
  #rejoin() {
    if (!this.#place.isAsking && this.#askedSaver !== this.#saver) this.#join();
  }

  /** We were not let in: for good, or for now. */
  #turnAway(socket, error) {
    if (socket !== this.#socket) return;
    if (FINAL_ERRORS.has(error.code)) {
      this.#end(error.code);
      return;
    }
    if (error.retryAfterMs) this.#hint = { atMs: Date.now() + hintedMs(error.retryAfterMs) };
    this.#drop(socket);
  }

  #lose(socket, closeCode) {
    if (socket !== this.#socket) return;
    this.#forget();
    if (FINAL_CLOSES.has(closeCode)) {
      this.#end(closeCode);
      return;
    }
    this.#failures = Date.now() - this.#openedAt > SETTLED_MS ? 0 : this.#failures + 1;
    const pause = this.#hint
      ? Math.max(0, this.#hint.atMs - Date.now())
      : pauseMs(this.#failures, closeCode);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), pause);
    this.#tell("connection", "waiting");
  }

  /** The server is going: stay until the moment it names, then come back. */
  #move({ retry_after_ms: hintMs, url }) {
    const socket = this.#socket;
    const stayMs = hintedMs(hintMs);
    this.#hint = { url, atMs: Date.now() + stayMs };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#drop(socket), stayMs);
  }

  /** Whatever was asked on the connection that is gone has no answer. */
  #forget() {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    this.#socket = null;
    this.#isIn = false;
    for (const { reject } of asked) reject(new Lost("the connection was lost"));
  }

  /** Leave a connection without waiting for its end: a dead one takes minutes to notice. */
  #drop(socket) {
    this.#lose(socket, ABNORMAL);
    socket.close();
  }

  #end(reason) {
    if (this.#life === "ended") return;
    this.#life = "ended";
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#forget();
    socket?.close();
    for (const wish of this.#wishes) wish.reject(new Lost("the client has ended"));
    if (reason !== null) this.#tell("connection", "ended", reason);
  }

  // --- commands

  async #send(command) {
    if (this.#socket === null) throw new Lost("not connected");
    if (this.#asked.size >= ASKED_MAX) throw tooMany(ASKED_MAX);
    const id = this.#nextId++;
    this.#socket.send(this.#codec.encode({ ...command, id }));
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject, atMs: Date.now() });
    });
  }

  #settle(message) {
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (message.type === "error") asked?.reject(new Refusal(message));
    else asked?.resolve(message);
  }

  /** Lost, a wish waits until we are in again; told to wait, so long. */
  async #try(wish) {
    clearTimeout(wish.again);
    try {
      wish.resolve(await this.ask(wish.command));
    } catch (error) {
      if (error instanceof Lost) return;
      if (!RETRIED_ERRORS.has(error.code)) wish.reject(error);
      else wish.again = setTimeout(() => this.#try(wish), error.retryAfterMs ?? RETRY_MS);
    }
  }

  // --- hearing

  #hear(socket, data) {
    if (socket !== this.#socket) return;
    try {
      this.#take(this.#codec.decode(data));
    } catch (error) {
      reportError(error);
      this.#drop(socket);
    }
  }

  #take(message) {
    this.#heardAt = Date.now();
    if (message.type === "batch") this.#takeBatch(message);
    else if (message.type === "moved") this.#move(message);
    else if (message.type === "joined") this.#takeJoined(message);
    else if (message.type === "gap") this.#takeGap(message);
    else if (!("id" in message)) this.#tell("push", message);
    if ("id" in message) this.#settle(message);
  }

  #takeJoined(joined) {
    this.#place.joined(joined);
    this.#tell("joined", joined);
    if (!this.#isIn && this.#life === "open") this.#goIn();
    if (this.#isIn) this.#rejoin();
  }

  #goIn() {
    this.#isIn = true;
    this.#tell("connection", "in");
    for (const wish of this.#wishes) this.#try(wish);
    if (this.#isIn) this.#ping();
  }

  #takeBatch(batch) {
    const step = this.#place.take(batch);
    if (step === "take") this.#tell("batch", batch);
    else if (step === "rejoin") this.#join();
  }

  #takeGap(gap) {
    this.#line.gap(Date.now());
    this.#tell("push", gap);
    this.#tellQuality();
  }

  // --- is anybody there, and how far away?

  #look() {
    const now = Date.now();
    if (this.#socket === null) return;
    if (this.#isLost(now)) this.#drop(this.#socket);
    else if (this.#isIn && now - this.#pingedAt > PING_EVERY_MS) this.#ping();
  }

  #isLost(now) {
    if (!this.#isIn) return now - this.#openedAt > CONNECT_MS;
    if (this.#pingedAt > this.#heardAt) return now - this.#pingedAt > DEAD_MS;
    const [oldest] = this.#asked.values();
    return oldest !== undefined && now - oldest.atMs > ANSWER_MS;
  }

  async #ping() {
    this.#pingedAt = Date.now();
    const sentAt = performance.now();
    try {
      await this.#send({ type: "ping" });
    } catch {
      return; // lost, and that is told elsewhere
    }
    this.#line.pong(performance.now() - sentAt);
    this.#tellQuality();
  }

  #tellQuality() {
    this.#tell("quality", this.#line.quality(Date.now()));
  }

  /** What the page does wrong is the page's: it is reported, and nothing changes here. */
  #tell(what, ...args) {
    try {
      this.#on[what]?.(...args);
    } catch (error) {
      reportError(error);
    }
  }
}

function newWish(command, deadlineMs) {
  const wish = { command, again: 0 };
  wish.answer = new Promise((resolve, reject) => Object.assign(wish, { resolve, reject }));
  const late = new Late(`not answered within ${deadlineMs} ms; it may have been carried out`);
  wish.deadline = setTimeout(() => wish.reject(late), deadlineMs);
  return wish;
}

function tooMany(max) {
  return new Refusal({ code: "busy", message: `${max} commands wait for an answer already` });
}
