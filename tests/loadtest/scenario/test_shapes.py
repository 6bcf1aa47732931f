"""From curves to moments."""

from itertools import pairwise
from math import isclose
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.scenario.model import Curve, Recording
from loadtest.scenario.shapes import actions, area, moments_ms

rates = st.one_of(st.just(0.0), st.floats(0.01, 50))
widths = st.one_of(st.just(0.0), st.floats(0.01, 10))


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    at_s, points = draw(st.floats(0, 5)), []
    for width_s, per_s in draw(st.lists(st.tuples(widths, rates), max_size=6)):
        at_s += width_s
        points.append((at_s, per_s))
    return Curve(tuple(points))


def area_until(curve: Curve, at_s: float) -> float:
    """The integral, by the trapezoids themselves."""
    total = 0.0
    for (from_s, first), (until_s, last) in pairwise(curve.points):
        width_s = min(until_s, at_s) - from_s
        if width_s > 0:
            there = first + (last - first) * width_s / (until_s - from_s)
            total += (first + there) / 2 * width_s
    return total


@given(curves(), st.floats(0.5, 60), st.randoms(use_true_random=False))
def test_a_curve_gives_its_area_of_moments_one_in_each_slot_of_equal_area(
    curve: Curve, duration_s: float, random: Random
) -> None:
    moments = moments_ms(curve, duration_s, random)
    whole = area_until(curve, duration_s)
    assert isclose(area(curve, duration_s), whole, rel_tol=1e-9, abs_tol=1e-9)
    assert len(moments) == actions(curve, duration_s) == round(area(curve, duration_s))
    for number, at_ms in enumerate(moments):
        so_far = area_until(curve, at_ms / 1000) / whole * len(moments)
        assert number - 1e-3 <= so_far <= number + 1 + 1e-3


@given(curves(), st.floats(0.5, 60), st.randoms(use_true_random=False))
def test_moments_rise_and_lie_within_the_show(
    curve: Curve, duration_s: float, random: Random
) -> None:
    moments = moments_ms(curve, duration_s, random)
    assert list(moments) == sorted(moments)
    assert all(0 <= at_ms <= duration_s * 1000 * (1 + 1e-12) for at_ms in moments)


@given(st.floats(0.1, 100), st.floats(0.1, 30), st.randoms(use_true_random=False))
def test_a_constant_rate_has_one_moment_in_each_slot(
    per_s: float, duration_s: float, random: Random
) -> None:
    moments = moments_ms(Curve(((0, per_s), (duration_s, per_s))), duration_s, random)
    count = round(per_s * duration_s)
    assert len(moments) == count
    slot_ms = duration_s * 1000 / max(count, 1)
    for number, at_ms in enumerate(moments):
        assert number - 1e-6 <= at_ms / slot_ms <= number + 1 + 1e-6


def test_a_rate_of_nought_gives_nothing() -> None:
    assert not moments_ms(Curve(((0, 0), (10, 0))), 10, Random(1))
    assert not moments_ms(Curve(()), 10, Random(1), count=3)


def test_moments_lie_where_the_rate_is_not_nought() -> None:
    two_blocks = Curve(((1, 0), (1, 10), (2, 10), (2, 0), (8, 0), (8, 10), (9, 10)))
    moments = moments_ms(two_blocks, 20, Random(1))
    assert [1 <= at_ms / 1000 <= 2 for at_ms in moments] == [True] * 10 + [False] * 10
    assert all(8 <= at_ms / 1000 <= 9 for at_ms in moments[10:])


def test_a_count_that_is_given_takes_the_place_of_the_area() -> None:
    assert len(moments_ms(Curve(((0, 1), (10, 1))), 10, Random(1), count=7)) == 7


def test_a_curve_is_cut_at_the_shows_end() -> None:
    assert len(moments_ms(Curve(((0, 10), (10, 10))), 5, Random(1))) == 50


def test_within_a_slot_moments_are_random_and_follow_the_seed() -> None:
    curve = Curve(((0, 10), (10, 10)))
    first, again, other = (moments_ms(curve, 10, Random(seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert len({round(at_ms % 100) for at_ms in first}) > 30


def test_a_recordings_moments_stay_as_they_were_and_end_with_the_show() -> None:
    recording = Recording("show.jsonl", (0.5, 1.25, 7.0), (3, 4, 5))
    assert list(moments_ms(recording, 5, Random(1))) == pytest.approx([500, 1250])
    assert actions(recording, 5) == 2
