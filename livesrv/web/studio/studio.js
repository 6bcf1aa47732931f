/** The studio: who is here, which room is theirs, and which screen that comes to. */

import { fail, onTap, toast } from "./act.js";
import { Live } from "./live.js";
import { Money } from "./money.js";
import { request } from "./office.js";
import { isRehearsal } from "./play.js";
import { changeRoom, openRoom, ownRoom, retheme } from "./rooms.js";
import { SellSheet } from "./sell.js";
import { ShareSheet } from "./share.js";
import { Start } from "./start.js";
import { Summary } from "./summary.js";
import { keepAwake } from "./wake.js";
import { Client } from "../client/index.js";
import { socketUrl } from "../shared/api.js";
import { find } from "../shared/dom.js";
import { Login, isDemo } from "../shared/login.js";
import { session } from "../shared/session.js";
import { learn, say, sayError, translate } from "../shared/words.js";

const INSIST_MS = 15_000;
const LOOK_MS = 3_000;

class Studio {
  #room = null;
  #client = null;
  #clockMs = 0;
  #isLive = false;
  #isLooking = false;
  #now = () => Date.now() + this.#clockMs;
  #desk = {
    moderate: (action, fields) => this.#command({ type: "moderate", action, ...fields }),
    tell: (text) => this.#command({ type: "notice", text }),
    pin: (offer, isPinned) => this.#command({ type: isPinned ? "pin" : "unpin", offer }),
    changeOffer: (offer, fields) => request("PATCH", `v1/rooms/${this.#room}/offers/${offer}`, fields),
    changeRoom: (fields) => changeRoom(this.#room, fields),
  };
  #live = new Live(this.#desk, this.#now, session.user);
  #sell = new SellSheet((offer) => this.#putOnSale(offer));
  #money = new Money();
  #share = new ShareSheet();
  #summary = new Summary();
  #start = new Start({
    goLive: () => this.#goLive(),
    sell: () => this.#sell.open(),
    openMoney: () => this.#openMoney(),
  });

  constructor() {
    find("open-sell").addEventListener("click", () => this.#sell.open());
    find("open-money").addEventListener("click", () => this.#openMoney());
    find("money-back").addEventListener("click", () => this.#screen(this.#isLive ? "live" : "home"));
    for (const id of ["open-share", "invite"]) {
      find(id).addEventListener("click", () => this.#share.open(this.#live.state));
    }
    find("stop").addEventListener("click", () => find("ending").showModal());
    onTap(find("end"), () => this.#end());
    addEventListener("online", () => this.#lookAgain());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#lookAgain());
  }

  /** Find the host's room, and go back into it. */
  async open() {
    const state = await this.#find();
    this.#start.show(state);
    if (state === null) this.#screen("home");
    else this.#enter(state.room);
  }

  /** However long it takes: nothing else can be done without. */
  async #find() {
    for (;;) {
      try {
        return await ownRoom(session.user);
      } catch (error) {
        fail(error);
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    }
  }

  /** The screen is back: something may have gone on on another device meanwhile. */
  async #lookAgain() {
    this.#client?.nudge();
    if (this.#isLive || this.#isLooking) return;
    this.#isLooking = true;
    const state = await ownRoom(session.user).catch(() => null);
    if (state !== null && state.room !== this.#room) this.#enter(state.room);
    this.#isLooking = false;
  }

  #enter(room) {
    this.#client?.close();
    this.#room = room;
    this.#client = new Client({
      url: socketUrl(),
      room,
      token: session.token,
      on: {
        connection: (state, reason) => this.#connection(state, reason),
        welcome: ({ server_time_ms: serverMs }) => (this.#clockMs = serverMs - Date.now()),
        joined: (joined) => this.#joined(joined),
        batch: (batch) => this.#batch(batch),
      },
    });
    this.#client.open();
  }

  // --- what the wire says

  #connection(state, reason) {
    find("studio").dataset.connection = state;
    if (state !== "ended") find("connection-words").textContent = say(`connection.${state}`);
    else if (reason === 4403 || reason === "unauthenticated") this.#leave();
    else drop("🔌", sayError(reason), () => location.reload());
  }

  /** The token is over. */
  #leave() {
    session.forget();
    drop("🚪", say("token.over"), isDemo ? () => location.reload() : null);
  }

  #joined({ state, recovered }) {
    if (recovered) return;
    this.#live.begin(state);
    this.#start.show(state);
    this.#follow();
    this.#loadGoods(state);
  }

  /** The state names what is pinned; all else that is on sale comes a moment later. */
  async #loadGoods({ room }) {
    const answer = await request("GET", `v1/rooms/${room}/offers`).catch(() => null);
    if (answer !== null && room === this.#room) this.#live.fill(answer.offers);
  }

  #batch(batch) {
    this.#live.batch(batch);
    this.#follow();
  }

  /** Be on the screen that the room's status asks for. */
  #follow() {
    const { status, room, started_at_ms: startedAtMs } = this.#live.state;
    const wasLive = this.#isLive;
    this.#isLive = status === "live";
    const { screen } = find("studio").dataset;
    keepAwake(this.#isLive);
    if (screen === "wait" || wasLive !== this.#isLive) this.#screen(this.#isLive ? "live" : "home");
    if (wasLive && !this.#isLive) {
      find("ending").close();
      this.#summary.open(room, startedAtMs);
    }
  }

  // --- what the host does

  #command(command) {
    return this.#client.insist({ room: this.#room, ...command }, { deadlineMs: INSIST_MS });
  }

  /** The room, made now when there is none. */
  async #ready() {
    if (this.#room !== null) return this.#room;
    const state = await openRoom(session.claims, this.#start.theme);
    this.#enter(state.room);
    return state.room;
  }

  async #goLive() {
    const room = await this.#ready();
    const known = this.#live.state;
    if (known?.room === room && known.theme !== this.#start.theme) {
      Object.assign(known, await retheme(known, session.claims, this.#start.theme));
    }
    await request("POST", `v1/rooms/${room}/start`);
  }

  async #putOnSale(offer) {
    const room = await this.#ready();
    const made = await request("POST", `v1/rooms/${room}/offers`, offer);
    await this.#desk.pin(made.offer, true);
    toast("✅", made.title);
  }

  async #end() {
    try {
      await request("POST", `v1/rooms/${this.#room}/end`);
    } catch (error) {
      if (error.code !== "not_live") throw error;
    }
  }

  async #openMoney() {
    this.#screen("money");
    await this.#money.open(session.user);
  }

  #screen(screen) {
    find("studio").dataset.screen = screen;
  }
}

/** Let a curtain down: what is the matter, and what may be done. */
function drop(emoji, words, retry) {
  find("studio").dataset.screen = "curtain";
  find("curtain-picture").textContent = emoji;
  find("curtain-words").textContent = words;
  find("retry").hidden = retry === null;
  find("retry").onclick = retry;
}

/** Whether there is somebody here who may host; says what is missing otherwise. */
async function mayHost() {
  if (!(await new Login("host").require())) {
    drop("🔑", say(isDemo ? "gate.name" : "gate.link"), isDemo ? () => location.reload() : null);
    return false;
  }
  if (session.has("host")) return true;
  drop("🚫", say("gate.role"), isDemo ? again : null);
  return false;
}

function again() {
  session.forget();
  location.reload();
}

await learn("common", "studio");
translate();
document.title = say("studio");
document.body.classList.toggle("rehearsing", isRehearsal);
find("rehearsal").hidden = !isRehearsal;
for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
find("splash").remove();
find("studio").hidden = false;
if (await mayHost()) new Studio().open();
