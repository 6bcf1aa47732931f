"""A TCP proxy between the browser and the server: it counts all bytes, and can be a thin line.

Chromium's own throttling leaves WebSockets out; this one knows only bytes. All connections share
its two lanes, as they share a phone's. A new connection pays for TCP's handshake with a round trip;
slow start, loss and name look-ups are left out. Invariant: it holds at most `PACKETS_MAX` packets a
connection and way, and at most `CONNECTIONS_MAX` connections; beyond, nobody reads.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from .lane import Lane
from .plan import UNHINDERED, Conditions

PACKET_BYTES = 1_400
PACKETS_MAX = 48
"""67 KB: what is on its way on a line of 1 Mbit/s and 500 ms."""
READ_AHEAD_BYTES = 16_384
CONNECTIONS_MAX = 128
CONNECT_WITHIN_S = 10.0

_Packets = asyncio.Queue[tuple[float, bytes]]


class Line:
    """`port` is where the browser is to connect. `carried` counts bytes "down" and "up"."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = host, port
        self._connections: set[asyncio.Task[None]] = set()
        self.carried: Counter[str] = Counter()
        self.port = 0
        self.become(UNHINDERED)

    def become(self, conditions: Conditions) -> None:
        """Be such a line from now on."""
        self._round_trip_s = conditions.round_trip_ms / 1000
        self._lanes = {
            "down": Lane.of(conditions.down_kbit_s, conditions.round_trip_ms),
            "up": Lane.of(conditions.up_kbit_s, conditions.round_trip_ms),
        }

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of the browser."""
        task = asyncio.current_task()
        if task is None or len(self._connections) >= CONNECTIONS_MAX:
            writer.transport.abort()
            return
        self._connections.add(task)
        try:
            with suppress(asyncio.CancelledError):  # nobody but `close` cancels
                await self._join(reader, writer)
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def close(self) -> None:
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened_s = _now_s() + self._round_trip_s
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                their_reader, their_writer = await asyncio.open_connection(
                    *self._upstream, limit=READ_AHEAD_BYTES
                )
        except OSError:  # a TimeoutError is one, too
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry("up", reader, their_writer, opened_s))
                group.create_task(self._carry("down", their_reader, writer, opened_s))
        except* OSError:
            pass  # one end has gone, so the other may go
        finally:
            their_writer.transport.abort()

    async def _carry(
        self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opened_s: float
    ) -> None:
        packets: _Packets = asyncio.Queue(PACKETS_MAX)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send(way, reader, packets, opened_s))
            group.create_task(self._deliver(way, packets, writer))

    async def _send(
        self, way: str, reader: asyncio.StreamReader, packets: _Packets, opened_s: float
    ) -> None:
        packet = b" "
        while packet:
            packet = await reader.read(PACKET_BYTES)
            due_s = self._lanes[way].due_s(max(_now_s(), opened_s), len(packet))
            await packets.put((due_s, packet))

    async def _deliver(self, way: str, packets: _Packets, writer: asyncio.StreamWriter) -> None:
        while True:
            due_s, packet = await packets.get()
            wait_s = due_s - _now_s()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            if not packet:
                break
            self.carried[way] += len(packet)
            writer.write(packet)
            await writer.drain()
        with suppress(OSError, RuntimeError):  # what uvloop says of an end that has gone already
            writer.write_eof()


def _now_s() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def line_to(host: str, port: int) -> AsyncIterator[Line]:
    """A line to a server, on a free port of this machine; it ends with the block."""
    line = Line(host, port)
    listening = await asyncio.start_server(line.accept, "127.0.0.1", 0, limit=READ_AHEAD_BYTES)
    line.port = listening.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        listening.close()
        await line.close()
