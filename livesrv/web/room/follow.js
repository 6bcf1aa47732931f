/**
 * Following the host, by a tap on their pill.
 *
 * The server does not tell whom one follows, so this device remembers what was tapped on it.
 */

import { ask } from "../shared/api.js";
import { find, icon } from "../shared/dom.js";
import { session } from "../shared/session.js";
import { say } from "../shared/words.js";

const FOLLOWED = "livesrv.followed";
const FOLLOWED_MAX = 200;

export class Follow {
  #button = find("follow");
  #host = null;
  #isAsking = false;
  #require;
  #fail;

  /** `require()` resolves to whether one may follow somebody; `fail(error)` tells why it failed. */
  constructor({ require, fail }) {
    this.#require = require;
    this.#fail = fail;
    this.#button.addEventListener("click", () => this.#toggle());
  }

  /** Whose room this is; nobody follows themselves. */
  show(host) {
    this.#host = host;
    this.#button.hidden = host.id === session.user;
    this.#draw(isFollowed(host.id));
  }

  async #toggle() {
    if (this.#isAsking || !(await this.#require())) return;
    const [host, isNow] = [this.#host, !isFollowed(this.#host.id)];
    this.#isAsking = true;
    this.#draw(isNow);
    try {
      const { following } = await ask(isNow ? "PUT" : "DELETE", `v1/follows/${host.id}`, { token: session.token });
      remember(host.id, following);
    } catch (error) {
      this.#fail(error);
    }
    this.#isAsking = false;
    this.#draw(isFollowed(this.#host.id));
  }

  #draw(isOn) {
    this.#button.ariaPressed = String(isOn);
    this.#button.ariaLabel = this.#button.title = say(isOn ? "follow.on" : "follow", { name: this.#host.name });
    this.#button.replaceChildren(icon(isOn ? "check" : "plus"));
  }
}

function isFollowed(host) {
  return followed().includes(pair(host));
}

function remember(host, isOn) {
  const others = followed().filter((each) => each !== pair(host));
  const kept = isOn ? [...others, pair(host)].slice(-FOLLOWED_MAX) : others;
  localStorage.setItem(FOLLOWED, JSON.stringify(kept));
}

function followed() {
  return JSON.parse(localStorage.getItem(FOLLOWED)) ?? [];
}

/** Several people may use one device. */
const pair = (host) => `${session.user} ${host}`;
