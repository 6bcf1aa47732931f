"""Whether a row of samples grows. Pure."""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from .plan import HEAP_GROWTH_BYTES_MAX, HEAP_GROWTH_MAX


class Growth(NamedTuple):
    """`early` and `late` are means of the first and last third; the slope is of all, a minute."""

    early: float
    late: float
    per_min: float

    @property
    def is_flat(self) -> bool:
        grown = self.late - self.early
        return grown <= max(HEAP_GROWTH_MAX * self.early, HEAP_GROWTH_BYTES_MAX)


def growth_of(minutes: Sequence[float], values: Sequence[float]) -> Growth:
    """By least squares; at least three samples."""
    third = len(values) // 3
    if not third or len(minutes) != len(values):
        raise ValueError(f"{len(values)} samples at {len(minutes)} moments: at least 3 are needed")
    middle, mean = fmean(minutes), fmean(values)
    spread = sum((minute - middle) ** 2 for minute in minutes)
    together = sum((m - middle) * (v - mean) for m, v in zip(minutes, values, strict=True))
    slope = together / spread if spread else 0.0
    return Growth(fmean(values[:third]), fmean(values[-third:]), slope)
