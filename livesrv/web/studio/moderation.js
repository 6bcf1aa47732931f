/** Dealing with somebody: mute, remove what they said, ban; each can be taken back where it can be. */

import { act, toast } from "./act.js";
import { drawAvatar, find } from "../shared/dom.js";
import { say } from "../shared/words.js";

const MUTE_S = 600;

export class PersonSheet {
  #sheet = find("person");
  #item = null;
  #moderate;

  /** `moderate(action, fields)` resolves when it is done. */
  constructor(moderate) {
    this.#moderate = moderate;
    this.#on("mute", "🔇", "unmute", { seconds: MUTE_S });
    this.#on("ban", "⛔", "unban", {});
    find("remove").addEventListener("click", (event) => this.#remove(event.currentTarget));
  }

  /** `me` cannot be silenced here. */
  open(item, me) {
    this.#item = item;
    drawAvatar(find("person-avatar"), item.user);
    find("person-name").textContent = item.user.name;
    find("person-text").textContent = item.text;
    find("mute").hidden = find("ban").hidden = item.user.id === me;
    find("remove").hidden = item.comment === undefined;
    this.#sheet.showModal();
  }

  /** The button `action`, which `undoing` takes back. */
  #on(action, emoji, undoing, fields) {
    const button = find(action);
    button.addEventListener("click", async () => {
      const { id: user, name } = this.#item.user;
      if ((await act(button, () => this.#moderate(action, { user, ...fields }))) === null) return;
      this.#sheet.close();
      toast(emoji, name, () => this.#moderate(undoing, { user }));
    });
  }

  async #remove(button) {
    const { comment } = this.#item;
    if ((await act(button, () => this.#moderate("remove", { comment }))) === null) return;
    this.#sheet.close();
    toast("🗑️", say("removed"));
  }
}
