"""The beats of all crews made into the seconds of one run. Pure.

Invariant: a second is told once, when every crew that is left has told it or one after it; what a
crew counted but did not tell in its second is in the next one. What was timed is in `latencies`
once, whenever it was told.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import inf

from ..books.latency import Histogram, Latencies, Measure, percentiles_us
from ..crew.messages import Beat
from ..record.record import Process
from ..record.timeline import Timeline

_RATES = {
    "comments_per_s": "comments",
    "gifts_per_s": "gifts",
    "orders_per_s": "orders",
    "deliveries_per_s": "deliveries",
    "frames_per_s": "frames",
    "bytes_per_s": "bytes",
    "shed_per_s": "shed",
    "lost_per_s": "lost",
    "errors_per_s": "errors",
    "closes_per_s": "closes",
}
"""Series to the count whose growth it is."""
_PERCENTILES = {
    "comment_p50_ms": (Measure.COMMENT_DELIVERED, 0.5),
    "comment_p99_ms": (Measure.COMMENT_DELIVERED, 0.99),
    "gift_event_p99_ms": (Measure.GIFT_EVENT, 0.99),
    "order_p99_ms": (Measure.ORDER_REPLY, 0.99),
    "connect_p99_ms": (Measure.CONNECT, 0.99),
}
_MIB = 1 << 20

ServerSecond = Callable[[], Mapping[str, float | None]]
"""The `server_…` series of the last second."""


class _Crew:
    """What is known of one crew."""

    def __init__(self) -> None:
        self.beats: dict[int, Beat] = {}
        self.told = 0
        self.counts: dict[str, float] = {}
        self.cpu_from: dict[str, float] = {}
        self.cpu_pct: list[float] = []
        self.lag_ms: list[float] = []
        self.cpu_now_pct = 0.0
        self.lag_now_ms = 0.0
        self.resident_mib = 0.0

    def begin(self) -> None:
        self.told = 0
        self.cpu_pct.clear()
        self.lag_ms.clear()

    def put(self, number: int, beat: Beat) -> None:
        """Keep what it told of a second, of which it may tell twice: a timer may be early."""
        both = [each for each in (self.beats.get(number), beat) if each is not None]
        self.beats[number] = Beat(number, beat.counts, _summed(both))

    def take(self, number: float) -> Beat | None:
        """What it told up to a second, in one."""
        taken = [self.beats.pop(each) for each in sorted(self.beats) if each <= number]
        return Beat(self.told, taken[-1].counts, _summed(taken)) if taken else None

    def note(self, beat: Beat, *, is_of_show: bool) -> None:
        """`cpu_pct` and `lag_ms` get a value for each second of the show."""
        counts, before = beat.counts, self.cpu_from or beat.counts
        spent_s, passed_s = (counts[name] - before[name] for name in ("cpu_s", "at_s"))
        lag = beat.histograms.get(Measure.LOOP_LAG)
        self.cpu_now_pct = 100 * spent_s / max(passed_s, 1e-3)
        self.lag_now_ms = max(lag) / 1000 if lag else 0.0
        if is_of_show:
            self.cpu_pct.append(self.cpu_now_pct)
            self.lag_ms.append(self.lag_now_ms)
        self.resident_mib = max(self.resident_mib, counts["resident_bytes"] / _MIB)
        self.counts = self.cpu_from = counts


class Seconds:
    """Takes beats as they come, and adds seconds to a timeline as they are complete."""

    def __init__(self, timeline: Timeline, crews: int, server: ServerSecond) -> None:
        self.latencies = Latencies()
        self.peak = 0
        self._timeline = timeline
        self._server = server
        self._crews = [_Crew() for _ in range(crews)]
        self._last: Counter[str] = Counter()
        self._next = 1
        self._has_begun = False
        self._until_s = inf

    def begin(self) -> None:
        """The show begins: what came before it has moments below 0."""
        self._timeline.shift(-float(len(self._timeline.at_s)))
        self._next = 1
        self._has_begun = True
        for crew in self._crews:
            self._time_rest(crew)
            crew.begin()

    def end(self, seconds: float) -> None:
        """The show was so long: later seconds are told, but say nothing of the crews."""
        self._until_s = seconds

    def close(self) -> None:
        """No crew tells any more: what is in no second is in `latencies` all the same."""
        for crew in self._crews:
            self._time_rest(crew)

    def take(self, crew: int, beat: Beat) -> None:
        """A crew told of a second, of the show's or, before it, of the next in turn.

        What it tells of no second when the show has begun was timed just before or behind it.
        """
        each, number = self._crews[crew], beat.number
        if number is None and self._has_begun:
            self.latencies.add(beat.histograms)
            each.cpu_from = beat.counts
        else:
            each.told = each.told + 1 if number is None else number
            each.put(each.told, beat)

    def tell(self, is_lost: Callable[[int], bool]) -> None:
        """Add the seconds that are complete; lost crews are not waited for."""
        waited_for = [crew for n, crew in enumerate(self._crews) if not is_lost(n)]
        while waited_for and all(crew.told >= self._next for crew in waited_for):
            self._add(self._next)
            self._next += 1

    def processes(self) -> list[Process]:
        """The crews, while the show ran."""
        return [
            Process(
                name=f"generator-{number + 1}",
                cpu_pct=sum(crew.cpu_pct) / max(1, len(crew.cpu_pct)),
                cpu_pct_max=max(crew.cpu_pct, default=0.0),
                resident_mib=crew.resident_mib,
                lag_max_ms=max(crew.lag_ms, default=0.0),
            )
            for number, crew in enumerate(self._crews)
        ]

    def _time_rest(self, crew: _Crew) -> None:
        rest = crew.take(inf)
        if rest is not None:
            self.latencies.add(rest.histograms)
            crew.cpu_from = rest.counts

    def _add(self, number: int) -> None:
        told: list[Beat] = []
        sums: Counter[str] = Counter()
        for crew in self._crews:
            beat = crew.take(number)
            if beat is not None:
                crew.note(beat, is_of_show=number <= self._until_s)
                told.append(beat)
            sums.update(crew.counts)
        histograms = _summed(told)
        self.latencies.add(histograms)
        self.peak = max(self.peak, int(sums["viewers"]))
        self._timeline.add(float(number), self._values(sums, histograms))
        self._last = sums

    def _values(
        self, sums: Counter[str], histograms: Mapping[Measure, Histogram]
    ) -> dict[str, float | None]:
        rates = {name: sums[key] - self._last[key] for name, key in _RATES.items()}
        percentiles = {
            name: percentiles_us(histograms[measure], share)[0] / 1000
            for name, (measure, share) in _PERCENTILES.items()
            if measure in histograms
        }
        return {
            "viewers": sums["viewers"],
            **rates,
            **percentiles,
            "generator_cpu_pct": max(crew.cpu_now_pct for crew in self._crews),
            "generator_lag_ms": max(crew.lag_now_ms for crew in self._crews),
            **self._server(),
        }


def _summed(beats: Sequence[Beat]) -> dict[Measure, Histogram]:
    histograms: dict[Measure, Histogram] = {}
    for beat in beats:
        for measure, histogram in beat.histograms.items():
            histograms.setdefault(measure, Counter()).update(histogram)
    return histograms
