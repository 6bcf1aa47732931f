"""The search for the capacity: which trial next, and what all of them say. Pure.

Must not know how a trial is made. It doubles from a start until a trial fails, narrows the gap to
two neighbouring sizes, lets the larger fail again, and holds the smaller for longer. On the way one
trial decides; of the answer's two sizes neither rests on one trial: where two disagree, a third
decides, and a size that is voted down or up moves the search one size at a time, since the edge is
near. Invariant: sizes come from a ladder fixed beforehand, so that searches with equal bounds can
give equal answers; a search ends after `trials_max` trials whatever it is told.

With a pass probability that falls from 0.95 to 0.05 within ±5 % of the true capacity, steps of
`RESOLUTION_DEFAULT` and this voting let 998 of 1,000 triples of searches agree within 10 %, all of
them that near to the truth, in 12 trials on average; where the fall takes ±10 %, 95 of 100.
`python -m tests.loadtest.capacity.simulation` prints what other choices do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ..record.record import Verdict

START_DEFAULT = 500
VIEWERS_MIN = 10
"""Less is no audience, and no size to scale a scenario to."""
RESOLUTION_DEFAULT = 0.045
"""Two steps are less than 10 %: answers two sizes apart still agree. With 5 % they would not."""
TRIALS_MAX = 30
SECONDS_MAX = 3600.0
CLIMB = 2.0
"""How much larger the next size is while nothing has failed."""
VOTES = 2
"""So many trials settle a size: two of three."""
INVALID_MAX = 2
"""So many invalid trials in a row, and the generator is taken to be at its end there."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """`resolution` is by how much two neighbouring sizes differ, as a share of the smaller."""

    start: int = START_DEFAULT
    viewers_min: int = VIEWERS_MIN
    viewers_max: int = 1_000_000
    resolution: float = RESOLUTION_DEFAULT
    trials_max: int = TRIALS_MAX
    seconds_max: float = SECONDS_MAX


class End(Enum):
    """How a search ended.

    FOUND: a size held and the next failed. NONE: not even the smallest held. MOST: the largest
    allowed held. GENERATOR: what is above could not be tried. UNSETTLED: out of trials or time.
    """

    FOUND = "found"
    NONE = "none"
    MOST = "most"
    GENERATOR = "generator"
    UNSETTLED = "unsettled"


@dataclass(frozen=True)
class Ask:
    """The next trial. A hold is longer than others."""

    viewers: int
    is_hold: bool = False


class Standing(Enum):
    OPEN = "open"
    PASSES = "passes"
    FAILS = "fails"
    GENERATOR = "generator"


@dataclass
class Tally:
    """What the trials of one size said; `invalid` counts those in a row."""

    passes: int = 0
    fails: int = 0
    held: int = 0
    holds_tried: int = 0
    invalid: int = 0

    def add(self, verdict: Verdict, is_hold: bool) -> None:
        if verdict is Verdict.INVALID:
            self.invalid += 1
            return
        self.invalid = 0
        is_pass = verdict is Verdict.PASS
        self.passes += is_pass
        self.fails += not is_pass
        self.holds_tried += is_hold
        self.held += is_hold and is_pass

    @property
    def standing(self) -> Standing:
        if self.invalid >= INVALID_MAX:
            return Standing.GENERATOR
        if self.passes == self.fails < VOTES:
            return Standing.OPEN
        return Standing.PASSES if self.passes > self.fails else Standing.FAILS

    @property
    def is_disputed(self) -> bool:
        return bool(self.passes and self.fails)

    @property
    def is_settled(self) -> bool:
        if self.standing is Standing.PASSES:
            return self.passes >= VOTES and self.held > 0
        return self.standing is Standing.GENERATOR or self.fails >= VOTES


class Search:
    """Ask `next_trial`, make it, `tell` its outcome, until there is none to make."""

    def __init__(self, bounds: Bounds) -> None:
        self.trials = 0
        self.seconds = 0.0
        self._bounds = bounds
        self._ladder = ladder(bounds)
        self._tallies: dict[int, Tally] = {}
        self._repeated: Ask | None = None

    def next_trial(self) -> Ask | None:
        """The trial to make now; None when the search has ended."""
        if self.trials >= self._bounds.trials_max or self.seconds >= self._bounds.seconds_max:
            return None
        return self._repeated or self._wanted()

    def tell(self, ask: Ask, verdict: Verdict, seconds: float = 0.0) -> None:
        """The outcome of a trial that was asked for, and how long it took."""
        tally = self._tallies.setdefault(self._ladder.index(ask.viewers), Tally())
        tally.add(verdict, ask.is_hold)
        self.trials += 1
        self.seconds += seconds
        again = verdict is Verdict.INVALID and tally.invalid < INVALID_MAX
        self._repeated = ask if again else None

    @property
    def holds(self) -> int | None:
        """The largest size that held so far, with none below it that did not."""
        below = self._floor()
        return None if below is None else self._ladder[below]

    @property
    def fails_at(self) -> int | None:
        """The smallest size that did not hold so far, for whatever reason."""
        above = self._ceiling()
        return None if above is None else self._ladder[above]

    @property
    def end(self) -> End:
        """How the search ended; UNSETTLED while it has not."""
        if self._repeated or self._wanted():
            return End.UNSETTLED
        ceiling = self._ceiling()
        if ceiling is None:
            return End.MOST
        if self._tallies[ceiling].standing is Standing.GENERATOR:
            return End.GENERATOR
        return End.NONE if self._floor() is None else End.FOUND

    def _wanted(self) -> Ask | None:
        tied = [rung for rung in self._tallies if self._standing(rung) is Standing.OPEN]
        if tied:
            return self._ask(tied[-1], is_hold=self._tallies[tied[-1]].holds_tried > 0)
        rung = self._probe()
        return self._settling() if rung is None else self._ask(rung)

    def _probe(self) -> int | None:
        """The rung to try next; None when there is none between what holds and what does not."""
        floor, ceiling = self._floor(), self._ceiling()
        if floor is None and ceiling is None:
            return self._ladder.index(self._bounds.start)
        if ceiling is None:
            assert floor is not None
            return self._climbed(floor)
        if floor is None:
            return self._descended(ceiling)
        if ceiling - floor < 2:
            return None
        if self._tallies[ceiling].is_disputed:
            return ceiling - 1
        if self._tallies[floor].is_disputed:
            return floor + 1
        return (floor + ceiling) // 2

    def _climbed(self, floor: int) -> int | None:
        last = len(self._ladder) - 1
        if floor == last:
            return None
        if self._tallies[floor].is_disputed:
            return floor + 1
        target = self._ladder[floor] * CLIMB
        return next((r for r in range(floor + 1, last) if self._ladder[r] >= target), last)

    def _descended(self, ceiling: int) -> int | None:
        if ceiling == 0:
            return None
        if self._tallies[ceiling].is_disputed:
            return ceiling - 1
        target = self._ladder[ceiling] / CLIMB
        return next((r for r in range(ceiling - 1, 0, -1) if self._ladder[r] <= target), 0)

    def _settling(self) -> Ask | None:
        """The larger of the two sizes first: it takes the shorter trial."""
        floor, ceiling = self._floor(), self._ceiling()
        if ceiling is not None and not self._tallies[ceiling].is_settled:
            return self._ask(ceiling)
        if floor is not None and not self._tallies[floor].is_settled:
            return self._ask(floor, is_hold=True)
        return None

    def _floor(self) -> int | None:
        ceiling = self._ceiling()
        passing = (
            rung
            for rung in self._tallies
            if self._standing(rung) is Standing.PASSES and (ceiling is None or rung < ceiling)
        )
        return max(passing, default=None)

    def _ceiling(self) -> int | None:
        bad = (Standing.FAILS, Standing.GENERATOR)
        return min((r for r in self._tallies if self._standing(r) in bad), default=None)

    def _standing(self, rung: int) -> Standing:
        return self._tallies[rung].standing

    def _ask(self, rung: int, *, is_hold: bool = False) -> Ask:
        return Ask(self._ladder[rung], is_hold)


def ladder(bounds: Bounds) -> Sequence[int]:
    """All sizes that may be tried, rising, `start` and both bounds among them."""
    low = min(bounds.viewers_min, bounds.start)
    ratio = 1.0 + bounds.resolution
    sizes = {low, bounds.start, bounds.viewers_max}
    size = float(bounds.start)
    while (size := size * ratio) < bounds.viewers_max:
        sizes.add(round(size))
    size = float(bounds.start)
    while (size := size / ratio) > low:
        sizes.add(round(size))
    return sorted(sizes)
