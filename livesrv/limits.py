"""How often somebody may do something. Pure: time and chance are arguments."""

import math
from collections.abc import Callable

COMEBACK_SHARE = 0.9
"""Of the rate, what is promised to those who were turned away; the rest is for newcomers."""
HINT_MIN_MS = 100
HINT_MAX_MS = 60_000
"""With 2,000 a second, 100,000 find a place within it: as many as a worker holds."""
JITTER = 0.1
"""How much later than its place somebody is asked to come, at most, as a part of the wait."""


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


class Admission:
    """Lets `per_s` a second in, up to `burst` at once, and tells the others when to come back.

    Whoever is turned away gets the next place in a queue that exists only as the moment at which
    its last one is due. So those who come back as told come about as fast as they can be let in,
    however many they are, and are not a second storm. Places lie at most `HINT_MAX_MS` ahead: who
    finds none is asked to come at some time in the second half of that. The queue passes by itself.
    """

    def __init__(self, per_s: float, burst: int, now_ms: int) -> None:
        self._bucket = TokenBucket(per_s, burst, now_ms)
        self._gap_ms = 1000 / (per_s * COMEBACK_SHARE)
        self._last_ms = 0.0

    def admit(self, now_ms: int, random: Callable[[], float]) -> int:
        """Let one in; 0, or how many milliseconds later to come back.

        `random` gives a number from 0 to 1, and is asked only for those who are turned away.
        """
        if not self._bucket.take(now_ms):
            return 0
        place_ms = max(self._last_ms, now_ms + HINT_MIN_MS) + self._gap_ms
        if place_ms - now_ms > HINT_MAX_MS:
            self._last_ms = min(self._last_ms, now_ms + HINT_MAX_MS)  # if the clock was set back
            return int(HINT_MAX_MS * (1 + random()) / 2)
        self._last_ms = place_ms
        wait_ms = (place_ms - now_ms) * (1 + JITTER * random())
        return min(HINT_MAX_MS, math.ceil(wait_ms))
