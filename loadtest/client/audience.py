"""All viewers: spread over the rooms, let in a few at a time, and asked to leave in the end.

Must not know what viewers say or buy. Invariant: viewer n is in room n modulo the number of rooms,
for the whole run.
"""

import asyncio
import ssl
from contextlib import suppress
from random import Random
from urllib.parse import urlsplit, urlunsplit

from websockets.uri import parse_uri

from ..books.books import Books
from .connection import Connection, Peer
from .credentials import Mint
from .viewer import Connect, Door, Viewer

ENTERING_MAX = 64
"""Viewers on their way in at once; half of what a default listen backlog (128) takes."""
CONNECT_TIMEOUT_S = 10.0
ENTRY_TIMEOUT_S = 60.0
ENTRIES_PER_S_LEAST = 100
"""The slowest rate at which a server may let viewers in before we give up on the rest."""
LEAVE_TIMEOUT_S = 5.0


def room_of(viewer: int, room_ids: list[str]) -> str:
    return room_ids[viewer % len(room_ids)]


def websocket_url(url: str) -> str:
    """The `/ws` address of a server whose HTTP address is `url`; WebSocket addresses stay."""
    parts = urlsplit(url)
    if parts.scheme in ("ws", "wss"):
        return url
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/ws", "", ""))


def connector(url: str, books: Books) -> Connect:
    """What opens connections to the server at `url`, or to where it told a viewer to move."""

    async def connect(peer: Peer, moved_to: str | None) -> Connection:
        uri = parse_uri(websocket_url(moved_to or url))
        tls = ssl.create_default_context() if uri.secure else None
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(uri, books, peer), uri.host, uri.port, ssl=tls
            )
            await connection.opened
        return connection

    return connect


class Audience:
    """The viewers of a run."""

    def __init__(self, viewers: list[Viewer]) -> None:
        self.viewers = viewers
        self._stays: list[asyncio.Task[None]] = []

    @property
    def in_count(self) -> int:
        return sum(viewer.place.is_in for viewer in self.viewers)

    async def enter(self) -> None:
        """Let everybody in; return when all are in, or time is up."""
        self._stays = [asyncio.create_task(viewer.stay()) for viewer in self.viewers]
        patience_s = ENTRY_TIMEOUT_S + len(self.viewers) / ENTRIES_PER_S_LEAST
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                for viewer in self.viewers:
                    await viewer.entered.wait()

    async def leave(self) -> None:
        for viewer in self.viewers:
            viewer.leave()
        if self._stays:
            _, late = await asyncio.wait(self._stays, timeout=LEAVE_TIMEOUT_S)
            for stay in late:
                stay.cancel()


def gather_audience(
    count: int, books: Books, mint: Mint, connect: Connect, *, ttl_s: float, seed: int
) -> Audience:
    """Make `count` viewers, each a user of its own."""
    room_ids = list(books.rooms)
    door = Door(connect, asyncio.Semaphore(ENTERING_MAX))
    random = Random(seed)
    return Audience(
        [
            Viewer(
                number,
                room_of(number, room_ids),
                mint.token(books.user(number), "viewer", ttl_s=ttl_s),
                books,
                door,
                random,
            )
            for number in range(count)
        ]
    )
