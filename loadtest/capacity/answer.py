"""The answer of a search: how many viewers are held, what fails above, and why. Pure.

Must not know how trials are made. Invariant: `from_json(as_json(capacity)) == capacity`; every
number in the sentence stands in a trial.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from ..record.record import BadRecord, Machine, Record, Verdict
from .search import End

FORMAT = 1
"""Version of the JSON: raised when a field changes its meaning or goes."""
KEY_FIGURES = (
    "comment.p99_ms",
    "comment.reach_pct",
    "gift_event.p99_ms",
    "order.p99_ms",
    "reliable.lost",
    "server.cpu_pct_max",
    "generator.cpu_pct_max",
)
"""What is kept of each trial beside its verdict; all else is in the trial's own run folder."""

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One trial, played by `crews` generator processes.

    `reason` is the first of its verdict, `missed` the first objective not met.
    """

    viewers: int
    seconds: float
    is_hold: bool
    verdict: Verdict
    reason: str
    missed: str | None = None
    bottleneck: str | None = None
    figures: dict[str, float] = field(default_factory=dict)
    run: str | None = None
    crews: int = 0


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What was found. `note` says why a search was ended before it was settled."""

    scenario: str
    url: str
    started_at: str
    """UTC, ISO 8601."""
    end: End
    holds: int | None
    fails_at: int | None
    because: str | None
    bottleneck: str | None
    machine: Machine | None
    trials: list[Tried]
    note: str | None = None
    is_server_gone: bool = False

    def sentence(self) -> str:
        """The answer, in one sentence without a full stop."""
        return _SENTENCES[self.end](self)

    def as_json(self) -> dict[str, Any]:
        trials = [{**asdict(each), "verdict": each.verdict.value} for each in self.trials]
        plain = {**asdict(self), "end": self.end.value, "trials": trials}
        return {"format": FORMAT, "answer": self.sentence(), **plain}


def from_json(plain: Any) -> Capacity:
    """What `as_json` wrote. Raises `BadRecord`."""
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise BadRecord(f"this is not a capacity that this version reads (format {FORMAT})")
    fields = {name: value for name, value in plain.items() if name not in ("format", "answer")}
    try:
        fields["end"] = End(fields["end"])
        fields["machine"] = fields["machine"] and Machine(**fields["machine"])
        fields["trials"] = [
            Tried(**{**each, "verdict": Verdict(each["verdict"])}) for each in fields["trials"]
        ]
        return Capacity(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise BadRecord(f"the capacity is damaged: {error}") from error


def tried(record: Record, viewers: int, seconds: float, *, is_hold: bool) -> Tried:
    """What the answer keeps of a trial's record."""
    missed = (judged.text for judged in record.objectives if not judged.is_met)
    return Tried(
        viewers=viewers,
        seconds=seconds,
        is_hold=is_hold,
        verdict=record.verdict,
        reason=_within_a_sentence(record.reasons[0]) if record.reasons else "",
        missed=next(missed, None),
        bottleneck=record.bottleneck,
        figures={name: record.figures[name] for name in KEY_FIGURES if name in record.figures},
        run=record.run,
        crews=len(record.generator),
    )


def commonest_reason(trials: Sequence[Tried], end: End, fails_at: int | None) -> str | None:
    """Why trials at `fails_at` did not pass: the commonest reason, as the latest of them put it."""
    wanted = Verdict.INVALID if end is End.GENERATOR else Verdict.FAIL
    at_edge = [each for each in trials if each.viewers == fails_at and each.verdict is wanted]
    chosen = _commonest(at_edge, lambda each: each.missed or _shape(each.reason))
    return chosen.reason if chosen else None


def commonest_bottleneck(trials: Sequence[Tried], fails_at: int | None) -> str | None:
    """What most failing trials name, those at `fails_at` before all others."""
    failing = [each for each in trials if each.verdict is Verdict.FAIL and each.bottleneck]
    at_edge = [each for each in failing if each.viewers == fails_at]
    chosen = _commonest(at_edge or failing, lambda each: _shape(each.bottleneck or ""))
    return chosen.bottleneck if chosen else None


def _commonest(items: Iterable[Item], key: Callable[[Item], str]) -> Item | None:
    listed = list(items)
    if not listed:
        return None
    common, _ = Counter(map(key, listed)).most_common(1)[0]
    return [item for item in listed if key(item) == common][-1]


def _within_a_sentence(sentence: str) -> str:
    return re.sub(r"^(The|A|An|No) ", lambda word: word[0].lower(), sentence.rstrip("."))


def _shape(sentence: str) -> str:
    """A sentence without its measured numbers; those in names (worker-0) stay."""
    return re.sub(r"(?<![\w-])\d[\d.,]*", "#", sentence)


def _found(capacity: Capacity) -> str:
    return f"holds {_viewers(capacity.holds)}, {_fails(capacity)}"


def _none(capacity: Capacity) -> str:
    return f"holds none: {_fails(capacity)}"


def _most(capacity: Capacity) -> str:
    return f"holds {_viewers(capacity.holds)}, the most that was to be tried"


def _generator(capacity: Capacity) -> str:
    limit = f"the generator was the limit: {capacity.because}"
    if capacity.holds is None:
        return f"no answer: even with {_viewers(capacity.fails_at)} {limit}"
    return f"holds at least {_viewers(capacity.holds)}; with {capacity.fails_at:,} {limit}"


def _unsettled(capacity: Capacity) -> str:
    known = [] if capacity.holds is None else [f"held {_viewers(capacity.holds)} so far"]
    known += [] if capacity.because is None else [_fails(capacity)]
    return f"not settled: {', '.join(known) or 'nothing learnt'}; {capacity.note}"


def _fails(capacity: Capacity) -> str:
    named = capacity.bottleneck
    bottleneck = (
        f"; the bottleneck was: {named}" if named else "; nothing measured was at its limit"
    )
    return f"fails at {capacity.fails_at or 0:,} because {capacity.because}{bottleneck}"


def _viewers(count: int | None) -> str:
    return f"{count or 0:,} viewer{'' if count == 1 else 's'}"


_SENTENCES: dict[End, Callable[[Capacity], str]] = {
    End.FOUND: _found,
    End.NONE: _none,
    End.MOST: _most,
    End.GENERATOR: _generator,
    End.UNSETTLED: _unsettled,
}
