"""The crews of a run as their director sees them: started, told what to do, listened to.

Must not know what crews do. Invariants: a crew that ends before its time, or does not answer in
time, is lost and named, and nobody waits for it any longer; no crew outlives its `Crews`.
"""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from ..books.account import Account
from ..crew.messages import (
    Ask,
    Assignment,
    Beat,
    Begin,
    End,
    Entered,
    Finish,
    Left,
    Played,
    Standing,
    Stop,
    receive,
    send,
)

ENTER_WITHIN_S = 120.0
"""And a second more for every 100 people of a crew: the slowest a server may let them in."""
PEOPLE_PER_S_LEAST = 100
PLAY_GRACE_S = 15.0
"""How much longer than the show a crew may take to say that it is over."""
ANSWER_WITHIN_S = 15.0
FINISH_WITHIN_S = 60.0
"""Closing all connections and handing over the account."""
END_WITHIN_S = 5.0

M = TypeVar("M")
OnBeat = Callable[[int, Beat], None]


class Link:
    """One crew's process; None when somebody else has started it."""

    def __init__(
        self, number: int, process: asyncio.subprocess.Process | None, on_beat: OnBeat
    ) -> None:
        self.number = number
        self.process = process
        self.is_lost = False
        self._on_beat = on_beat
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    async def assign(self, ours: socket.socket, assignment: Assignment) -> None:
        reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        self._listening = asyncio.create_task(self._listen(reader))
        await self.tell(assignment)

    async def tell(self, message: Any) -> None:
        if self._writer is not None and not self.is_lost:
            try:
                await send(self._writer, message)
            except ConnectionError:
                self.is_lost = True

    async def hear(self, kind: type[M], within_s: float) -> M | None:
        """The next message of a kind; None when the crew is lost, or was too slow and is now."""
        try:
            async with asyncio.timeout(within_s):
                while not self.is_lost or not self._messages.empty():
                    message = await self._messages.get()
                    if isinstance(message, kind):
                        return message
        except TimeoutError:
            self.is_lost = True
        return None

    async def end(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self.process is not None:
            await _end(self.process)
        if self._listening is not None:
            self._listening.cancel()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                message = await receive(reader)
                if isinstance(message, Beat):
                    self._on_beat(self.number, message)
                else:
                    self._messages.put_nowait(message)
                if isinstance(message, Left):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.is_lost = True
            self._messages.put_nowait(None)


Start = Callable[[Assignment, OnBeat], Awaitable[Link]]
"""Starts a crew, or reaches one that somebody else has started, and tells it its assignment."""


@dataclass(frozen=True)
class Apart:
    """Crews on several machines, and how long it takes until all of their people are called."""

    start: Start
    calling_s: float


class Crews:
    """All crews of a run. Use as a context; leaving it ends them."""

    def __init__(
        self, assignments: Sequence[Assignment], on_beat: OnBeat, apart: Apart | None = None
    ) -> None:
        self._assignments = assignments
        self._on_beat = on_beat
        self._start = apart.start if apart else _start
        self._calling_s = apart.calling_s if apart else 0.0
        self._links: list[Link] = []

    async def __aenter__(self) -> Self:
        try:
            for assignment in self._assignments:
                self._links.append(await self._start(assignment, self._on_beat))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(link.end() for link in self._links))

    @property
    def pids(self) -> list[int]:
        return [link.process.pid for link in self._links if link.process]

    def is_lost(self, crew: int) -> bool:
        return self._links[crew].is_lost

    def losses(self) -> list[str]:
        """Which crews were lost, a sentence each."""
        return [
            f"generator process {link.number + 1} of {len(self._links)} was lost" + _ended(link)
            for link in self._links
            if link.is_lost
        ]

    async def enter(self) -> list[Entered]:
        """Wait until the people who are there first are in, or each crew gave up on the rest."""
        people = self._assignments[0].scenario.viewers / len(self._links)
        within_s = self._calling_s + ENTER_WITHIN_S + people / PEOPLE_PER_S_LEAST
        return await self._hear(Entered, within_s)

    async def begin(self, start_ms: float) -> None:
        await self._tell(Begin(start_ms))

    async def stop(self) -> None:
        await self._tell(Stop())

    async def played(self, duration_s: float) -> list[Played]:
        return await self._hear(Played, duration_s + PLAY_GRACE_S)

    async def ask(self, ends: Mapping[str, End], *, wants_account: bool = False) -> list[Standing]:
        await self._tell(Ask(ends, wants_account))
        return await self._hear(Standing, ANSWER_WITHIN_S)

    async def finish(self, ends: Mapping[str, End]) -> list[Account]:
        """Close all books; the accounts of the crews that are left."""
        await self._tell(Finish(ends))
        return [left.account for left in await self._hear(Left, FINISH_WITHIN_S)]

    async def _tell(self, message: Any) -> None:
        await self._all(lambda link: link.tell(message))

    async def _hear(self, kind: type[M], within_s: float) -> list[M]:
        heard = await self._all(lambda link: link.hear(kind, within_s))
        return [each for each in heard if each is not None]

    async def _all(self, each: Callable[[Link], Awaitable[Any]]) -> list[Any]:
        return await asyncio.gather(*(each(link) for link in self._links))


def _ended(link: Link) -> str:
    code = link.process.returncode if link.process else None
    return "" if code is None else f" (exit code {code})"


async def _end(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), END_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _start(assignment: Assignment, on_beat: OnBeat) -> Link:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "loadtest.crew", str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            stdin=asyncio.subprocess.DEVNULL,
        )
    link = Link(assignment.crew, process, on_beat)
    await link.assign(ours, assignment)
    return link
