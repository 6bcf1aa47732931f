"""A timer wheel: who is to be looked at when, at the cost of those who are due. Pure.

One timer turns it; nobody has a timer of their own. Times are in milliseconds of any clock that
does not go back.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Wheel(Generic[T]):
    """Slots of `slot_ms`; something is due up to one slot late, never early."""

    def __init__(self, slot_ms: int, now_ms: int) -> None:
        self._slot_ms = slot_ms
        self._next = now_ms // slot_ms
        self._slots: defaultdict[int, list[T]] = defaultdict(list)

    def add(self, item: T, at_ms: int) -> None:
        """Have `item` come up at a time; what lies in the past comes up at the next turn."""
        self._slots[max(self._next, -(-at_ms // self._slot_ms))].append(item)

    def turn(self, now_ms: int) -> Iterator[T]:
        """All that are due by now, each once for every time it was added."""
        while self._next * self._slot_ms <= now_ms:
            self._next += 1
            yield from self._slots.pop(self._next - 1, ())
