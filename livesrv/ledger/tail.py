"""The journal's newest lines, read and decoded once for all who follow it in a process."""

import asyncio
from collections import deque

from redis.asyncio import Redis

from . import journal
from .entry import Line

LINES_KEPT = 10_000
"""Some seconds of the biggest shows, about 30 MB; who is further behind reads the store."""


class Tail:
    """Follows the journal. Whoever has read to its end first starts it; the others share it."""

    def __init__(self, store: Redis) -> None:
        self.store = store
        self._lines: deque[Line] = deque(maxlen=LINES_KEPT)
        self._end = -1
        self._reading = asyncio.Lock()

    async def next(self, after: int, *, block_ms: int = 0) -> list[Line]:
        """The next lines behind a place, waiting for the first of them up to `block_ms`."""
        if not self._covers(after):
            if behind := await journal.some(self.store, after):
                return behind
            self._lines.clear()
            self._end = after
        if after == self._end and (block_ms or not self._reading.locked()):
            await self._read(after, block_ms)
        return self._behind(after) if self._covers(after) else []

    async def _read(self, after: int, block_ms: int) -> None:
        """Read on from the end, unless somebody else just has."""
        async with self._reading:
            if after != self._end:
                return
            if block_ms:
                lines = await journal.wait(self.store, after, block_ms=block_ms)
            else:
                lines = await journal.some(self.store, after)
            if lines and after == self._end:
                self._lines.extend(lines)
                self._end = lines[-1].place

    def _covers(self, after: int) -> bool:
        return self._end - len(self._lines) <= after <= self._end

    def _behind(self, after: int) -> list[Line]:
        """From the right, where a deque is quick to look into."""
        count = self._end - after
        return [self._lines[-i] for i in range(count, max(0, count - journal.CHUNK_LINES), -1)]
