/** One of the viewer's orders, as a row: what it was, how far it has come, what can be done. */

import { icon, make, picture } from "../shared/dom.js";
import { count, dayAndTime, duration, money, say } from "../shared/words.js";

const STEPS = [["paid", "wallet"], ["shipped", "truck"], ["delivered", "home"]];
const REACHED = { held: 0, paid: 1, shipped: 2, delivered: 3, settled: 3 };
const ALL_BACK = new Set(["cancelled", "refunded"]);
const MOVES = { paid: "cancel", shipped: "deliver" };
const MOVE_ICONS = { cancel: "close", deliver: "check" };
const ASKS_MS = 4_000;
const CALM_MS = 500;

export class OrderRow {
  node = make("li", "order");
  #emoji = make("span", "emoji");
  #title = make("b", "title");
  #total = make("b", "total");
  #when = make("span", "small");
  #steps = make("ol", "steps");
  #state = make("p", "state");
  #actions = make("p", "actions");
  #move;

  /** `move(name)` when the buyer wants to "cancel" or says it is there: "deliver". */
  constructor(move) {
    const what = make("div", "about");
    this.#move = move;
    this.#emoji.ariaHidden = "true";
    this.#title.dir = "auto";
    this.#steps.ariaHidden = "true";
    what.append(this.#title, this.#when);
    this.#steps.append(...STEPS.map(([, name]) => newStep(name)));
    this.node.append(this.#emoji, what, this.#total, this.#steps, this.#state, this.#actions);
  }

  /** `titles` are those of the order's lines. */
  show(order, titles, nowMs) {
    const named = order.lines.map(({ quantity }, index) => ({ quantity, title: titles[index] }));
    if (this.node.dataset.status !== order.status) this.#actions.replaceChildren(...this.#newActions(order));
    this.node.dataset.status = order.status;
    this.#emoji.textContent = picture(named[0].title, "🛍️")[0];
    this.#title.textContent = named.map(lineWords).join(", ");
    this.#total.textContent = money(order.total_minor, order.currency);
    this.#when.textContent = dayAndTime(order.at_ms);
    this.#state.textContent = stateWords(order, nowMs);
    this.#showSteps(REACHED[order.status]);
  }

  #showSteps(reached) {
    this.#steps.hidden = reached === undefined;
    [...this.#steps.children].forEach((step, index) => step.classList.toggle("done", index < reached));
  }

  #newActions(order) {
    const move = MOVES[order.status];
    if (move !== undefined) return [newMove(move, () => this.#move(move))];
    if (order.status === "held" && /^https?:/.test(order.pay_url ?? "")) return [newPayLink(order)];
    return [];
  }
}

function newStep(name) {
  const [step, mark] = [make("li"), make("span")];
  mark.append(icon(name));
  step.append(mark);
  return step;
}

function lineWords({ quantity, title }) {
  const name = picture(title, "")[1];
  return quantity > 1 ? `${count(quantity)} × ${name}` : name;
}

function stateWords({ status, carrier, tracking, due_ms: dueMs, currency, refunded_minor: back }, nowMs) {
  const words = [say(`status.${status}`)];
  if (status === "held" && dueMs) words.push(duration(dueMs - nowMs));
  if (status === "shipped") words.push(...[carrier, tracking].filter(Boolean).map(isolate));
  if (back > 0 && !ALL_BACK.has(status)) words.push(say("status.back", { amount: money(back, currency) }));
  return words.join(" · ");
}

/** Words of another direction, as they are. */
const isolate = (text) => `\u2068${text}\u2069`;

/** A button that asks once more: the second tap, a moment later, does it. */
function newMove(name, act) {
  const [button, words] = [make("button", `move ${name}`), make("span", "", say(`order.${name}`))];
  let askedAtMs = 0;
  const forget = () => {
    askedAtMs = 0;
    words.textContent = say(`order.${name}`);
    button.classList.remove("asks");
  };
  button.type = "button";
  button.append(icon(MOVE_ICONS[name]), words);
  button.addEventListener("click", () => {
    const sinceMs = performance.now() - askedAtMs;
    if (askedAtMs === 0) {
      askedAtMs = performance.now();
      words.textContent = say(`order.${name}.sure`);
      button.classList.add("asks");
      setTimeout(forget, ASKS_MS);
    } else if (sinceMs > CALM_MS) {
      button.disabled = true;
      act();
    }
  });
  return button;
}

function newPayLink({ pay_url: url }) {
  const link = make("a", "move pay-link");
  Object.assign(link, { href: url, target: "_blank", rel: "noopener" });
  link.append(icon("wallet"), make("span", "", say("order.pay_now")));
  return link;
}
