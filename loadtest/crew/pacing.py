"""The schedule carried out: each action at its intended moment, whatever the server does.

Open loop: nothing here waits for an answer or knows of one. Invariant: actions leave in the order
of their intended moments, none early; how late they left is recorded, so that a generator that
could not keep up is seen.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

from ..books.books import Books
from ..books.latency import Measure

BURST_MAX = 64
"""Sends without letting the loop read; when behind, reading must not wait for sending."""
NAP_MS_MIN = 1.0
"""uvloop's timers count whole milliseconds. A shorter nap is none at all, and to ask again and
again until the moment comes takes a core that the server may need."""
NAP_MS_MAX = 200.0
"""How long an interruption may have to wait where moments are far apart."""

T = TypeVar("T")


async def pace(
    actions: Iterator[tuple[float, T]],
    duration_ms: float,
    do: Callable[[T], None],
    books: Books,
    stop: asyncio.Event,
) -> None:
    """Do every action at `books.start_ms` plus its moment; end with the duration, or on `stop`."""
    for place, (moment_ms, action) in enumerate(actions):
        intended_ms = books.start_ms + moment_ms
        if place % BURST_MAX == 0:
            await asyncio.sleep(0)
        await _reach(intended_ms, books, stop)
        if stop.is_set():
            return
        late_ms = books.clock() - intended_ms
        do(action)
        books.account.latencies.record(Measure.SENT_LATE, late_ms)
    await _reach(books.start_ms + duration_ms, books, stop)


async def _reach(moment_ms: float, books: Books, stop: asyncio.Event) -> None:
    """Sleep until a moment, or up to a millisecond longer.

    More than once where needed, since a timer may fire up to a millisecond early.
    """
    wait_ms = moment_ms - books.clock()
    while wait_ms > 0 and not stop.is_set():
        await asyncio.sleep(max(NAP_MS_MIN, min(wait_ms, NAP_MS_MAX)) / 1000)
        wait_ms = moment_ms - books.clock()
