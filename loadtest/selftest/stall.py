"""The stub's standing still: for a while nothing is done, then all of it, in order.

Must not know what is kept. Invariant: what came while it stood still is carried out when that is
over, in the order in which it came, and before anything that comes later.
"""

import asyncio
import time
from collections.abc import Callable


def now_ms() -> float:
    """By the clock that all processes of this machine share."""
    return time.monotonic() * 1000


class Stall:
    """Stands still from `at_s` after `begin` for `for_s` seconds."""

    def __init__(self, at_s: float, for_s: float) -> None:
        self._at_ms = at_s * 1000
        self._for_ms = for_s * 1000
        self._from_ms = float("inf")
        self._held: list[Callable[[], object]] = []

    def begin(self) -> None:
        """The show begins now; only the first call counts."""
        if self._for_ms and self._from_ms == float("inf"):
            self._from_ms = now_ms() + self._at_ms

    def when_over(self, act: Callable[[], object]) -> None:
        """Act now, or as soon as it stands still no longer."""
        left_ms = self._from_ms + self._for_ms - now_ms()
        is_still = self._from_ms <= now_ms() and left_ms > 0
        if not (is_still or self._held):
            act()
            return
        if not self._held:
            asyncio.get_running_loop().call_later(left_ms / 1000, self._go_on)
        self._held.append(act)

    async def over(self) -> None:
        """Return now, or when it stands still no longer."""
        over = asyncio.Event()
        self.when_over(over.set)
        await over.wait()

    def _go_on(self) -> None:
        held, self._held = self._held, []
        for act in held:
            act()
