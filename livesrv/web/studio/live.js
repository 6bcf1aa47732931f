/**
 * What goes on in the room, on the screen: who says what, what is sold, what comes in.
 *
 * Hears the wire and draws; what the host does is sent by whoever is given in `desk`.
 */

import { Comments } from "./comments.js";
import { Goods } from "./goods.js";
import { Income } from "./income.js";
import { PersonSheet } from "./moderation.js";
import { NoticeSheet } from "./notices.js";
import { OfferSheet } from "./offer.js";
import { Orders } from "./orders.js";
import { RoomSheet } from "./roomsheet.js";
import { notePeak } from "./summary.js";
import { emojiOf } from "../room/gifts.js";
import { bareName, find, painter, picture } from "../shared/dom.js";
import { brief, count, duration, money } from "../shared/words.js";

const CLOCK_MS = 1_000;
const SETTINGS = ["slow_mode_s", "followers_only", "title", "city", "theme", "media_url"];

export class Live {
  #state = null;
  #me;
  #now;
  #peak = 0;
  #income = new Income();
  #orders = new Orders((room, id) => (room === this.#state?.room ? this.#goods.find(id) : null));
  #comments;
  #goods;
  #offer;
  #roomSheet;
  #paint = painter(() => this.#draw());

  /**
   * `desk` does what the host wants: moderate(action, fields), tell(text), pin(id, isPinned),
   * changeOffer(id, fields), changeRoom(fields). `now()` is the server's time, `me` the host's id.
   */
  constructor(desk, now, me) {
    this.#now = now;
    this.#me = me;
    const person = new PersonSheet(desk.moderate);
    const notices = new NoticeSheet(desk.tell);
    this.#comments = new Comments((item) => person.open(item, this.#me));
    this.#goods = new Goods({
      tapped: (offer) => this.#offer.open(offer),
      changed: (offer) => this.#offer.update(offer),
    });
    this.#offer = new OfferSheet({
      isPinned: (id) => this.#goods.isPinned(id),
      setPinned: desk.pin,
      change: async (id, fields) => this.#goods.put(await desk.changeOffer(id, fields)),
      now,
    });
    this.#roomSheet = new RoomSheet({ moderate: desk.moderate, change: desk.changeRoom });
    find("open-notices").addEventListener("click", () => notices.open());
    find("open-orders").addEventListener("click", () => this.#orders.open());
    find("open-room").addEventListener("click", () => this.#roomSheet.open(this.#state));
    setInterval(() => this.#drawClock(), CLOCK_MS);
  }

  get state() {
    return this.#state;
  }

  /** The room as it is now; replaces what was known. */
  begin(state) {
    this.#state = state;
    this.#goods.reset(state.pinned);
    this.#comments.reset(state.comments);
    this.#status(state.status);
    this.#orders.lookSoon();
    this.#paint();
  }

  /** All offers of the room, the newest first; those known already have been told more lately. */
  fill(offers) {
    for (const offer of offers.toReversed()) if (!this.#goods.find(offer.offer)) this.#goods.put(offer);
  }

  batch({ events, waterfall }) {
    for (const event of events) this.#event(event);
    for (const drop of waterfall) this.#fall(drop);
    this.#paint();
  }

  #event(event) {
    const { type } = event;
    if (type === "gift") this.#gift(event);
    else if (type === "sold") this.#sold(event);
    else if (type === "pinned") this.#goods.pin(event);
    else if (type === "unpinned") this.#goods.unpin(event.offer);
    else if (type === "stock") this.#goods.put(event);
    else if (type === "reserved" || type === "unsold") this.#unsold(event);
    else if (type === "removed") this.#comments.remove(event.comment);
    else if (type === "notice") this.#comments.notice(event);
    else if (type === "settings") this.#settings(event);
    else if (type === "started") this.#begun(event);
    else if (type === "ended") this.#ended();
  }

  #begun({ started_at_ms: startedAtMs }) {
    this.#state.started_at_ms = startedAtMs;
    this.#status("live");
  }

  #ended() {
    this.#goods.unpinAll();
    this.#status("ended");
  }

  #status(status) {
    const { room, started_at_ms: startedAtMs } = this.#state;
    this.#state.status = status;
    this.#peak = 0;
    if (status === "live") this.#income.begin(room, startedAtMs);
    else this.#income.end();
    this.#drawClock();
  }

  #unsold({ lines }) {
    this.#goods.take(lines);
    this.#orders.lookSoon();
  }

  #sold(event) {
    const { user, lines } = event;
    const names = lines.map(({ offer }) => picture(this.#goods.find(offer)?.title ?? offer, "🛍️"));
    const pieces = lines.map(({ quantity }, at) => `${names[at][0]} ${names[at][1]} ×${count(quantity)}`);
    this.#comments.sold(event, pieces.join(", "));
    for (const [at, line] of lines.entries()) {
      const { price_minor: price, currency } = this.#goods.find(line.offer) ?? {};
      const amount = price === undefined ? `${count(line.quantity)} ×` : money(price * line.quantity, currency);
      this.#income.sold(amount, names[at][0], bareName(user.name));
    }
    this.#goods.take(lines);
    this.#orders.bought(user);
  }

  #gift(event) {
    const emoji = emojiOf(event.gift);
    this.#comments.gift(event, emoji);
    this.#income.gift(emoji, event.added, bareName(event.user.name));
  }

  #settings(event) {
    for (const name of SETTINGS) if (name in event) this.#state[name] = event[name];
    this.#roomSheet.update(this.#state);
  }

  #fall(drop) {
    if (drop.type === "comment") this.#comments.comment(drop);
    else if (drop.type === "viewers") this.#state.viewers = drop.count;
    else if (drop.type === "like") this.#state.likes = drop.total;
  }

  #draw() {
    const { viewers, likes, status, started_at_ms: startedAtMs } = this.#state;
    find("viewers").textContent = brief(viewers);
    find("likes").textContent = brief(likes);
    if (status !== "live" || viewers <= this.#peak) return;
    this.#peak = viewers;
    notePeak(startedAtMs, viewers);
  }

  #drawClock() {
    if (this.#state?.status !== "live") return;
    find("clock").textContent = duration(this.#now() - this.#state.started_at_ms);
  }
}
