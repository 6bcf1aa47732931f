"""How long things took: a sparse histogram for each thing measured. Pure.

Values are kept in microseconds with three significant digits, as HDR histograms have it, but only
those that occur: such histograms are small, add up exactly, and travel between processes.
Deliveries are not recorded one by one: arrivals are counted per quarter of a millisecond, to the
nearest, and so is the moment they count from. A delivery's latency is thus off by at most a
quarter of a millisecond, to either side. Replies are recorded one by one and are not quantised.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

LATENCY_US_MAX = 3_600_000_000
"""An hour. What takes longer is recorded as an hour."""
TICKS_PER_MS = 4
_US_PER_TICK = 1000 // TICKS_PER_MS
_EXACT_US = 1000
"""Below this every microsecond is a bucket of its own."""


class Measure(Enum):
    """What is timed; the names are those of the record's figures."""

    CONNECT = "connect"
    HELLO = "hello"
    JOIN = "join"
    REJOIN = "rejoin"
    COMMENT_DELIVERED = "comment"
    COMMENT_SERVICE = "comment_service"
    GIFT_REPLY = "gift"
    GIFT_SERVICE = "gift_service"
    GIFT_EVENT = "gift_event"
    ORDER_REPLY = "order"
    ORDER_SERVICE = "order_service"
    SOLD_EVENT = "sold_event"
    SENT_LATE = "generator.late"
    LOOP_LAG = "generator.lag"


@dataclass(frozen=True)
class Summary:
    """A histogram in six numbers, milliseconds."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float


Histogram = Counter[int]
"""Microseconds, three significant digits, to how often."""


def ticks(moment_ms: float) -> int:
    """A moment in quarters of a millisecond, to the nearest."""
    return round(moment_ms * TICKS_PER_MS)


class Latencies:
    """A histogram for each measure: all of the run, and what came since the last look."""

    def __init__(self) -> None:
        self.total: dict[Measure, Histogram] = {measure: Counter() for measure in Measure}
        self._recent: dict[Measure, Histogram] = {measure: Counter() for measure in Measure}
        self._ticks: dict[Measure, Counter[int]] = {measure: Counter() for measure in Measure}

    def record(self, measure: Measure, latency_ms: float) -> None:
        """Record one value."""
        self._recent[measure][_bucket(latency_ms * 1000)] += 1

    def tally(self, measure: Measure, latency_ticks: int, count: int) -> None:
        """Count a value in ticks; several times cheaper than `record` where values repeat."""
        self._ticks[measure][latency_ticks] += count

    def take_recent(self) -> dict[Measure, Histogram]:
        """What came since the last take; measures of which nothing came are left out."""
        taken = {}
        for measure, recent in self._recent.items():
            for latency_ticks, count in self._ticks[measure].items():
                recent[_bucket(latency_ticks * _US_PER_TICK)] += count
            self._ticks[measure].clear()
            if recent:
                taken[measure] = recent
                self._recent[measure] = Counter()
        self.add(taken)
        return taken

    def add(self, histograms: Mapping[Measure, Histogram]) -> None:
        """Add what somebody else recorded."""
        for measure, histogram in histograms.items():
            self.total[measure].update(histogram)

    def summary(self, measure: Measure) -> Summary:
        self.take_recent()
        return summary_of(self.total[measure])


def summarise(latencies_ms: Iterable[float]) -> Summary:
    """Summarise values that were kept one by one: recording late costs the run nothing."""
    return summary_of(Counter(_bucket(latency_ms * 1000) for latency_ms in latencies_ms))


def summary_of(histogram: Histogram) -> Summary:
    p50, p90, p99, p999 = (each / 1000 for each in percentiles_us(histogram, 0.5, 0.9, 0.99, 0.999))
    return Summary(
        count=histogram.total(),
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        p999_ms=p999,
        max_ms=max(histogram, default=0) / 1000,
    )


def percentiles_us(histogram: Histogram, *shares: float) -> list[int]:
    """The least value that each share of all values does not exceed; shares must rise."""
    total, seen = histogram.total(), 0
    found: list[int] = []
    for value_us in sorted(histogram):
        seen += histogram[value_us]
        while len(found) < len(shares) and seen >= shares[len(found)] * total:
            found.append(value_us)
    return found + [0] * (len(shares) - len(found))


def _bucket(latency_us: float) -> int:
    latency = min(max(round(latency_us), 0), LATENCY_US_MAX)
    width = 1
    while latency >= _EXACT_US * width:
        width *= 10
    return (latency + width // 2) // width * width
