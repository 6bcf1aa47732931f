"""The live audit: checks every line as it comes, and stops money when one cannot be right.

Sees what it can see from where it started: that legs balance, that no floor breaks, that each
balance follows from the one before, that places and room numbers have no hole. Money stopped so is
started again by a person, after `livesrv audit` has found the books clean (`livesrv resume`).
Shows go on meanwhile: entries that move nothing are still taken.
"""

import asyncio
import logging
from collections import OrderedDict
from typing import Any, Generic, TypeVar

from redis.asyncio import Redis

from . import journal
from .entry import Line, breaks_floor
from .store import AWAY, META_KEY
from .tail import Tail

log = logging.getLogger(__name__)

REMEMBERED_MAX = 100_000
"""Balances and room numbers that are kept; of an account that was forgotten, the next is learnt."""
BLOCK_MS = 500
RETRY_S = 0.5
GATHER_S = 0.05
"""Between two looks, so that the publisher sets the pace at which the journal is read."""

K = TypeVar("K")
V = TypeVar("V")


class _Recent(Generic[K, V]):
    """The latest value of each of the names that were last used."""

    def __init__(self) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()

    def swap(self, name: K, value: V) -> V | None:
        """Set a value; returns the one before, if it is remembered."""
        before = self._values.pop(name, None)
        self._values[name] = value
        if len(self._values) > REMEMBERED_MAX:
            self._values.popitem(last=False)
        return before


class Watch:
    """Judges lines in order. Pure; what it has not seen yet it takes as it comes."""

    def __init__(self) -> None:
        self._place: int | None = None
        self._balances: _Recent[tuple[str, str], int] = _Recent()
        self._rooms: _Recent[str, int] = _Recent()

    def breach(self, line: Line) -> str | None:
        """What is wrong with the next line, None when nothing is."""
        found = self._broken_order(line) or self._broken_books(line)
        return f"place {line.place}: {found}" if found else None

    def _broken_order(self, line: Line) -> str | None:
        before, self._place = self._place, line.place
        if before is not None and line.place != before + 1:
            return f"it follows place {before}"
        if line.entry.room:
            last = self._rooms.swap(line.entry.room, line.room_seq)
            if last is not None and line.room_seq != last + 1:
                return f"room {line.entry.room} goes from {last} to {line.room_seq}"
        return None

    def _broken_books(self, line: Line) -> str | None:
        legs = line.entry.legs
        if len(legs) != len(line.after):
            return f"{len(legs)} legs, {len(line.after)} balances"
        sums: dict[str, int] = {}
        for leg, after in zip(legs, line.after, strict=True):
            account, asset, amount = leg.account, leg.asset, int(leg.amount)
            sums[asset] = sums.get(asset, 0) + amount
            before = self._balances.swap((account, asset), after)
            if before is not None and before + amount != after:
                return f"{account} {asset} goes from {before} by {amount} to {after}"
            if (after < 0 or leg.floor) and breaks_floor(leg, after):
                return f"{account} {asset} falls to {after}"
        odd = next((asset for asset, total in sums.items() if total), None)
        return odd and f"the legs in {odd} do not sum to zero"


async def watch(tail: Tail, after: int | None = None) -> None:
    """Watch the journal until cancelled, and stop money at a breach.

    From behind the place `after`, or from what is its end now.
    """
    judge, place = Watch(), after
    while True:
        try:
            if place is None:
                place = await journal.end(tail.store)
            for line in await tail.next(place, block_ms=BLOCK_MS):
                place = line.place
                if found := judge.breach(line):
                    await halt(tail, found)
            await asyncio.sleep(GATHER_S)
        except AWAY as error:
            log.warning("the live audit waits: %s", error)
            await asyncio.sleep(RETRY_S)


async def halt(tail: Tail, reason: str) -> None:
    """Take no more entries that move something, until somebody resumes."""
    log.critical("MONEY IS STOPPED: %s; see `livesrv audit`, then `livesrv resume`", reason)
    await tail.store.fcall("halt", 0, reason)


async def halted(store: Redis) -> str | None:
    """Why money is stopped, None when it is not."""
    reason: Any = await store.hget(META_KEY, "halted")
    return None if reason is None else bytes(reason).decode()


async def resume(store: Redis) -> None:
    """Let money move again."""
    await store.fcall("resume", 0)
