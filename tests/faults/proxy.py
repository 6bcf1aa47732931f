"""A bad network between a client and a store: one TCP port that passes requests on, or does not.

Knows how a request is framed and nothing of what it asks. Invariant: what passes is passed whole
and in order, except where a fault says otherwise; faults are counted as they happen.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from enum import Enum
from random import Random
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

CHUNK_BYTES = 65_536
DELAY_MAX_S = 0.2
"""Delays and late repeats: long enough that others overtake."""
LOST = (OSError, EOFError, asyncio.IncompleteReadError)


class Fault(Enum):
    """What becomes of a request, of its reply, and of the connection that carries them."""

    SLOW_REQUEST = "the request comes late"
    SLOW_REPLY = "the reply comes late"
    SWALLOWED = "the request never comes, and nobody says so"
    CUT_BEFORE = "the connection ends before the request is passed on"
    CUT_AFTER = "the connection ends when the store has answered, before the reply"
    CUT_REPLY = "the connection ends in the middle of the reply"
    REPEATED = "the request comes once more, later, on a connection of its own"
    HALF_OPEN = "the store answers, and from then on nothing passes; the connection stays"


STALLING = (Fault.SWALLOWED, Fault.HALF_OPEN)
"""Those that a client only notices by waiting."""


class Request(NamedTuple):
    raw: bytes
    words: list[bytes]

    @property
    def is_post(self) -> bool:
        return self.words[0].upper() == b"FCALL"

    @property
    def is_look(self) -> bool:
        return self.words[0].upper() == b"HMGET"


Schedule = Callable[[Request], Fault | None]


def at_random(rng: Random, faults: Sequence[Fault], share: float) -> Schedule:
    """So large a share of all requests meets one of the faults."""

    def choose(request: Request) -> Fault | None:
        return rng.choice(faults) if rng.random() < share else None

    return choose


class Proxy:
    """`async with Proxy(store_url, rng) as proxy`: connect to `proxy.url`, set `proxy.schedule`."""

    def __init__(self, store_url: str, rng: Random) -> None:
        self.schedule: Schedule | None = None
        self.faults: Counter[Fault] = Counter()
        self._path = unquote(urlsplit(store_url).path)
        self._rng = rng
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"redis://{host}:{port}"

    def fault_of(self, request: Request) -> Fault | None:
        fault = self.schedule(request) if self.schedule else None
        if fault:
            self.faults[fault] += 1
        return fault

    def delay_s(self) -> float:
        return self._rng.uniform(0, DELAY_MAX_S)

    async def repeat_later(self, request: Request) -> None:
        """Send it again as somebody would who has reconnected; nobody reads the answer."""
        await asyncio.sleep(self.delay_s())
        with suppress(*LOST):
            reader, writer = await asyncio.open_unix_connection(self._path)
            writer.write(request.raw)
            await reader.read(CHUNK_BYTES)
            writer.close()

    def start(self, doing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.start(self._carry(reader, writer))

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One client's connection, to its end."""
        with suppress(*LOST):
            store = await asyncio.open_unix_connection(self._path)
            try:
                await _Link(self, (reader, writer), store).carry()
            finally:
                store[1].transport.abort()
        writer.transport.abort()


class _Link:
    """A client's connection and the store's behind it."""

    def __init__(
        self,
        proxy: Proxy,
        client: tuple[StreamReader, StreamWriter],
        store: tuple[StreamReader, StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_store, self._to_store = store
        self._reply_fault: Fault | None = None

    async def carry(self) -> None:
        """Return when either side has ended, or a fault has ended both."""
        ways = [asyncio.create_task(self._requests()), asyncio.create_task(self._replies())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _requests(self) -> None:
        while request := await read_request(self._from_client):
            fault = self._proxy.fault_of(request)
            if fault is Fault.CUT_BEFORE:
                return
            if fault is Fault.SWALLOWED:
                continue
            if fault is Fault.SLOW_REQUEST:
                await asyncio.sleep(self._proxy.delay_s())
            if fault is Fault.REPEATED and request.is_post:
                self._proxy.start(self._proxy.repeat_later(request))
            self._reply_fault = fault
            self._to_store.write(request.raw)
            await self._to_store.drain()
            if fault is Fault.HALF_OPEN:
                await asyncio.Event().wait()

    async def _replies(self) -> None:
        while chunk := await self._from_store.read(CHUNK_BYTES):
            fault, self._reply_fault = self._reply_fault, None
            if fault is Fault.HALF_OPEN:
                await asyncio.Event().wait()
            if fault is Fault.SLOW_REPLY:
                await asyncio.sleep(self._proxy.delay_s())
            if fault is Fault.CUT_REPLY:
                self._to_client.write(chunk[: len(chunk) // 2])
                return await self._to_client.drain()
            if fault is Fault.CUT_AFTER:
                return None
            self._to_client.write(chunk)
            await self._to_client.drain()
        return None


async def read_request(reader: StreamReader) -> Request | None:
    """One whole request: an array of strings. None at the connection's end."""
    head = await reader.readline()
    if not head:
        return None
    raw, words = [head], []
    for _ in range(int(head[1:])):
        size = await reader.readline()
        word = await reader.readexactly(int(size[1:]) + 2)
        raw += [size, word]
        words.append(word[:-2])
    return Request(b"".join(raw), words)
