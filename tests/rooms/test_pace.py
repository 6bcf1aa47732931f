"""The window of a busy room: it follows what flushes cost, between two limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesrv.rooms.pace import GREEDY_SHARE, SHOWN_WITHIN_MS, SPARING_SHARE, Pace

COST_MS = st.floats(0, 10_000, allow_nan=False)


def settled(fan_out_ms: float, lag_ms: float = 0.0) -> float:
    pace = Pace(50, 200)
    for _ in range(60):
        pace.measured(fan_out_ms, lag_ms)
    return pace.window_ms


@given(st.lists(st.tuples(COST_MS, COST_MS), max_size=30))
def test_the_window_stays_between_its_limits(costs: list[tuple[float, float]]) -> None:
    pace = Pace(50, 200)
    for fan_out_ms, lag_ms in costs:
        pace.measured(fan_out_ms, lag_ms)
        assert 50 <= pace.window_ms <= 200


def test_a_cheap_fan_out_leaves_the_window_at_its_least() -> None:
    assert settled(0.5, 0.5) == 50


def test_a_fan_out_takes_a_sparing_share_while_comments_are_shown_in_time() -> None:
    for fan_out_ms in (25, 35, 42):
        window_ms = settled(fan_out_ms)
        assert fan_out_ms / window_ms == pytest.approx(SPARING_SHARE, rel=0.01)
        assert window_ms + fan_out_ms <= SHOWN_WITHIN_MS


def test_a_longer_one_takes_what_it_needs_to_show_them_in_time_but_never_all() -> None:
    for fan_out_ms in (50, 60, 68):
        assert settled(fan_out_ms) + fan_out_ms == pytest.approx(SHOWN_WITHIN_MS, rel=0.01)
    for fan_out_ms in (75, 100, 160):
        assert fan_out_ms / settled(fan_out_ms) == pytest.approx(GREEDY_SHARE, rel=0.01)


def test_a_loop_that_comes_late_widens_the_window_too() -> None:
    assert settled(10, 30) > settled(10)
    assert settled(1, 500) == 200


def test_one_slow_fan_out_moves_the_window_by_a_fifth_and_quiet_brings_it_back() -> None:
    pace = Pace(50, 200)
    pace.measured(200, 0)
    assert 50 < pace.window_ms <= 100
    for _ in range(20):
        pace.measured(1, 0)
    assert pace.window_ms == 50
