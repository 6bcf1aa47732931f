"""How smooth a page was, from the moments of its frames. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

LONG_MS = 33.4
"""Two frames of a screen with 60 a second."""


class Pace(NamedTuple):
    """`per_s` on average; `long_share` of the frames took over `LONG_MS`."""

    frames: int
    per_s: float
    long_share: float
    longest_ms: float


def pace_of(*stretches: Sequence[float]) -> Pace:
    """Of stretches of frames' moments in ms, each at least two. What lay between is not counted."""
    gaps = [after - before for moments in stretches for before, after in pairwise(moments)]
    lasted_ms = sum(gaps)
    if lasted_ms <= 0:
        raise ValueError(f"{len(gaps) + 1} frames in {lasted_ms:g} ms are no animation")
    longest = sum(gap > LONG_MS for gap in gaps)
    return Pace(len(gaps), 1000 * len(gaps) / lasted_ms, longest / len(gaps), max(gaps))
