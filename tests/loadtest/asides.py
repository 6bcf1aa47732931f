"""Crews that run beside a test instead of in processes of their own: the same code, quicker begun.

Everything but the boundary between processes is the real thing: messages are pickled and sent
over a socket pair, and a crew sees no more of its director than that.
"""

import asyncio
import os
import socket
from typing import cast

import pytest

from loadtest.crew.__main__ import Process
from loadtest.crew.crew import Crew
from loadtest.crew.messages import Assignment, receive
from loadtest.run import crews


class Aside:
    """Stands for the process of a crew."""

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self._task = task
        self.pid = os.getpid()
        self.returncode: int | None = None

    async def wait(self) -> int:
        await asyncio.wait([self._task])
        self.returncode = 0 if not self._task.cancelled() and not self._task.exception() else 1
        return self.returncode

    def kill(self) -> None:
        self._task.cancel()


async def _play(theirs: socket.socket) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=theirs)
    try:
        await Process(Crew(await receive(reader)), reader, writer).run()
    finally:
        writer.close()


async def _start(assignment: Assignment, on_beat: crews.OnBeat) -> crews.Link:
    ours, theirs = socket.socketpair()
    aside = Aside(asyncio.create_task(_play(theirs)))
    process = cast("asyncio.subprocess.Process", aside)
    link = crews.Link(assignment.crew, process, on_beat)
    await link.assign(ours, assignment)
    return link


@pytest.fixture
def asides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no processes."""
    monkeypatch.setattr("loadtest.run.crews._start", _start)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stub answers within milliseconds, so silence means something sooner.

    Whether this machine has time for tests is not what they judge.
    """
    monkeypatch.setattr("loadtest.run.drain.QUIET_S", 0.1)
    monkeypatch.setattr("loadtest.run.drain.HOPELESS_S", 0.4)
    monkeypatch.setattr("loadtest.run.drain.POLL_S", 0.03)
    monkeypatch.setattr("loadtest.run.run.LEAD_MS", 20.0)
    monkeypatch.setattr("loadtest.run.verdict.LATE_P99_MS_MAX", 10_000.0)
    monkeypatch.setattr("loadtest.run.verdict.CPU_PCT_MAX", 1_000.0)
