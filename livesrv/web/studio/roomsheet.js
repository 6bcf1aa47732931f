/** How the room is: slow mode and followers only as two switches; title, picture and video for those who want. */

import { act, onTap, toast } from "./act.js";
import { find, make } from "../shared/dom.js";
import { THEMES } from "../shared/themes.js";
import { say } from "../shared/words.js";

const SLOW_S = 10;

export class RoomSheet {
  #sheet = find("room");
  #state = null;
  #change;

  /** `moderate(action, fields)`, `change(fields)`: resolve when it is done. */
  constructor({ moderate, change }) {
    this.#change = change;
    onTap(find("slow"), () => moderate("slow_mode", { seconds: this.#state.slow_mode_s > 0 ? 0 : SLOW_S }));
    onTap(find("followers"), () => moderate("followers_only", { seconds: this.#state.followers_only ? 0 : 1 }));
    drawThemes(find("room-themes"), (theme) => this.#change({ theme }));
    find("room-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save(find("room-save"));
    });
  }

  open(state) {
    this.update(state);
    find("room-title").value = state.title;
    find("room-media").value = state.media_url ?? "";
    this.#sheet.showModal();
  }

  update(state) {
    this.#state = state;
    find("slow").ariaPressed = String(state.slow_mode_s > 0);
    find("followers").ariaPressed = String(state.followers_only);
    markTheme(find("room-themes"), state.theme);
  }

  async #save(button) {
    const media = find("room-media").value.trim();
    const fields = { title: find("room-title").value.trim(), media_url: media === "" ? null : media };
    if ((await act(button, () => this.#change(fields))) === null) return;
    this.#sheet.close();
    toast("✅", say("saved"));
  }
}

/** Buttons for what a show may be about; `chosen(theme)` resolves when it is so. */
export function drawThemes(place, chosen) {
  for (const [theme, emoji] of Object.entries(THEMES)) {
    const [item, button] = [make("li"), make("button", "theme", emoji)];
    button.type = "button";
    button.dataset.theme = theme;
    button.ariaLabel = button.title = say(`theme.${theme}`);
    onTap(button, () => chosen(theme));
    item.append(button);
    place.append(item);
  }
}

export function markTheme(place, theme) {
  for (const button of place.querySelectorAll("[data-theme]")) {
    button.ariaPressed = String(button.dataset.theme === theme);
  }
}
