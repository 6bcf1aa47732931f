"""Marks on axes are round and hold the values; what is thinned keeps its peaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.report.axes import (
    clock_marks,
    log_marks,
    log_range,
    round_marks,
    thinned,
    unbroken,
)

LATENCIES = st.floats(1e-3, 1e7)


@pytest.mark.parametrize(
    ("top", "marks"),
    [
        (0, [0, 1]),
        (1, [0, 0.25, 0.5, 0.75, 1]),
        (7, [0, 2, 4, 6, 8]),
        (100, [0, 25, 50, 75, 100]),
        (2000, [0, 500, 1000, 1500, 2000]),
    ],
)
def test_marks_are_as_a_person_would_set_them(top: float, marks: list[float]) -> None:
    assert round_marks(top) == pytest.approx(marks)


@given(st.floats(1e-6, 1e12))
def test_marks_begin_at_nought_hold_the_highest_value_and_are_few(top: float) -> None:
    marks = round_marks(top)
    assert marks[0] == 0
    assert top <= marks[-1] * (1 + 1e-8) <= top * 4
    assert 2 <= len(marks) <= 5


@given(st.integers(-100, 100), st.integers(1, 10**6))
def test_clock_marks_are_few_and_within(begin_s: int, span_s: int) -> None:
    marks = clock_marks(begin_s, begin_s + span_s)
    assert len(marks) <= 6
    assert all(begin_s <= mark <= begin_s + span_s for mark in marks)


def test_a_minute_is_marked_in_quarters() -> None:
    assert clock_marks(0, 60) == [0, 15, 30, 45, 60]


@given(LATENCIES, LATENCIES)
def test_a_logarithmic_axis_holds_both_ends_and_has_few_marks(one: float, other: float) -> None:
    low, high = log_range(min(one, other), max(one, other))
    assert low * (1 - 1e-8) <= min(one, other) <= max(one, other) <= high * (1 + 1e-8)
    assert low < high
    assert 2 <= len(log_marks(low, high)) <= 13


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=500).map(lambda ys: list(enumerate(ys))),
    st.integers(2, 100),
)
def test_a_thinned_course_keeps_its_highest_and_lowest_in_order(
    course: list[tuple[float, float]], most: int
) -> None:
    kept = thinned(course, most)
    assert len(kept) <= most
    assert kept == sorted(kept)
    assert set(kept) <= set(course)
    for extreme in (min, max):
        assert extreme(y for _, y in kept) == extreme(y for _, y in course)


def test_what_was_not_measured_breaks_the_line() -> None:
    assert unbroken([1, 2, 3, 4, 5], [None, 7.0, 8.0, None, 9.0]) == [[(2, 7), (3, 8)], [(5, 9)]]
