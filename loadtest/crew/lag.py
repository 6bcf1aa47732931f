"""The generator's own event loop watched: a loop that lags makes the server look slow.

Invariant: ticks are due at fixed moments, and each is recorded with how much later it came, those
that a pause of the loop swallowed included. A pause of one second is 50 late ticks, not one.
"""

import asyncio

from ..books.books import Books
from ..books.latency import Measure

TICK_MS = 20.0


async def watch_lag(books: Books) -> None:
    """Record the loop's lag until cancelled."""
    due_ms = books.clock() + TICK_MS
    while True:
        await asyncio.sleep(max(0.0, due_ms - books.clock()) / 1000)
        now_ms = books.clock()
        while due_ms <= now_ms:
            books.account.latencies.record(Measure.LOOP_LAG, now_ms - due_ms)
            due_ms += TICK_MS
