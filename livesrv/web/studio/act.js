/**
 * What happens at a tap: the button shows that it is at work, then that it worked or why not.
 *
 * Invariant: while a button is at work, and for a moment after, it does nothing else; so the second
 * tap of a hasty finger does nothing.
 */

import { Lost } from "../client/index.js";
import { find, make } from "../shared/dom.js";
import { session } from "../shared/session.js";
import { say, sayError } from "../shared/words.js";

const REST_MS = 700;
const TOAST_MS = 3_500;
const UNDO_MS = 8_000;

let toastTimer = 0;

/** Do it once, however often `button` is tapped; what came of it, or null when it failed. */
export async function act(button, doing) {
  if (button.ariaBusy === "true") return null;
  button.ariaBusy = "true";
  try {
    const answer = await doing();
    button.classList.add("done");
    return answer ?? true;
  } catch (error) {
    fail(error);
    return null;
  } finally {
    setTimeout(() => rest(button), REST_MS);
  }
}

/** Have taps on `button` do something; see `act`. */
export function onTap(button, doing) {
  button.addEventListener("click", () => act(button, doing));
}

/** A button that asks to be tapped a second time before it does what is hard to undo. */
export function onSecondTap(button, doing) {
  button.addEventListener("blur", () => button.classList.remove("armed"));
  button.addEventListener("click", () => {
    const isArmed = button.classList.toggle("armed");
    if (!isArmed) act(button, doing);
  });
}

/** Say what went wrong, and what to do. */
export function fail(error) {
  if (error.code === "unauthenticated") {
    session.forget();
    location.reload();
  } else if (error.code !== undefined) {
    toast("✋", sayError(error.code));
  } else if (error instanceof Lost) {
    toast("📡", say("away"));
  } else {
    throw error;
  }
}

/** Say something for a moment; with `undo`, long enough to take it back. */
export function toast(emoji, words, undo = null) {
  const place = find("toast");
  place.replaceChildren(make("span", "emoji", emoji), make("bdi", "", words));
  if (undo !== null) place.append(newUndo(undo));
  place.hidden = false;
  (openDialog() ?? find("studio")).append(place);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hideToast, undo === null ? TOAST_MS : UNDO_MS);
}

export function hideToast() {
  const place = find("toast");
  place.hidden = true;
  find("studio").append(place);
}

/** What is behind an open dialog cannot be seen nor tapped. */
function openDialog() {
  return [...document.querySelectorAll("dialog[open]")].at(-1);
}

function newUndo(undo) {
  const button = make("button", "undo", "↩️");
  button.type = "button";
  button.ariaLabel = button.title = say("undo");
  button.append(make("span", "", say("undo")));
  button.addEventListener("click", async () => {
    if ((await act(button, undo)) !== null) hideToast();
  });
  return button;
}

function rest(button) {
  button.ariaBusy = null;
  button.classList.remove("done");
}
