/** The way in for viewers: a picture to point a phone at, a link to send. */

import { act, toast } from "./act.js";
import { ROOT } from "../shared/api.js";
import { find } from "../shared/dom.js";
import { say } from "../shared/words.js";

export class ShareSheet {
  #sheet = find("share");
  #title = "";

  constructor() {
    find("share-send").hidden = navigator.share === undefined;
    find("share-send").addEventListener("click", () => this.#send());
    find("share-copy").addEventListener("click", ({ currentTarget }) => act(currentTarget, () => this.#copy()));
  }

  async open({ room, title }) {
    this.#title = title;
    find("share-link").value = new URL(`room/${room}`, ROOT).href;
    this.#sheet.showModal();
    const { generate } = await import("../vendor/lean-qr.js");
    generate(find("share-link").value).toCanvas(find("share-code"));
  }

  /** Without a safe way to the clipboard (plain http) the link is marked, to be copied by hand. */
  async #copy() {
    const link = find("share-link");
    link.select();
    await navigator.clipboard?.writeText(link.value);
    if (navigator.clipboard) toast("📋", say("share.copied"));
  }

  #send() {
    navigator.share({ title: this.#title, url: find("share-link").value }).catch(() => {}); // changed their mind
  }
}
