"""A search carried out: trial by trial, to the answer.

Must not know how a trial is made: it is given a `Play`. Invariant: it ends, whatever trials do.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ..client.api import Unreachable
from ..process import TooFewFiles
from ..record.record import Machine, Record, Verdict
from .answer import Capacity, Tried, commonest_bottleneck, commonest_reason, tried
from .search import Ask, Bounds, End, Search

Play = Callable[[int, float], Awaitable[Record]]
"""A trial: so many viewers for so many seconds. May raise `Unreachable` and `TooFewFiles`."""

TRIAL_S, HOLD_S = 15.0, 45.0
REST_S = 3.0
"""Between two trials, so that the server has closed what the last one left open."""
OVERTIME_S = 300.0
"""What a trial may take beside its show: to let 100,000 in, to drain, to compare the ledger."""
SHORT_S = 1.0
"""A show that ended earlier by so much was interrupted."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is searched for, and how."""

    scenario: str
    url: str
    bounds: Bounds
    trial_s: float = TRIAL_S
    hold_s: float = HOLD_S
    rest_s: float = REST_S
    overtime_s: float = OVERTIME_S


class _Interrupted(Exception):
    """The search cannot go on; the message ends the answer's sentence."""


class _Gone(_Interrupted):
    """The server cannot be reached any more."""


async def find_capacity(terms: Terms, play: Play, show: Callable[[Tried], None]) -> Capacity:
    """Search; `show` is told of each trial when it has ended.

    Raises `Unreachable` when the first trial finds no server; one that goes away later ends the
    search, and the answer says so.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    search, trials = Search(terms.bounds), list[Tried]()
    seat = _Seat(terms, play)
    note, is_gone = None, False
    try:
        while (ask := search.next_trial()) is not None:
            await asyncio.sleep(terms.rest_s if trials else 0.0)
            begun_s = time.monotonic()
            trials.append(await seat.take(ask))
            search.tell(ask, trials[-1].verdict, time.monotonic() - begun_s)
            show(trials[-1])
    except _Interrupted as error:
        note, is_gone = str(error), isinstance(error, _Gone)
    end = End.UNSETTLED if note else search.end
    return Capacity(
        scenario=terms.scenario,
        url=terms.url,
        started_at=started_at,
        end=end,
        holds=search.holds,
        fails_at=search.fails_at,
        because=commonest_reason(trials, end, search.fails_at),
        bottleneck=commonest_bottleneck(trials, search.fails_at),
        machine=seat.machine,
        trials=trials,
        note=note or (_spent(search) if end is End.UNSETTLED else None),
        is_server_gone=is_gone,
    )


class _Seat:
    """Makes trials and turns whatever becomes of them into what was tried."""

    def __init__(self, terms: Terms, play: Play) -> None:
        self.machine: Machine | None = None
        self._terms = terms
        self._play = play
        self._has_played = False

    async def take(self, ask: Ask) -> Tried:
        seconds = self._terms.hold_s if ask.is_hold else self._terms.trial_s
        try:
            async with asyncio.timeout(seconds + self._terms.overtime_s):
                record = await self._play(ask.viewers, seconds)
        except TooFewFiles as error:
            return _invalid(ask, seconds, str(error))
        except TimeoutError:
            overtime = f"the trial had not ended {self._terms.overtime_s:g} s after its show"
            return _invalid(ask, seconds, overtime)
        except Unreachable as error:
            if not self._has_played:
                raise
            raise _Gone(f"the server was gone before {ask.viewers:,}: {error}") from error
        self._has_played = True
        self.machine = record.machine
        _check_length(record, seconds)
        return tried(record, ask.viewers, seconds, is_hold=ask.is_hold)


def _check_length(record: Record, seconds: float) -> None:
    """A show that somebody ended says nothing; one that ended as its crews were lost is invalid."""
    planned_s = min(seconds, float(record.scenario.get("duration_s", seconds)))
    is_lost = record.figures.get("generator.crews_lost", 0.0) > 0
    if record.seconds < planned_s - SHORT_S and not is_lost:
        raise _Interrupted(f"a trial was interrupted after {record.seconds:.0f} s")


def _invalid(ask: Ask, seconds: float, reason: str) -> Tried:
    return Tried(
        viewers=ask.viewers,
        seconds=seconds,
        is_hold=ask.is_hold,
        verdict=Verdict.INVALID,
        reason=reason,
    )


def _spent(search: Search) -> str:
    return f"ended after {search.trials} trials in {search.seconds:,.0f} s, the most allowed"
