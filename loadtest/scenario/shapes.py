"""From a curve, or a recording, to the moments of a run. Pure; chance is an argument.

Invariant: a curve gives exactly round(its area) moments, rising, one in each slot of equal area,
so that every second is as full as the curve says; within its slot a moment is random, so that
kinds and people do not beat in step. A constant rate C so has one in each slot of 1/C seconds.
"""

from array import array
from collections.abc import Iterator
from itertools import pairwise
from math import sqrt
from random import Random

from .model import Curve, Recording

Segment = tuple[float, float, float, float]
"""From when, for how long (seconds), the rate at its begin, and how that changes a second."""


def moments_ms(
    when: Curve | Recording, duration_s: float, random: Random, count: int | None = None
) -> "array[float]":
    """Milliseconds after the show's begin, rising, none behind its end.

    A recording's moments are as they were. `count`, where given, is how many moments a curve gives
    instead of its area: scaling may have rounded the people whom it brings in.
    """
    if isinstance(when, Recording):
        return array("d", (at_s * 1000 for at_s in when.moments_s if at_s <= duration_s))
    wanted = actions(when, duration_s) if count is None else count
    return array("d", sorted(_spread(list(_segments(when, duration_s)), wanted, random)))


def actions(when: Curve | Recording, duration_s: float) -> int:
    """How many moments there will be."""
    if isinstance(when, Recording):
        return sum(at_s <= duration_s for at_s in when.moments_s)
    return round(area(when, duration_s))


def area(curve: Curve, duration_s: float) -> float:
    """The integral of the rate over the show."""
    return sum(_area(segment) for segment in _segments(curve, duration_s))


def _segments(curve: Curve, duration_s: float) -> Iterator[Segment]:
    """The straight lines under which something lies, cut at the show's end."""
    for (from_s, first), (until_s, last) in pairwise(curve.points):
        width_s = min(until_s, duration_s) - from_s
        if width_s > 0 and (first > 0 or last > 0):
            yield from_s, width_s, first, (last - first) / (until_s - from_s)


def _area(segment: Segment) -> float:
    _, width_s, first, slope = segment
    return width_s * (first + slope * width_s / 2)


def _spread(segments: list[Segment], count: int, random: Random) -> Iterator[float]:
    """One moment in each of `count` slots of equal area: where the area so far is the slot's."""
    areas = [_area(segment) for segment in segments]
    slot, last = sum(areas) / max(count, 1), len(segments) - 1
    place, before = 0, 0.0
    for number in range(count if segments else 0):
        reached = (number + random.random()) * slot
        while place < last and reached >= before + areas[place]:
            before += areas[place]
            place += 1
        yield _at_ms(segments[place], max(0.0, reached - before))


def _at_ms(segment: Segment, area_so_far: float) -> float:
    """When so much of a segment's area has passed: first x t + slope x t^2 / 2, solved for t."""
    from_s, width_s, first, slope = segment
    root = sqrt(max(0.0, first * first + 2 * slope * area_so_far))
    after_s = 2 * area_so_far / (first + root) if first + root else 0.0
    return (from_s + min(after_s, width_s)) * 1000
