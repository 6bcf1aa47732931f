"""The yardstick: a bare uvloop server that does nothing but write one prepared frame to everybody.

Run as a process: `python -m loadtest.bench.broadcaster FRAME_BYTES`; prints its port. No HTTP, no
rooms: whoever connects is a member, and each byte from a member makes it write one more frame to
all. Closed loop, as the server is driven: no socket has more unread frames than bytes were sent.
"""

import asyncio
import os
import sys
from typing import cast

import msgpack
import uvloop

from .wire import server_frame

BACKLOG = 4_096
ROOM = "bare"


class Broadcast:
    """All members, and the frame."""

    def __init__(self, frame_bytes: int) -> None:
        self.transports: set[asyncio.Transport] = set()
        self._loop = asyncio.get_running_loop()
        self._number = 0
        self._due = 0
        self._padding = 0
        self._padding = max(0, frame_bytes - len(self._frame()))

    def ask(self, frames: int) -> None:
        """Write so many more frames; the loop gets its turn between two."""
        if not self._due:
            self._loop.call_soon(self._write)
        self._due += frames

    def _write(self) -> None:
        self._due -= 1
        if self._due:
            self._loop.call_soon(self._write)
        frame = self._frame()
        for transport in self.transports:
            transport.write(frame)

    def _frame(self) -> bytes:
        """A batch that says nothing, and is unlike the ones before it."""
        self._number += 1
        batch = {"type": "batch", "room": ROOM, "epoch": "e", "seq": 0, "shed": 0, "events": []}
        batch |= {"waterfall": [], "at_ms": (1 << 40) + self._number, "x": "x" * self._padding}
        return server_frame(msgpack.packb(batch))


class BareProtocol(asyncio.Protocol):
    """One member."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._broadcast.transports.add(self._transport)

    def data_received(self, data: bytes) -> None:
        self._broadcast.ask(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self._broadcast.transports.discard(self._transport)


async def serve(frame_bytes: int) -> None:
    """Serve for as long as standard input is open."""
    loop = asyncio.get_running_loop()
    broadcast = Broadcast(frame_bytes)
    server = await loop.create_server(
        lambda: BareProtocol(broadcast), "127.0.0.1", 0, backlog=BACKLOG
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    parent_is_gone = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), parent_is_gone.set)
    await parent_is_gone.wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
    os._exit(0)
