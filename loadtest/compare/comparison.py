"""Two sides compared figure by figure, and the verdict on the whole. Pure.

The verdict rests on three headlines and on counts that must be 0; of dozens of figures some always
move by chance. Over the headlines together, `LEVEL` is the probability of seeing a change where
there is none (Bonferroni); each of the others has `LEVEL_ALSO` of its own and decides nothing.
With noise of 3 %, four repeats a side find a change of 15 % in one headline in 99 of 100 cases,
three in 85. Invariant: what must be 0 is never weighed against noise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from ..record.figures import CATALOGUE, FAMILIES, Better, figure, value
from ..record.record import Record
from .likeness import Side, Unlike
from .noise import ACCURACY_MS, Shift, shift

FORMAT = 1
"""Version of the JSON: raised when a field changes its meaning or goes."""
WAITS = ("comment", "order")
COSTS = "server.cpu_pct_max"
"""The headlines: what a viewer waits for, what a buyer waits for, what it costs."""
QUANTILES = (("p99_ms", 100), ("p50_ms", 10))
"""With fewer than 100 timed, the 99th percentile is the largest of them: then half decide."""
FLOOR_HIGH = 0.25
"""Runs that hide a change of so much say little; the reader is told."""
NEVER = (
    *(f"{lane}.{what}" for lane in ("reliable", "slow") for what in ("lost", "doubled")),
    *("reliable.reordered", "slow.reordered", "reliable.mismatched", "comment.missing"),
    *("frames.unreadable", "rooms.unsettled", "ledger.orders_missing", "ledger.orders_wrong"),
    *("ledger.stocks_wrong", "ledger.oversold", "ledger.wallets_wrong", "ledger.shows_wrong"),
)
"""Counts of which one is too many."""
LEVEL, LEVEL_ALSO = 0.04, 0.01


class Finding(Enum):
    BETTER = "better"
    WORSE = "worse"
    NONE = "no detectable change"


@dataclass(frozen=True)
class Compared:
    """One figure. For counts there is no `change` and no `floor`: `a` and `b` are the largest."""

    name: str
    a: float
    b: float
    finding: Finding
    change: float | None = None
    floor: float | None = None

    def sentence(self) -> str:
        if self.change is None or self.floor is None:
            return f"{self.name} {self.a:,.0f} -> {self.b:,.0f}"
        return f"{self.name} {self.change:+.1%} (noise floor {self.floor:,.1%})"


@dataclass(frozen=True)
class Comparison:
    a: str
    b: str
    runs: tuple[int, int]
    """How many of each side."""
    headlines: list[Compared]
    counts: list[Compared]
    also: list[Compared]

    @property
    def finding(self) -> Finding:
        found = {each.finding for each in (*self.headlines, *self.counts)}
        return next((f for f in (Finding.WORSE, Finding.BETTER) if f in found), Finding.NONE)

    def sentence(self) -> str:
        """The verdict, in one sentence without a full stop."""
        worse, better = self._moved(Finding.WORSE), self._moved(Finding.BETTER)
        if worse:
            return f"{self.b} is worse than {self.a}: {worse}" + (
                f"; it is better in: {better}" if better else ""
            )
        if better:
            return f"{self.b} is better than {self.a}: {better}"
        floors = ", ".join(f"{each.name} {each.floor or 0:,.1%}" for each in self.headlines)
        return f"no detectable change; seen would have been more than: {floors}"

    def note(self) -> str | None:
        """What to do when the runs are too noisy to tell much."""
        noisy = [each.name for each in self.headlines if (each.floor or 0.0) > FLOOR_HIGH]
        if not noisy:
            return None
        return (
            f"{', '.join(noisy)}: only a change of more than {FLOOR_HIGH:.0%} would be seen; "
            "for less, make more repeats, longer runs, or let nothing else run on the machine"
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "finding": self.finding.value,
            "answer": self.sentence(),
            "note": self.note(),
            **{name: [_plain(each) for each in getattr(self, name)] for name in _LISTS},
            "a": self.a,
            "b": self.b,
            "runs": list(self.runs),
        }

    def _moved(self, finding: Finding) -> str:
        moved = (each for each in (*self.counts, *self.headlines) if each.finding is finding)
        return ", ".join(each.sentence() for each in moved)


_LISTS = ("headlines", "counts", "also")


def compare(a: Side, b: Side, noise: Sequence[Record] = ()) -> Comparison:
    """Compare sides that are alike; `noise` are repeats that tell of the spread alone.

    Raises `Unlike` when no headline figure is in all runs.
    """
    present = [name for name in headline_names(a, b, noise) if _columns(name, a, b, noise)]
    headlines = [
        each for name in present if (each := _moved(name, a, b, noise, LEVEL / len(present)))
    ]
    if not headlines:
        raise Unlike(
            f"neither {', '.join(WAITS)} times nor {COSTS} were measured in every run of both sides"
        )
    others = [name for name in _directed(a, b) if name not in (*present, *NEVER)]
    return Comparison(
        a.name,
        b.name,
        (len(a.runs), len(b.runs)),
        headlines,
        [each for name in NEVER if (each := _never(name, a, b))],
        [each for name in others if (each := _also(name, a, b, noise))],
    )


def headline_names(a: Side, b: Side, noise: Sequence[Record] = ()) -> list[str]:
    """What decides for these runs: of each wait the quantile that they all have enough for."""
    runs = (*a.runs, *b.runs, *noise)
    names = []
    for timed in WAITS:
        least = min(run.figures.get(f"{timed}.count", 0.0) for run in runs)
        enough = (f"{timed}.{quantile}" for quantile, count in QUANTILES if least >= count)
        names += [name for name in (next(enough, None),) if name]
    return [*names, COSTS]


def _directed(a: Side, b: Side) -> Iterator[str]:
    """Every figure that has a better and a worse, codes that came on either side among them."""
    names = dict.fromkeys(name for side in (a, b) for run in side.runs for name in run.figures)
    known = (name for name in names if name in CATALOGUE or name.partition(".")[0] in FAMILIES)
    return (name for name in known if figure(name).better != "neither")


def _moved(name: str, a: Side, b: Side, noise: Sequence[Record], level: float) -> Compared | None:
    columns = _columns(name, a, b, noise)
    if columns is None:
        return None
    of_a, of_b, of_noise = columns
    least = ACCURACY_MS if name.endswith("_ms") else 0.0
    moved = shift(of_a, of_b, level, noise=of_noise, least=least)
    if moved is None:
        return None
    finding = _judged(moved, figure(name).better)
    return Compared(name, moved.a, moved.b, finding, moved.change, moved.floor)


def _judged(moved: Shift, better: Better) -> Finding:
    if not moved.is_detectable:
        return Finding.NONE
    return Finding.BETTER if (moved.change < 0) == (better == "lower") else Finding.WORSE


def _never(name: str, a: Side, b: Side) -> Compared | None:
    """One occasion in one run is enough; where both sides have had it, neither is better."""
    columns = _columns(name, a, b, ())
    if columns is None:
        return None
    worst_a, worst_b = max(columns[0]), max(columns[1])
    finding = Finding.NONE
    if (worst_a > 0) != (worst_b > 0):
        finding = Finding.WORSE if worst_b > 0 else Finding.BETTER
    return Compared(name, worst_a, worst_b, finding)


def _also(name: str, a: Side, b: Side, noise: Sequence[Record]) -> Compared | None:
    moved = _moved(name, a, b, noise, LEVEL_ALSO)
    return moved or _came(name, a, b)


def _came(name: str, a: Side, b: Side) -> Compared | None:
    """What never was on one side and was in every run of the other."""
    columns = _columns(name, a, b, ())
    if columns is None:
        return None
    of_a, of_b, _ = columns
    finding, is_lower = Finding.NONE, figure(name).better == "lower"
    if max(of_a) == 0 and min(of_b) > 0:
        finding = Finding.WORSE if is_lower else Finding.BETTER
    elif max(of_b) == 0 and min(of_a) > 0:
        finding = Finding.BETTER if is_lower else Finding.WORSE
    return Compared(name, max(of_a), max(of_b), finding)


def _columns(
    name: str, a: Side, b: Side, noise: Sequence[Record]
) -> tuple[list[float], list[float], list[float]] | None:
    """A figure in all runs; None unless every run has it."""
    columns = [[value(run.figures, name) for run in runs] for runs in (a.runs, b.runs, noise)]
    known = [[each for each in column if each is not None] for column in columns]
    if any(len(all_) != len(some) for all_, some in zip(columns, known, strict=True)):
        return None
    return known[0], known[1], known[2]


def _plain(compared: Compared) -> dict[str, Any]:
    return {**asdict(compared), "finding": compared.finding.value}
