"""One way of a thin line, without a clock."""

from hypothesis import given
from hypothesis import strategies as st

from loadtest.pages.lane import Lane

SENDINGS = st.lists(st.tuples(st.floats(0, 5), st.integers(0, 2_000)), min_size=1, max_size=50)
"""Seconds since the one before, and bytes."""


@given(SENDINGS, st.floats(100, 1e6), st.floats(0, 2))
def test_bytes_come_in_order_after_the_delay_and_no_faster_than_the_rate(
    sendings: list[tuple[float, int]], rate: float, delay_s: float
) -> None:
    lane, now_s, total, last_s = Lane(rate, delay_s), 0.0, 0, 0.0
    for pause_s, size in sendings:
        now_s += pause_s
        total += size
        due_s = lane.due_s(now_s, size)
        assert due_s >= last_s
        assert due_s - now_s >= delay_s + size / rate - 1e-6
        assert due_s >= delay_s + total / rate - 1e-6
        last_s = due_s


def test_a_line_that_was_idle_owes_nothing() -> None:
    lane = Lane.of(kbit_s=8, round_trip_ms=400)
    assert lane.due_s(0.0, 1_000) == 1.2
    assert lane.due_s(10.0, 1_000) == 11.2


def test_without_a_rate_there_is_only_the_delay() -> None:
    lane = Lane.of(kbit_s=None, round_trip_ms=400)
    assert lane.due_s(1.0, 10**9) == lane.due_s(1.0, 1) == 1.2
