/** Who has given most in this show: three faces at the top, ten behind a tap. */

import { bareName, drawAvatar, find, make, painter } from "../shared/dom.js";
import { brief, money, say } from "../shared/words.js";

const FACES = 3;
const LISTED = 10;
const KNOWN_MAX = 200;

export class Gifters {
  #button = find("gifters");
  #sheet = find("gifters-sheet");
  #list = find("gifters-list");
  #coins = new Map(); // by user: { user, coins }
  #paint = painter(() => this.#draw());

  constructor() {
    this.#button.addEventListener("click", () => this.#open());
  }

  reset(gifters) {
    this.#coins.clear();
    for (const { user, coins } of gifters) this.#coins.set(user.id, { user, coins });
    this.#paint();
  }

  add({ user, coins }) {
    const total = (this.#coins.get(user.id)?.coins ?? 0) + coins;
    this.#coins.set(user.id, { user, coins: total });
    if (this.#coins.size > KNOWN_MAX) this.#coins.delete(this.#ranked().at(-1).user.id);
    this.#paint();
  }

  #ranked() {
    return [...this.#coins.values()].sort((a, b) => b.coins - a.coins);
  }

  #open() {
    this.#sheet.showModal();
    this.#draw();
  }

  #draw() {
    const ranked = this.#ranked();
    this.#button.hidden = ranked.length === 0;
    const faces = ranked.slice(0, FACES).map(newFace);
    this.#button.replaceChildren(make("span", "unseen", say("gifters")), ...faces);
    if (this.#sheet.open) this.#list.replaceChildren(...ranked.slice(0, LISTED).map(newLine));
  }
}

function newFace({ user, coins }) {
  const face = make("span", "face");
  face.append(newAvatar(user), make("span", "coins", brief(coins)));
  return face;
}

function newLine({ user, coins }, index) {
  const line = make("li", "gifter");
  const name = make("bdi", "name", bareName(user.name));
  line.append(make("b", "place", String(index + 1)), newAvatar(user), name, make("b", "", money(coins, "COIN")));
  return line;
}

function newAvatar(user) {
  const avatar = make("span", "avatar");
  drawAvatar(avatar, user);
  return avatar;
}
