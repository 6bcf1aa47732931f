"""What was ordered and answered, a phase at a time, and the replies that were not right. Pure.

Invariant: every order sent is acknowledged, refused or, until it is answered, open; what is open
when its phase is settled stays unknown. An acknowledgement within the phase's time is also
`in_time`, and only those make the rate.
"""

from array import array
from collections import Counter
from dataclasses import dataclass, field

EXAMPLES_MAX = 10


@dataclass
class Sales:
    """The orders of one phase. `ends_ms` is when its time is up, by the run's clock."""

    ends_ms: float = 0.0
    scheduled: int = 0
    sent: int = 0
    acknowledged: int = 0
    in_time: int = 0
    refused: int = 0
    retries: int = 0
    late: int = 0
    skipped: int = 0
    latencies_ms: "array[float]" = field(default_factory=lambda: array("d"))

    @property
    def unknown(self) -> int:
        return self.sent - self.acknowledged - self.refused

    def acknowledge(self, latency_ms: float, now_ms: float) -> None:
        self.acknowledged += 1
        self.in_time += now_ms <= self.ends_ms
        self.latencies_ms.append(latency_ms)


@dataclass
class Wrongs:
    """What the server said that cannot be right: a count a kind, and the first few in words."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def note(self, kind: str, example: str, count: int = 1) -> None:
        self.counts[kind] += count
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(f"{kind}: {example}")


class Updates:
    """The `order_update`s of one buyer against its acknowledged orders.

    Each order brings exactly one. It may come before the reply does, since it takes another way.
    """

    __slots__ = ("_early", "_owed", "count")

    def __init__(self) -> None:
        self.count = 0
        self._owed: set[str] = set()
        self._early: set[str] = set()

    @property
    def missing(self) -> int:
        """Orders acknowledged of which no update told."""
        return len(self._owed)

    @property
    def unclaimed(self) -> int:
        """Updates of orders that were not acknowledged to us, or were told of already."""
        return len(self._early)

    def owe(self, order: str) -> None:
        """An order has been acknowledged."""
        if order in self._early:
            self._early.remove(order)
        else:
            self._owed.add(order)

    def take(self, order: str) -> bool:
        """An update came. Returns False when one of the same order is waiting already."""
        self.count += 1
        if order in self._owed:
            self._owed.remove(order)
        elif order in self._early:
            return False
        else:
            self._early.add(order)
        return True
