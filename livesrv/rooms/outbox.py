"""What this worker's members say, on its way to the bus.

Publishes at once when idle and gathers while a publish is in flight, so the bus sees one message
per room and round trip however many comments come in. Bounded: what finds no place is shed.
"""

import asyncio
import logging

from .bus import AWAY, Bus, Wave

log = logging.getLogger(__name__)

COMMENTS_MAX = 1_000
"""Comments of one room that may wait for the bus. At 200 bytes each that is 200 KB a room."""
PAUSE_S = 0.2
"""After a failed publish; until it is over comments are refused as `busy`."""


class Outbox:
    """Start `run` as a task before saying anything. `is_open`: the bus has answered lately."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waves: dict[str, Wave] = {}
        self._wake = asyncio.Event()
        self.is_open = True

    def comment(self, room: str, comment: bytes) -> None:
        wave = self._wave(room)
        if len(wave.comments) < COMMENTS_MAX:
            wave.comments.append(comment)
        else:
            wave.shed += 1

    def like(self, room: str, count: int) -> None:
        self._wave(room).likes += count

    def _wave(self, room: str) -> Wave:
        self._wake.set()
        return self._waves.setdefault(room, Wave())

    async def run(self) -> None:
        """Publish until cancelled. What a lost bus was given is lost with it."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            waves, self._waves = self._waves, {}
            try:
                await self._publish(waves)
            except AWAY as error:
                log.warning("waterfall is lost, the bus is away: %s", error)
                await self._pause()

    async def _pause(self) -> None:
        self.is_open = False
        await asyncio.sleep(PAUSE_S)
        self.is_open = True

    async def _publish(self, waves: dict[str, Wave]) -> None:
        liked = {room: wave.likes for room, wave in waves.items() if wave.likes}
        if liked:
            for room, total in (await self._bus.count_likes(liked)).items():
                waves[room].likes_total = total
        await self._bus.publish(waves)
