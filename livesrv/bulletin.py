"""Where each process of a server pins up its samples, so that any of them can tell all.

A scrape meets one of the workers that share a port; what the others pinned on the bus is as old as
a second. Must not know what is counted. Invariant: what is pinned up is bounded by the number of
processes, and a process that is gone is not told of for longer than `STALE_MS`.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable

import msgspec

from livesrv.clock import now_ms
from livesrv.metrics import Sample, Snapshot
from livesrv.rooms.bus import AWAY, Bus

log = logging.getLogger(__name__)

PIN_S = 1.0
STALE_MS = 5_000
"""After this a process that pins nothing up is taken for gone, or for hanging: five missed pins."""
KEPT_S = 60
"""How long the board of a server that has stopped stays on the bus."""
ANSWER_WITHIN_S = 1.0

_snapshots = msgspec.msgpack.Decoder(Snapshot)


class Bulletin:
    """One process's samples and those of the others of its server. Start `run` as a task."""

    def __init__(
        self, bus: Bus, port: int, process: str, look: Callable[[], Iterable[Sample]]
    ) -> None:
        """`port` and this machine's name tell servers apart that share a bus."""
        self._bus = bus
        self.server = f"{socket.gethostname()}:{port}"
        self._process = process
        self._look = look
        self._own = self._looked()

    async def run(self) -> None:
        """Look and pin up until cancelled."""
        while True:
            self._own = self._looked()
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    samples = msgspec.msgpack.encode(self._own)
                    await self._bus.pin(self.server, self._process, samples, keep_s=KEPT_S)
            except AWAY as error:
                log.debug("samples are not pinned up, the bus is away: %s", error)
            await asyncio.sleep(PIN_S)

    async def read(self) -> list[Snapshot]:
        """The latest of each process that lives; while the bus is away, our own alone."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                others = await self._pinned()
        except AWAY:
            others = []
        return [self._own, *others]

    def _looked(self) -> Snapshot:
        return Snapshot(self._process, now_ms(), list(self._look()))

    async def _pinned(self) -> list[Snapshot]:
        """What the others pinned up lately."""
        pinned = await self._bus.pinned(self.server)
        found = [snapshot for each in pinned if (snapshot := _decoded(each))]
        since_ms = now_ms() - STALE_MS
        return [s for s in found if s.process != self._process and s.at_ms > since_ms]


def _decoded(pinned: bytes) -> Snapshot | None:
    """None for what another version of us left there."""
    try:
        return _snapshots.decode(pinned)
    except msgspec.DecodeError:
        return None
