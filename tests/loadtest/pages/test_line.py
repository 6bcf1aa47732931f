"""The proxy between a browser and a server: what it counts, holds and slows down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from loadtest.pages.line import PACKET_BYTES, PACKETS_MAX, Line, line_to
from loadtest.pages.plan import Conditions

from ...waiting import until

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
WITHIN_S = 20.0
STUCK_S = 1.0
"""The kernel's buffers, which are bounded too, are full long before."""


@asynccontextmanager
async def line_before(serve: Serve) -> AsyncIterator[Line]:
    """A line to a server that does so with each connection."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        async with line_to("127.0.0.1", server.sockets[0].getsockname()[1]) as line:
            yield line
    finally:
        server.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read())
    writer.close()


async def exchange(line: Line, content: bytes) -> bytes:
    """Send, end, and read to the end."""
    async with asyncio.timeout(WITHIN_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(content)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
    return answer


async def test_bytes_pass_unchanged_both_ways_and_each_is_counted() -> None:
    content = bytes(range(256)) * 400
    async with line_before(echo) as line:
        assert await exchange(line, content) == content
        assert line.carried == {"up": len(content), "down": len(content)}


async def test_a_thin_line_takes_at_least_its_rate_and_its_round_trips() -> None:
    size = 8_000
    async with line_before(echo) as line:
        line.become(Conditions("thin", 320, 640, 200))
        began_s = asyncio.get_running_loop().time()
        assert len(await exchange(line, bytes(size))) == size
        took_s = asyncio.get_running_loop().time() - began_s
    handshake_s = way_s = 0.2
    least_s = handshake_s + way_s + size * 8 / 320_000 + size * 8 / 640_000
    assert least_s <= took_s < least_s + 5.0


async def test_all_connections_share_one_line() -> None:
    async with line_before(echo) as line:
        line.become(Conditions("thin", 160, None, 0))
        began_s = asyncio.get_running_loop().time()
        await asyncio.gather(*(exchange(line, bytes(2_500)) for _ in range(4)))
        assert asyncio.get_running_loop().time() - began_s >= 4 * 2_500 * 8 / 160_000


async def test_a_server_that_sends_more_than_the_line_takes_has_to_wait() -> None:
    stuck = asyncio.Event()

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(bytes(100_000))
                async with asyncio.timeout(STUCK_S):
                    await writer.drain()
        except TimeoutError:
            stuck.set()
            writer.transport.abort()

    async with line_before(flood) as line:
        line.become(Conditions("nearly shut", 1, 1, 0))
        _, writer = await asyncio.open_connection("127.0.0.1", line.port)
        async with asyncio.timeout(WITHIN_S):
            await stuck.wait()
        assert line.carried["down"] < PACKETS_MAX * PACKET_BYTES
        writer.transport.abort()


async def test_a_server_that_is_not_there_is_a_connection_that_ends() -> None:
    async with line_to("127.0.0.1", 1) as line:
        assert await exchange(line, b"hello") == b""


async def test_when_one_side_goes_the_other_is_let_go() -> None:
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()
        writer.close()

    async with line_before(listen) as line:
        _, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"hello")
        await until(lambda: line.carried["up"] == 5)
        writer.transport.abort()
        async with asyncio.timeout(WITHIN_S):
            await gone.wait()


async def test_a_line_that_is_closed_lets_its_connections_go_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with line_before(wait) as line:
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"hello")
        await until(lambda: line.carried["up"] == 5)
        await line.close()
        async with asyncio.timeout(WITHIN_S):
            assert await reader.read() == b""
        writer.close()
    assert caplog.messages == []
