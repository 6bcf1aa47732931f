"""The shapes that a scenario's file may name, as curves. Pure.

Must not know who acts. Invariant: a curve that was read lies within the show, and the area of one
that brings people in is their number.
"""

from enum import Enum

from .model import Curve
from .table import Table, plain

DURATION_S_MAX = 86_400
"""A day: a soak that shows nothing by then needs a machine of its own."""
PER_S_MAX = 10_000_000
"""More than any generator sends; the limit of all actions together is the real one."""
STEP_S = 1.0
"""How long the people of one step take to come in, unless steps follow each other faster."""


class Shape(Enum):
    """How a rate goes over time."""

    CONSTANT = "constant"
    RAMP = "ramp"
    STEPS = "steps"
    SPIKE = "spike"


def rate(table: Table, duration_s: float) -> Curve | None:
    """The rate of an act; None when something in the table cannot be."""
    shapes = {
        Shape.CONSTANT: _constant,
        Shape.RAMP: _ramp,
        Shape.STEPS: _steps,
        Shape.SPIKE: _spike,
    }
    return _within(table, shapes[_shape(table)](table, duration_s), duration_s)


def arrival(table: Table, count: int, duration_s: float) -> Curve | None:
    """How `count` people come in; None when something in the table cannot be."""
    shapes = {
        Shape.CONSTANT: _arrive_constant,
        Shape.RAMP: _arrive_ramp,
        Shape.STEPS: _arrive_steps,
        Shape.SPIKE: _arrive_spike,
    }
    curve = shapes[_shape(table)](table, count)
    table.close()
    return _within(table, curve, duration_s)


def _shape(table: Table) -> Shape:
    return table.choice("shape", Shape)


def _constant(table: Table, duration_s: float) -> Curve:
    per_s = _per_s(table, "per_s")
    from_s = _at_s(table, "from_s", 0)
    until_s = _at_s(table, "until_s", duration_s)
    if table.is_sound and until_s <= from_s:
        table.note("until_s", f"is {plain(until_s)}; it must be later than {plain(from_s)}")
    return Curve(((from_s, per_s), (until_s, per_s)))


def _ramp(table: Table, duration_s: float) -> Curve:
    first, last = _per_s(table, "from_per_s", 0), _per_s(table, "to_per_s")
    at_s = _at_s(table, "at_s", 0)
    reached_s = at_s + _width_s(table, "over_s", max(duration_s - at_s, 1))
    held = ((duration_s, last),) if reached_s < duration_s else ()
    before = ((0.0, first),) if at_s and first else ()
    return Curve((*before, (at_s, first), (reached_s, last), *held))


def _steps(table: Table, duration_s: float) -> Curve:
    rates = table.numbers("per_s", least=0, most=PER_S_MAX)
    every_s = _width_s(table, "every_s", duration_s / len(rates))
    points: list[tuple[float, float]] = []
    for number, per_s in enumerate(rates):
        points += [(number * every_s, per_s), ((number + 1) * every_s, per_s)]
    is_short = points[-1][0] < duration_s
    return Curve((*points, (duration_s, rates[-1])) if is_short else tuple(points))


def _spike(table: Table, duration_s: float) -> Curve:
    """Up at once, and down again in a straight line."""
    at_s, within_s = _at_s(table, "at_s"), _width_s(table, "within_s")
    base = _per_s(table, "base_per_s", 0)
    peak = _peak(table, base, within_s)
    behind_s = at_s + within_s
    before = ((0.0, base), (at_s, base)) if base else ()
    behind = ((duration_s, base),) if base and behind_s < duration_s else ()
    return Curve((*before, (at_s, peak), (behind_s, base), *behind))


def _peak(table: Table, base: float, within_s: float) -> float:
    if table.has("total") == table.has("peak_per_s"):
        table.note("", "needs either peak_per_s or total, how many there are within the spike")
    if table.has("peak_per_s"):
        return _per_s(table, "peak_per_s")
    total = table.number("total", least=0, most=PER_S_MAX) if table.has("total") else 0
    if table.is_sound and total < base * within_s:
        table.wrong("total", f"at least {plain(base * within_s)}, what base_per_s gives by itself")
    return 2 * total / within_s - base


def _arrive_constant(table: Table, count: int) -> Curve:
    per_s = table.number("per_s", least=0.001, most=PER_S_MAX)
    return _evenly(_at_s(table, "at_s", 0), count / per_s, count)


def _arrive_ramp(table: Table, count: int) -> Curve:
    """So many at each moment that the audience grows in a straight line."""
    return _evenly(_at_s(table, "at_s", 0), _width_s(table, "over_s"), count)


def _arrive_steps(table: Table, count: int) -> Curve:
    steps = table.whole("steps", least=1, most=1_000)
    every_s = _width_s(table, "every_s")
    width_s = min(STEP_S, every_s)
    points: list[tuple[float, float]] = []
    for number in range(steps):
        points += _block(number * every_s, width_s, count / steps)
    return Curve(tuple(points))


def _arrive_spike(table: Table, count: int) -> Curve:
    at_s, within_s = _at_s(table, "at_s"), _width_s(table, "within_s")
    return Curve(((at_s, 2 * count / within_s), (at_s + within_s, 0.0)))


def _evenly(at_s: float, width_s: float, count: float) -> Curve:
    return Curve(((at_s, count / width_s), (at_s + width_s, count / width_s)))


def _block(at_s: float, width_s: float, count: float) -> list[tuple[float, float]]:
    """The same, parted by nothing from what stands beside it."""
    return [(at_s, 0.0), *_evenly(at_s, width_s, count).points, (at_s + width_s, 0.0)]


def _per_s(table: Table, key: str, default: float | None = None) -> float:
    return table.number(key, least=0, most=PER_S_MAX, default=default)


def _at_s(table: Table, key: str, default: float | None = None) -> float:
    return table.number(key, least=0, most=DURATION_S_MAX, default=default)


def _width_s(table: Table, key: str, default: float | None = None) -> float:
    return table.number(key, least=0.001, most=DURATION_S_MAX, default=default)


def _within(table: Table, curve: Curve, duration_s: float) -> Curve | None:
    end_s = curve.points[-1][0]
    if table.is_sound and end_s > duration_s * (1 + 1e-9):
        table.note("", f"ends at {end_s:g} s; the show ends at duration_s = {plain(duration_s)}")
    return curve if table.is_sound else None
