/** The big figures, each with its last minutes as a line and a sign that says how it is. */

import { find, make } from "../shared/dom.js";
import { say } from "../shared/words.js";
import { sign } from "./band.js";
import { write } from "./format.js";

const SPARK_POINTS = 150; // 5 min
const SPARK_POINTS_MIN = 15;
const SPARK_WIDTH = 150;
const SPARK_HEIGHT = 32;
const SVG = "http://www.w3.org/2000/svg";

/** `rules`: whose findings colour it. `chart`: where its history is. `under`: what is said below. */
const TILES = [
  {
    id: "connections", kind: "count", rules: ["connections", "turned-away"], chart: "audience",
    under: ({ connectionsMax }) => say("under.of", { value: write("count", connectionsMax) }),
  },
  { id: "viewers", kind: "count", rules: [], chart: "audience" },
  { id: "shows", kind: "count", rules: [], chart: "audience" },
  {
    id: "deliveries", kind: "rate", rules: ["gaps"], chart: "deliveries",
    under: ({ frames }) => say("under.frames", { value: write("rate", frames) }),
  },
  { id: "shed", kind: "rate", rules: ["shed"], chart: "refused", under: () => say("under.comments") },
  { id: "flushLagS", kind: "seconds", rules: ["flush"], chart: "lag" },
  { id: "loopLagS", kind: "seconds", rules: ["loop"], chart: "lag" },
  {
    id: "orderP99S", kind: "seconds", rules: ["orders", "busy"], chart: "orders",
    under: ({ orderP50S }) => say("under.median", { value: write("seconds", orderP50S) }),
  },
  {
    id: "ledgerOldestS", kind: "seconds", rules: ["oldest", "waiting", "disk"], chart: "ledger",
    under: ({ ledgerWaiting }) => say("under.waiting", { value: write("count", ledgerWaiting) }),
  },
  {
    id: "commissionLag", kind: "count", rules: ["commission", "relay", "office"], chart: "queues",
    under: () => say("under.lines"),
  },
  { id: "moneyStopped", kind: "verdict", rules: ["money"], chart: "ledger", under: () => say("under.audit") },
  {
    id: "storePingS", kind: "seconds", rules: ["ledger-away", "bus-away", "store", "store-cpu"], chart: "ledger",
    under: answers,
  },
  {
    id: "workers", kind: "count", rules: ["silent", "missing", "restarted"], chart: "cpu",
    under: ({ workersMax }) => say("under.wanted", { value: write("count", workersMax) }),
  },
  { id: "cpuWorkers", kind: "share", rules: ["cpu", "held", "files"], chart: "cpu" },
];

export class Tiles {
  #tiles = TILES.map((about) => new Tile(about));

  constructor() {
    find("tiles").append(...this.#tiles.map(({ node }) => node));
  }

  draw(server, findings, history) {
    for (const tile of this.#tiles) tile.draw(server, findings, history);
  }

  /** The figures are not known now. */
  blank() {
    for (const tile of this.#tiles) tile.blank();
  }
}

class Tile {
  node = make("li");
  #about;
  #button = make("button", "tile");
  #sign = make("span", "mark");
  #value = make("b", "value");
  #under = make("span", "under");
  #line = document.createElementNS(SVG, "polyline");
  #level = null;

  constructor(about) {
    this.#about = about;
    const spark = document.createElementNS(SVG, "svg");
    const head = make("span", "tile-head");
    spark.setAttribute("viewBox", `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`);
    spark.setAttribute("preserveAspectRatio", "none");
    spark.setAttribute("class", "spark");
    spark.setAttribute("aria-hidden", "true");
    spark.append(this.#line);
    head.append(make("span", "name", say(`tile.${about.id}`)), this.#sign);
    this.#button.type = "button";
    this.#button.dataset.figure = about.id;
    this.#button.append(head, this.#value, this.#under, spark);
    this.#button.addEventListener("click", () => showChart(about.chart));
    this.node.append(this.#button);
    this.blank();
  }

  draw(server, findings, history) {
    const { id, kind, rules, under } = this.#about;
    const worst = findings.find(({ rule }) => rules.includes(rule));
    this.#value.textContent = kind === "verdict" ? verdict(server[id]) : write(kind, server[id]);
    this.#under.textContent = under?.(server) ?? "";
    this.#mark(server[id] === null && !worst ? "unknown" : (worst?.level ?? "well"));
    this.#line.setAttribute("points", points(history.column(id).slice(-SPARK_POINTS)));
  }

  blank() {
    this.#value.textContent = write("count", null);
    this.#under.textContent = "";
    this.#mark("unknown");
  }

  #mark(level) {
    if (level === this.#level) return;
    this.#level = this.#button.dataset.level = level;
    this.#sign.replaceChildren(sign(level), make("span", "unseen", say(`level.${level}`)));
  }
}

function answers({ ledgerPingS, busPingS }) {
  return say("under.stores", { ledger: write("seconds", ledgerPingS), bus: write("seconds", busPingS) });
}

function verdict(isStopped) {
  return isStopped === null ? write("count", null) : say(isStopped ? "verdict.stopped" : "verdict.clean");
}

/** What a polyline takes, the newest value at the right; missing ones are left out. */
function points(values) {
  const top = Math.max(...values, Number.EPSILON);
  const y = (value) => (SPARK_HEIGHT - 1 - ((SPARK_HEIGHT - 2) * value) / top).toFixed(1);
  const stepPx = SPARK_WIDTH / (Math.max(values.length, SPARK_POINTS_MIN) - 1);
  const x = (index) => (SPARK_WIDTH - stepPx * (values.length - 1 - index)).toFixed(1);
  return values.flatMap((value, index) => (value === null ? [] : [`${x(index)},${y(value)}`])).join(" ");
}

function showChart(id) {
  const chart = find(`chart-${id}`);
  chart.scrollIntoView({ block: "center" });
  chart.focus({ preventScroll: true });
}
