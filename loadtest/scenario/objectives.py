"""What a run is expected to show: `comment.p99_ms <= 150`. Pure.

Must not know where figures come from. Invariant: an objective names a figure that there is, and
one whose figure a run could not learn is not met.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence

from ..record.figures import figure, value
from ..record.record import Judged
from .model import Objective

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_OBJECTIVE = re.compile(r"\s*(?P<figure>[\w.]+)\s*(?P<operator>[<>=!]=|[<>])\s*(?P<limit>\S+)\s*")
_NUMBER = re.compile(r"[+-]?\d+(_\d+)*(\.\d+)?")


class BadObjective(ValueError):
    """Not an objective; the message says what one looks like."""


def parse(text: str) -> Objective:
    """The objective written so. Raises `BadObjective`, and `UnknownFigure` for its figure."""
    found = _OBJECTIVE.fullmatch(text)
    if found is None:
        raise BadObjective(
            "an objective is a figure, one of "
            f"{' '.join(OPERATORS)} and a number: comment.p99_ms <= 150"
        )
    if not _NUMBER.fullmatch(found["limit"]):
        raise BadObjective(f"{found['limit']!r} is no number; write 150, 0.5 or 10_000")
    figure(found["figure"])
    return Objective(text, found["figure"], found["operator"], float(found["limit"]))


def judge(objectives: Sequence[Objective], figures: Mapping[str, float]) -> list[Judged]:
    """Each objective beside what was measured."""
    return [_judged(objective, value(dict(figures), objective.figure)) for objective in objectives]


def _judged(objective: Objective, measured: float | None) -> Judged:
    is_met = measured is not None and OPERATORS[objective.operator](measured, objective.limit)
    return Judged(objective.text, objective.figure, measured, is_met)
