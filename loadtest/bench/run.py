"""The bench as a whole: its rows one after the other, each with servers of its own.

Must not know what a row measures. Invariant: a row that could not be measured has failed, with the
reason; the others are measured all the same.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from ..client.api import Refusal, Unreachable
from .finding import Finding, Verdict
from .plan import FULL, QUICK, Sizes
from .report import machine
from .rows.crowd import big_room, deliveries, quiet_room
from .rows.fairness import fairness
from .rows.memory import memory
from .rows.saturation import saturation
from .rows.sizes import bytes_per_comment
from .rows.storm import storm
from .rows.workers import two_workers
from .servers import ALL_CORES, OTHER_CORE, NoServer, files_max, pin
from .show import NotReady
from .wire import Unreadable

Row = Callable[[Sizes], list[Finding]]

ROWS: dict[str, Row] = {
    "saturation": saturation,
    "deliveries": deliveries,
    "big-room": big_room,
    "quiet-room": quiet_room,
    "memory": memory,
    "storm": storm,
    "fairness": fairness,
    "two-workers": two_workers,
    "bytes": bytes_per_comment,
}
"""Every row by the name that `--rows` knows it by; `big-room` also times orders."""


def run(
    names: Sequence[str], console: Console, *, is_quick: bool = False
) -> tuple[list[Finding], dict[str, Any]]:
    """Measure the named rows; what they found, and the machine they were measured on."""
    described = machine(len(ALL_CORES), files_max())
    findings: list[Finding] = []
    with _on_our_core():
        for name in names:
            console.print(f"measuring {name}", markup=False)
            began_s = time.monotonic()
            found = _measure(name, QUICK if is_quick else FULL)
            findings += found
            for each in found:
                console.print(f"  {each.row}: {each.measured} {each.verdict.value}", markup=False)
            console.print(f"  took {time.monotonic() - began_s:.0f} s", markup=False)
    return findings, described


def _measure(name: str, sizes: Sizes) -> list[Finding]:
    try:
        return ROWS[name](sizes)
    except (NoServer, NotReady, Refusal, Unreachable, Unreadable, OSError) as error:
        reason = f"{type(error).__name__}: {error}"
        return [Finding(name, "not measured", "", Verdict.FAIL, {}, [reason])]


@contextmanager
def _on_our_core() -> Iterator[None]:
    """Leave the workers' core to the workers."""
    pin(os.getpid(), OTHER_CORE)
    try:
        yield
    finally:
        pin(os.getpid(), ALL_CORES)


def is_supported() -> bool:
    """Whether this system has what the bench stands on: epoll, pinning, /proc."""
    return hasattr(os, "sched_setaffinity") and Path("/proc/self/task").exists()
