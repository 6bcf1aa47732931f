/** Following the host, by a tap on their pill. */

import { ask } from "../shared/api.js";
import { find, icon } from "../shared/dom.js";
import { session } from "../shared/session.js";
import { say } from "../shared/words.js";

export class Follow {
  #button = find("follow");
  #host = null;
  #isOn = false;
  #isAsking = false;
  #asked = 0;
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
    this.#draw(false);
    if (session.token !== null) this.#ask("GET").catch(() => {}); // a tap will ask again
  }

  async #toggle() {
    if (this.#isAsking || !(await this.#require())) return;
    const was = this.#isOn;
    this.#isAsking = true;
    this.#draw(!was);
    await this.#ask(was ? "DELETE" : "PUT").catch((error) => {
      this.#draw(was);
      this.#fail(error);
    });
    this.#isAsking = false;
  }

  async #ask(method) {
    const number = ++this.#asked;
    const answer = await ask(method, `v1/follows/${this.#host.id}`, { token: session.token });
    if (number === this.#asked) this.#draw(answer.following); // else something newer was asked
  }

  #draw(isOn) {
    this.#isOn = isOn;
    this.#button.ariaPressed = String(isOn);
    this.#button.ariaLabel = this.#button.title = say(isOn ? "follow.on" : "follow", { name: this.#host.name });
    this.#button.replaceChildren(icon(isOn ? "check" : "plus"));
  }
}
