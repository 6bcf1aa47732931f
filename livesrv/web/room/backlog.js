/**
 * What is to be shown and has not been yet. Pure, and bounded whatever arrives.
 *
 * An item with an id that waits already takes that one's place: a combo is one line, with its
 * latest count. Invariant: added = taken + removed + left out + waiting, ids counted once.
 */

export class Backlog {
  #items = new Map(); // by id, in the order they came
  #max;

  constructor(max) {
    this.#max = max;
  }

  get size() {
    return this.#items.size;
  }

  /** Add an item, `{ id, isOwn }`; how many had to go for it. */
  add(item) {
    this.#items.set(item.id, item);
    return this.#keep(this.#max);
  }

  remove(id) {
    this.#items.delete(id);
  }

  clear() {
    this.#items.clear();
  }

  /** The last `max` of what waits, and how many found no place before them; empties it. */
  take(max) {
    const leftOut = this.#keep(max);
    const items = [...this.#items.values()];
    this.#items.clear();
    return { items, leftOut };
  }

  #keep(max) {
    let leftOut = 0;
    for (; this.#items.size > max; leftOut++) this.#items.delete(this.#oldest());
    return leftOut;
  }

  /** The oldest that is somebody else's: what one says oneself one wants to see. */
  #oldest() {
    for (const { id, isOwn } of this.#items.values()) if (!isOwn) return id;
    return this.#items.keys().next().value;
  }
}
