"""What goes on beside a run: its clock, Ctrl-C, and coroutines that never end.

Must not know what is measured. Invariant: nothing started here outlives its block.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from .books.books import Books, Clock

SWEEP_S = 0.25


def clock_ms() -> float:
    """Monotonic milliseconds. Not the loop's time, which stands still while a callback runs."""
    return time.monotonic_ns() / 1e6


def epoch_clock() -> Clock:
    """Milliseconds since the Unix epoch, as they were now, and monotonic from here on.

    Clocks of several machines agree as well as the machines do.
    """
    since_ms = time.time_ns() / 1e6 - clock_ms()
    return lambda: since_ms + clock_ms()


@contextmanager
def until_interrupted() -> Iterator[asyncio.Event]:
    """Set the event on the first Ctrl-C, so that a run cut short is still drained and reported."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    try:
        yield stop
    finally:
        loop.remove_signal_handler(signal.SIGINT)


@asynccontextmanager
async def alongside(*endless: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run endless coroutines during a block; if one fails, the block is cancelled.

    What the block itself raises comes out as it is, not in a group: somebody waits for it.
    """
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in endless]
        try:
            yield
        except Exception as error:
            failure = error
        finally:
            for task in tasks:
                task.cancel()
    if failure is not None:
        raise failure


async def sweep(books: Books) -> None:
    """Account for what has settled, again and again."""
    while True:
        await asyncio.sleep(SWEEP_S)
        books.sweep()
