"""A crew's beats as entries of Locust's statistics, a second at a time.

Must not know how they reach the master. Invariant: what a crew measured is counted once; Locust's
rounding is to whole milliseconds.
"""

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..books.latency import Histogram, Measure

if TYPE_CHECKING:
    from locust.stats import RequestStats

TIMED = {
    Measure.CONNECT: ("connection", "connected"),
    Measure.JOIN: ("connection", "joined"),
    Measure.REJOIN: ("connection", "back in the room"),
    Measure.COMMENT_DELIVERED: ("push", "comment delivered"),
    Measure.GIFT_EVENT: ("push", "gift event delivered"),
    Measure.SOLD_EVENT: ("push", "sold event delivered"),
    Measure.GIFT_REPLY: ("reply", "gift answered"),
    Measure.ORDER_REPLY: ("reply", "order answered"),
}
"""Locust's type and name of each."""
FRAMES = ("push", "frames")
"""Has all bytes, and no times; not in Locust's total, which so has the number of what was timed."""
FAILED = {
    "errors": ("reply", "command refused"),
    "closes": ("connection", "closed by the server"),
    "reliable": ("push", "reliable events"),
}
"""By the family of the figure: `errors.sold_out`, `closes.4408`, `reliable.lost`."""


class Entries:
    """What one crew adds to the statistics of its worker."""

    def __init__(self, stats: "RequestStats") -> None:
        self._stats = stats
        self._told: dict[str, float] = {}

    def add(self, counts: Mapping[str, float], histograms: Mapping[Measure, Histogram]) -> None:
        """Take totals so far, and what was timed since the last."""
        for measure, (method, name) in TIMED.items():
            if histogram := histograms.get(measure):
                for entry in (self._stats.total, self._stats.get(name, method)):
                    _log(entry, histogram)
        grown = dict(self._grown(counts))
        self._log_frames(int(grown.get("frames", 0)), int(grown.get("bytes", 0)))
        for figure, count in grown.items():
            family, _, what = figure.partition(".")
            if what and family in FAILED:
                self._fail(*FAILED[family], what, int(count))

    def _grown(self, counts: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        for name, count in counts.items():
            if grown := count - self._told.get(name, 0):
                yield name, grown
        self._told.update(counts)

    def _log_frames(self, frames: int, size_bytes: int) -> None:
        if not frames:
            return
        method, name = FRAMES
        entry: Any = self._stats.get(name, method)
        entry.log(None, 0)
        _count(entry, frames - 1)
        entry.num_none_requests += frames - 1
        entry.total_content_length += size_bytes
        self._stats.total.total_content_length += size_bytes

    def _fail(self, method: str, name: str, what: str, count: int) -> None:
        """The first as Locust would; the others beside it."""
        stats = self._stats
        before = {key: error.occurrences for key, error in stats.errors.items()}
        stats.log_error(method, name, what)
        for key, error in stats.errors.items():
            if error.occurrences != before.get(key, 0):
                error.occurrences += count - 1
        for entry in (stats.total, stats.get(name, method)):
            entry.num_failures += count - 1
            entry.num_fail_per_sec[int(time.time())] += count - 1


def _log(entry: Any, histogram: Histogram) -> None:
    """Many at once. Locust declares whole milliseconds, and takes fractions."""
    times_ms = {us / 1000: count for us, count in histogram.items()}
    least_ms, most_ms = min(times_ms), max(times_ms)
    entry.log(least_ms, 0)
    times_ms[least_ms] -= 1
    _count(entry, sum(times_ms.values()))
    entry.max_response_time = max(entry.max_response_time, most_ms)
    entry.total_response_time += sum(ms * count for ms, count in times_ms.items())
    for ms, count in times_ms.items():
        entry.response_times[round(ms)] += count


def _count(entry: Any, count: int) -> None:
    """So many more. The first of a second is logged as Locust does it: its charts need that."""
    entry.num_requests += count
    entry.num_reqs_per_sec[int(time.time())] += count
