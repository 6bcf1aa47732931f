"""One WebSocket, against the server of another library than the one in production."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidHandshake
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from loadtest.alongside import clock_ms
from loadtest.books.batches import Batch
from loadtest.books.books import Books
from loadtest.client.connection import SUBPROTOCOL, Connection
from loadtest.scenario.schedule import Schedule

BATCH = {"type": "batch", "room": "r", "epoch": "e", "seq": 0, "shed": 0}
FRAME = msgpack.packb({**BATCH, "events": [], "waterfall": []})


class Listener:
    """Keeps what a connection hands out."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.messages: list[dict[str, Any]] = []
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def take_batch(self, batch: Batch) -> None:
        self.batches.append(batch)

    def take_message(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    def take_loss(self, connection: Connection, close_code: int) -> None:
        self.closed.set_result(close_code)


Behaviour = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def connected(
    behave: Behaviour, subprotocol: str = SUBPROTOCOL
) -> AsyncIterator[tuple[Connection, Listener, Books]]:
    books = Books("r1", ["r"], Schedule(), clock_ms)
    listener = Listener()
    async with serve(behave, "127.0.0.1", 0, subprotocols=[Subprotocol(subprotocol)]) as server:
        port = server.sockets[0].getsockname()[1]
        uri = parse_uri(f"ws://127.0.0.1:{port}/ws")
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(uri, books, listener), "127.0.0.1", port
        )
        await connection.opened
        yield connection, listener, books


async def test_equal_frames_are_decoded_once() -> None:
    async def behave(socket: ServerConnection) -> None:
        for _ in range(3):
            await socket.send(FRAME)

    async with connected(behave) as (_, listener, books):
        assert await listener.closed == 1000
    assert len(listener.batches) == 3
    assert books.account.counts["frames_decoded"] == 1


async def test_a_message_in_fragments_is_put_together() -> None:
    async def behave(socket: ServerConnection) -> None:
        await socket.send([FRAME[:5], FRAME[5:9], FRAME[9:]])

    async with connected(behave) as (_, listener, _books):
        await listener.closed
    assert len(listener.batches) == 1


async def test_a_ping_is_answered() -> None:
    answered = asyncio.Event()

    async def behave(socket: ServerConnection) -> None:
        await (await socket.ping())
        answered.set()

    async with connected(behave) as (_, listener, _books):
        await listener.closed
    assert answered.is_set()


async def test_what_is_sent_arrives_as_one_message() -> None:
    heard: list[Any] = []

    async def behave(socket: ServerConnection) -> None:
        heard.append(await socket.recv())

    async with connected(behave) as (connection, listener, _books):
        connection.send({"type": "ping", "id": 1})
        await listener.closed
    assert msgpack.unpackb(heard[0]) == {"type": "ping", "id": 1}


async def test_the_close_code_of_the_server_is_reported() -> None:
    async def behave(socket: ServerConnection) -> None:
        await socket.close(4408)

    async with connected(behave) as (_, listener, _books):
        assert await listener.closed == 4408


async def test_a_connection_cut_off_has_no_close_code_but_1006() -> None:
    async def behave(socket: ServerConnection) -> None:
        socket.transport.abort()

    async with connected(behave) as (_, listener, _books):
        assert await listener.closed == 1006


@pytest.mark.parametrize("payload", [b"\xc1", msgpack.packb([1]), msgpack.packb(BATCH)])
async def test_a_frame_that_makes_no_sense_is_counted_and_survived(payload: bytes) -> None:
    async def behave(socket: ServerConnection) -> None:
        await socket.send(payload)
        await socket.send(msgpack.packb({"type": "moved"}))

    async with connected(behave) as (_, listener, books):
        await listener.closed
    assert books.account.counts["unreadable"] == 1
    assert listener.messages == [{"type": "moved"}]


async def test_a_server_that_speaks_another_subprotocol_is_not_entered() -> None:
    async def behave(socket: ServerConnection) -> None:
        await socket.wait_closed()

    with pytest.raises(InvalidHandshake):
        async with connected(behave, "another"):
            pass
