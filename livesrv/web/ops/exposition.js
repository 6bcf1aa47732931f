/**
 * Prometheus's text format 0.0.4, read. Pure.
 *
 * Must not know what the numbers are for. Invariant: a line that is no sample is an error, so that
 * a proxy's page of apologies is never taken for a server without processes.
 */

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,\s*|$)/g;
const INFINITE = { "+Inf": Infinity, "-Inf": -Infinity };
const ESCAPED = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };
const PREFIX = /^livesrv_/;

/**
 * The samples by process and key: Map(process → Map(key → value)).
 *
 * A key is a name without `livesrv_` and, behind spaces, the values of its other labels, by their
 * names: "store_ping_seconds ledger". Throws `SyntaxError`, which names the line.
 */
export function parse(text) {
  const scrape = new Map();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [process, key, value] = readSample(line.trim(), index + 1);
    if (!scrape.has(process)) scrape.set(process, new Map());
    scrape.get(process).set(key, value);
  }
  return scrape;
}

function readSample(line, number) {
  const [whole, name, labels, written] = line.match(SAMPLE) ?? [];
  const value = INFINITE[written] ?? Number(written);
  if (whole === undefined || (Number.isNaN(value) && written !== "NaN")) {
    throw new SyntaxError(`line ${number} is no sample: ${line.slice(0, 60)}`);
  }
  const { process = "", ...others } = readLabels(labels ?? "");
  const behind = Object.keys(others).sort().map((label) => ` ${others[label]}`);
  return [process, name.replace(PREFIX, "") + behind.join(""), value];
}

function readLabels(written) {
  const pairs = written.matchAll(LABEL);
  return Object.fromEntries(Array.from(pairs, ([, name, value]) => [name, unescape(value)]));
}

function unescape(value) {
  return value.replace(/\\./g, (pair) => ESCAPED[pair] ?? pair);
}
