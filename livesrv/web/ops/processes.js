/** Every process and store in a row: how it is, in figures. */

import { find, make } from "../shared/dom.js";
import { say } from "../shared/words.js";
import { sign } from "./band.js";
import { write } from "./format.js";

const COLUMNS = {
  cpu: ({ cpu }) => write("share", cpu),
  wait: ({ wait }) => write("share", wait),
  lag: ({ kind, loopLagS, pingS }) => write("seconds", kind === "store" ? pingS : loopLagS),
  connections: ({ connections, connectionsMax }) => outOf("count", connections, connectionsMax),
  files: ({ files, filesMax }) => outOf("count", files, filesMax),
  memory: ({ residentBytes }) => write("bytes", residentBytes),
  age: ({ ageS }) => write("age", ageS),
  restarts: ({ restarts }) => write("count", restarts),
};

export class Processes {
  #body = find("processes");
  #rows = new Map(); // by name

  constructor() {
    const head = make("tr");
    const names = ["name", ...Object.keys(COLUMNS)];
    head.append(...names.map((name) => cell("th", say(`column.${name}`), { scope: "col" })));
    find("processes-head").append(head);
  }

  draw({ processes, stores }, findings) {
    for (const each of [...[...processes].sort(byName), ...stores]) {
      if (!this.#rows.has(each.name)) this.#add(each.name);
      this.#fill(this.#rows.get(each.name), each, findings);
    }
  }

  /** Nothing is known of any of them now. */
  blank() {
    for (const row of this.#rows.values()) mark(row, "unknown", say("state.unknown"));
  }

  #add(name) {
    const row = make("tr");
    const head = cell("th", "", { scope: "row" });
    head.append(make("span", "mark"), make("b", "", name), make("span", "state"));
    row.append(head, ...Object.keys(COLUMNS).map((column) => cell("td", "", { "data-name": say(`column.${column}`) })));
    row.dataset.process = name;
    this.#body.append(row);
    this.#rows.set(name, row);
  }

  #fill(row, each, findings) {
    const worst = findings.find(({ subject }) => subject === each.name);
    mark(row, each.isUnknown ? "unknown" : (worst?.level ?? "well"), stateOf(each));
    const isTold = !each.isSilent && !each.isUnknown && each.unreached !== 1;
    const [, ...cells] = row.children;
    Object.values(COLUMNS).forEach((writeCell, index) => {
      cells[index].textContent = isTold || index === cells.length - 1 ? writeCell(each) : write("count", null);
    });
    cells[0].style.setProperty("--share", isTold ? Math.min(1, each.cpu ?? 0) : 0);
  }
}

function mark(row, level, state) {
  const [head] = row.children;
  if (row.dataset.level !== level) head.firstElementChild.replaceChildren(sign(level));
  row.dataset.level = level;
  head.lastElementChild.textContent = state;
}

function stateOf({ isSilent, isUnknown, unreached, isRestarted }) {
  if (isSilent || unreached === 1) return say("state.silent");
  if (isUnknown) return say("state.unknown");
  return say(isRestarted ? "state.restarted" : "state.runs");
}

function outOf(kind, part, whole) {
  return part === null || part === undefined ? write(kind, null) : `${write(kind, part)} / ${write(kind, whole)}`;
}

function cell(tag, text, attributes) {
  const node = make(tag, "", text);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function byName(a, b) {
  return a.kind === b.kind ? a.name.localeCompare(b.name, "en", { numeric: true }) : b.kind.localeCompare(a.kind);
}
