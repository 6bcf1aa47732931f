"""Names what was at its limit while a show ran, in one sentence. Pure.

Each moment is judged by itself, in the order of `JUDGES`: what comes first can cause what comes
later, not the other way about. A wall somebody set (files, connections, handshakes) turns people
away whatever else there is; a core that is full makes every answer late, those of the stores too,
so that a store is only blamed by an asker who had time to listen. What was found in most moments
is named, with what was measured in these. Invariant: nothing is named that was not at its limit
for `AT_LEAST` moments, and at its limit means beyond a threshold that stands here with its reason.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..run.moment import Moment, ProcessNow, StoreNow

AT_LEAST = 3
"""Moments: they are a second apart and of three seconds each, so it lasted."""
FILES_FULL_PCT = 98.0
"""Of its open files, or of its connections: the last ones go to stores, HTTP and those leaving."""
CORE_FULL_PCT = 90.0
"""An event loop that is busy for 9 of 10 ms makes what arrives wait ten times its own work (1 / (1
- use)); beyond, the delays grow with every further percent."""
SHARED_FULL_PCT = 85.0
"""Of cores that several processes share: switching between them, the supervisor and the kernel's
own work are not in their figures, and took 5 to 10 % where all were pinned to one core."""
SHARED_WAITED_PCT = 50.0
"""The same where one of them also waited for its turn, and the machine has other cores that they
may not use: beside them somebody else, often the harness itself, was on their core too."""
WAITED_PCT = 20.0
"""Of the time, ready to run without a core: a server with cores to spare waited 5 to 16 %."""
WANTED_PCT = 50.0
"""CPU and waiting: who wants less than half a core is not held up by a lack of cores."""
NEVER_IDLE_PCT = 95.0
"""CPU and waiting: whoever has the core meanwhile, the process always has something to do."""
MOSTLY_PCT = 75.0
"""CPU of one that is never idle, so that its own work, rather than the waiting, is what counts."""
HELD_PCT = 80.0
"""The same where nothing else says that the cores are full."""
MACHINE_FULL_PCT = 95.0
"""Of all cores: what is left are moments in which nobody happens to be ready."""
SLOW_MS = 50.0
"""For the slowest call in each second, or for a store's every answer. A disk that syncs in 1 to 5
ms stayed below 16 at saturation; 50 is as long as a busy room gathers, so people can see it."""
IDLE_ENOUGH_PCT = 70.0
"""CPU and waiting: an asker with less to do sees an answer when it comes."""
OLDEST_MS = 500.0
"""For an entry to wait for its turn at the ledger: half the time after which orders feel slow."""
RELAY_LAG_LINES = 500.0
"""A tenth of a second of what the ledger can post, and still there after three seconds."""
STORES = {"ledger": "the ledger's store", "bus": "the bus store"}
WALLS = {
    "full": "connections_max",
    "handshakes_per_s": "handshakes_per_s",
    "connections_per_address_max": "connections_per_address_max",
}
"""Why handshakes are turned away by a limit that can be set, and which."""


class Limit(NamedTuple):
    """`what` tells limits apart; `says` makes the sentence from the mean of `figures`."""

    what: str
    figures: tuple[float, ...]
    says: Callable[..., str]


def name_bottleneck(moments: Sequence[Moment]) -> str | None:
    """What was at its limit in most moments, with figures; None when nothing was.

    Of two that were there equally often, the one that could cause the other.
    """
    ranked = [found for moment in moments if (found := judge(moment))]
    if not ranked:
        return None
    counts = Counter((rank, limit.what) for rank, limit in ranked)
    worst, count = min(counts.items(), key=lambda each: (-each[1], each[0]))
    if count < AT_LEAST:
        return None
    limits = [limit for rank, limit in ranked if (rank, limit.what) == worst]
    columns = zip(*(limit.figures for limit in limits), strict=True)
    return limits[-1].says(*(sum(column) / count for column in columns))


def judge(moment: Moment) -> tuple[int, Limit] | None:
    """What was at its limit in one moment: the first in the order of `JUDGES`, and its rank."""
    found = ((rank, limit) for rank, judged in enumerate(JUDGES) for limit in judged(moment))
    return next(found, None)


# --- walls


def _files(moment: Moment) -> Iterator[Limit]:
    for process in moment.processes:
        files, files_max = process.open_files, process.open_files_max
        if files and files_max and 100 * files >= FILES_FULL_PCT * files_max:
            yield Limit(
                f"files {process.name}",
                (files, files_max),
                lambda has, most, name=process.name: (
                    f"{name} has {has:,.0f} of its {most:,.0f} files open"
                ),
            )


def _connections(moment: Moment) -> Iterator[Limit]:
    for process in moment.processes:
        has, most = process.connections, process.connections_max
        if most and 100 * has >= FILES_FULL_PCT * most:
            yield Limit(
                f"connections {process.name}",
                (has, most),
                lambda has, most, name=process.name: (
                    f"{name} has {has:,.0f} of its {most:,.0f} connections (connections_max)"
                ),
            )


def _handshakes(moment: Moment) -> Iterator[Limit]:
    for why, count in sorted(moment.turned_away.items(), key=lambda each: -each[1]):
        if why in WALLS:
            yield Limit(
                f"handshakes {why}",
                (count,),
                lambda count, wall=WALLS[why]: (
                    f"the server turned away {count:,.0f} handshakes in 3 s ({wall})"
                ),
            )


# --- cores


def _shared_cores(moment: Moment) -> Iterator[Limit]:
    """Processes, and stores of the same machine, that may use the same cores, and fewer of them."""
    for which, cores in {p.which: p.cores or 0 for p in moment.processes if p.cores}.items():
        processes = [each for each in moment.processes if each.which == which]
        stores = [each for each in moment.stores if each.which == which]
        used_pct = _sum_pct([*processes, *stores]) / cores
        is_narrow = moment.machine_cores is not None and cores < moment.machine_cores
        is_held_up = is_narrow and any(map(_is_held_up, processes))
        full_pct = SHARED_WAITED_PCT if is_held_up else SHARED_FULL_PCT
        if len(processes) + len(stores) > cores and used_pct >= full_pct:
            yield Limit(f"shared {which}", (used_pct,), _says_shared(cores))


def _says_shared(cores: int) -> Callable[..., str]:
    them = "it" if cores == 1 else "them"

    def says(used_pct: float) -> str:
        rest = "" if used_pct >= SHARED_FULL_PCT else "; others had the rest"
        used = f"{min(used_pct, 100):.0f} % of {them}{rest}"
        return f"the server's processes share {_counted(cores)} and used {used}"

    return says


def _process(moment: Moment) -> Iterator[Limit]:
    for process in sorted(filter(_is_full, moment.processes), key=lambda each: -each.cpu_pct):
        yield Limit(
            f"process {process.name}",
            (process.cpu_pct,),
            lambda cpu_pct, name=process.name: f"{name} used {min(cpu_pct, 100):.0f} % of its core",
        )


def _is_full(process: ProcessNow) -> bool:
    is_never_idle = process.cpu_pct + (process.wait_pct or 0.0) >= NEVER_IDLE_PCT
    return process.cpu_pct >= CORE_FULL_PCT or (is_never_idle and process.cpu_pct >= MOSTLY_PCT)


def _machine(moment: Moment) -> Iterator[Limit]:
    """The server wants more than it gets, and all cores of its machine are busy."""
    busy_pct, cores = moment.machine_busy_pct, moment.machine_cores
    if busy_pct is None or cores is None or busy_pct < MACHINE_FULL_PCT:
        return
    if any(map(_is_held_up, moment.processes)):
        used = _sum_pct([*moment.processes, *moment.stores]) / 100
        yield Limit(
            "machine",
            (busy_pct, used),
            lambda busy_pct, used: (
                f"the machine was {min(busy_pct, 100):.0f} % busy, and the server's processes had "
                f"{used:.1f} of its {_counted(cores)}"
            ),
        )


def _held_up(moment: Moment) -> Iterator[Limit]:
    """Something that is not seen from here has the cores of a process."""
    for process in sorted(moment.processes, key=lambda each: -(each.wait_pct or 0)):
        wait_pct = process.wait_pct or 0.0
        if _is_held_up(process) and process.cpu_pct + wait_pct >= HELD_PCT:
            yield Limit(
                f"held {process.name}",
                (wait_pct, process.cpu_pct),
                lambda wait_pct, cpu_pct, name=process.name: (
                    f"{name} waited {wait_pct:.0f} % of the time for a core that others used, and "
                    f"ran for {cpu_pct:.0f} % of it"
                ),
            )


def _is_held_up(process: ProcessNow) -> bool:
    wait_pct = process.wait_pct or 0.0
    return wait_pct >= WAITED_PCT and process.cpu_pct + wait_pct >= WANTED_PCT


# --- stores


def _full_store(moment: Moment) -> Iterator[Limit]:
    for store in moment.stores:
        if store.cpu_pct is not None and store.cpu_pct >= CORE_FULL_PCT:
            yield Limit(
                f"store {store.name}",
                (store.cpu_pct,),
                lambda cpu_pct, name=STORES[store.name]: (
                    f"{name} used {min(cpu_pct, 100):.0f} % of its core"
                ),
            )


def _slow_ledger(moment: Moment) -> Iterator[Limit]:
    """By its slowest calls as an asker with time saw them; by its answers when nobody called."""
    askers = [each for each in moment.processes if _is_idle_enough(each)]
    asker = max(askers, key=lambda each: each.call_ms, default=None)
    if asker is None:
        return
    answer_ms = max([asker.call_ms, *(s.answer_ms for s in moment.stores if s.name == "ledger")])
    if answer_ms >= SLOW_MS:
        yield _slow("ledger", answer_ms, asker)


def _slow_bus(moment: Moment) -> Iterator[Limit]:
    askers = sorted(filter(_is_idle_enough, moment.processes), key=lambda each: -each.cpu_pct)
    for store in moment.stores:
        if store.name == "bus" and store.answer_ms >= SLOW_MS and askers:
            yield _slow("bus", store.answer_ms, askers[0])


def _slow(store: str, answer_ms: float, asker: ProcessNow) -> Limit:
    return Limit(
        f"slow {store}",
        (answer_ms, asker.cpu_pct),
        lambda answer_ms, cpu_pct: (
            f"{STORES[store]} took {answer_ms:,.0f} ms to answer while {asker.name} used "
            f"{cpu_pct:.0f} % of its core"
        ),
    )


def _is_idle_enough(process: ProcessNow) -> bool:
    return process.cpu_pct + (process.wait_pct or 0.0) < IDLE_ENOUGH_PCT


def _queue(moment: Moment) -> Iterator[Limit]:
    if moment.ledger_oldest_ms >= OLDEST_MS:
        yield Limit(
            "queue",
            (moment.ledger_oldest_ms,),
            lambda oldest_ms: f"entries waited {oldest_ms:,.0f} ms for their turn at the ledger",
        )


def _relay(moment: Moment) -> Iterator[Limit]:
    if moment.relay_lag_lines >= RELAY_LAG_LINES:
        yield Limit(
            "relay",
            (moment.relay_lag_lines,),
            lambda lines: f"the rooms were told {lines:,.0f} lines of the journal too late",
        )


def _sum_pct(parts: Sequence[ProcessNow | StoreNow]) -> float:
    return sum(part.cpu_pct or 0.0 for part in parts)


def _counted(cores: int) -> str:
    return f"{cores} core{'s' * (cores > 1)}"


JUDGES = (
    *(_files, _connections, _handshakes),
    *(_shared_cores, _process, _machine, _full_store, _held_up),
    *(_slow_ledger, _slow_bus, _queue, _relay),
)
