/**
 * A small client for the wire, version 1 (protocol/README.md): one room, JSON, no page.
 *
 *   const client = new Client({ url: "wss://example.org/ws", room: "orchard", token, on });
 *   client.open();
 *   await client.ask({ type: "comment", room: "orchard", text: "so sweet!" });
 *   await client.insist({ type: "order", room: "orchard", key, lines, total_minor, currency });
 *
 * `on` is an object of functions, all of them optional:
 *
 *   connection(state)   "connecting" | "in" | "waiting"; or "ended", with a second argument: the
 *                       close code or error code after which coming back is pointless
 *   welcome(welcome)    who the server takes us for
 *   joined(joined)      entered; unless `joined.recovered`, `joined.state` replaces all we knew
 *   batch(batch)        the next batch, in order: no event is missing and none comes twice
 *   push(push)          `balance`, `order_update` or `gap`
 *
 * It reconnects by itself, with `since`, and keeps its place in the reliable lane by the one rule
 * of the wire: at S, a batch of R events ending at T fits exactly when S + R = T.
 */

export const SUBPROTOCOL = "livesrv.v1.json";

const FINAL_CLOSES = new Set([4400, 4403, 4409]); // 4401 with a good token: our hello came late
const LATER_CLOSES = new Set([1013, 4429]);
const FINAL_ERRORS = new Set(["not_found", "banned", "forbidden", "invalid", "unauthenticated"]);
const RETRIED_ERRORS = new Set(["busy", "rate_limited"]);

const PAUSE_FIRST_MS = 400;
const PAUSE_LATER_MS = 3_000;
const PAUSE_MAX_MS = 10_000;
const RETRY_MS = 500;
const SETTLED_MS = 5_000; // a connection that lived this long did not fail
const WATCH_MS = 1_000;
const QUIET_MS = 15_000; // silent for so long: ask whether anybody is there
const DEAD_MS = 6_000; // and no answer for so long: nobody is
const CONNECT_MS = 10_000;
const ABNORMAL = 1006;

/** The server said no. `code` is one of the wire's error codes. */
export class Refusal extends Error {
  constructor({ code, message, retry_after_ms }) {
    super(message);
    this.code = code;
    this.retryAfterMs = retry_after_ms;
  }
}

/** The connection went before the answer came; the command may have been carried out. */
export class Lost extends Error {}

/** Where we are in the room's reliable lane. Pure. */
export class Place {
  epoch = null;
  seq = 0;
  #isAsking = false;

  /** The `since` of the next join; undefined before the first. */
  since() {
    return this.epoch === null ? undefined : { epoch: this.epoch, seq: this.seq };
  }

  joined({ epoch, seq }) {
    this.epoch = epoch;
    this.seq = seq;
    this.#isAsking = false;
  }

  /** What to do with a batch: "take" it, "drop" it, or drop it and "rejoin". */
  take({ epoch, seq, events }) {
    if (this.#isAsking) return "drop";
    if (epoch === this.epoch && this.seq + events.length === seq) {
      this.seq = seq;
      return "take";
    }
    this.#isAsking = true;
    return "rejoin";
  }
}

/** How long to wait after so many failures in a row: full jitter over an exponential. Pure. */
export function pauseMs(failures, closeCode, random = Math.random()) {
  const first = LATER_CLOSES.has(closeCode) ? PAUSE_LATER_MS : PAUSE_FIRST_MS;
  return random * Math.min(PAUSE_MAX_MS, first * 2 ** failures);
}

/** A fresh idempotency key: 22 characters that nobody else will choose. */
export function newKey(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return `${prefix}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export class Client {
  #url;
  #room;
  #token;
  #on;
  #socket = null;
  #place = new Place();
  #nextId = 1;
  #asked = new Map();
  #waiting = [];
  #isIn = false;
  #isEnded = false;
  #failures = 0;
  #moved = null;
  #timer = 0;
  #watch = 0;
  #openedAt = 0;
  #heardAt = 0;
  #pingedAt = 0;

  constructor({ url, room, token = null, on = {} }) {
    this.#url = url;
    this.#room = room;
    this.#token = token;
    this.#on = on;
  }

  /** Come in, and stay until `close` or until the server says that there is no way back. */
  open() {
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#connect();
  }

  close() {
    this.#end(null);
  }

  /** The network or the screen is back: find out at once where we stand. */
  nudge() {
    if (this.#isEnded) return;
    if (this.#socket === null) this.#connect();
    else if (this.#isIn) this.#ping();
  }

  /** Send a command; its reply. Rejects with `Refusal`, or with `Lost` when there is none. */
  ask(command) {
    return this.#isIn ? this.#send(command) : Promise.reject(new Lost("not connected"));
  }

  /**
   * Send a command again and again until it is answered, through as many connections as it takes.
   * For commands with a `key`: the server carries them out once. Rejects with `Refusal`.
   */
  async insist(command) {
    for (;;) {
      await this.#entered();
      try {
        return await this.ask(command);
      } catch (error) {
        if (!isPassing(error) || this.#isEnded) throw error;
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? RETRY_MS));
      }
    }
  }

  // --- connecting

  #connect() {
    clearTimeout(this.#timer);
    this.#tell("connection", "connecting");
    const socket = new WebSocket(this.#moved?.url ?? this.#url, [SUBPROTOCOL]);
    this.#moved = null;
    this.#socket = socket;
    this.#openedAt = this.#heardAt = Date.now();
    this.#pingedAt = 0;
    socket.onopen = () => this.#enter();
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => this.#lose(socket, code);
  }

  async #enter() {
    const hello = this.#token ? { type: "hello", token: this.#token } : { type: "hello" };
    try {
      this.#tell("welcome", await this.#send(hello));
    } catch (error) {
      if (error instanceof Refusal) this.#end(error.code);
      return;
    }
    await this.#join();
  }

  async #join() {
    const socket = this.#socket;
    const since = this.#place.since();
    try {
      await this.#send({ type: "join", room: this.#room, ...(since && { since }) });
    } catch (error) {
      if (FINAL_ERRORS.has(error.code)) this.#end(error.code);
      else this.#drop(socket);
    }
  }

  #lose(socket, closeCode) {
    if (socket !== this.#socket) return;
    this.#forget();
    if (this.#isEnded) return;
    if (FINAL_CLOSES.has(closeCode)) {
      this.#end(closeCode);
      return;
    }
    this.#failures = Date.now() - this.#openedAt > SETTLED_MS ? 0 : this.#failures + 1;
    const pause = this.#moved
      ? Math.max(0, this.#moved.atMs - Date.now())
      : pauseMs(this.#failures, closeCode);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), pause);
    this.#tell("connection", "waiting");
  }

  /** The server is going: stay until the moment it names, then come back. */
  #move({ retry_after_ms: hintMs, url }) {
    const socket = this.#socket;
    const stayMs = hintMs * (1 + Math.random() / 2);
    this.#moved = { url, atMs: Date.now() + stayMs };
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
    if (socket === null) return;
    this.#lose(socket, ABNORMAL);
    socket.close();
  }

  #end(reason) {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#forget();
    socket?.close();
    for (const { reject } of this.#waiting.splice(0)) reject(new Lost("the client has ended"));
    if (reason !== null) this.#tell("connection", "ended", reason);
  }

  // --- commands

  #send(command) {
    const id = this.#nextId++;
    const answer = new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    this.#socket.send(JSON.stringify({ ...command, id }));
    return answer;
  }

  #settle(message) {
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (message.type === "error") asked?.reject(new Refusal(message));
    else asked?.resolve(message);
  }

  #entered() {
    if (this.#isEnded) return Promise.reject(new Lost("the client has ended"));
    if (this.#isIn) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  // --- hearing

  #take(message) {
    this.#heardAt = Date.now();
    if (message.type === "batch") this.#takeBatch(message);
    else if (message.type === "moved") this.#move(message);
    else if (message.type === "joined") this.#takeJoined(message);
    else if (!("id" in message)) this.#tell("push", message);
    if ("id" in message) this.#settle(message);
  }

  #takeJoined(joined) {
    this.#place.joined(joined);
    this.#tell("joined", joined);
    if (this.#isIn) return;
    this.#isIn = true;
    this.#tell("connection", "in");
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #takeBatch(batch) {
    const step = this.#place.take(batch);
    if (step === "take") this.#tell("batch", batch);
    else if (step === "rejoin") this.#join();
  }

  // --- is anybody there?

  #look() {
    const now = Date.now();
    if (this.#socket === null) return;
    if (!this.#isIn) {
      if (now - this.#openedAt > CONNECT_MS) this.#drop(this.#socket);
    } else if (this.#pingedAt > this.#heardAt) {
      if (now - this.#pingedAt > DEAD_MS) this.#drop(this.#socket);
    } else if (now - this.#heardAt > QUIET_MS) {
      this.#ping();
    }
  }

  #ping() {
    this.#pingedAt = Date.now();
    this.#send({ type: "ping" }).catch(() => {}); // being heard is all that counts
  }

  #tell(what, ...args) {
    this.#on[what]?.(...args);
  }
}

function isPassing(error) {
  return error instanceof Lost || RETRIED_ERRORS.has(error.code);
}
