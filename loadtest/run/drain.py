"""The end of a run: wait until what is under way has arrived, and learn where each room ends.

Where a room ends is what a fresh connection is told when it joins, not what the viewers believe.
Invariant: waiting is bounded by `DRAIN_S_MAX`; whoever has not caught up by then has lost events.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import WebSocketException

from ..books.books import Books
from ..books.settlement import is_shown
from ..client.audience import Audience
from ..client.batches import Batch
from ..client.commands import Commands, Refused
from ..client.connection import Connection
from ..client.viewer import Connect, Viewer

DRAIN_S_MAX = 20.0
QUIET_S = 1.0
"""Nothing arrived for this long: several times the longest pause between batches to expect."""
HOPELESS_S = 5.0
"""Everybody is in and nothing changed for this long: what has not come will not come."""
POLL_S = 0.25
ANSWER_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class End:
    """Where a room's reliable lane ends."""

    epoch: str
    seq: int


class _Observer:
    """A guest on a connection of its own, who only asks where rooms are."""

    def __init__(self, books: Books) -> None:
        self.commands = Commands(books)

    def take_batch(self, batch: Batch) -> None:
        pass

    def take_message(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self.commands.take_reply(message)

    def take_loss(self, connection: Connection, close_code: int) -> None:
        self.commands.suspend()


async def ends_of(books: Books, connect: Connect) -> dict[str, End]:
    """Ask a fresh connection where each room ends; empty when that cannot be learnt now."""
    observer = _Observer(books)
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            connection = await connect(observer, None)
            try:
                return await _ask_ends(connection, observer, list(books.rooms))
            finally:
                connection.close()
    except (OSError, TimeoutError, WebSocketException, Refused):
        return {}


async def _ask_ends(
    connection: Connection, observer: _Observer, room_ids: list[str]
) -> dict[str, End]:
    ask = observer.commands.ask
    await ask(connection, {"type": "hello"})
    ends = {}
    for room in room_ids:
        joined = await ask(connection, {"type": "join", "room": room})
        ends[room] = End(joined["epoch"], joined["seq"])
        await ask(connection, {"type": "leave", "room": room})
    return ends


class _Quiet:
    """How long nothing has changed."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._state: tuple[int, ...] = ()
        self._since_ms = books.clock()

    def seconds(self) -> float:
        books, tally = self._books, self._books.tally
        state = (books.deliveries.arrived_total, tally.delivered, tally.lost)
        if state != self._state:
            self._state, self._since_ms = state, books.clock()
        return (books.clock() - self._since_ms) / 1000


async def drain(books: Books, audience: Audience, connect: Connect) -> dict[str, End]:
    """Wait until everybody has everything, or time is up; return where the rooms end."""
    ends: dict[str, End] = {}
    quiet = _Quiet(books)
    deadline_ms = books.clock() + DRAIN_S_MAX * 1000
    while books.clock() < deadline_ms:
        await asyncio.sleep(POLL_S)
        books.sweep(settle_ms=0)
        quiet_s = quiet.seconds()
        if books.receipts.open_count or quiet_s < QUIET_S or not _all_in(audience):
            continue
        ends = await ends_of(books, connect) or ends
        if quiet_s >= HOPELESS_S or (ends and is_shown(books) and _all_reached(audience, ends)):
            break
    return ends or await ends_of(books, connect)


def settle(books: Books, audience: Audience, ends: dict[str, End]) -> None:
    """Close every member's account where its room ends, or where it was told to go."""
    books.sweep(settle_ms=-1)
    books.receipts.abandon_open()
    for viewer in audience.viewers:
        place = viewer.place
        if place.epoch is not None:
            end = ends.get(viewer.room)
            if end is None or viewer.is_gone:
                end = End(place.epoch, place.seq)
            place.settle(end.epoch, end.seq)


def _all_in(audience: Audience) -> bool:
    return all(viewer.is_gone or viewer.place.is_in for viewer in audience.viewers)


def _all_reached(audience: Audience, ends: dict[str, End]) -> bool:
    return all(viewer.is_gone or _has_reached(viewer, ends) for viewer in audience.viewers)


def _has_reached(viewer: Viewer, ends: dict[str, End]) -> bool:
    return not viewer.place.is_awaiting and viewer.place.seq >= ends[viewer.room].seq
