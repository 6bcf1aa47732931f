"""The proxy before a server that misbehaves, is slow, or is not there."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from msgspec import json
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from yarl import URL

from livesrv import config, datadir
from livesrv.config import Config
from livesrv.datadir import Claim
from tests.waiting import until

from .conftest import Front

Serve = Callable[[StreamReader, StreamWriter], Awaitable[None]]
Far = Callable[[Serve], Awaitable[str]]
CHUNK = Frame(Opcode.BINARY, b"x" * 60_000).serialize(mask=False)
CHUNKS = 1_000
KERNEL_BYTES_MAX = 24 * 2**20
"""What sockets on this machine may hold of two connections, and the proxy's own buffer."""
STUCK_S = 0.3


@pytest.fixture
async def far(front: Front, tmp_path: Path) -> AsyncIterator[Far]:
    """Puts something else where the rehearsal would be; the URL of the proxy before it."""
    claim = Claim(tmp_path)
    servers: list[asyncio.Server] = []

    async def put(serve: Serve) -> str:
        async def served(reader: StreamReader, writer: StreamWriter) -> None:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await serve(reader, writer)
            writer.close()

        server = await asyncio.start_server(served, "127.0.0.1", 0)
        servers.append(server)
        run_json = config.to_json(Config(port=server.sockets[0].getsockname()[1]))
        datadir.write(tmp_path / "run.json", run_json)
        return await front(tmp_path)

    yield put
    for server in servers:
        server.close()
    claim.release()


async def head_of(reader: StreamReader) -> dict[str, str]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = [line.partition(": ") for line in head.splitlines()[1:] if line]
    return {"request": head.splitlines()[0]} | {name.lower(): value for name, _, value in lines}


async def shake_hands(reader: StreamReader, writer: StreamWriter) -> None:
    """Become a WebSocket; what the key asks for is reckoned by the library's server side."""
    head = await head_of(reader)
    path = head.pop("request").split()[1]
    request = Request(path, Headers(head))
    writer.write(ServerProtocol().accept(request).serialize())


def ws(url: str) -> str:
    return url.replace("http", "ws", 1) + "/ws"


async def busy(url: str) -> None:
    """Asking there is answered 503, as a problem that says when to come back."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/v1/rooms") as response:
        assert response.status == 503
        assert response.content_type == "application/problem+json"
        problem = json.decode(await response.read())
    assert problem["code"] == "busy"
    assert problem["retry_after_ms"] > 0
    assert "rehearsal" in problem["detail"]


async def test_where_no_rehearsal_runs_it_is_busy(front: Front, tmp_path: Path) -> None:
    await busy(await front(tmp_path / "nothing"))


async def test_a_rehearsal_that_hangs_up_is_busy(far: Far) -> None:
    async def hang_up(reader: StreamReader, writer: StreamWriter) -> None:
        await head_of(reader)

    url = await far(hang_up)
    await busy(url)
    with pytest.raises(InvalidStatus, match="503"):
        await connect(ws(url))


async def test_nothing_goes_to_a_port_whose_server_has_ended(far: Far, tmp_path: Path) -> None:
    """What it left behind names a port that may be anybody's by now."""
    asked = asyncio.Event()

    async def ask(reader: StreamReader, writer: StreamWriter) -> None:
        asked.set()

    url = await far(ask)
    held = datadir.port(tmp_path)
    (tmp_path / "lock").rename(tmp_path / "held-no-more")
    assert held is not None
    assert datadir.port(tmp_path) is None
    await busy(url)
    assert not asked.is_set()


async def test_the_path_goes_on_without_the_prefix_and_says_who_asked(far: Far) -> None:
    heads: list[dict[str, str]] = []

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        heads.append(await head_of(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Hop: 1\r\nConnection: x-hop\r\n")
        writer.write(b"\r\nok")

    url = await far(answer)
    said = {"X-Forwarded-For": "203.0.113.9", "Connection": "X-Mine", "X-Mine": "1"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(URL(f"{url}/v1/a?b=%2F&c=1", encoded=True), headers=said) as response,
    ):
        assert await response.text() == "ok"
        assert "X-Hop" not in response.headers
    assert heads[0]["request"] == "GET /v1/a?b=%2F&c=1 HTTP/1.1"
    assert heads[0]["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert heads[0]["host"] == url.split("/")[2]
    assert "x-mine" not in heads[0]


async def test_an_answer_that_breaks_off_breaks_off_for_the_client(far: Far) -> None:
    async def break_off(reader: StreamReader, writer: StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.")

    url = await far(break_off)
    async with aiohttp.ClientSession() as session, session.get(f"{url}/v1/rooms") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_when_the_client_goes_the_far_end_is_told(far: Far) -> None:
    is_over = asyncio.Event()

    async def listen(reader: StreamReader, writer: StreamWriter) -> None:
        await shake_hands(reader, writer)
        while await reader.read(1_000):
            pass
        is_over.set()

    socket = await connect(ws(await far(listen)))
    socket.transport.abort()
    await asyncio.wait_for(is_over.wait(), 10)


async def test_when_the_far_end_goes_the_client_is_told(far: Far) -> None:
    async def go(reader: StreamReader, writer: StreamWriter) -> None:
        await shake_hands(reader, writer)
        writer.transport.abort()

    with pytest.raises(ConnectionClosed):
        async with connect(ws(await far(go))) as socket:
            await socket.recv()


async def test_a_client_that_does_not_read_stops_the_far_end_and_misses_nothing(far: Far) -> None:
    sent_bytes, moved_s = 0, 0.0
    clock = asyncio.get_running_loop().time

    async def torrent(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal sent_bytes, moved_s
        await shake_hands(reader, writer)
        for _ in range(CHUNKS):
            writer.write(CHUNK)
            await writer.drain()
            sent_bytes, moved_s = sent_bytes + len(CHUNK), clock()
        await reader.read()

    async with connect(ws(await far(torrent)), max_queue=2) as socket:
        await until(lambda: sent_bytes and clock() - moved_s > STUCK_S)
        assert sent_bytes < KERNEL_BYTES_MAX < CHUNKS * len(CHUNK)
        for _ in range(CHUNKS):
            assert len(await socket.recv()) == 60_000
        socket.transport.abort()
