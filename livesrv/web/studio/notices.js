/** Telling everybody something, at a tap on a picture or in own words. */

import { act, toast } from "./act.js";
import { find, make } from "../shared/dom.js";
import { NOTICES } from "./pictures.js";
import { say } from "../shared/words.js";

export class NoticeSheet {
  #sheet = find("notices");
  #tell;

  /** `tell(text)` resolves when it is told. */
  constructor(tell) {
    this.#tell = tell;
    find("notice-chips").append(...NOTICES.map((chip) => this.#newChip(chip)));
    find("notice-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#own(find("notice-send"), find("notice-text"));
    });
  }

  open() {
    this.#sheet.showModal();
  }

  #newChip([emoji, word]) {
    const [item, button] = [make("li"), make("button", "chip")];
    const words = say(`notice.${word}`);
    button.type = "button";
    button.dataset.notice = word;
    button.append(make("span", "emoji", emoji), make("span", "", words));
    button.addEventListener("click", () => this.#send(button, emoji, `${emoji} ${words}`));
    item.append(button);
    return item;
  }

  async #own(button, box) {
    const text = box.value.trim();
    if (text !== "" && (await this.#send(button, "📣", text))) box.value = "";
  }

  async #send(button, emoji, text) {
    if ((await act(button, () => this.#tell(text))) === null) return false;
    this.#sheet.close();
    toast(emoji, say("notice.told"));
    return true;
  }
}
