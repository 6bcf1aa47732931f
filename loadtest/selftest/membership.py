"""One connection of the stub: messages become frames, and every write has its moment in the log.

Must not know what messages mean. Frames are made here and written past `aiohttp`, for a batch is
framed once for all members; each is written whole, so that the two cannot come between each other.
Invariant: a moment is taken right before its bytes go to the kernel.
"""

import asyncio

import msgpack
from aiohttp import web

from .log import Frame, Log, Visit
from .shop import Message
from .stall import now_ms

_BINARY_FIN = 0x82
_LENGTH_16, _LENGTH_64 = 126, 127


def framed(message: Message) -> bytes:
    """A message as one whole binary frame of a server."""
    payload: bytes = msgpack.packb(message)
    if len(payload) < _LENGTH_16:
        return bytes((_BINARY_FIN, len(payload))) + payload
    length, width = (_LENGTH_16, 2) if len(payload) < 2**16 else (_LENGTH_64, 8)
    return bytes((_BINARY_FIN, length)) + len(payload).to_bytes(width, "big") + payload


class Member:
    """Whoever is connected; `user` is known after its hello."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.WriteTransport,
        log: Log,
        visit: Visit,
    ) -> None:
        self.user = "guest"
        self.visit = visit
        self._socket = socket
        self._transport = transport
        self._log = log

    @property
    def is_open(self) -> bool:
        return not (self._socket.closed or self._transport.is_closing())

    def tell(self, message: Message) -> float:
        """Write a message that is for this one alone; returns when."""
        bytes_ = framed(message)
        at_ms = now_ms()
        if self.is_open:
            self._transport.write(bytes_)
            self._log.messages.append((self.user, at_ms, len(bytes_)))
        return at_ms

    def tell_batch(self, bytes_: bytes, frame: Frame) -> None:
        """Write a batch that is logged as `frame`."""
        if self.is_open:
            frame.sent.append((self.user, now_ms()))
            self._transport.write(bytes_)

    async def hang_up(self, code: int) -> None:
        self.visit.code = self.visit.code or code
        self.visit.ended_ms = self.visit.ended_ms or now_ms()
        await self._socket.close(code=code)
