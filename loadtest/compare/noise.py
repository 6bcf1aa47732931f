"""What repeats of one side tell of the noise, and whether two sides differ by more. Pure.

A figure's typical value on a side is the geometric mean of its repeats: changes are ratios, and
latencies lie askew, so that logarithms are what is compared. Of few repeats it tells more than
their median: the floor would be a sixth higher.

The noise floor is the least change that chance alone would bring with the probability `level`
only: Student's t, with the spread of repeats about their own side's mean, pooled over both sides
and over what was run for the noise alone (a t test on logarithms). The range of a side or a
permutation of three against three cannot do that: their smallest probability is 1 in 10.

Invariant: with equal sides, a change is seen with the probability `level` at most.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .student import critical

REPEATS_MIN = 3
"""Of the first side, or for the noise alone: two differ once, and may do so little by luck."""
CHANGE_MIN = 0.02
"""Nobody acts on less, and equal repeats by accident do not make less a change."""
ACCURACY_MS = 1.0
"""`loadtest selftest` proves times to 1 ms or 1 %; less is not a change."""


@dataclass(frozen=True)
class Shift:
    """`change` and `floor` are shares of the first side's value: 0.1 is 10 %."""

    a: float
    b: float
    change: float
    floor: float

    @property
    def is_detectable(self) -> bool:
        return abs(math.log1p(self.change)) > math.log1p(self.floor)


def shift(
    a: Sequence[float],
    b: Sequence[float],
    level: float,
    *,
    noise: Sequence[float] = (),
    least: float = 0.0,
) -> Shift | None:
    """How far `b` lies from `a`; None unless all values are above 0 and something is repeated.

    `least` is the smallest difference that can be measured, in the figure's own unit.
    """
    if min((*a, *b, *noise)) <= 0.0:
        return None
    groups = [[math.log(value) for value in side] for side in (a, b, noise) if side]
    degrees = sum(len(group) - 1 for group in groups)
    if degrees < 1:
        return None
    spread = math.sqrt(sum(_squares(group) for group in groups) / degrees)
    error = spread * math.sqrt(1.0 / len(a) + 1.0 / len(b))
    chance = math.expm1(min(critical(degrees, level) * error, 700.0))
    of_a, of_b = _typical(a), _typical(b)
    return Shift(of_a, of_b, of_b / of_a - 1.0, max(chance, CHANGE_MIN, least / of_a))


def _typical(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def _squares(group: Sequence[float]) -> float:
    mean = sum(group) / len(group)
    return sum((value - mean) ** 2 for value in group)
