"""The end of a run: wait until what is under way has arrived, and learn where each room ends.

Where a room ends is what a fresh connection is told when it joins, not what the viewers believe.
Invariant: waiting is bounded by `DRAIN_S_MAX`; whoever has not caught up by then has lost events.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from websockets.exceptions import WebSocketException

from ..alongside import clock_ms
from ..books.account import Account
from ..books.batches import Batch
from ..books.books import Books
from ..books.settlement import show_mismatches
from ..client.commands import Commands, Refused
from ..client.connection import Connection
from ..client.viewer import Connect
from ..crew.messages import End, Standing

DRAIN_S_MAX = 30.0
QUIET_S = 1.0
"""Nothing arrived for this long: several times the longest pause between batches to expect."""
HOPELESS_S = 5.0
"""Everybody is in and nothing changed for this long: what has not come will not come."""
POLL_S = 0.25
ANSWER_TIMEOUT_S = 5.0

Asking = Callable[[Mapping[str, End], bool], Awaitable[Sequence[Standing]]]
"""How does it stand, given where rooms end, and with or without accounts."""


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
        async with asyncio.timeout(ANSWER_TIMEOUT_S + len(books.room_ids) / 100):
            connection = await connect(observer, None)
            try:
                return await _ask_ends(connection, observer, books.room_ids)
            finally:
                connection.close()
    except (OSError, TimeoutError, WebSocketException, Refused):
        return {}


async def _ask_ends(
    connection: Connection, observer: _Observer, room_ids: Sequence[str]
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

    def __init__(self) -> None:
        self._changes = -1
        self._since_ms = clock_ms()

    def seconds(self, changes: int) -> float:
        if changes != self._changes:
            self._changes, self._since_ms = changes, clock_ms()
        return (clock_ms() - self._since_ms) / 1000


async def drain(books: Books, connect: Connect, ask: Asking) -> dict[str, End]:
    """Wait until everybody has everything, or time is up; return where the rooms end.

    `books` are only for asking the rooms themselves.
    """
    ends: dict[str, End] = {}
    quiet = _Quiet()
    deadline_ms = clock_ms() + DRAIN_S_MAX * 1000
    while clock_ms() < deadline_ms:
        await asyncio.sleep(POLL_S)
        standings = await ask({}, False)
        quiet_s = quiet.seconds(sum(each.changes for each in standings))
        is_still = not any(each.open_count for each in standings) and quiet_s >= QUIET_S
        if not is_still or not all(each.is_complete for each in standings):
            continue
        ends = await ends_of(books, connect) or ends
        if quiet_s >= HOPELESS_S or (ends and await _is_all_there(ask, ends)):
            break
    return ends or await ends_of(books, connect)


async def _is_all_there(ask: Asking, ends: Mapping[str, End]) -> bool:
    """Whether all have reached the ends, and the rooms have shown all that was acknowledged."""
    if not all(each.has_reached for each in await ask(ends, False)):
        return False
    accounts = [each.account for each in await ask(ends, True) if each.account]
    return not accounts or not any(True for _ in show_mismatches(merged(accounts)))


def merged(accounts: Sequence[Account]) -> Account:
    """One account of all; the first is changed."""
    whole, *rest = accounts
    for each in rest:
        whole.merge(each)
    return whole
