/**
 * Who the viewer is: a token from the URL's fragment, from the demo's login, or nobody.
 *
 * The token lives in sessionStorage, so a tab is a person and a second tab may be another; it
 * never stays in the address bar, where it would be copied and shared.
 */

import { find } from "./dom.js";
import { sayError } from "./words.js";

const TOKEN = "livesrv.token";
const NAMES = [
  ["🐼", "Panda", "熊猫"],
  ["🦊", "Fox", "狐狸"],
  ["🐯", "Tiger", "老虎"],
  ["🐸", "Frog", "青蛙"],
  ["🐙", "Octopus", "章鱼"],
  ["🦉", "Owl", "猫头鹰"],
  ["🐝", "Bee", "蜜蜂"],
  ["🐬", "Dolphin", "海豚"],
  ["🦁", "Lion", "狮子"],
  ["🐰", "Rabbit", "兔子"],
  ["🦜", "Parrot", "鹦鹉"],
  ["🐢", "Turtle", "乌龟"],
];

export class Login {
  isOpen = document.documentElement.dataset.demo === "yes";
  #dialog = find("login");
  #name = find("login-name");
  #error = find("login-error");
  #changed;
  #answer = null;

  /** `changed(token)` when somebody has come in. */
  constructor({ changed }) {
    this.#changed = changed;
    find("login-form").addEventListener("submit", (event) => this.#submit(event));
    find("dice").addEventListener("click", () => this.#roll());
    find("join").addEventListener("click", () => this.require());
    this.#dialog.addEventListener("close", () => this.#settle(this.token !== null));
  }

  get token() {
    return sessionStorage.getItem(TOKEN);
  }

  /** Take the token that a link brought along, and clean the address bar. */
  adopt(fragment) {
    const token = fragment.get("token");
    if (token === null) return;
    fragment.delete("token");
    sessionStorage.setItem(TOKEN, token);
    history.replaceState(null, "", `#${fragment}`);
  }

  forget() {
    sessionStorage.removeItem(TOKEN);
  }

  /** Whether the viewer may act; asks for a name first where that helps. */
  require() {
    if (this.token !== null) return Promise.resolve(true);
    if (!this.isOpen) return Promise.resolve(false);
    this.#error.textContent = "";
    if (this.#name.value === "") this.#roll();
    this.#dialog.showModal();
    find("login-go").focus();
    return new Promise((resolve) => (this.#answer = resolve));
  }

  #settle(isIn) {
    this.#answer?.(isIn);
    this.#answer = null;
  }

  #roll() {
    const [emoji, english, chinese] = NAMES[Math.floor(Math.random() * NAMES.length)];
    this.#name.value = `${emoji} ${document.documentElement.lang === "zh" ? chinese : english}`;
  }

  async #submit(event) {
    event.preventDefault();
    const body = JSON.stringify({ name: this.#name.value, role: "viewer" });
    const headers = { "Content-Type": "application/json" };
    find("login-go").disabled = true;
    const answer = await fetch("demo/login", { method: "POST", headers, body }).catch(() => null);
    find("login-go").disabled = false;
    const content = await answer?.json().catch(() => null);
    if (answer?.ok) this.#enter(content.token);
    else this.#error.textContent = sayError(content?.code ?? "busy");
  }

  #enter(token) {
    sessionStorage.setItem(TOKEN, token);
    this.#changed(token);
    this.#dialog.close();
  }
}
