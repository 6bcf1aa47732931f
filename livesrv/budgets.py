"""Budgets of many: how often each address, user or room may do something, and how many are in.

Pure: time is an argument. Invariants: memory is bounded whatever comes, and nobody's debt is
forgotten before it is paid, however many others come meanwhile.
"""

import math

KEYS_MAX = 131_072
"""Keys that are remembered one by one: more than a worker has connections. At 120 bytes each that
is 16 MB a `Budgets` at the very most."""
OVERFLOW = ""
"""What those share who come when there are too many; nobody's own key."""
ROUNDING_MS = 0.01
"""More than what adding milliseconds since the epoch as floats loses."""


class Budgets:
    """`per_s` a second for each key, and up to `burst` at once. Not for the key `OVERFLOW`.

    Of a key only one moment is kept: when its budget will be full again (the generic cell rate
    algorithm, ITU-T I.371). Then nothing is owed and it may be forgotten. Two maps do that without
    a timer or a sweep: once as much time has passed as a whole budget takes to fill, what was not
    asked for meanwhile is dropped. When there is no room, keys that are not remembered share a
    single budget instead of driving others out: ever new addresses wash away nobody's debt.
    """

    def __init__(self, per_s: float, burst: int, *, keys_max: int = KEYS_MAX) -> None:
        self._cost_ms = 1000 / per_s
        self._burst_ms = burst * self._cost_ms
        self._keys_max = keys_max
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        self._turned_ms = 0

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._young) + len(self._old)

    def take(self, key: str | None, now_ms: int) -> int:
        """Take one; 0, or how many milliseconds to wait for the next. None is under no budget."""
        if key is None:
            return 0
        self._turn(now_ms)
        known_ms = self._known_ms(key)
        if not known_ms and len(self) >= self._keys_max:
            key, known_ms = OVERFLOW, self._known_ms(OVERFLOW)
        # The clock may have been set back: nobody owes more than a whole budget.
        owed_ms = min(max(known_ms, now_ms), now_ms + self._burst_ms)
        wait_ms = owed_ms + self._cost_ms - self._burst_ms - now_ms
        if wait_ms > ROUNDING_MS:
            self._young[key] = owed_ms
            return math.ceil(wait_ms)
        self._young[key] = owed_ms + self._cost_ms
        return 0

    def _known_ms(self, key: str) -> float:
        """When the key's budget is full again, 0 if it is not remembered; takes it out of `old`."""
        return self._young.get(key) or self._old.pop(key, 0.0)

    def _turn(self, now_ms: int) -> None:
        if 0 <= now_ms - self._turned_ms < self._burst_ms:
            return
        self._old, self._young = self._young, {}
        self._turned_ms = now_ms


class Headcount:
    """How many of each key are in, and no more than `each_max`.

    As big as the number of those who are in.
    """

    def __init__(self, each_max: int) -> None:
        self._each_max = each_max
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def enter(self, key: str | None) -> bool:
        """Count one in, unless that is one too many. None is not counted."""
        if key is None:
            return True
        count = self._counts.get(key, 0)
        if count >= self._each_max:
            return False
        self._counts[key] = count + 1
        return True

    def leave(self, key: str | None) -> None:
        """Count one out who had come in."""
        if key is None:
            return
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]
