"""The noise floor, against published tables and simulated repeats."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.compare.noise import CHANGE_MIN, shift
from loadtest.compare.student import critical, within


@pytest.mark.parametrize(
    ("degrees", "level", "t"),
    [
        (1, 0.05, 12.706),
        (2, 0.05, 4.303),
        (3, 0.05, 3.182),
        (4, 0.05, 2.776),
        (4, 0.01, 4.604),
        (5, 0.02, 3.365),
        (10, 0.001, 4.587),
        (30, 0.05, 2.042),
    ],
)
def test_students_t_is_the_one_of_the_tables(degrees: int, level: float, t: float) -> None:
    assert critical(degrees, level) == pytest.approx(t, abs=0.0006)


@given(st.integers(1, 60), st.floats(0.001, 0.5))
def test_of_all_values_the_critical_one_leaves_out_just_the_level(
    degrees: int, level: float
) -> None:
    assert within(critical(degrees, level), degrees) == pytest.approx(1.0 - level, abs=1e-6)


@pytest.mark.parametrize(("degrees", "level"), [(0, 0.05), (3, 0.0), (3, 1.0)])
def test_what_has_no_critical_value_is_refused(degrees: int, level: float) -> None:
    with pytest.raises(ValueError, match="degrees is"):
        critical(degrees, level)


VALUES = st.lists(st.floats(0.5, 1e4), min_size=3, max_size=6)


@given(VALUES, VALUES, st.floats(0.01, 100.0))
def test_a_floor_does_not_depend_on_the_unit(a: list[float], b: list[float], unit: float) -> None:
    one, other = shift(a, b, 0.05), shift([v * unit for v in a], [v * unit for v in b], 0.05)
    assert one is not None
    assert other is not None
    assert other.change == pytest.approx(one.change, rel=1e-6, abs=1e-9)
    assert math.log1p(other.floor) == pytest.approx(math.log1p(one.floor), rel=1e-6, abs=1e-9)


@given(VALUES, VALUES)
def test_sides_exchanged_are_as_detectable(a: list[float], b: list[float]) -> None:
    there, back = shift(a, b, 0.05), shift(b, a, 0.05)
    assert there is not None
    assert back is not None
    assert there.is_detectable == back.is_detectable


@pytest.mark.parametrize(("repeats_a", "repeats_b", "of_noise"), [(3, 3, 0), (5, 1, 0), (1, 1, 4)])
@pytest.mark.parametrize("noise", [0.03, 0.3])
def test_equal_sides_differ_as_rarely_as_the_level_says(
    repeats_a: int, repeats_b: int, of_noise: int, noise: float
) -> None:
    random, seen = Random(5), 0
    for _ in range(1_000):
        a, b, rest = (
            [100.0 * random.lognormvariate(0.0, noise) for _ in range(count)]
            for count in (repeats_a, repeats_b, of_noise)
        )
        moved = shift(a, b, 0.05, noise=rest)
        assert moved is not None
        seen += moved.is_detectable
    assert seen <= 1_000 * 0.05 + 20


def test_equal_repeats_do_not_make_a_small_change_one_to_act_on() -> None:
    moved = shift([100.0] * 3, [100.0 * (1 + CHANGE_MIN / 2)] * 3, 0.05)
    assert moved is not None
    assert not moved.is_detectable
    larger = shift([100.0] * 3, [100.0 * (1 + CHANGE_MIN * 2)] * 3, 0.05)
    assert larger is not None
    assert larger.is_detectable


def test_less_than_can_be_measured_is_no_change() -> None:
    moved = shift([3.0] * 3, [3.9] * 3, 0.05, least=1.0)
    assert moved is not None
    assert not moved.is_detectable


def test_without_repeats_or_with_a_nought_there_is_no_floor() -> None:
    assert shift([1.0], [2.0], 0.05) is None
    assert shift([1.0, 0.0, 1.0], [2.0], 0.05) is None
