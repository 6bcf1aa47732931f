"""One person's end of the wire: comes in, stays, and comes back, through however many connections.

Must not know why it is there, nor anything of the server but its URL; unlike `viewer`, it measures
nothing. Invariant: a command handed to `insist` is sent with the same content, again and again,
until it has been answered once.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from ..books.sequence import Place, Step, Tally

SUBPROTOCOL = Subprotocol("livesrv.v1.msgpack")
ANSWER_S = 10.0
CLOSE_S = 2.0
"""For a server's goodbye; one that is gone says none."""
PAUSE_FIRST_S = 0.2
PAUSE_MAX_S = 5.0
SETTLED_S = 5.0
"""A connection that lived this long did not fail."""
RETRY_MS = 500
RETRIED_CODES = frozenset({"busy", "rate_limited"})

Message = dict[str, Any]
Hear = Callable[[Message], None]


class Refused(Exception):
    """The server answered a command with an `error`."""

    def __init__(self, error: Message) -> None:
        super().__init__(error["message"])
        self.code: str = error["code"]
        self.retry_after_ms: int = error.get("retry_after_ms", RETRY_MS)


class Lost(Exception):
    """The connection went before the answer came; the command may have been carried out."""


TROUBLE = (OSError, TimeoutError, WebSocketException, Lost, Refused)
"""What ends a visit; the next one follows after a pause."""


class Client:
    """Somebody in one room; a guest without `token`. `hear` is given every `joined` and batch."""

    def __init__(
        self,
        url: str,
        room: str,
        random: Random,
        *,
        token: Callable[[], str] | None = None,
        hear: Hear = lambda message: None,
    ) -> None:
        """`token` is asked for every time, so that none grows old."""
        self.room = room
        self.tally = Tally()
        self._url = url
        self._random = random
        self._token = token
        self._hear = hear
        self._place = Place(self.tally)
        self._entered = asyncio.Event()
        self._connection: ClientConnection | None = None
        self._asked: dict[int, asyncio.Future[Message]] = {}
        self._next_id = 0
        self._moved_ms: int | None = None

    async def stay(self) -> None:
        """Be in the room until cancelled."""
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            since_s = clock()
            with suppress(*TROUBLE):
                await self._visit()
            failures = 0 if clock() - since_s > SETTLED_S else failures + 1
            await asyncio.sleep(self._pause_s(failures))

    async def entered(self) -> None:
        """Return as soon as this client is in the room."""
        await self._entered.wait()

    async def ask(self, command: Message) -> Message:
        """Send a command to the room; its reply. Raises `Refused`, and `Lost` without one."""
        if not self._entered.is_set():
            raise Lost
        return await self._send({"room": self.room, **command})

    async def insist(self, command: Message) -> Message:
        """The reply, however many connections it takes. Raises `Refused`."""
        while True:
            await self.entered()
            try:
                return await self.ask(command)
            except Lost:
                continue
            except Refused as refused:
                if refused.code not in RETRIED_CODES:
                    raise
                await asyncio.sleep(refused.retry_after_ms / 1000)

    async def _visit(self) -> None:
        """One connection, from its handshake to its end."""
        async with connect(
            self._url, subprotocols=[SUBPROTOCOL], compression=None, close_timeout=CLOSE_S
        ) as connection:
            self._connection = connection
            reading = asyncio.create_task(self._read(connection))
            try:
                async with asyncio.timeout(ANSWER_S):
                    await self._enter()
                await reading
            finally:
                self._forget()
                reading.cancel()

    async def _enter(self) -> None:
        token = {} if self._token is None else {"token": self._token()}
        await self._send({"type": "hello", **token})
        await self._join()

    async def _join(self) -> None:
        since = self._place.since()
        where = {} if since is None else {"since": since}
        await self._send({"type": "join", "room": self.room, **where})

    async def _send(self, command: Message) -> Message:
        if self._connection is None:
            raise Lost
        self._next_id += 1
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[self._next_id] = answer
        try:
            await self._connection.send(msgpack.packb({**command, "id": self._next_id}))
        except WebSocketException as error:
            raise Lost from error
        return await answer

    def _forget(self) -> None:
        self._connection = None
        self._entered.clear()
        self._place.leave()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Lost())
        self._asked.clear()

    async def _read(self, connection: ClientConnection) -> None:
        try:
            async for frame in connection:
                self._take(msgpack.unpackb(frame))
                if self._moved_ms is not None:
                    return
        finally:
            self._forget()

    def _take(self, message: Message) -> None:
        match message["type"]:
            case "batch":
                self._take_batch(message)
            case "joined":
                self._take_joined(message)
            case "moved":
                self._moved_ms = message["retry_after_ms"]
        if "id" in message:
            self._settle(message)

    def _take_joined(self, joined: Message) -> None:
        self._place.joined(joined["epoch"], joined["seq"], joined["recovered"])
        self._entered.set()
        self._hear(joined)

    def _take_batch(self, batch: Message) -> None:
        step = self._place.take(batch["epoch"], batch["seq"], len(batch["events"]), 0)
        if step is Step.TAKE:
            self._hear(batch)
        elif step is Step.REJOIN:
            asyncio.create_task(self._rejoin())  # noqa: RUF006 — ends with the connection

    async def _rejoin(self) -> None:
        try:
            await self._join()
        except TROUBLE:
            if self._connection is not None:
                await self._connection.close()

    def _settle(self, message: Message) -> None:
        answer = self._asked.pop(message["id"], None)
        if answer is None or answer.done():
            return
        if message["type"] == "error":
            answer.set_exception(Refused(message))
        else:
            answer.set_result(message)

    def _pause_s(self, failures: int) -> float:
        """Full jitter over an exponential; after `moved`, its hint and a little more."""
        if self._moved_ms is not None:
            hint_s, self._moved_ms = self._moved_ms / 1000, None
            return hint_s * self._random.uniform(1.0, 1.5)
        return self._random.random() * min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0**failures)
