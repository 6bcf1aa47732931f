/** Live charts of a history, whose cursors move together. */

import { make } from "../shared/dom.js";
import { say } from "../shared/words.js";
import uPlot from "../vendor/uplot.js";
import { timeOf, write } from "./format.js";

const HEIGHT = 150;
const LINES = ["#ffc24b", "#6cc7ff", "#ff8fb1", "#7ee2a8"];
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]]; // no line is known by its colour alone
const HEADROOM = 1.15;
const LEAST = { count: 5, rate: 5, seconds: 0.01, share: 0.1 };
const AXIS = "rgb(255 255 255 / 72%)";
const GRID = "rgb(255 255 255 / 9%)";
const TICKS_PX = 90;
const AXIS_PX = 66;
const TIMES_PX = 26;
const STEPS = { count: Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat() };

/** What the overview shows: `kind` is how its numbers are written. */
export const OVERVIEW = [
  { id: "audience", kind: "count", lines: ["connections", "viewers", "shows"] },
  { id: "deliveries", kind: "rate", lines: ["deliveries", "frames"] },
  { id: "refused", kind: "rate", lines: ["shed", "gaps", "turnedAway", "busy"] },
  { id: "lag", kind: "seconds", lines: ["loopLagS", "flushLagS"] },
  { id: "orders", kind: "seconds", lines: ["orderP99S", "orderP50S"] },
  { id: "ledger", kind: "seconds", lines: ["ledgerOldestS", "ledgerCallS", "ledgerPingS", "busPingS"] },
  { id: "queues", kind: "count", lines: ["ledgerWaiting", "relayLag", "commissionLag"] },
  { id: "cpu", kind: "share", lines: ["cpuWorkers", "cpuBackoffice", "cpuLedger", "cpuBus"] },
];

export class Charts {
  #charts;
  #history;
  #spanS = null;

  /** Charts in `parent`, of a history (history.js). They are drawn by `draw`, and go by `leave`. */
  constructor(parent, abouts, history) {
    this.#history = history;
    this.#charts = abouts.map((about) => new Chart(parent, about));
  }

  /** Show so many seconds; null is all there are. */
  choose(spanS) {
    this.#spanS = spanS;
    this.draw();
  }

  draw() {
    if (document.hidden) return;
    const { times } = this.#history;
    const lastS = times.at(-1) ?? 0;
    const first = this.#spanS === null ? 0 : this.#history.from(lastS - this.#spanS);
    for (const chart of this.#charts) chart.draw(this.#history, times.slice(first), first);
  }

  leave() {
    for (const chart of this.#charts) chart.leave();
  }
}

class Chart {
  #node = make("figure", "chart");
  #lines;
  #plot;
  #size;

  constructor(parent, { id, kind, lines }) {
    this.#lines = lines;
    this.#node.id = `chart-${id}`;
    this.#node.tabIndex = -1;
    const plot = make("div", "plot");
    plot.dir = "ltr"; // time runs from left to right in every language
    this.#node.append(make("figcaption", "", say(`chart.${id}`)), plot);
    parent.append(this.#node);
    this.#plot = new uPlot(options(kind, lines), [[], ...lines.map(() => [])], plot);
    this.#size = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width > 0) this.#plot.setSize({ width: Math.floor(contentRect.width), height: HEIGHT });
    });
    this.#size.observe(plot);
  }

  draw(history, times, first) {
    this.#plot.setData([times, ...this.#lines.map((name) => history.column(name).slice(first))]);
    const isPointed = this.#plot.cursor.left >= 0;
    if (!isPointed && times.length > 0) this.#plot.setLegend({ idx: times.length - 1 }, false);
  }

  leave() {
    this.#size.disconnect();
    this.#plot.destroy();
    this.#node.remove();
  }
}

function options(kind, lines) {
  const axis = { stroke: AXIS, grid: { stroke: GRID, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return {
    width: 300,
    height: HEIGHT,
    cursor: { sync: { key: "ops" }, drag: { x: false, y: false }, y: false },
    scales: { y: { range: (_, low, high) => [0, roomy(kind, high)] } },
    axes: [
      { ...axis, space: TICKS_PX, size: TIMES_PX, values: (_, splits) => splits.map(timeOf) },
      { ...axis, size: AXIS_PX, incrs: STEPS[kind], values: (_, splits) => splits.map((value) => write(kind, value)) },
    ],
    legend: { markers: { width: 0, fill: (plot, index) => plot.series[index].stroke(plot, index) } },
    series: [
      { label: say("chart.time"), value: (_, atS) => (atS === null ? "" : timeOf(atS)) },
      ...lines.map((name, index) => lineOf(name, index, kind)),
    ],
  };
}

function lineOf(name, index, kind) {
  return {
    label: say(`line.${name}`),
    stroke: LINES[index],
    dash: DASHES[index],
    width: 2,
    points: { show: false },
    value: (_, value) => write(kind, value),
  };
}

/** The upper end of a scale whose highest value is `high`: a little more, and never next to nothing. */
function roomy(kind, high) {
  return Math.max(high * HEADROOM, LEAST[kind]);
}
