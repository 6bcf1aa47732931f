"""Where marks stand on an axis, and which points of a long course are drawn. Pure."""

import math
from collections.abc import Sequence

Point = tuple[float, float]
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MANY = 100
"""So many times the lowest: a mark for each power of ten is enough."""
_CLOCK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600)


def round_marks(top: float, most: int = 4) -> list[float]:
    """Marks from nought to at least `top`, at most `most` steps of a round size apart."""
    if top <= 0:
        return [0.0, 1.0]
    raw = top / most
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * each for each in _STEPS if size * each >= raw * (1 - 1e-9))
    return [step * number for number in range(math.ceil(top / step * (1 - 1e-9)) + 1)]


def clock_marks(begin_s: float, end_s: float, most: int = 5) -> list[float]:
    """Marks on full seconds, minutes or hours within [begin_s, end_s]; at most `most` steps."""
    span_s = end_s - begin_s
    step_s = next(
        (each for each in _CLOCK_STEPS_S if span_s <= each * most),
        math.ceil(span_s / most / 86_400) * 86_400,
    )
    first = math.ceil(begin_s / step_s)
    return [float(number * step_s) for number in range(first, math.floor(end_s / step_s) + 1)]


def log_range(low: float, high: float) -> tuple[float, float]:
    """The narrowest range from one of 1, 2, 5, 10, … to another that holds both; above 0."""
    below = max(mark for mark in _ones_twos_fives(low) if mark <= low * (1 + 1e-9))
    enough = (mark for mark in _ones_twos_fives(high) if mark >= high * (1 - 1e-9))
    return below, min(mark for mark in enough if mark > below)


def log_marks(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, … within [low, high]; powers of ten alone where these would be many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1.0,) if high / low > _MANY else (1.0, 2.0, 5.0)
    marks = (step * 10.0**power for power in range(first, last + 1) for step in steps)
    return [mark for mark in marks if low * (1 - 1e-9) <= mark <= high * (1 + 1e-9)]


def _ones_twos_fives(near: float) -> list[float]:
    power = math.floor(math.log10(near))
    return [step * 10.0**each for each in (power - 1, power, power + 1) for step in (1, 2, 5)]


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most `most` points of a course, among them the highest and lowest of each stretch."""
    if len(points) <= most:
        return list(points)
    stretch = math.ceil(len(points) / max(1, most // 2))
    kept: list[Point] = []
    for begin in range(0, len(points), stretch):
        part = points[begin : begin + stretch]
        ends = {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
        kept += sorted(ends)
    return kept


def unbroken(at: Sequence[float | None], values: Sequence[float | None]) -> list[list[Point]]:
    """The stretches of a course in which every second was measured."""
    stretches: list[list[Point]] = [[]]
    for x, y in zip(at, values, strict=True):
        if x is None or y is None:
            stretches.append([])
        else:
            stretches[-1].append((x, y))
    return [stretch for stretch in stretches if stretch]
