/** Where a creator begins: three big buttons, and what the show is about as a row of pictures. */

import { onTap } from "./act.js";
import { Lost } from "../client/index.js";
import { ROOT } from "../shared/api.js";
import { bareName, drawAvatar, find } from "../shared/dom.js";
import { recall, remember } from "./memory.js";
import { mayRehearse } from "./play.js";
import { THEMES } from "../shared/themes.js";
import { drawThemes, markTheme } from "./roomsheet.js";
import { session } from "../shared/session.js";
import { LANGUAGES, choose, language } from "../shared/words.js";

const THEME = "fruit";
const REHEARSAL_MS = 30_000;
const LOOK_MS = 1_000;

export class Start {
  #theme = recall("theme", THEME);

  /** `goLive()`, `sell()` and `openMoney()` resolve when that is done. */
  constructor({ goLive, sell, openMoney }) {
    onTap(find("go-live"), goLive);
    find("sell-first").addEventListener("click", sell);
    find("see-money").addEventListener("click", openMoney);
    drawThemes(find("themes"), async (theme) => this.choose(theme));
    find("practise").hidden = !mayRehearse;
    onTap(find("practise"), rehearse);
    drawLanguages(find("language"));
    this.choose(this.#theme);
  }

  get theme() {
    return this.#theme;
  }

  choose(theme) {
    this.#theme = theme in THEMES ? theme : THEME;
    remember("theme", this.#theme);
    find("go-picture").textContent = THEMES[this.#theme];
    markTheme(find("themes"), this.#theme);
  }

  /** Who is here, and what their room is called when they have one. */
  show(state) {
    const { sub: id, name } = session.claims;
    drawAvatar(find("me-avatar"), { id, name: name ?? id });
    find("me").textContent = bareName(name ?? id);
    find("my-room").textContent = state?.title ?? "";
    if (state !== null) this.choose(state.theme);
  }
}

/** Go to the rehearsal: the same page of the server beneath this one, as soon as that is there. */
async function rehearse() {
  const there = new URL("rehearsal/", ROOT);
  const deadline = Date.now() + REHEARSAL_MS;
  while (!(await isThere(there))) {
    if (Date.now() > deadline) throw new Lost("the rehearsal does not answer");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  location.assign(new URL("studio", there));
}

async function isThere(url) {
  const answer = await fetch(new URL("readyz", url)).catch(() => null);
  return answer?.ok ?? false;
}

function drawLanguages(select) {
  for (const [tag, name] of Object.entries(LANGUAGES)) select.append(new Option(name, tag));
  select.value = language;
  select.addEventListener("change", () => choose(select.value));
}
