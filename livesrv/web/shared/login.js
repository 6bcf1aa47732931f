/**
 * The demo's login: anybody picks a name and a role. Outside the demo there is none, and a page
 * takes its token from the site that links to it (session.js).
 */

import { ask } from "./api.js";
import { icon, make } from "./dom.js";
import { session } from "./session.js";
import { language, say, sayError } from "./words.js";

const NAME_CHARS_MAX = 24;
const ROLES = { viewer: "👀", host: "🎬", ops: "📊" };
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

/** Whether anybody may log in here. */
export const isDemo = document.documentElement.dataset.demo === "yes";

export class Login {
  #dialog = make("dialog", "sheet");
  #name = make("input");
  #error = make("p", "error");
  #go = make("button", "big");
  #form = make("form");
  #answers = [];

  /** `role` is what the page is for: "viewer", "host" or "ops". */
  constructor(role) {
    this.#draw(role);
    this.#form.addEventListener("submit", (event) => this.#submit(event));
    this.#dialog.addEventListener("close", () => this.#settle());
    document.body.append(this.#dialog);
  }

  /** Whether there is a token; asks for a name first where that helps. */
  require() {
    if (session.token !== null) return Promise.resolve(true);
    if (!isDemo) return Promise.resolve(false);
    this.#error.textContent = "";
    if (this.#name.value === "") this.#roll();
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#go.focus();
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  #settle() {
    for (const answer of this.#answers.splice(0)) answer(session.token !== null);
  }

  #draw(role) {
    const [close, dice, field] = [make("button", "plain corner"), make("button", "plain", "🎲"), make("div", "field")];
    const title = make("h2", "", say("login.title"));
    Object.assign(close, { type: "button", ariaLabel: say("close"), onclick: () => this.#dialog.close() });
    Object.assign(dice, { type: "button", ariaLabel: say("login.dice"), onclick: () => this.#roll() });
    Object.assign(this.#name, { type: "text", maxLength: NAME_CHARS_MAX, required: true, dir: "auto" });
    Object.assign(this.#name, { ariaLabel: say("login.name"), placeholder: say("login.name") });
    this.#dialog.ariaLabel = title.textContent;
    this.#error.role = "alert";
    this.#form.autocomplete = "off";
    close.append(icon("close"));
    field.append(this.#name, dice);
    this.#go.append(icon("check"), make("span", "", say("login.go")));
    this.#form.append(title, field, newRoles(role), this.#error, this.#go, make("p", "small", say("login.money")));
    this.#dialog.append(close, this.#form);
  }

  #roll() {
    const [emoji, english, chinese] = NAMES[Math.floor(Math.random() * NAMES.length)];
    this.#name.value = `${emoji} ${language === "zh" ? chinese : english}`;
  }

  async #submit(event) {
    event.preventDefault();
    const role = new FormData(this.#form).get("role");
    this.#go.disabled = true;
    try {
      const body = { name: this.#name.value, role };
      session.enter((await ask("POST", "demo/login", { body })).token);
      this.#dialog.close();
    } catch (error) {
      this.#error.textContent = sayError(error.code ?? "busy");
    }
    this.#go.disabled = false;
  }
}

function newRoles(chosen) {
  const roles = make("div", "roles");
  for (const [role, emoji] of Object.entries(ROLES)) {
    const [label, radio] = [make("label", "role"), make("input")];
    Object.assign(radio, { type: "radio", name: "role", value: role, checked: role === chosen });
    label.append(radio, make("span", "emoji", emoji), make("span", "", say(`login.${role}`)));
    roles.append(label);
  }
  return roles;
}
