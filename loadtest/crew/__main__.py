"""The process of one crew: `python -m loadtest.crew FD`, the other end of a socket pair.

It ends when its director does: nothing is left behind.
"""

import asyncio
import signal
import socket
import sys

import uvloop

from ..alongside import alongside
from ..process import take_precedence
from .crew import Crew
from .messages import (
    AllCalled,
    Ask,
    Begin,
    Call,
    Dismiss,
    Entered,
    Finish,
    Left,
    Played,
    Stop,
    receive,
    send,
)

BEAT_S = 1.0


class Process:
    """One crew, told what to do by its director."""

    def __init__(
        self, crew: Crew, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._crew = crew
        self._reader = reader
        self._writer = writer
        self._stop = asyncio.Event()
        self._start_ms: float | None = None

    async def run(self) -> None:
        """Enter, then do as told until finished."""
        async with alongside(self._beat()), asyncio.TaskGroup() as group:
            group.create_task(self._enter())
            while await self._obey(group):
                pass

    async def _enter(self) -> None:
        await send(self._writer, Entered(await self._crew.enter()))

    async def _obey(self, group: asyncio.TaskGroup) -> bool:
        """Take one message; False when there is nothing more to do."""
        message = await receive(self._reader)
        if isinstance(message, Begin):
            self._start_ms = message.start_ms
            group.create_task(self._play(message.start_ms))
        elif isinstance(message, Call):
            self._crew.presence.call(message.people)
        elif isinstance(message, Dismiss):
            self._crew.presence.dismiss(message.people)
        elif isinstance(message, AllCalled):
            self._crew.all_called.set()
        elif isinstance(message, Stop):
            self._crew.all_called.set()  # nobody else will be
            self._stop.set()
        elif isinstance(message, Ask):
            standing = self._crew.standing(message.ends, wants_account=message.wants_account)
            await send(self._writer, standing)
        elif isinstance(message, Finish):
            account = self._crew.close(message.ends)
            await send(self._writer, self._crew.beat(None))  # what came since the last second
            await self._crew.leave()
            await send(self._writer, Left(account))
            return False
        return True

    async def _play(self, start_ms: float) -> None:
        await send(self._writer, Played(await self._crew.play(start_ms, self._stop)))

    async def _beat(self) -> None:
        """Tell of each second as it ends: of the show's when it has begun."""
        while True:
            now_ms, start_ms = self._crew.clock(), self._start_ms
            if start_ms is None or now_ms < start_ms:
                await asyncio.sleep(BEAT_S)
                number = None
            else:
                number = int((now_ms - start_ms) / 1000 / BEAT_S) + 1
                await asyncio.sleep((start_ms + number * BEAT_S * 1000 - now_ms) / 1000)
            await send(self._writer, self._crew.beat(number))


async def _main(fd: int) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=fd))
    crew = Crew(await receive(reader))
    await Process(crew, reader, writer).run()
    writer.close()
    await writer.wait_closed()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the director's to hear
    take_precedence()
    try:
        uvloop.run(_main(int(sys.argv[1])))
    except* (asyncio.IncompleteReadError, ConnectionError):
        pass  # the director is gone; a beat or an answer was to be sent, or a message awaited
