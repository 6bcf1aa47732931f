"""The beats of all crews made into the seconds of one run. Pure.

Invariants: a second is told once, when every crew that is left has told it or one after it; what a
crew counted but did not tell in its second is in the next one. `latencies` has all of every beat
that came, whichever second it was of.
"""

from collections import Counter
from collections.abc import Callable, Mapping

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
        self.cpu_pct: list[float] = []
        self.lag_ms: list[float] = []
        self.resident_mib = 0.0

    def put(self, number: int, beat: Beat) -> None:
        """Keep what it told of a second, of which it may tell twice: a timer may be early."""
        histograms: dict[Measure, Histogram] = {}
        for each in filter(None, (self.beats.get(number), beat)):
            for measure, histogram in each.histograms.items():
                histograms.setdefault(measure, Counter()).update(histogram)
        self.beats[number] = Beat(number, beat.counts, histograms)

    def take(self, number: int) -> Beat | None:
        """What it told up to a second, in one."""
        histograms: dict[Measure, Histogram] = {}
        last = None
        for each in sorted(self.beats):
            if each <= number:
                last = self.beats.pop(each)
                for measure, histogram in last.histograms.items():
                    histograms.setdefault(measure, Counter()).update(histogram)
        return last and Beat(number, last.counts, histograms)


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

    def begin(self) -> None:
        """The show begins: what came before it has moments below 0, or none but still counts."""
        self._timeline.shift(-float(len(self._timeline.at_s)))
        self._next = 1
        self._has_begun = True
        for crew in self._crews:
            crew.beats.clear()
            crew.told = 0
            crew.cpu_pct.clear()
            crew.lag_ms.clear()

    def take(self, crew: int, beat: Beat) -> None:
        """A crew told of a second, of the show's or, before it, of the next in turn."""
        self.latencies.add(beat.histograms)
        if self._has_begun and beat.number is None:
            return
        each = self._crews[crew]
        each.told = beat.number if beat.number is not None else each.told + 1
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

    def _add(self, number: int) -> None:
        histograms: dict[Measure, Histogram] = {}
        sums: Counter[str] = Counter()
        for crew in self._crews:
            beat = crew.take(number)
            if beat is not None:
                _note(crew, beat)
                for measure, histogram in beat.histograms.items():
                    histograms.setdefault(measure, Counter()).update(histogram)
            sums.update(crew.counts)
        self.peak = max(self.peak, int(sums["members"]))
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
            "viewers": sums["members"],
            **rates,
            **percentiles,
            "generator_cpu_pct": max((c.cpu_pct[-1] for c in self._crews if c.cpu_pct), default=0),
            "generator_lag_ms": max((c.lag_ms[-1] for c in self._crews if c.lag_ms), default=0),
            **self._server(),
        }


def _note(crew: _Crew, beat: Beat) -> None:
    spent_s = beat.counts["cpu_s"] - crew.counts.get("cpu_s", beat.counts["cpu_s"])
    crew.cpu_pct.append(spent_s * 100)
    lag = beat.histograms.get(Measure.LOOP_LAG)
    crew.lag_ms.append(max(lag) / 1000 if lag else 0.0)
    crew.resident_mib = max(crew.resident_mib, beat.counts["resident_bytes"] / _MIB)
    crew.counts = beat.counts
