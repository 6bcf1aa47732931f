"""What tests of the wire play on: users, rooms and offers of their own on a running server.

Knows the spec and how tokens are made. Invariant: names are fresh, so tests share a server; when
it closes, nothing that any of its clients took broke the spec, and the server had no bug to log.
"""

import secrets
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.server import Server

from .api import Http
from .client import Client, Format
from .shapes import Message

MESSAGE_BYTES_MAX = 2**26
"""What a client takes: more than any server sends."""
TRIES_MAX = 64
"""The kernel picks one of two workers for a connection; all on one happens once in 2^64."""
SEGMENT_BYTES = 536
"""What the kernel holds for a peer grows with the segment, and a loopback's has 64 KiB."""
PRICE_MINOR = 2990
UNLIMITED = {
    "comments_per_s": 100_000,
    "comments_burst": 100_000,
    "commands_per_s": 100_000,
    "commands_burst": 100_000,
    "user_comments_per_s": 100_000,
    "user_comments_burst": 100_000,
    "user_commands_per_s": 100_000,
    "user_commands_burst": 100_000,
    "room_comments_per_s": 100_000,
    "waterfall_comments_per_s": 0,
    "flush_window_ms": 5,
}
"""For a talker that must fill a network."""


def fresh(word: str) -> str:
    """An id nobody has used."""
    return f"{word}-{secrets.token_hex(6)}"


@dataclass(frozen=True)
class Show:
    """A room, its host's connection and token, and what is on sale there."""

    room: str
    host: Client
    token: str
    offer: str


class Stage:
    """One server and one format. Everything it opened is closed with it."""

    def __init__(self, server: Server, format: Format) -> None:
        self.server = server
        self.format = format
        self.clients: list[Client] = []
        self._stack = AsyncExitStack()
        self.http: Http
        self._logged_before = server.log_text()

    async def __aenter__(self) -> Self:
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        self.http = Http(session, self.server.url)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self.clients:
            await client.close()
        await self._stack.aclose()
        if error is None:
            breaches = [breach for client in self.clients for breach in client.breaches]
            assert not breaches, breaches
            stray = [message for client in self.clients for message in client.stray]
            assert not stray, stray
            logged = self.server.log_text().removeprefix(self._logged_before)
            assert "Traceback" not in logged, logged

    @property
    def ws_url(self) -> str:
        """Where the next connection goes."""
        return self.server.ws_url

    async def open(
        self,
        format: Format | None = None,
        *,
        receive_buffer_bytes: int | None = None,
        compression: str | None = None,
    ) -> Client:
        """A connection that has not said hello."""
        format = format or self.format
        own = None if receive_buffer_bytes is None else self._small_socket(receive_buffer_bytes)
        options: dict[str, Any] = {} if own is None else {"sock": own}
        connection = await connect(
            self.ws_url,
            subprotocols=[Subprotocol(format.subprotocol)],
            compression=compression,
            max_size=MESSAGE_BYTES_MAX,
            ping_interval=None,
            **options,
        )
        assert connection.subprotocol == format.subprotocol
        client = Client(connection, format)
        self.clients.append(client)
        return client

    async def enter(
        self,
        user: str | None = None,
        *roles: str,
        name: str | None = None,
        receive_buffer_bytes: int | None = None,
    ) -> Client:
        """A connection of a user, a new one when none is named, after hello."""
        token = self.server.token(user or fresh("user"), *roles, name=name)
        client = await self.open(receive_buffer_bytes=receive_buffer_bytes)
        await client.hello(token)
        return client

    async def guest(self) -> Client:
        client = await self.open()
        await client.hello()
        return client

    async def enter_beside(self, other: Client, user: str | None = None) -> Client:
        """The same, on another worker than `other`."""
        user = user or fresh("user")
        for _ in range(TRIES_MAX):
            client = await self.enter(user)
            if client.worker != other.worker:
                return client
            await client.close()
        raise AssertionError(f"no connection in {TRIES_MAX} came to another worker")

    async def member(self, show: Show, user: str | None = None, *roles: str) -> Client:
        client = await self.enter(user, *roles)
        await client.join(show.room)
        return client

    async def member_beside(self, show: Show, other: Client, user: str | None = None) -> Client:
        client = await self.enter_beside(other, user)
        await client.join(show.room)
        return client

    async def show(self, *, live: bool = True, room: str | None = None, **offer: Any) -> Show:
        """A fresh room with its host in it and one offer on sale."""
        user, room = fresh("host"), room or fresh("room")
        token = self.server.token(user, "host", name=user.title())
        await self.http.post("/v1/rooms", {"room": room, "title": "A show"}, token=token)
        host = await self.enter(user, "host")
        show = Show(room, host, token, await self.offer(room, token, **offer))
        await host.join(room)
        if live:
            await host.do("start", room=room)
            await host.heard(room, "started")
        return show

    async def offer(self, room: str, token: str, **fields: Any) -> str:
        """Put something on sale; its id."""
        offer = {
            "offer": fresh("peach"),
            "title": "A box of peaches",
            "price_minor": PRICE_MINOR,
            "currency": "CNY",
            "stock": 1000,
        } | fields
        made = await self.http.post(f"/v1/rooms/{room}/offers", offer, token=token)
        name: str = made["offer"]
        return name

    async def fund(self, user: str, currency: str, amount_minor: int) -> Message:
        body = {"amount_minor": amount_minor, "currency": currency, "key": fresh("topup")}
        ops = self.server.token("ops", "ops")
        return await self.http.post(f"/v1/wallets/{user}/topups", body, token=ops)

    async def balance(self, user: str, currency: str) -> int:
        wallet = await self.http.get("/v1/wallet", token=self.server.token(user))
        amounts: dict[str, int] = {
            each["currency"]: each["balance_minor"] for each in wallet["balances"]
        }
        return amounts.get(currency, 0)

    def _small_socket(self, receive_buffer_bytes: int) -> socket.socket:
        """A connected socket whose buffer is small from the start, as a slow network's is."""
        address = urlsplit(self.server.url)
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
        made.connect((address.hostname, address.port))
        made.setblocking(False)
        return made


def order_of(show: Show, quantity: int = 1, **fields: Any) -> Message:
    """The fields of an `order` of the show's offer, with a key of its own."""
    return {
        "room": show.room,
        "key": fresh("order"),
        "lines": [{"offer": show.offer, "quantity": quantity}],
        "total_minor": PRICE_MINOR * quantity,
        "currency": "CNY",
    } | fields
