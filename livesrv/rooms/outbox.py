"""What this worker's members say, on its way to the bus.

Publishes at once when idle; when busy it gathers between two publishes, so the bus sees few
messages however many comments come in. Bounded: what finds no place is shed, fairly.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable

from .bus import AWAY, Bus, Wave
from .fair import SALT_BYTES, Comment, part, turns

log = logging.getLogger(__name__)

COMMENTS_MAX = 2_000
"""Comments of one room that may wait for the bus; one more, and half of them are shed. At 200 bytes
each that is 400 KB a room."""
GATHER_S = 0.025
"""Between the beginnings of two publishes. Other workers' rooms gather longer than that, and the
members here do not wait for it."""
PAUSE_S = 0.2
"""After a failed publish; until it is over comments are refused as `busy`."""


class Outbox:
    """Start `run` as a task before saying anything. `is_open`: the bus has answered lately.

    `hear` is told at once what is said, so that the members here need not wait for its way to the
    bus and back; likes come with their total, which only the bus knows.
    """

    def __init__(self, worker: str, bus: Bus, hear: Callable[[str, Wave], None]) -> None:
        self._worker = worker
        self._bus = bus
        self._hear = hear
        self._waves: dict[str, Wave] = {}
        self._wake = asyncio.Event()
        self.is_open = True

    @property
    def waiting(self) -> int:
        """Comments that wait for the bus."""
        return sum(len(wave.comments) for wave in self._waves.values())

    def comment(self, room: str, comment: Comment) -> None:
        self._hear(room, Wave([comment]))
        wave = self._wave(room)
        wave.comments.append(comment)
        if len(wave.comments) > COMMENTS_MAX:
            _shed_half(wave)

    def like(self, room: str, count: int) -> None:
        self._wave(room).likes += count

    def _wave(self, room: str) -> Wave:
        self._wake.set()
        return self._waves.setdefault(room, Wave(worker=self._worker))

    async def run(self) -> None:
        """Publish until cancelled. What a lost bus was given is lost with it."""
        loop = asyncio.get_running_loop()
        next_s = 0.0
        while True:
            await self._wake.wait()
            await asyncio.sleep(next_s - loop.time())
            next_s = loop.time() + GATHER_S
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
                self._hear(room, Wave(likes=waves[room].likes, likes_total=total))
        await self._bus.publish(waves)


def _shed_half(wave: Wave) -> None:
    """Shed, so that a flooder does not keep out those who speak after it."""
    order = turns(wave.comments, lambda _: 0, secrets.token_bytes(SALT_BYTES))
    wave.comments, shed = part(wave.comments, order[: COMMENTS_MAX // 2])
    wave.shed += len(shed)
