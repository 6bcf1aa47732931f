/**
 * A button that a slip cannot press.
 *
 * It acts on a press that begins a calm moment after it was shown, or after what it does has
 * changed. A press before that starts the moment anew, so the second tap of a double tap, a finger
 * that was there already, and a key held down do nothing, however long they go on.
 */

import { replay } from "../shared/dom.js";

const CALM_MS = 600;
const KEYS = new Set(["Enter", " "]);

export class Trigger {
  #button;
  #act;
  #timer = 0;
  #isArmed = false;
  #isHeld = false;
  #isSpoilt = false;

  constructor(button, act) {
    this.#button = button;
    this.#act = act;
    button.addEventListener("pointerdown", () => this.#press());
    button.addEventListener("keydown", (event) => this.#key(event));
    button.addEventListener("click", () => this.#click());
    for (const end of ["pointerup", "pointercancel", "keyup"]) {
      addEventListener(end, () => (this.#isHeld = false), true);
    }
  }

  /** Wait for a calm moment, and then for a press. */
  rearm() {
    this.#isArmed = false;
    this.#isSpoilt ||= this.#isHeld;
    this.#button.ariaDisabled = "true";
    replay(this.#button, "arming");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#arm(), CALM_MS);
  }

  #arm() {
    this.#isArmed = true;
    this.#isSpoilt &&= this.#isHeld;
    this.#button.ariaDisabled = null;
    this.#button.classList.remove("arming");
  }

  #press() {
    this.#isHeld = true;
    this.#isSpoilt = !this.#isArmed;
    if (!this.#isArmed) this.rearm();
  }

  #key(event) {
    if (!KEYS.has(event.key)) return;
    if (event.repeat) event.preventDefault();
    else this.#press();
  }

  #click() {
    const isMeant = this.#isArmed && !this.#isSpoilt;
    this.#isSpoilt = false;
    if (isMeant) this.#act();
  }
}
