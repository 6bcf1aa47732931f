"""A WebSocket through the proxy: its handshake asked for, then bytes passed on both ways.

Must not know what is said: frames, compression, pings and close codes go through untouched. No
task, timer or copy for a tunnel that is silent. Invariants: of what one end has not taken, at most
a transport's buffer is kept, and the other end is not read from meanwhile; when one end goes, the
other does.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request, Response
from websockets.streams import StreamReader

HANDSHAKE_BYTES_MAX = 65_536
LINGER_S = 3.0
"""How long what is left has to reach an end whose other end has gone."""


class Handshake(asyncio.Protocol):
    """The far end while it has not answered yet. `raw` is what came, all of it."""

    def __init__(self) -> None:
        self.raw = b""
        self.answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._reader = StreamReader()
        reader = self._reader
        self._parsing = Response.parse(reader.read_line, reader.read_exact, reader.read_to_eof)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.raw += data
        self._reader.feed_data(data)
        self._parse()
        if len(self.raw) > HANDSHAKE_BYTES_MAX:
            self._fail(f"{len(self.raw)} bytes; at most {HANDSHAKE_BYTES_MAX} are taken")

    def eof_received(self) -> None:
        self._reader.feed_eof()
        self._parse()

    def connection_lost(self, _: Exception | None) -> None:
        self._fail("the connection was lost")

    def _parse(self) -> None:
        try:
            next(self._parsing)
        except StopIteration as done:
            if not self.answer.done() and self._transport is not None:
                self._transport.pause_reading()  # what follows is for whoever takes over
                self.answer.set_result(done.value)
        except Exception as error:
            self._fail(str(error))

    def _fail(self, complaint: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(InvalidHandshake(complaint))


class End(asyncio.Protocol):
    """One end of a tunnel: what comes in here goes out at `other`."""

    def __init__(self, other: asyncio.Transport, on_lost: Callable[[], None]) -> None:
        self._other = other
        self._on_lost = on_lost

    def data_received(self, data: bytes) -> None:
        self._other.write(data)

    def pause_writing(self) -> None:
        if not self._other.is_closing():
            self._other.pause_reading()

    def resume_writing(self) -> None:
        if not self._other.is_closing():
            self._other.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        self._on_lost()
        if not self._other.is_closing():
            self._other.close()
            asyncio.get_running_loop().call_later(LINGER_S, self._other.abort)


async def ask(host: str, port: int, request: Request) -> tuple[asyncio.Transport, bytes, Response]:
    """Ask a server for a WebSocket: the connection, what came on it, and that as an answer.

    Reading is paused; whoever calls takes the connection over or closes it. Raises `OSError`,
    `InvalidHandshake`.
    """
    loop = asyncio.get_running_loop()
    transport, handshake = await loop.create_connection(Handshake, host, port)
    try:
        transport.write(request.serialize())
        answer = await handshake.answer
    except BaseException:
        transport.abort()
        raise
    return transport, handshake.raw, answer
