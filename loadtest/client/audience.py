"""Many viewers: let in a few at a time, and asked to leave in the end; and how they connect.

Must not know what viewers say or buy. Invariant: every wait has an end.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from websockets.uri import WebSocketURI, parse_uri

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
LOOPBACK_ADDRESSES = 64
"""127.0.0.1 and on: each has some 28,000 ports of its own."""
SLOW_BUFFER_BYTES = 4_096
"""What the kernel may keep for a slow reader: what it does not read burdens the server."""


def websocket_url(url: str) -> str:
    """The `/ws` address of a server whose HTTP address is `url`; WebSocket addresses stay."""
    parts = urlsplit(url)
    if parts.scheme in ("ws", "wss"):
        return url
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/ws", "", ""))


def connector(url: str, books: Books, receive_buffer_bytes: int | None = None) -> Connect:
    """What opens connections to the server at `url`, or to where it told a viewer to move.

    To a server at 127.0.0.1 they come from many addresses, so that ports do not run out.
    """
    numbers = count()

    async def connect(peer: Peer, moved_to: str | None) -> Connection:
        uri = parse_uri(websocket_url(moved_to or url))
        loop = asyncio.get_running_loop()
        tls = ssl.create_default_context() if uri.secure else None
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            made = _socket(uri, next(numbers), receive_buffer_bytes)
            if made is not None:
                await _reach(made, uri)
            _, connection = await loop.create_connection(
                lambda: Connection(uri, books, peer), ssl=tls, **_where(uri, made)
            )
            await connection.opened
        return connection

    return connect


def _socket(uri: WebSocketURI, number: int, buffer_bytes: int | None) -> socket.socket | None:
    """A socket of our own where the system's choice would not do. Raises `OSError`."""
    is_loopback = uri.host.startswith("127.")
    if not is_loopback and buffer_bytes is None:
        return None
    made = socket.socket(socket.AF_INET if "." in uri.host else socket.AF_INET6)
    made.setblocking(False)
    if buffer_bytes is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    if is_loopback and hasattr(socket, "IP_BIND_ADDRESS_NO_PORT"):
        made.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        made.bind((f"127.0.0.{1 + number % LOOPBACK_ADDRESSES}", 0))
    return made


def _where(uri: WebSocketURI, made: socket.socket | None) -> dict[str, Any]:
    """What tells asyncio whom to connect to."""
    if made is None:
        return {"host": uri.host, "port": uri.port}
    return {"sock": made, "server_hostname": uri.host if uri.secure else None}


async def _reach(made: socket.socket, uri: WebSocketURI) -> None:
    try:
        await asyncio.get_running_loop().sock_connect(made, (uri.host, uri.port))
    except BaseException:
        made.close()
        raise


class Audience:
    """The viewers of a run, or of one process of it."""

    def __init__(self, viewers: Sequence[Viewer]) -> None:
        self.viewers = viewers

    async def enter(self) -> None:
        """Let everybody in; return when all are in, or time is up."""
        for viewer in self.viewers:
            viewer.come()
        patience_s = ENTRY_TIMEOUT_S + len(self.viewers) / ENTRIES_PER_S_LEAST
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                for viewer in self.viewers:
                    await viewer.entered.wait()

    async def leave(self) -> None:
        """End all visits. The account of each was closed before, or ends here."""
        for viewer in self.viewers:
            if not viewer.is_leaving:
                viewer.go()
        leaving = [asyncio.ensure_future(viewer.gone()) for viewer in self.viewers]
        if leaving:
            _, late = await asyncio.wait(leaving, timeout=LEAVE_TIMEOUT_S)
            for viewer in self.viewers if late else ():
                viewer.cancel()


def gather_audience(
    count: int, books: Books, mint: Mint, connect: Connect, *, ttl_s: float, seed: int
) -> Audience:
    """Make `count` viewers of the first room, each a user of its own."""
    door = Door(connect, asyncio.Semaphore(ENTERING_MAX))
    random = Random(seed)
    return Audience(
        [
            Viewer(n, 0, mint.token(books.user(n), "viewer", ttl_s=ttl_s), books, door, random)
            for n in range(count)
        ]
    )
