"""How long things took: one HDR histogram for each thing measured. Pure.

Values are held in microseconds with three significant digits. Deliveries are not recorded one by
one: a frame's arrivals are counted per whole millisecond, rounded up, and recorded with that
count. What is quantised is therefore the moment of arrival (up to 1 ms late) and the intended
moment (up to 1 ms early): a delivery's latency is never understated and overstated by less than
2 ms. Replies are recorded one by one and are not quantised.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from hdrh.histogram import HdrHistogram

LATENCY_US_MAX = 3_600_000_000
"""An hour. What takes longer is recorded as an hour."""
_DIGITS = 3


class Measure(Enum):
    """What is timed."""

    COMMENT_DELIVERED = "comment delivered"
    GIFT_REPLY = "gift reply"
    GIFT_EVENT = "gift event delivered"
    ORDER_REPLY = "order reply"
    SENT_LATE = "generator: sent late"
    LOOP_LAG = "generator: loop lag"


@dataclass(frozen=True)
class Summary:
    """A histogram in six numbers, milliseconds."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float


class Latencies:
    """One histogram for each measure."""

    def __init__(self) -> None:
        self._histograms = {m: HdrHistogram(1, LATENCY_US_MAX, _DIGITS) for m in Measure}
        self._tallies: dict[Measure, Counter[int]] = {m: Counter() for m in Measure}

    def record(self, measure: Measure, latency_ms: float) -> None:
        """Record one value."""
        self._put(measure, latency_ms, 1)

    def tally(self, measure: Measure, latency_ms: int, count: int) -> None:
        """Count a quantised value; ten times cheaper than `record` where values repeat."""
        self._tallies[measure][latency_ms] += count

    def summary(self, measure: Measure) -> Summary:
        self._fold(measure)
        return _summary(self._histograms[measure])

    def _fold(self, measure: Measure) -> None:
        for latency_ms, count in self._tallies[measure].items():
            self._put(measure, latency_ms, count)
        self._tallies[measure].clear()

    def _put(self, measure: Measure, latency_ms: float, count: int) -> None:
        self._histograms[measure].record_value(_microseconds(latency_ms), count)


def summarise(latencies_ms: Iterable[float]) -> Summary:
    """Summarise values that were kept one by one: recording late costs the run nothing."""
    histogram = HdrHistogram(1, LATENCY_US_MAX, _DIGITS)
    for latency_ms in latencies_ms:
        histogram.record_value(_microseconds(latency_ms))
    return _summary(histogram)


def _microseconds(latency_ms: float) -> int:
    return min(max(round(latency_ms * 1000), 0), LATENCY_US_MAX)


def _summary(histogram: HdrHistogram) -> Summary:
    return Summary(
        count=histogram.get_total_count(),
        p50_ms=_percentile_ms(histogram, 50),
        p90_ms=_percentile_ms(histogram, 90),
        p99_ms=_percentile_ms(histogram, 99),
        p999_ms=_percentile_ms(histogram, 99.9),
        max_ms=histogram.max_value / 1000,
    )


def _percentile_ms(histogram: HdrHistogram, percentile: float) -> float:
    if not histogram.get_total_count():
        return 0.0
    return float(histogram.get_value_at_percentile(percentile)) / 1000
