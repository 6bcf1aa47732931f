"""What one process noted of its people, as values that add up. Pure.

Must not know sockets, clocks or what comes next. Invariant: the accounts of all crews of a run,
merged, are what one process would have noted of everybody.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import inf

from ..scenario.model import Kind
from .deliveries import Deliveries, Stays
from .latency import Latencies
from .receipts import Receipts
from .sequence import Tally
from .sightings import Sightings

Said = Counter[tuple[Kind, str]]
"""Comments, likes and pins by (kind, outcome); outcomes are those of the record's figures."""


def user_of(run: str, viewer: int) -> str:
    """The user id of a person of a run."""
    return f"{run}-v{viewer}"


@dataclass
class Account:
    """The counters of one run. `stays` has one entry for each crew: its members by room."""

    run: str
    stays: list[list[Stays]]
    deliveries: Deliveries
    tally: Tally = field(default_factory=Tally)
    slow_tally: Tally = field(default_factory=Tally)
    latencies: Latencies = field(default_factory=Latencies)
    receipts: Receipts = field(default_factory=Receipts)
    sightings: Sightings = field(default_factory=Sightings)
    said: Said = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    close_codes: Counter[int] = field(default_factory=Counter)
    entry_failures: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    """By name: opened, gone, turned_away, frames, frames_decoded, bytes, reconnects, late, retries,
    resent, unreadable."""
    unreadable_first: str = ""
    closed_ms: float = inf
    """When it was closed, by the clock of the run."""

    @property
    def members(self) -> int:
        """How many are in rooms now."""
        return sum(stays.members for crew in self.stays for stays in crew)

    def failures(self) -> dict[str, float]:
        """What went wrong so far, under the names of the record's figures."""
        return {
            "reliable.lost": self.tally.lost,
            "reliable.doubled": self.tally.doubled,
            "reliable.reordered": self.tally.reordered,
            **{f"errors.{code}": count for code, count in self.errors.items()},
            **{f"closes.{code}": count for code, count in self.close_codes.items()},
        }

    def merge(self, other: "Account") -> None:
        """Add what another crew noted of the same run. Latencies are told as the run goes."""
        self.stays += other.stays
        self.deliveries.merge(other.deliveries)
        self.closed_ms = min(self.closed_ms, other.closed_ms)
        self.tally.add(other.tally)
        self.slow_tally.add(other.slow_tally)
        self.receipts.merge(other.receipts)
        self.sightings.merge(other.sightings)
        for name in ("said", "errors", "close_codes", "entry_failures", "counts"):
            getattr(self, name).update(getattr(other, name))
        self.unreadable_first = self.unreadable_first or other.unreadable_first
