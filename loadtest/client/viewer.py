"""One viewer: enters a room, stays in it, and comes back when its connection is lost.

Must not know the schedule or the other viewers. It follows the wire's rules for clients: a batch
that does not fit is dropped and asked for again with `since`; a lost connection is replaced, after
a pause, where the close code allows it. Invariant: the room counts this viewer as a member exactly
while its place is in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from random import Random
from typing import Any

from websockets.exceptions import WebSocketException

from ..books.books import Books
from ..books.receipts import Purchase
from .batches import Batch, mark
from .commands import Answer, Commands, Refused, Said
from .connection import Connection, Peer
from .sequence import Place, Step

FINAL_CLOSE_CODES = frozenset({4400, 4401, 4403, 4409})
"""After these the wire forbids to come back with the same token, or at all."""
SLOW_CLOSE_CODES = frozenset({1013, 4429})
"""Full or flooding: come back later, and slower."""
BACKOFF_S = 0.2
BACKOFF_SLOW_S = 1.0
BACKOFF_MAX_S = 2.0
ANSWER_TIMEOUT_S = 10.0
"""For `hello` and for `join`; the server itself waits 5 s for a `hello`."""
MOVED_PAUSE_MAX_MS = 60_000
PHRASES = ("so sweet!", "two boxes please", "is it fresh today?", "hello from Lishui", "again!")
_TROUBLE = (OSError, TimeoutError, WebSocketException, Refused)

Connect = Callable[[Peer, str | None], Awaitable[Connection]]
"""Open a connection to the server, or to another URL. Raises `OSError`, `WebSocketException`."""


@dataclass(frozen=True)
class Door:
    """How viewers get in: `turn` bounds how many are on their way at once."""

    connect: Connect
    turn: AbstractAsyncContextManager[Any]


class Viewer:
    """A user with at most one connection, in one room."""

    def __init__(
        self, number: int, room: str, token: str, books: Books, door: Door, random: Random
    ) -> None:
        self.number = number
        self.room = room
        self.place = Place(books.tally)
        self.entered = asyncio.Event()
        self.close_code: int | None = None
        self._token = token
        self._books = books
        self._door = door
        self._random = random
        self._commands = Commands(books)
        self._connection: Connection | None = None
        self._lost = asyncio.Event()
        self._is_leaving = False
        self._moved_ms: float | None = None
        self._moved_url: str | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the server told it not to come back."""
        return self.close_code in FINAL_CLOSE_CODES

    async def stay(self) -> None:
        """Be in the room until `leave`, through as many connections as it takes."""
        failures = 0
        while not self._is_leaving and not self.is_gone:
            try:
                async with self._door.turn:
                    await self._enter()
                failures = 0
                await self._lost.wait()
            except _TROUBLE as trouble:
                failures += 1
                self._moved_url = None
                self._books.entry_failures[type(trouble).__name__] += 1
                self._abort()
            if not self._is_leaving and not self.is_gone:
                await asyncio.sleep(self._pause_s(failures))
        self._commands.end()

    def leave(self) -> None:
        self._is_leaving = True
        if self._connection:
            self._connection.close()

    def say(self, number: int) -> None:
        """Send comment `number`; its text carries the number, so that every viewer can time it."""
        text = mark(self._books.run, number) + PHRASES[number % len(PHRASES)]
        self._commands.say(Said(number, self.room), text)

    def buy(self, purchase: Purchase) -> None:
        self._commands.buy(purchase)

    def take_batch(self, batch: Batch) -> None:
        place = self.place
        step = place.take(batch.epoch, batch.seq, batch.event_count, batch.misplaced)
        self._books.arrive(batch, step)
        if step is Step.REJOIN:
            self._rejoin()

    def take_message(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "joined":
            self._take_joined(message)
        elif kind == "gap":
            self._books.deliveries.gap += message["shed"]
        elif kind == "moved":
            self._take_moved(message)
        if "id" in message:
            self._commands.take_reply(message)

    def take_loss(self, connection: Connection, close_code: int) -> None:
        """A connection has ended; whatever was asked on it is no longer under way."""
        if connection is not self._connection:
            return
        self._connection = None
        self.close_code = close_code
        if not self._is_leaving:
            self._books.close_codes[close_code] += 1
        if self.place.is_in:
            self._books.rooms[self.room].members -= 1
        self.place.leave()
        self._commands.suspend()
        self._lost.set()

    async def _enter(self) -> None:
        self._lost.clear()
        self._moved_ms = None
        connection = await self._door.connect(self, self._moved_url)
        self._connection = connection
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await self._commands.ask(connection, {"type": "hello", "token": self._token})
            await self._ask_to_join(connection)
        self._books.reconnects += self.entered.is_set()
        self.entered.set()
        self.close_code = None

    async def _ask_to_join(self, connection: Connection) -> None:
        """Ask until the room lets us in or has no hint when to ask again."""
        while True:
            try:
                await self._commands.ask(connection, self._join())
            except Refused as refused:
                if refused.retry_after_ms is None:
                    raise
                await asyncio.sleep(refused.retry_after_ms / 1000 * self._random.uniform(1.0, 1.5))
            else:
                return

    def _join(self) -> dict[str, Any]:
        since = self.place.since()
        join = {"type": "join", "room": self.room}
        return join if since is None else {**join, "since": since}

    def _rejoin(self) -> None:
        """Ask again for what did not fit; if that fails, a new connection will."""
        if self._connection:
            self._commands.ask(self._connection, self._join()).add_done_callback(self._rejoined)

    def _rejoined(self, answer: Answer) -> None:
        if answer.exception():
            self._abort()

    def _take_joined(self, message: dict[str, Any]) -> None:
        """At once, not when `_enter` wakes up: a batch may follow in the same bytes."""
        if not self.place.is_in:
            self._books.rooms[self.room].members += 1
        self.place.joined(message["epoch"], message["seq"], message["recovered"])
        if self._connection:
            self._commands.resume(self._connection)

    def _take_moved(self, message: dict[str, Any]) -> None:
        self._moved_ms = min(message["retry_after_ms"], MOVED_PAUSE_MAX_MS)
        self._moved_url = message.get("url")
        if self._connection:
            loop = asyncio.get_running_loop()
            loop.call_later(self._moved_ms / 1000, self._connection.close)

    def _abort(self) -> None:
        if self._connection:
            self._connection.abort()

    def _pause_s(self, failures: int) -> float:
        """Full jitter over an exponential pause; after `moved`, its hint and a little more."""
        if self._moved_ms is not None:
            return self._moved_ms / 1000 * self._random.uniform(1.0, 1.5)
        least = BACKOFF_SLOW_S if self.close_code in SLOW_CLOSE_CODES else 0.0
        most = min(BACKOFF_MAX_S, BACKOFF_S * 2 ** min(failures, 9))
        return least + self._random.uniform(0, most)
