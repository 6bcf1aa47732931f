/**
 * The operations page: how the server does, from across the room, and what to do when it does not.
 *
 * Everything on it comes from /metrics, read by this page alone; history begins when it is opened.
 */

import { find } from "../shared/dom.js";
import { Login, isDemo } from "../shared/login.js";
import { session } from "../shared/session.js";
import { LANGUAGES, choose, language, learn, say, translate } from "../shared/words.js";
import { Band } from "./band.js";
import { Charts, OVERVIEW } from "./charts.js";
import { timeOf } from "./format.js";
import { History } from "./history.js";
import { Processes } from "./processes.js";
import { Reader } from "./reader.js";
import { RoomView } from "./room.js";
import { Rooms } from "./rooms.js";
import { Judge } from "./rules.js";
import { Tiles } from "./tiles.js";
import { Vitals } from "./vitals.js";

const ROLE = "ops";
const UNAUTHENTICATED = 401;

class Ops {
  #vitals = new Vitals();
  #judge = new Judge();
  #history = new History();
  #band = new Band();
  #tiles = new Tiles();
  #processes = new Processes();
  #charts = new Charts(find("charts"), OVERVIEW, this.#history);
  #view = null;
  #login;
  #awaySinceS = null;
  #readAtS = Date.now() / 1000;
  #restarts = new Map();

  constructor(login) {
    this.#login = login;
  }

  start() {
    find("spans").addEventListener("change", ({ target }) => this.#charts.choose(Number(target.value) || null));
    addEventListener("hashchange", () => this.#route());
    this.#charts.choose(Number(find("spans").querySelector(":checked").value) || null);
    this.#route();
    new Rooms().look();
    new Reader(session.token, {
      reading: (scrape) => this.#take(scrape),
      away: (why) => this.#miss(why),
      ended: (status) => openDoor(status === UNAUTHENTICATED ? "over" : "role", this.#login),
    }).read();
  }

  #take(scrape) {
    const nowS = Date.now() / 1000;
    const figures = this.#vitals.add(scrape, nowS);
    const findings = this.#judge.judge(figures, nowS);
    if (this.#awaySinceS !== null) this.#band.tell("well", say("news.back"), nowS);
    this.#awaySinceS = null;
    this.#readAtS = nowS;
    this.#history.add(nowS, figures.server);
    this.#band.draw(findings, nowS);
    this.#tiles.draw(figures.server, findings, this.#history);
    this.#processes.draw(figures, findings);
    this.#charts.draw();
    this.#tellRestarts(figures, nowS);
    find("updated").textContent = timeOf(nowS);
  }

  #miss(why) {
    const nowS = Date.now() / 1000;
    if (this.#awaySinceS === null) {
      this.#awaySinceS = this.#readAtS;
      this.#band.tell("red", say(`away.${why}`), nowS);
    }
    this.#history.add(nowS, {});
    this.#band.drawAway(why, this.#awaySinceS, nowS);
    this.#tiles.blank();
    this.#processes.blank();
    this.#charts.draw();
  }

  /** Restarts of stores are no finding: what they did to others is. */
  #tellRestarts({ stores }, nowS) {
    for (const { name, restarts } of stores) {
      if (restarts > (this.#restarts.get(name) ?? 0)) {
        this.#band.tell("amber", say("rule.restarted", { who: name }), nowS);
      }
      this.#restarts.set(name, restarts);
    }
  }

  #route() {
    const room = new URLSearchParams(location.hash.slice(1)).get("room");
    this.#view?.leave();
    this.#view = room === null ? null : new RoomView(room, session.token);
    find("overview").hidden = room !== null;
    find("room").hidden = room === null;
    this.#view?.open();
    if (room !== null) find("room-back").focus();
  }
}

/** Who may not look is told what is missing: "none" (a token), "role", or "over" (its time). */
function openDoor(why, login) {
  find("page").hidden = true;
  find("door").hidden = false;
  find("door-why").textContent = say(`door.${why}`, { roles: session.claims?.roles?.join(", ") ?? "" });
  find("door-do").textContent = say(isDemo ? "door.demo" : "door.do");
  find("door-command").hidden = isDemo;
  find("door-open").hidden = !isDemo;
  find("door-open").onclick = async () => {
    session.forget();
    if (await login.require()) location.reload();
  };
}

function offerLanguages() {
  const select = find("language");
  for (const [code, name] of Object.entries(LANGUAGES)) {
    select.append(new Option(name, code, false, code === language));
  }
  select.addEventListener("change", () => choose(select.value));
}

await learn("common", "ops");
translate();
offerLanguages();
document.title = say("ops.title");
const login = new Login(ROLE);
if (!(await login.require())) openDoor("none", login);
else if (!session.has(ROLE)) openDoor("role", login);
else {
  find("page").hidden = false;
  new Ops(login).start();
}
