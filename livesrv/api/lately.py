"""What was read a moment ago, for all who ask for the same: thousands cost one reading.

Invariant: no answer is older than `keep_ms`, at most one reading of a key is under way, and no more
than `keys_max` are kept. A reading that failed is nobody's but theirs who waited for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from livesrv.clock import monotonic_ms

T = TypeVar("T")


class Lately(Generic[T]):
    def __init__(self, *, keep_ms: int, keys_max: int) -> None:
        self._keep_ms = keep_ms
        self._keys_max = keys_max
        self._read: dict[Hashable, tuple[int, asyncio.Future[T]]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` gave lately, else what it gives now. Raises what it raises."""
        now_ms = monotonic_ms()
        at_ms, reading = self._read.get(key, (0, None))
        if reading is None or now_ms - at_ms >= self._keep_ms or _has_failed(reading):
            reading = asyncio.ensure_future(read())
            self._read.pop(key, None)
            self._read[key] = now_ms, reading
            if len(self._read) > self._keys_max:
                del self._read[next(iter(self._read))]
        return await asyncio.shield(reading)


def _has_failed(reading: "asyncio.Future[T]") -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
