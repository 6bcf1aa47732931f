"""How figures are written, and that no rounding hides a loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.report.sparkline import BLOCKS, sparkline
from loadtest.report.wording import NONE, clock, compact, many, moment, of, shown


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (1234567.0, "", "1,234,567"),
        (12.34, "ms", "12.3 ms"),
        (1.234, "ms", "1.23 ms"),
        (1234.5, "ms", "1,234 ms"),
        (48.0, "/s", "48/s"),
        (12.54, "%", "12.5 %"),
        (99.743, "%", "99.74 %"),
        (0.04, "%", "0.04 %"),
        (15_300_000.0, "B/s", "15.3 MB/s"),
        (100.0, "%", "100 %"),
        (None, "ms", NONE),
    ],
)
def test_a_figure_is_written_with_as_many_digits_as_it_is_worth(
    number: float | None, unit: str, text: str
) -> None:
    assert shown(number, unit) == text


@given(st.floats(0, 100, exclude_min=True, exclude_max=True))
def test_a_share_is_all_or_nothing_only_when_it_is(share: float) -> None:
    assert shown(share, "%") not in ("100 %", "0 %")


def test_a_figure_the_run_could_not_learn_is_a_dash_and_a_code_that_never_came_nought() -> None:
    assert of({}, "comment.p99_ms") == NONE
    assert of({}, "closes.4408") == "0"
    assert of({"comment.p99_ms": 5.0}, "comment.p99_ms") == "5 ms"


def test_times_and_counts_are_written_as_people_do() -> None:
    assert (clock(23), clock(3723.9), clock(-1)) == ("0:23", "1:02:03", "0:00")
    assert (many(1, "note"), many(2, "note")) == ("1 note", "2 notes")
    assert (compact(1250), compact(0.5), compact(15e6)) == ("1.25k", "0.5", "15M")
    assert moment("2026-11-22T14:31:07Z") == "2026-11-22 14:31:07 UTC"


@given(st.lists(st.none() | st.floats(0, 1e9), max_size=80), st.integers(0, 70))
def test_a_course_is_as_wide_as_asked_and_nothing_looks_like_nought_but_nought(
    values: list[float | None], width: int
) -> None:
    line = sparkline(values, width)
    assert len(line) == width
    last = values[-width:] if width else []
    for value, block in zip(last, line[width - len(last) :], strict=True):
        assert (block == " ") == (value is None)
        assert (block == BLOCKS[0]) == (value == 0)


def test_the_largest_value_of_a_course_has_the_highest_block() -> None:
    assert sparkline([0, 50, 100], 4) == f" {BLOCKS[0]}{BLOCKS[3]}{BLOCKS[-1]}"
