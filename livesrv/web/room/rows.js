/**
 * The rows of the waterfall: a fixed number of nodes, filled again and again.
 *
 * Must not know where items come from. Invariant: there are never more than `ROWS_MAX` nodes, and
 * one call of `show` changes the list once. Nothing is measured, so nothing is laid out in between.
 */

import { bareName, drawAvatar, make } from "../shared/dom.js";
import { say } from "../shared/words.js";

export const ROWS_MAX = 30;
const NEAR = 6; // a combo whose row is among so many last ones counts up there
const MARKS = ["host", "moderator", "buyer"];
const MARKS_MAX = 2;

export class Rows {
  #list;
  #rows = new Map(); // by the item's id, the oldest first: { node, place }
  #spare = [];
  #place = 0;

  constructor(list) {
    this.#list = list;
  }

  clear() {
    for (const id of [...this.#rows.keys()]) this.remove(id);
  }

  remove(id) {
    const row = this.#rows.get(id);
    if (!row) return;
    row.node.remove();
    this.#spare.push(row.node);
    this.#rows.delete(id);
  }

  /** Show at most `ROWS_MAX` items with ids of their own below the others; `isCalm`: they may glide in. */
  show(items, isCalm) {
    const nodes = [];
    for (const item of items) {
      const known = this.#rows.get(item.id);
      if (known && this.#place - known.place < NEAR) fill(known.node, item);
      else nodes.push(this.#add(item, known?.node ?? this.#free(), isCalm));
    }
    this.#list.append(...nodes);
  }

  #add(item, node, isCalm) {
    this.#rows.delete(item.id);
    this.#rows.set(item.id, { node, place: ++this.#place });
    node.dataset.id = item.id;
    node.className = `row ${item.kind}${isCalm ? " fresh" : ""}`;
    fill(node, item);
    return node;
  }

  /** A node to fill: a spare or a new one, or that of the oldest row. */
  #free() {
    if (this.#rows.size < ROWS_MAX) return this.#spare.pop() ?? newRow();
    const [id, { node }] = this.#rows.entries().next().value;
    this.#rows.delete(id);
    return node;
  }
}

/** The name stands in a box of its own, so that no sign in it can turn around what follows. */
function newRow() {
  const row = make("li");
  const body = make("p");
  const marks = Array.from({ length: MARKS_MAX }, () => make("span", "mark"));
  for (const mark of marks) mark.role = "img";
  const who = make("span", "who");
  who.append(make("bdi"));
  body.append(...marks, who, make("bdi", "text"));
  row.append(make("span", "avatar"), body);
  row.firstElementChild.ariaHidden = "true";
  return row;
}

function fill(row, { user, text }) {
  const [avatar, body] = row.children;
  const [first, second, who, words] = body.children;
  const marks = user === null ? [] : MARKS.filter((badge) => user.badges.includes(badge));
  showMark(first, marks[0]);
  showMark(second, marks[1]);
  avatar.hidden = who.hidden = user === null;
  if (user !== null) {
    drawAvatar(avatar, user);
    who.firstElementChild.textContent = bareName(user.name);
  }
  words.textContent = text;
}

function showMark(node, badge) {
  node.hidden = badge === undefined;
  if (badge === undefined || node.dataset.badge === badge) return;
  node.dataset.badge = badge;
  node.ariaLabel = say(`badge.${badge}`);
}
