/** Who the viewer is here, and, in the demo, becoming somebody else. */

import { bareName, drawAvatar, find } from "../shared/dom.js";
import { isDemo } from "../shared/login.js";
import { session } from "../shared/session.js";

export class Me {
  #sheet = find("me-sheet");

  /** `leave()` when the viewer logs out, `change()` when they want to be somebody else. */
  constructor({ leave, change }) {
    find("me-roles").hidden = !isDemo;
    find("log-out").addEventListener("click", () => this.#go(leave));
    find("somebody-else").addEventListener("click", () => this.#go(change));
  }

  show() {
    if (session.user === null) return;
    const name = session.claims.name ?? session.user;
    drawAvatar(find("me-avatar"), { id: session.user, name });
    find("me-name").textContent = bareName(name);
  }

  #go(where) {
    this.#sheet.close();
    session.forget();
    where();
  }
}
