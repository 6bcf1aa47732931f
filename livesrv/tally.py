"""What went through the doors of one worker, counted in plain numbers. Pure.

Must not know who reads them. Invariant: whatever comes, the keys of each count are of a closed
vocabulary (commands, codes, statuses, names of budgets), so that it stays small.
"""

from bisect import bisect_left
from collections import Counter

SPREAD_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
"""From a write to a fast disk up to the longest that an entry may wait (`post_deadline_ms`)."""


class Spread:
    """How many took how long: a histogram with the upper bounds `SPREAD_MS`, and one beyond."""

    __slots__ = ("counts", "sum_ms")

    def __init__(self) -> None:
        self.counts = [0] * (len(SPREAD_MS) + 1)
        self.sum_ms = 0.0

    def add(self, took_ms: float) -> None:
        self.counts[bisect_left(SPREAD_MS, took_ms)] += 1
        self.sum_ms += took_ms


class DoorTally:
    """The counts of one worker's doors; `sessions` goes up and down, all others only up."""

    def __init__(self) -> None:
        self.connections = 0
        """Open WebSocket connections, before hello too."""
        self.sessions: Counter[str] = Counter()
        """Connections that have said hello, by what they are: guest, viewer, host…"""
        self.handshakes: Counter[str] = Counter()
        """WebSocket handshakes by what became of them: `accepted`, or why not."""
        self.closes: Counter[int] = Counter()
        """Connections closed, by close code."""
        self.commands: Counter[str] = Counter()
        """Commands that decoded, by type."""
        self.errors: Counter[str] = Counter()
        """Refusals through either door, by error code."""
        self.requests: Counter[int] = Counter()
        """HTTP answers, by status."""
        self.over_budget: Counter[str] = Counter()
        """What was turned down for being too much, by the setting that says how much is."""
        self.took = {"order": Spread(), "gift": Spread()}
        """From a command's arrival to its reply."""
