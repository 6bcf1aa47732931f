"""The generator's own event loop watched: a loop that lags makes the server look slow.

Invariant: every tick is recorded with how much later than asked it came, so a pause of any kind
(garbage collection, decoding, a busy core) shows in the maximum.
"""

import asyncio

from .books import Books
from .latency import Measure

TICK_MS = 20.0


async def watch_lag(books: Books) -> None:
    """Record the loop's lag until cancelled."""
    while True:
        due_ms = books.clock() + TICK_MS
        await asyncio.sleep(TICK_MS / 1000)
        books.latencies.record(Measure.LOOP_LAG, max(0.0, books.clock() - due_ms))
