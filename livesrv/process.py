"""What the worker's and the back office's processes have in common: begin, run, end.

Crash-only: if anything that should run for ever ends, the process ends, and its supervisor starts
another one.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from livesrv.config import Config
from livesrv.ledger.store import Unavailable

log = logging.getLogger(__name__)

READY_FD = "LIVESRV_READY_FD"
CANCEL_AGAIN_S = 0.1
GC_THRESHOLDS = (20_000, 20, 50)
"""Under a torrent of orders, Python's own (700, 10, 10) cost a tenth of a worker's time: nearly all
that is made dies without the collector. 20,000 young objects are looked at in about 1 ms."""


class Ended(Exception):
    """A task that should run for ever has ended."""


def run(name: str, main: Callable[[Config], Coroutine[Any, Any, None]]) -> None:
    """Run one of our processes; its first argument is the path of the resolved configuration."""
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s {name} %(levelname)s %(message)s",
        stream=sys.stderr,
    )
    config = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Config)
    try:
        uvloop.run(main(config))
    except Ended as ended:
        log.error("%s", ended, exc_info=ended.__cause__)
        sys.exit(1)
    except Unavailable as away:
        log.error("cannot begin: %s", away)
        sys.exit(1)


def tell_ready() -> None:
    """Tell the supervisor that this process serves, and keep the garbage collector off the rest.

    What exists now lives as long as the process, so no collection needs to look at it again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    if READY_FD in os.environ:
        descriptor = int(os.environ.pop(READY_FD))
        os.write(descriptor, b"1")
        os.close(descriptor)


def stop_signal() -> asyncio.Event:
    """Set when the supervisor, or a person, asks this process to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def nothing() -> None:
    """What a process does before it ends when nobody has to be told."""


async def unless(stopped: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do `work`, or stop doing it when asked to stop; whether it was done."""
    working, waiting = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not working.done():
        await _end({working})
        return False
    working.result()
    return True


async def run_until(
    stopped: asyncio.Event,
    tasks: dict[str, Coroutine[Any, Any, None]],
    drain: Callable[[], Awaitable[None]] = nothing,
) -> None:
    """Run tasks until asked to stop; then drain while they still run, and end them.

    Raises `Ended` when one of them ends by itself, as soon as the others have ended too.
    """
    running = [asyncio.create_task(task, name=name) for name, task in tasks.items()]
    waiting = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait([*running, waiting], return_when=asyncio.FIRST_COMPLETED)
    ended = [task for task in running if task in done]
    if not ended:
        await drain()
    await _end(set(running))
    for task in ended:
        raise Ended(f"{task.get_name()} has ended") from task.exception()


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: Python 3.11's `wait_for` may swallow one cancellation."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=CANCEL_AGAIN_S)
