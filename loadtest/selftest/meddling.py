"""The generator starved, or robbed of a part, for real: its processes are stopped or killed.

Must not know what they are for. Invariant: what was stopped goes on when this returns or is
cancelled.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STOPPED_S = 0.12
RUNNING_S = 0.08
"""In turn: a generator that gets two fifths of the time, as beside a neighbour that takes more."""


def children(named: str) -> list[int]:
    """Our own child processes whose command line has the word `named`."""
    ours = os.getpid()
    table = _from_proc() if Path("/proc/self/stat").exists() else _from_ps()
    return [pid for pid, parent, command in table if parent == ours and named in command.split()]


async def starve(pids: list[int], for_s: float) -> None:
    """Let processes run only now and then for a while."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + for_s
    while loop.time() < end_s:
        with _stopped(pids):
            await asyncio.sleep(STOPPED_S)
        await asyncio.sleep(RUNNING_S)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextmanager
def _stopped(pids: list[int]) -> Iterator[None]:
    _signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _from_proc() -> Iterator[tuple[int, int, str]]:
    """(process, parent, command line) of every process that can be seen."""
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (directory / "stat").read_text().rpartition(")")[2].split()[1]
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            yield int(directory.name), int(parent), command


def _from_ps() -> Iterator[tuple[int, int, str]]:
    told = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    for line in told.stdout.splitlines():
        pid, parent, command = line.split(maxsplit=2)
        yield int(pid), int(parent), command
