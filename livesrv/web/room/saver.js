/**
 * Data saver: fewer comments, no video and nothing that moves, for a line that is thin or costs.
 *
 * On when the viewer wants it; unless they do not, also when the device asks for it, or the line is
 * slow. What the viewer chose is remembered. Whenever it goes on, the page says so, and why.
 */

import { find } from "../shared/dom.js";
import { say } from "../shared/words.js";

const CHOICE = "livesrv.saver";
const SLOW_NETWORKS = new Set(["slow-2g", "2g", "3g"]);
const SLOW_ENOUGH = 3; // tellings in a row: a slow ping or two may be a busy phone
const GAP_WEIGHS = 2; // what the server had to skip is a surer sign
const NOTE_MS = 5_000;

export class Saver {
  #button = find("saver");
  #note = find("note");
  #chosen = localStorage.getItem(CHOICE);
  #slow = 0;
  #why = null;
  #changed;
  #timer = 0;

  /** `changed(isOn)` when it goes on or off. */
  constructor({ changed }) {
    this.#changed = changed;
    this.#button.addEventListener("click", () => this.#choose(this.isOn ? "off" : "on"));
    navigator.connection?.addEventListener?.("change", () => this.look());
  }

  get isOn() {
    return this.#why !== null;
  }

  /** What the client says of its line; one that was slow is taken for slow until the page goes. */
  line({ isSlow, gaps }) {
    if (this.#slow >= SLOW_ENOUGH) return;
    this.#slow = isSlow ? this.#slow + (gaps > 0 ? GAP_WEIGHS : 1) : 0;
    this.look();
  }

  /** Decide anew. */
  look() {
    const why = this.#reason();
    if (why === this.#why) return;
    const was = this.isOn;
    this.#why = why;
    if (was === this.isOn) return;
    find("show").dataset.saver = this.isOn ? "on" : "off";
    this.#button.ariaPressed = String(this.isOn);
    this.#say(say(this.isOn ? `saver.${why}` : "saver.off"));
    this.#changed(this.isOn);
  }

  #reason() {
    const { saveData, effectiveType } = navigator.connection ?? {};
    if (this.#chosen === "on") return "chosen";
    if (this.#chosen === "off") return null;
    if (saveData) return "device";
    if (SLOW_NETWORKS.has(effectiveType) || this.#slow >= SLOW_ENOUGH) return "slow";
    return null;
  }

  #choose(choice) {
    this.#chosen = choice;
    localStorage.setItem(CHOICE, choice);
    this.look();
  }

  #say(words) {
    this.#note.textContent = words;
    this.#note.classList.add("said");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#note.classList.remove("said"), NOTE_MS);
  }
}
