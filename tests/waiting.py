"""Waiting in a test: on a condition, with a deadline."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

POLL_S = 0.01
CANCEL_AGAIN_S = 0.1


async def until(holds: Callable[[], object], *, within_s: float = 15.0) -> None:
    """Return as soon as `holds()` is true; fail when it is not so in time."""
    deadline_s = asyncio.get_running_loop().time() + within_s
    while not holds():
        assert asyncio.get_running_loop().time() < deadline_s, f"not so within {within_s} s"
        await asyncio.sleep(POLL_S)


async def until_awaited(holds: Callable[[], Awaitable[object]], *, within_s: float = 15.0) -> None:
    """The same for a condition that has to be awaited."""
    deadline_s = asyncio.get_running_loop().time() + within_s
    while not await holds():
        assert asyncio.get_running_loop().time() < deadline_s, f"not so within {within_s} s"
        await asyncio.sleep(POLL_S)


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks until they have ended: Python 3.11's `wait_for` may swallow one cancellation."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet reaped does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no /proc here, or it went in between
        return not Path("/proc/self").exists()
