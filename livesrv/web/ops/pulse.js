/**
 * What comes out of a room, counted: by what members are sent. Pure.
 *
 * Invariant: `take` is for each batch once; a second that has passed is in `beat` once.
 */

const COUNTED = ["comments", "events", "shed", "likes", "batches"];

export class Pulse {
  #since = zeros();
  #beganAtS;
  viewers = null;
  likes = null;
  epoch = null;
  seq = null;
  /** How often the room's snapshot had to be taken: the first time, and where something was missed. */
  snapshots = 0;
  /** How often we came in again and missed nothing. */
  recoveries = 0;
  /** Waterfall items skipped for us alone, since our line was too slow. */
  skipped = 0;

  constructor(nowS) {
    this.#beganAtS = nowS;
  }

  joined({ epoch, seq, recovered, state }) {
    if (recovered) this.recoveries += 1;
    else this.snapshots += 1;
    Object.assign(this, { epoch, seq, viewers: state.viewers, likes: state.likes });
  }

  take({ epoch, seq, events, waterfall, shed }) {
    Object.assign(this, { epoch, seq });
    this.#since.batches += 1;
    this.#since.events += events.length;
    this.#since.shed += shed;
    for (const item of waterfall) this.#takeItem(item);
  }

  gap({ shed }) {
    this.skipped += shed;
  }

  /** Rates a second since the last beat, and what stands now. */
  beat(nowS) {
    const passedS = Math.max(nowS - this.#beganAtS, Number.EPSILON);
    const rates = Object.fromEntries(COUNTED.map((name) => [name, this.#since[name] / passedS]));
    this.#since = zeros();
    this.#beganAtS = nowS;
    return { ...rates, viewers: this.viewers };
  }

  #takeItem({ type, count, total }) {
    if (type === "comment") this.#since.comments += 1;
    if (type === "viewers") this.viewers = count;
    if (type !== "like") return;
    this.#since.likes += count;
    this.likes = total;
  }
}

const zeros = () => Object.fromEntries(COUNTED.map((name) => [name, 0]));
