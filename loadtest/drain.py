"""The end of a run: wait until what is under way has arrived, and learn where each room ends.

Where a room ends is what a fresh connection is told when it joins, not what the viewers believe.
Invariant: waiting is bounded by `DRAIN_S_MAX`; whoever has not caught up by then has lost events.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import WebSocketException

from .audience import Audience
from .batches import Batch
from .books import Books
from .commands import Commands, Refused
from .connection import Connection
from .settlement import is_shown
from .viewer import Connect, Viewer

DRAIN_S_MAX = 20.0
QUIET_S = 1.0
"""No comment arrived for this long: four times the longest pause between batches to expect."""
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


async def drain(books: Books, audience: Audience, connect: Connect) -> dict[str, End]:
    """Wait until everybody has everything, or time is up; return where the rooms end."""
    ends: dict[str, End] = {}
    quiet_since_ms, arrived = books.clock(), -1
    deadline_ms = books.clock() + DRAIN_S_MAX * 1000
    while books.clock() < deadline_ms:
        await asyncio.sleep(POLL_S)
        books.sweep(settle_ms=0)
        if books.deliveries.arrived_total != arrived:
            arrived, quiet_since_ms = books.deliveries.arrived_total, books.clock()
        if books.receipts.open_count:
            continue
        ends = await ends_of(books, connect) or ends
        is_quiet = books.clock() - quiet_since_ms >= QUIET_S * 1000
        if is_quiet and ends and is_shown(books) and _all_reached(audience, ends):
            break
    return ends


def settle(books: Books, audience: Audience, ends: dict[str, End]) -> None:
    """Close every member's account where its room ends, or where it was told to go."""
    books.sweep(settle_ms=0)
    books.receipts.abandon_open()
    for viewer in audience.viewers:
        place = viewer.place
        if place.epoch is not None:
            end = ends.get(viewer.room)
            if end is None or viewer.is_gone:
                end = End(place.epoch, place.seq)
            place.settle(end.epoch, end.seq)


def _all_reached(audience: Audience, ends: dict[str, End]) -> bool:
    return all(viewer.is_gone or _has_reached(viewer, ends) for viewer in audience.viewers)


def _has_reached(viewer: Viewer, ends: dict[str, End]) -> bool:
    place = viewer.place
    return place.is_in and not place.is_awaiting and place.seq >= ends[viewer.room].seq
