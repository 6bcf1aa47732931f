/**
 * What readings of /metrics amount to: the figures of the server, its processes and its stores.
 * Pure.
 *
 * Must not know how readings come, nor which value is bad. Invariants: a process that was seen once
 * stays in the list, so that one that is gone is missed; a figure nobody told is null, never 0.
 */

import { Course, quantile } from "./course.js";

export const STORES = ["ledger", "bus"];
const WINDOW = 5; // readings: so few orders come in 2 s that their latency would jump about
const RESTARTED_S = 60; // for so long a restart is news
const WANTED = 0.5; // of a core: who wants less, waiting for one included, is not held up
const SHORT_KNOWN_MIN = 3;
const VIEWERS = ["sessions guest", "sessions viewer"];

export class Vitals {
  #courses = new Map(); // by process
  #stores = new Map(STORES.map((name) => [name, new StoreCourse()]));
  #orders = []; // growth of the buckets of orders, by reading
  #firstAtS = null;

  /** Figures of the reading `scrape` (exposition.js), made at `atS`: {server, processes, stores}. */
  add(scrape, atS) {
    this.#firstAtS ??= atS;
    for (const [name, keys] of scrape) this.#tell(name, keys, atS);
    const told = Array.from(scrape.keys(), (name) => this.#courses.get(name));
    this.#orders = [...this.#orders, growthOfOrders(told)].slice(-WINDOW);
    const stores = STORES.map((name) => this.#stores.get(name).figures(name, told));
    const isBusAway = stores[1].unreached === 1 || this.#isAlone(scrape);
    const processes = Array.from(this.#courses, ([name, course]) => ({
      ...figuresOfProcess(name, course, atS),
      isSilent: !scrape.has(name) && !isBusAway,
      isUnknown: !scrape.has(name) && isBusAway,
    }));
    stores[1].unreached = isBusAway ? 1 : stores[1].unreached;
    return { server: this.#ofServer(told, processes, stores, atS), processes, stores };
  }

  #tell(name, keys, atS) {
    const course = this.#courses.get(name);
    if (course) course.tell(keys, atS);
    else this.#courses.set(name, new Course(keys, atS));
  }

  /** Only the one that was asked tells: others reach it by the bus. */
  #isAlone(scrape) {
    return scrape.size === 1 && this.#courses.size >= SHORT_KNOWN_MIN;
  }

  #ofServer(told, processes, stores, atS) {
    const [ledger, bus] = stores;
    const cpuOf = (kind) => most(processes.filter((each) => each.kind === kind).map(({ cpu }) => cpu));
    return {
      ...figuresOfDoors(told),
      ...figuresOfMoney(told, ledger),
      ...this.#ofOrders(told),
      ...this.#ofWorkers(told, processes, atS),
      cpuWorkers: cpuOf("worker"),
      cpuBackoffice: cpuOf("backoffice"),
      cpuLedger: ledger.cpu,
      cpuBus: bus.cpu,
      storePingS: most([ledger.pingS, bus.pingS]),
      ledgerPingS: ledger.pingS,
      busPingS: bus.pingS,
    };
  }

  #ofOrders(told) {
    const buckets = new Map();
    for (const growth of this.#orders) {
      for (const [bound, count] of growth) buckets.set(bound, (buckets.get(bound) ?? 0) + count);
    }
    return {
      orders: sumOfRates(told, "command_seconds_count order"),
      orderP50S: quantile(buckets, 0.5),
      orderP99S: quantile(buckets, 0.99),
    };
  }

  #ofWorkers(told, processes, atS) {
    const all = processes.filter(({ kind }) => kind === "worker");
    const workers = all.some(({ isUnknown }) => isUnknown) ? null : all.filter(({ isSilent }) => !isSilent).length;
    const workersMax = most(values(told, "workers"));
    const hasOffice = processes.some(({ kind }) => kind === "backoffice");
    return {
      workers,
      workersMax,
      missing: workers === null || workersMax === null ? null : workersMax - workers,
      withoutOfficeS: hasOffice ? 0 : atS - this.#firstAtS,
    };
  }
}

/** A store, as processes see it: the back office tells of its CPU time, all of its answers. */
class StoreCourse {
  restarts = 0;
  #clockS = null;
  #cpuS = null;
  #cpu = null;

  figures(name, told) {
    const teller = told.find((course) => course.keys.has(`store_clock_seconds ${name}`));
    if (teller) this.#tell(teller.get(`store_clock_seconds ${name}`), teller.get(`store_cpu_seconds_total ${name}`));
    const ups = values(told, `store_up ${name}`);
    const pings = values(told, `store_ping_seconds ${name}`);
    return {
      name,
      kind: "store",
      unreached: ups.length > 0 ? ups.filter((up) => up === 0).length / ups.length : null,
      pingS: pings.length > 0 ? Math.min(...pings) : null,
      slowS: pings.length > 0 && !ups.includes(0) ? Math.min(...pings) : null,
      cpu: teller ? this.#cpu : null,
      residentBytes: teller?.get(`store_resident_bytes ${name}`) ?? null,
      restarts: this.restarts,
    };
  }

  #tell(clockS, cpuS) {
    if (clockS === this.#clockS) return;
    if (this.#clockS !== null) {
      if (cpuS < this.#cpuS) this.restarts += 1;
      else this.#cpu = (cpuS - this.#cpuS) / (clockS - this.#clockS);
    }
    [this.#clockS, this.#cpuS] = [clockS, cpuS];
  }
}

function figuresOfProcess(name, course, atS) {
  const cpu = course.rate("process_cpu_seconds_total");
  const wait = course.rate("process_cpu_wait_seconds_total");
  const [files, filesMax] = [course.get("process_open_files"), course.get("process_open_files_max")];
  const [connections, connectionsMax] = [course.get("connections"), course.get("connections_max")];
  return {
    name,
    kind: name.replace(/-\d+$/, ""),
    cpu,
    wait,
    heldUp: wait !== null && cpu + wait >= WANTED ? wait : 0,
    loopLagS: course.get("loop_lag_seconds"),
    flushLagS: course.get("flush_lag_seconds"),
    connections,
    connectionsMax,
    connectionsShare: share(connections, connectionsMax),
    files,
    filesMax,
    filesShare: share(files, filesMax),
    residentBytes: course.get("process_resident_bytes"),
    ageS: course.get("process_uptime_seconds"),
    restarts: course.restarts,
    isRestarted: atS - course.restartedAtS < RESTARTED_S,
    seenAtS: course.seenAtS,
  };
}

function figuresOfDoors(told) {
  const handshakes = told.flatMap((course) => [...course.ratesOf("handshakes_total ")]);
  const away = handshakes.filter(([outcome]) => outcome !== "accepted");
  return {
    connections: sum(told, "connections"),
    connectionsMax: sum(told, "connections_max"),
    viewers: VIEWERS.map((key) => sum(told, key)).reduce(added, null),
    shows: most(values(told, "shows_live")),
    deliveries: sumOfRates(told, "comment_deliveries_total"),
    frames: sumOfRates(told, "frames_total"),
    shed: sumOfRates(told, "comments_shed_total"),
    gaps: sumOfRates(told, "gap_items_total"),
    turnedAway: away.reduce((total, [, rate]) => total + rate, 0),
    busy: sumOfRates(told, "errors_total busy"),
    defects: (sumOfRates(told, "errors_total internal") ?? 0) + (sumOfRates(told, "closes_total 1011") ?? 0),
    loopLagS: most(values(told, "loop_lag_seconds")),
    flushLagS: most(values(told, "flush_lag_seconds")),
  };
}

function figuresOfMoney(told, { unreached }) {
  const callS = most(values(told, "ledger_call_longest_seconds"));
  return {
    ledgerWaiting: sum(told, "ledger_waiting"),
    ledgerWaitingShare: most(told.map((c) => share(c.get("ledger_waiting"), c.get("ledger_waiting_max")))),
    ledgerOldestS: most(values(told, "ledger_oldest_seconds")),
    ledgerCallS: callS,
    ledgerSlowS: unreached > 0 ? null : callS,
    relayLag: most(values(told, "relay_lag_lines")),
    commissionLag: most(values(told, "commission_lag_lines")),
    moneyStopped: most(values(told, "money_stopped")),
  };
}

function growthOfOrders(told) {
  const growth = new Map();
  for (const course of told) {
    for (const [rest, grown] of course.grownOf("command_seconds_bucket ")) {
      const [bound, type] = rest.split(" ");
      if (type === "order") growth.set(bound, (growth.get(bound) ?? 0) + grown);
    }
  }
  return growth;
}

const values = (told, key) => told.map((course) => course.get(key)).filter((value) => value !== null);
const added = (total, value) => (value === null ? total : (total ?? 0) + value);
const share = (part, whole) => (part === null || !whole ? null : part / whole);
const sum = (told, key) => values(told, key).reduce(added, null);
const sumOfRates = (told, key) => told.map((course) => course.rateOrZero(key)).reduce(added, null);

function most(numbers) {
  const known = numbers.filter((number) => number !== null);
  return known.length > 0 ? Math.max(...known) : null;
}
