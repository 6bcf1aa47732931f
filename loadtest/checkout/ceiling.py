"""How many entries a second the ledger itself takes: orders of this run, posted without a server.

The entries are orders like the last ones that the run's buyers placed, taken from the journal and
given new ids; they go to the ledger's function in full batches. They move the same accounts, in the
same room, in the same books, because only then is it the same work: a room of its own would have
another stock and other wallets, but neither fewer nor cheaper legs. So they are real orders: the
room's sequence goes on with them, the back office tells the room and pays commission, the audit
counts them. The buyers' own accounts must be compared before.

The back office follows the journal meanwhile, as it does while orders come through the server. On a
machine with few cores it takes time from the ledger, and the share of a core that the ledger had is
reported for that reason; each trial begins when the back office is done with the one before. Only
for a ledger that the harness was pointed at.

Invariant: every entry counted was answered as `posted`; any other answer ends the measurement.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from .machine import OutOfSight, busy_s, cpu_s, others_s

BATCH_ENTRIES = 128
"""As many as the server posts at most in one call, unless configured otherwise."""
IN_FLIGHT = (1, 2, 4)
SECONDS_EACH = 2.0
LINES_READ_MAX = 5_000
"""How far back in the journal the run's last orders are looked for."""
JOURNAL = "{ledger}:journal"
QUIET_S = 0.25
QUIET_SHARE_MAX = 0.1
"""Of a core, over `QUIET_S`: a back office that has nothing to do still looks at the journal."""
QUIET_WAIT_S_MAX = 20.0
_KNOWN_PLACE = "0"
"""We have been told of no place, so the ledger has nothing to compare."""


class Refused(Exception):
    """The ledger did not post an entry; the message is what it answered."""


@dataclass(frozen=True)
class Trial:
    """Entries a second with a number of calls in flight.

    `ledger_cpu` is the ledger's share of a core; `others_cores` is what neither the server nor the
    harness used, in cores.
    """

    in_flight: int
    entries_per_s: float
    ledger_cpu: float
    others_cores: float


class Template:
    """An order's journal line, in which id and order are blanks. Raises `OutOfSight`."""

    def __init__(self, raw: bytes) -> None:
        entry = json.loads(raw)
        try:
            order = str(entry["facts"]["order"]).encode()
        except KeyError as error:
            raise OutOfSight("an order in the journal does not name itself in its facts") from error
        identity = str(entry["id"]).encode()
        before, _, after = raw.partition(b'"' + identity + b'"')
        self._pieces = after.split(order)
        self._before = before + b'"' + identity.rpartition(b":")[0] + b":"
        if len(self._pieces) < 2 or order in before:
            raise OutOfSight("an order in the journal has another shape than expected")

    def fill(self, key: bytes, order: bytes) -> bytes:
        """The same order under another key."""
        return self._before + key + b'"' + order.join(self._pieces)


async def templates(store: Redis, room: str) -> list[Template]:
    """The last order of each buyer in the room. Raises `OutOfSight` when there is none."""
    found: dict[str, Template] = {}
    lines: Any = await store.xrevrange(JOURNAL, count=LINES_READ_MAX)
    for _, fields in lines:
        entry = json.loads(fields[b"entry"])
        if entry["kind"] == "order" and entry.get("room") == room:
            found.setdefault(entry["facts"]["user"]["id"], Template(fields[b"entry"]))
    if not found:
        raise OutOfSight("the ledger of --data-dir knows no order of this run")
    return list(found.values())


def entries(run: str, lines: Sequence[Template]) -> Iterator[bytes]:
    """Orders without end, of all buyers in turn."""
    for number, line in zip(count(), cycle(lines), strict=False):
        digits = b"%08d" % number
        yield line.fill(run.encode() + b"-c" + digits, b"o" + run.encode() + b"c" + digits)


async def measure(url: str, run: str, room: str, data_dir: Path | None) -> list[Trial]:
    """Post for a few seconds with each number of calls in flight.

    Raises `OutOfSight`, `Refused`.
    """
    stores = [Redis.from_url(url, protocol=2) for _ in range(max(IN_FLIGHT))]
    try:
        stream = entries(run, await templates(stores[0], room))
        trials = []
        for calls in IN_FLIGHT:
            await _quiet(data_dir)
            trials.append(await _trial(stores[:calls], stream, data_dir))
        return trials
    finally:
        for store in stores:
            await store.aclose()


async def _trial(stores: Sequence[Redis], stream: Iterator[bytes], data_dir: Path | None) -> Trial:
    began_s, before_s, busy_before_s = time.monotonic(), _all_cpu_s(data_dir), busy_s()
    ends_s = began_s + SECONDS_EACH
    posted = await asyncio.gather(
        *(_post_until(lambda: time.monotonic() >= ends_s, store, stream) for store in stores)
    )
    elapsed_s = time.monotonic() - began_s
    after_s, busy_spent_s = _all_cpu_s(data_dir), busy_s() - busy_before_s
    spent_s = {name: after_s[name] - before_s.get(name, 0.0) for name in after_s}
    return Trial(
        in_flight=len(stores),
        entries_per_s=sum(posted) / elapsed_s,
        ledger_cpu=spent_s.get("ledger", 0.0) / elapsed_s,
        others_cores=others_s(spent_s, busy_spent_s) / elapsed_s,
    )


async def _post_until(is_over: Callable[[], bool], store: Redis, stream: Iterator[bytes]) -> int:
    """Post batch after batch on one connection; returns how many entries were posted."""
    posted = 0
    while not is_over():
        batch = list(islice(stream, BATCH_ENTRIES))
        outcomes: Any = await store.fcall("post", 0, _KNOWN_PLACE, *batch)
        if wrong := [outcome for outcome in outcomes if not outcome.startswith(b"posted ")]:
            raise Refused(wrong[0].decode(errors="replace"))
        posted += len(outcomes)
    return posted


async def _quiet(data_dir: Path | None) -> None:
    """Wait until the back office has caught up, but not for ever."""
    deadline_s = time.monotonic() + QUIET_WAIT_S_MAX
    while time.monotonic() < deadline_s:
        before_s = cpu_s(data_dir).get("backoffice", 0.0)
        await asyncio.sleep(QUIET_S)
        if cpu_s(data_dir).get("backoffice", 0.0) - before_s <= QUIET_SHARE_MAX * QUIET_S:
            return


def _all_cpu_s(data_dir: Path | None) -> dict[str, float]:
    return {"harness": time.process_time(), **cpu_s(data_dir)}
