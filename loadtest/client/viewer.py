"""One viewer: enters a room, stays in it, and comes back when its connection is lost.

Must not know the schedule or the other viewers. It follows the wire's rules for clients: a batch
that does not fit is dropped and asked for again with `since`; a lost connection is replaced, after
a pause, where the close code allows it. No timer runs for a viewer that is in its room. Invariant:
the books count this viewer as a member of a room exactly while its place is in.
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from random import Random
from typing import Any

from websockets.exceptions import WebSocketException

from ..books.batches import Batch, mark
from ..books.books import Books
from ..books.latency import Measure
from ..books.receipts import Purchase
from ..books.sequence import Place, Step
from ..scenario.model import Kind
from .commands import Answer, Commands, Refused, Said
from .connection import Connection, Peer

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
LIKES = 5
"""Taps that one like command brings: a thumb's second."""
TEXT_CHARACTERS_MAX = 200
PHRASES = ("so sweet!", "two boxes please", "is it fresh today?", "hello from Lishui", "again!")
_TROUBLE = (OSError, TimeoutError, WebSocketException, Refused)
_OWN_ERRNOS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOMEM, errno.ENOBUFS}
)
"""Our own machine's limits, not the server's."""

Connect = Callable[[Peer, str | None], Awaitable[Connection]]
"""Open a connection to the server, or to another URL. Raises `OSError`, `WebSocketException`."""


@dataclass(frozen=True)
class Door:
    """How viewers get in: `turn` bounds how many are on their way at once."""

    connect: Connect
    turn: AbstractAsyncContextManager[Any]


class Viewer:
    """A person with at most one connection, in one room. Without a token it is a guest.

    A slow one is kept in accounts of its own: what it misses says nothing about the others.
    """

    def __init__(
        self,
        number: int,
        room: int,
        token: str | None,
        books: Books,
        door: Door,
        random: Random,
        *,
        is_slow: bool = False,
    ) -> None:
        self.number = number
        self.room = room
        self.close_code: int | None = None
        self.entered = asyncio.Event()
        self._is_slow = is_slow
        self._tally = books.account.slow_tally if is_slow else books.account.tally
        self.place = Place(self._tally)
        self._token = token
        self._books = books
        self._account = books.account
        self._door = door
        self._random = random
        self._commands = Commands(books)
        self._commands.end()  # what it is to do before it comes is skipped
        self._connection: Connection | None = None
        self._lost = asyncio.Event()
        self._lost_ms: float | None = None
        self._stay: asyncio.Task[None] | None = None
        self.is_leaving = True
        self._is_dropped = False
        self._moved_ms: float | None = None
        self._moved_url: str | None = None

    # --- presence

    @property
    def room_id(self) -> str:
        return self._books.room_ids[self.room]

    @property
    def is_gone(self) -> bool:
        """Whether the server told it not to come back."""
        return self.close_code in FINAL_CLOSE_CODES

    @property
    def is_wanted(self) -> bool:
        """Whether it means to be in its room now, and may."""
        return not self.is_leaving and not self.is_gone

    def come(self) -> None:
        """Begin a visit; nothing while one goes on."""
        if not self.is_leaving:
            return
        self.is_leaving = False
        self._commands = Commands(self._books)
        self._stay = asyncio.create_task(self._remain(self._stay))

    def go(self) -> None:
        """End the visit: nothing is owed from here on."""
        self.is_leaving = True
        self.settle(self.place.epoch, self.place.seq)
        if self._connection:
            self._connection.close()
        self._lost.set()

    def drop(self) -> None:
        """Lose the connection without a word, as a phone in a tunnel does, and come back."""
        self._is_dropped = self._connection is not None
        self._abort()

    def move(self, room: int) -> None:
        """Go over to another room, on the same connection where there is one."""
        is_in, left = self.place.is_in, self.room_id
        self.settle(self.place.epoch, self.place.seq)
        self.room = room
        if is_in and self._connection:
            leaving = {"type": "leave", "room": left}
            self._commands.ask(self._connection, leaving).add_done_callback(_forgive)
            self._rejoin()

    def settle(self, epoch: str | None, last_seq: int) -> None:
        """Close the account of this visit where its room ends; the next begins afresh."""
        if self.place.is_in:
            self._mark_out()
        if self.place.epoch is not None and epoch is not None:
            self.place.settle(epoch, last_seq)
        self.place = Place(self._tally)

    def read_on(self, is_wanted: bool) -> None:
        if self._connection:
            self._connection.read_on(is_wanted)

    async def gone(self) -> None:
        """Wait until the visit that was ended is over."""
        if self._stay:
            await self._stay

    def cancel(self) -> None:
        if self._stay:
            self._stay.cancel()

    # --- acts

    def say(self, number: int, intended_ms: float, size: int = 0) -> None:
        """Send comment `number`; its text tells who receives it when it was to be sent."""
        now_ms = self._books.clock()
        text = mark(self._books.run, number, now_ms - intended_ms) + PHRASES[number % len(PHRASES)]
        text = text.ljust(min(size, TEXT_CHARACTERS_MAX), ".")
        said = Said(Kind.COMMENT, number, self.room, now_ms)
        self._commands.say(said, {"type": "comment", "room": self.room_id, "text": text})

    def like(self, number: int, taps: int = LIKES) -> None:
        said = Said(Kind.LIKE, number, self.room, 0.0)
        self._commands.say(said, {"type": "like", "room": self.room_id, "count": taps})

    def pin(self, number: int, offer: str, is_up: bool) -> None:
        said = Said(Kind.PIN, number, self.room, 0.0)
        kind = "pin" if is_up else "unpin"
        self._commands.say(said, {"type": kind, "room": self.room_id, "offer": offer})

    def buy(self, purchase: Purchase) -> None:
        self._commands.buy(purchase)

    # --- what comes

    def take_batch(self, batch: Batch) -> None:
        place = self.place
        if batch.room != self.room_id:
            self._books.arrive(batch, Step.DROP)  # of the room it has just left
            return
        step = place.take(batch.epoch, batch.seq, batch.event_count, batch.misplaced)
        self._books.arrive(batch, Step.DROP if self._is_slow else step)
        if step is Step.REJOIN:
            self._rejoin()

    def take_message(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "joined":
            self._take_joined(message)
        elif kind == "gap":
            self._take_gap(message)
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
        if not self.is_leaving:
            if not self._is_dropped:
                self._account.close_codes[close_code] += 1
            self._account.counts["gone"] += self.is_gone
            self._lost_ms = self._books.clock()
        self._is_dropped = False
        if self.place.is_in:
            self._mark_out()
        self._commands.suspend()
        self._lost.set()

    async def _remain(self, last_visit: asyncio.Task[None] | None) -> None:
        """Be in the room until `go`, through as many connections as it takes."""
        if last_visit:
            await last_visit
        failures = 0
        while self.is_wanted:
            try:
                async with self._door.turn:
                    if self.is_wanted:
                        await self._enter()
                failures = 0
                await self._lost.wait()
            except _TROUBLE as trouble:
                failures += 1
                self._moved_url = None
                if self.is_wanted:
                    self._note(trouble)
                self._abort()
            if self.is_wanted:
                await asyncio.sleep(self._pause_s(failures))
        if self._connection:
            self._connection.close()
        self._commands.end()

    async def _enter(self) -> None:
        self._lost.clear()
        self._moved_ms = None
        began_ms = self._books.clock()
        connection = await self._door.connect(self, self._moved_url)
        self._connection = connection
        self._books.record(Measure.CONNECT, began_ms)
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            began_ms = self._books.clock()
            await self._commands.ask(connection, self._hello())
            self._books.record(Measure.HELLO, began_ms)
            began_ms = self._books.clock()
            await self._ask_to_join(connection)
            if self.is_wanted:
                self._books.record(Measure.JOIN, began_ms)

    def _hello(self) -> dict[str, Any]:
        return {"type": "hello"} | ({"token": self._token} if self._token else {})

    def _note_entry(self) -> None:
        if not self._is_slow:
            self._books.came(self.room)
        if self._lost_ms is not None:
            self._account.counts["reconnects"] += 1
            self._books.record(Measure.REJOIN, self._lost_ms)
            self._lost_ms = None
        self.entered.set()
        self.close_code = None

    def _note(self, trouble: Exception) -> None:
        name = type(trouble).__name__
        if isinstance(trouble, OSError) and trouble.errno:
            name = errno.errorcode.get(trouble.errno, name)
            self._account.counts["own_failures"] += trouble.errno in _OWN_ERRNOS
        if isinstance(trouble, Refused):
            name = str(trouble)
        self._account.entry_failures[name] += 1

    async def _ask_to_join(self, connection: Connection) -> None:
        """Ask until it is in the room, be it another one meanwhile, or is told not to ask again."""
        while self.is_wanted and not self.place.is_in:
            try:
                await self._commands.ask(connection, self._join())
            except Refused as refused:
                if refused.retry_after_ms is None:
                    raise
                await asyncio.sleep(refused.retry_after_ms / 1000 * self._random.uniform(1.0, 1.5))

    def _join(self) -> dict[str, Any]:
        since = self.place.since()
        join = {"type": "join", "room": self.room_id}
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
        if message["room"] != self.room_id or self.is_leaving:
            return
        if not self.place.is_in:
            self._note_entry()
        self.place.joined(message["epoch"], message["seq"], message["recovered"])
        if self._connection:
            self._commands.resume(self._connection)

    def _take_gap(self, message: dict[str, Any]) -> None:
        if self._is_slow:
            self._account.counts["slow_gap"] += message["shed"]
        else:
            self._account.deliveries.gap += message["shed"]

    def _take_moved(self, message: dict[str, Any]) -> None:
        self._moved_ms = min(message["retry_after_ms"], MOVED_PAUSE_MAX_MS)
        self._moved_url = message.get("url")
        self._account.counts["turned_away"] += not self.place.is_in
        if self._connection:
            loop = asyncio.get_running_loop()
            loop.call_later(self._moved_ms / 1000, self._connection.close)

    def _mark_out(self) -> None:
        if not self._is_slow:
            self._books.went(self.room)
        self.place.leave()

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


def _forgive(answer: Answer) -> None:
    """Whatever became of it: a lost connection is noticed elsewhere."""
    if not answer.cancelled():
        answer.exception()
