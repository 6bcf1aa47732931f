"""How often somebody may do something. Pure: time is an argument."""

import math


class TokenBucket:
    """`per_s` a second, and up to `burst` at once."""

    __slots__ = ("_at_ms", "_burst", "_per_ms", "_tokens")

    def __init__(self, per_s: float, burst: int, now_ms: int) -> None:
        self._per_ms = per_s / 1000
        self._burst = burst
        self._tokens = float(burst)
        self._at_ms = now_ms

    def take(self, now_ms: int) -> int:
        """Take one token; returns 0, or how many milliseconds to wait for the next."""
        elapsed_ms = max(0, now_ms - self._at_ms)
        self._tokens = min(self._burst, self._tokens + elapsed_ms * self._per_ms)
        self._at_ms = now_ms
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return math.ceil((1 - self._tokens) / self._per_ms)
