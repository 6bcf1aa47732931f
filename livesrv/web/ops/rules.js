/**
 * What is bad, and since when: one table, and who judges by it. Pure.
 *
 * The words for a rule are "rule.ID" (what is wrong) and "do.ID" (what to do about it). Of several
 * findings the first is the most urgent: red before amber, then in the order of the table, in which
 * what can cause the others comes first. Invariant: nothing is found before it was so for as many
 * readings as its rule says, since one stall is not how a server does.
 */

/** `of` and `only`: whose figure it is. Bounds are reached from below; `readings` is how long, 1 unless said. */
export const RULES = [
  { id: "money", of: "server", figure: "moneyStopped", red: 1 },
  { id: "ledger-away", of: "store", only: "ledger", figure: "unreached", amber: 0.01, red: 1 },
  { id: "bus-away", of: "store", only: "bus", figure: "unreached", amber: 0.01, red: 1 },
  { id: "silent", of: "process", figure: "isSilent", red: 1, readings: 2 },
  { id: "missing", of: "server", figure: "missing", red: 1, readings: 3 },
  { id: "defects", of: "server", figure: "defects", amber: 0.01, red: 1 },
  { id: "office", of: "server", figure: "withoutOfficeS", amber: 10 },
  { id: "connections", of: "process", figure: "connectionsShare", amber: 0.8, red: 0.95 },
  { id: "files", of: "process", figure: "filesShare", amber: 0.8, red: 0.95 },
  { id: "cpu", of: "process", figure: "cpu", amber: 0.75, red: 0.9, readings: 3 },
  { id: "store-cpu", of: "store", figure: "cpu", amber: 0.75, red: 0.9, readings: 3 },
  { id: "held", of: "process", figure: "heldUp", amber: 0.2, red: 0.5, readings: 3 },
  { id: "store", of: "store", figure: "slowS", amber: 0.05, red: 0.5, readings: 3 },
  { id: "disk", of: "server", figure: "ledgerSlowS", amber: 0.1, red: 0.5, readings: 3 },
  { id: "oldest", of: "server", figure: "ledgerOldestS", amber: 0.5, red: 2 },
  { id: "waiting", of: "server", figure: "ledgerWaitingShare", amber: 0.25, red: 0.75 },
  { id: "loop", of: "process", figure: "loopLagS", amber: 0.1, red: 0.5, readings: 3 },
  { id: "flush", of: "process", figure: "flushLagS", amber: 0.05, red: 0.25, readings: 3 },
  { id: "orders", of: "server", figure: "orderP99S", amber: 1, red: 5, readings: 2 },
  { id: "relay", of: "server", figure: "relayLag", amber: 500, red: 5_000, readings: 3 },
  { id: "busy", of: "server", figure: "busy", amber: 0.5, red: 20 },
  { id: "turned-away", of: "server", figure: "turnedAway", amber: 0.5, readings: 2 },
  { id: "commission", of: "server", figure: "commissionLag", amber: 5_000, red: 50_000, readings: 3 },
  { id: "shed", of: "server", figure: "shed", amber: 1, readings: 2 },
  { id: "gaps", of: "server", figure: "gaps", amber: 50, readings: 3 },
  { id: "restarted", of: "process", figure: "isRestarted", amber: 1 },
];

const RANKS = { red: 0, amber: 1 };

export class Judge {
  #streaks = new Map(); // of rule and subject: how many readings in a row, since when

  /**
   * The findings of a reading, the most urgent first: [{rule, subject, level, value, sinceS}].
   *
   * `figures` are what `Vitals.add` returns. `subject` is a process's or store's name, or null.
   */
  judge(figures, atS) {
    const due = RULES.flatMap((rule, index) => subjectsOf(rule, figures).map((subject) => [rule, subject, index]));
    const found = due.flatMap(([rule, subject, index]) => this.#look(rule, subject, index, atS));
    this.#streaks = new Map(Array.from(this.#streaks).filter(([, { atS: lastS }]) => lastS === atS));
    return found.sort((a, b) => RANKS[a.level] - RANKS[b.level] || a.index - b.index);
  }

  #look(rule, subject, index, atS) {
    const value = Number(subject[rule.figure] ?? Number.NaN);
    const level = levelOf(rule, value);
    if (level === null) return [];
    const key = `${rule.id} ${subject.name ?? ""}`;
    const { count, sinceS } = this.#streaks.get(key) ?? { count: 0, sinceS: atS };
    this.#streaks.set(key, { count: count + 1, sinceS, atS });
    if (count + 1 < (rule.readings ?? 1)) return [];
    return [{ key, rule: rule.id, subject: subject.name ?? null, level, value, sinceS, index }];
  }
}

/** "red", "amber", or null where a value is well. */
export function levelOf({ amber = Infinity, red = Infinity }, value) {
  if (value >= red) return "red";
  return value >= amber ? "amber" : null;
}

function subjectsOf({ of, only }, { server, processes, stores }) {
  if (of === "server") return [server];
  if (of === "process") return processes.filter(({ isUnknown }) => !isUnknown);
  return stores.filter(({ name }) => only === undefined || name === only);
}
