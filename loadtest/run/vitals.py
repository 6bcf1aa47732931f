"""What scrapes of the server amount to: its seconds, its processes, its stores, its figures. Pure.

Must not know how scrapes come. A process tells of itself once a second, at moments of its own: so
rates count by its own clock (`process_uptime_seconds`), and one that has told nothing new keeps
its last rate. Invariant: what was there before `begin` counts in nothing.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from ..record.record import Process
from .exposition import Scrape, family
from .moment import Moment, ProcessNow, StoreNow

STRETCH_SCRAPES = 3
"""A `Moment` is of so many seconds: less is a matter of when a process happened to look."""
MIB = 1024 * 1024
UPTIME = "process_uptime_seconds"
CPU = "process_cpu_seconds_total"
WAIT = "process_cpu_wait_seconds_total"
RESIDENT = "process_resident_bytes"
LAG = "loop_lag_seconds"
PING = "store_ping_seconds"
OLDEST = "ledger_oldest_seconds"
FLUSH_LAG = "flush_lag_seconds"
COMMAND = "command_seconds_bucket"
CALL = "ledger_call_longest_seconds"
STORE_CLOCK, STORE_CPU = "store_clock_seconds", "store_cpu_seconds_total"
HANDSHAKES, RELAY_LAG = "handshakes_total", "relay_lag_lines"
STORE_RESIDENT = "store_resident_bytes"
STORES = ("ledger", "bus")
WANTED = frozenset(
    {
        *(UPTIME, CPU, WAIT, RESIDENT, LAG, PING, OLDEST, FLUSH_LAG, COMMAND, CALL),
        *(STORE_CLOCK, STORE_CPU, STORE_RESIDENT, "store_cores", "process_cores"),
        *("process_open_files", "process_open_files_max", "connections", "connections_max"),
        *(HANDSHAKES, RELAY_LAG),
    }
)
"""Names of the samples that are read, without `livesrv_`."""

Keys = dict[str, float]


@dataclass(frozen=True)
class Sight:
    """A scrape, when it was made, and the machine's CPU seconds then, if the server is here."""

    at_s: float
    scrape: Scrape
    machine_busy_s: float | None = None


@dataclass
class _Course:
    """One process, or store, over the show. `first` and `last` are its clock and CPU seconds."""

    spent_s: float = 0.0
    passed_s: float = 0.0
    cpu_pct: float = 0.0
    """Of late."""
    cpu_pct_max: float = 0.0
    resident_bytes: float = 0.0
    lag_s: float = 0.0

    def note(self, before: Keys, now: Keys, clock: str, cpu: str) -> None:
        passed_s, spent_s = _grown(before, now, clock, clock), _grown(before, now, cpu, clock)
        if passed_s > 0:
            self.spent_s += spent_s
            self.passed_s += passed_s
            self.cpu_pct = 100 * spent_s / passed_s
            self.cpu_pct_max = max(self.cpu_pct_max, self.cpu_pct)

    def as_process(self, name: str) -> Process:
        mean_pct = 100 * self.spent_s / self.passed_s if self.passed_s else 0.0
        return Process(
            name, mean_pct, self.cpu_pct_max, self.resident_bytes / MIB, self.lag_s * 1000
        )


@dataclass
class _Worst:
    """The largest of what was seen."""

    values: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, value: float | None) -> None:
        if value is not None:
            self.values[name] = max(self.values.get(name, 0.0), value)


class Vitals:
    """Tell it of every scrape with `add`."""

    def __init__(self, cores: int) -> None:
        """`cores` are this machine's."""
        self._cores = cores
        self._last: Sight | None = None
        self._clear()

    def _clear(self) -> None:
        self._recent: deque[Sight] = deque(maxlen=STRETCH_SCRAPES + 1)
        self._courses: dict[str, _Course] = {}
        self._stores: dict[str, _Course] = {}
        self._worst = _Worst()
        self._answers = _Worst()
        self._buckets: Keys = {}
        self._second: dict[str, float | None] = {}
        self.moments: list[Moment] = []
        """One for each second, of the last `STRETCH_SCRAPES`."""

    def begin(self) -> None:
        """The show begins: what comes from now on counts, beside what stands now."""
        self._clear()
        if self._last:
            self._recent.append(self._last)

    def add(self, sight: Sight) -> None:
        before = self._recent[-1] if self._recent else None
        self._last = sight
        self._recent.append(sight)
        if before is None:
            return
        for name, now in sight.scrape.items():
            self._note_process(name, before.scrape.get(name, now), now)
        self._note_stores(before.scrape, sight.scrape)
        self._second = self._seen(sight.scrape)
        for name, value in self._second.items():
            self._worst.note(name, value)
        self._worst.note(FLUSH_LAG, _most(sight.scrape, FLUSH_LAG))
        self.moments.append(self._moment(self._recent[0], sight))

    @property
    def second(self) -> dict[str, float | None]:
        """The series of the record's timeline, of the last scrape."""
        return dict(self._second)

    def processes(self) -> list[Process]:
        """The server's processes, then its stores, whose `lag_max_ms` is 0: they have no loop."""
        both = [*sorted(self._courses.items()), *sorted(self._stores.items())]
        return [course.as_process(name) for name, course in both]

    def stores(self) -> dict[str, float]:
        """Each store's slowest answer, in milliseconds."""
        return {name: 1000 * slowest_s for name, slowest_s in self._answers.values.items()}

    def figures(self) -> dict[str, float]:
        """The figures `server.…`, as far as they were learnt."""
        worst = self._worst.values
        found = {
            "server.resident_mib": worst.get("server_resident_mib"),
            "server.lag_max_ms": worst.get("server_lag_ms"),
            "server.flush_lag_max_ms": _ms(worst.get(FLUSH_LAG)),
            "server.ledger_ping_max_ms": worst.get("server_ledger_ping_ms"),
            "server.ledger_oldest_max_ms": worst.get("server_ledger_oldest_ms"),
            "server.command_p99_ms": _ms(percentile(self._buckets, 0.99)),
            "server.cpu_pct_max": max(self._means_pct(), default=None),
        }
        return {name: value for name, value in found.items() if value is not None}

    def _means_pct(self) -> list[float]:
        """The mean of each process that told of its CPU time twice; stores are none of them."""
        told = (course for course in self._courses.values() if course.passed_s)
        return [course.as_process("").cpu_pct for course in told]

    # --- a scrape

    def _note_process(self, name: str, before: Keys, now: Keys) -> None:
        course = self._courses.setdefault(name, _Course())
        course.note(before, now, UPTIME, CPU)
        course.resident_bytes = max(course.resident_bytes, now.get(RESIDENT, 0.0))
        course.lag_s = max(course.lag_s, now.get(LAG, 0.0))
        for bound, _ in family(now, COMMAND):
            grown = _grown(before, now, f"{COMMAND} {bound}", UPTIME)
            self._buckets[bound] = self._buckets.get(bound, 0.0) + grown
        for store, took_s in family(now, PING):
            self._answers.note(store, took_s)

    def _note_stores(self, before: Scrape, now: Scrape) -> None:
        for store in STORES:
            if keys := _told(now, store):
                course = self._stores.setdefault(store, _Course())
                then = _told(before, store) or keys
                course.note(then, keys, f"{STORE_CLOCK} {store}", f"{STORE_CPU} {store}")
                resident_bytes = keys.get(f"{STORE_RESIDENT} {store}", 0.0)
                course.resident_bytes = max(course.resident_bytes, resident_bytes)

    def _seen(self, now: Scrape) -> dict[str, float | None]:
        stores = (_told(now, name).get(f"{STORE_RESIDENT} {name}", 0.0) for name in STORES)
        resident_bytes = sum(keys.get(RESIDENT, 0.0) for keys in now.values()) + sum(stores)
        courses = (course for name, course in self._courses.items() if name in now)
        return {
            "server_cpu_pct": max((course.cpu_pct for course in courses), default=None),
            "server_lag_ms": _ms(_most(now, LAG)),
            "server_resident_mib": resident_bytes / MIB if resident_bytes else None,
            "server_ledger_ping_ms": _ms(_most(now, _ping("ledger"))),
            "server_ledger_oldest_ms": _ms(_most(now, OLDEST)),
        }

    # --- a moment

    def _moment(self, then: Sight, now: Sight) -> Moment:
        busy_pct = _busy_pct(then, now, self._cores)
        pairs = {name: (then.scrape.get(name, k), k) for name, k in sorted(now.scrape.items())}
        return Moment(
            processes=tuple(self._process(name, *pair) for name, pair in pairs.items()),
            stores=tuple(self._store(name) for name in STORES if _most(now.scrape, _ping(name))),
            ledger_oldest_ms=1000 * self._middle(_most, OLDEST),
            relay_lag_lines=self._middle(_most, RELAY_LAG),
            turned_away=_turned_away(list(pairs.values())),
            machine_busy_pct=busy_pct,
            machine_cores=None if busy_pct is None else self._cores,
        )

    def _process(self, name: str, then: Keys, now: Keys) -> ProcessNow:
        which, cores = next(family(now, "process_cores"), (None, None))
        return ProcessNow(
            name=name,
            cpu_pct=_share_pct(then, now, UPTIME, CPU) or 0.0,
            wait_pct=_share_pct(then, now, UPTIME, WAIT),
            cores=_whole(cores),
            which=which,
            call_ms=1000 * self._middle(lambda scrape, key: scrape.get(name, {}).get(key), CALL),
            open_files=now.get("process_open_files"),
            open_files_max=now.get("process_open_files_max"),
            connections=now.get("connections", 0.0),
            connections_max=now.get("connections_max"),
        )

    def _store(self, name: str) -> StoreNow:
        then, now = (_told(sight.scrape, name) for sight in (self._recent[0], self._recent[-1]))
        which, cores = next(family(now, f"store_cores {name}"), (None, None))
        clock, cpu = f"{STORE_CLOCK} {name}", f"{STORE_CPU} {name}"
        return StoreNow(
            name=name,
            answer_ms=1000 * self._middle(_least, _ping(name)),
            cpu_pct=_share_pct(then, now, clock, cpu),
            cores=_whole(cores),
            which=which,
        )

    def _middle(self, of: Callable[[Scrape, str], float | None], key: str) -> float:
        """The median over the stretch, its begin aside: one stall is not how it was."""
        return median(of(sight.scrape, key) or 0.0 for sight in list(self._recent)[1:])


def _busy_pct(then: Sight, now: Sight, cores: int) -> float | None:
    if now.machine_busy_s is None or then.machine_busy_s is None or now.at_s <= then.at_s:
        return None
    return 100 * (now.machine_busy_s - then.machine_busy_s) / (now.at_s - then.at_s) / cores


def _turned_away(pairs: list[tuple[Keys, Keys]]) -> dict[str, float]:
    away: dict[str, float] = {}
    for then, now in pairs:
        for outcome, _ in family(now, HANDSHAKES):
            if grown := _grown(then, now, f"{HANDSHAKES} {outcome}", UPTIME):
                away[outcome] = away.get(outcome, 0.0) + grown
    away.pop("accepted", None)
    return away


def _share_pct(then: Keys, now: Keys, clock: str, spent: str) -> float | None:
    """How much of the time by a clock was spent; None without news, or where it is not told."""
    passed_s = _grown(then, now, clock, clock)
    if passed_s <= 0 or spent not in now:
        return None
    return 100 * _grown(then, now, spent, clock) / passed_s


def _grown(then: Keys, now: Keys, key: str, clock: str) -> float:
    """By how much a counter grew; all of it if its process began anew meanwhile."""
    has_begun_anew = now.get(clock, 0.0) < then.get(clock, 0.0)
    return now.get(key, 0.0) - (0.0 if has_begun_anew else then.get(key, 0.0))


def _told(scrape: Scrape, store: str) -> Keys:
    """The keys of the process that tells what a store uses; none when nobody does."""
    return next((keys for keys in scrape.values() if f"{STORE_CLOCK} {store}" in keys), {})


def _ping(store: str) -> str:
    return f"{PING} {store}"


def _most(scrape: Scrape, key: str) -> float | None:
    return max((keys[key] for keys in scrape.values() if key in keys), default=None)


def _least(scrape: Scrape, key: str) -> float | None:
    return min((keys[key] for keys in scrape.values() if key in keys), default=None)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def percentile(buckets: Keys, share: float) -> float | None:
    """From a histogram's cumulative counts by upper bound, between bounds on a straight line.

    Beyond the last finite bound it is that bound; None when nothing was counted.
    """
    rows = sorted((float(bound), count) for bound, count in buckets.items())
    if not rows or rows[-1][1] <= 0:
        return None
    wanted = share * rows[-1][1]
    place = bisect_left([count for _, count in rows], wanted)
    (low, below), (high, upto) = [(0.0, 0.0), *rows][place], rows[place]
    if high == float("inf"):
        return low
    return low + (high - low) * (wanted - below) / (upto - below)
