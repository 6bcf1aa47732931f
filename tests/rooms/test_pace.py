"""The window of a busy room: it follows what flushes cost, between two limits."""

from hypothesis import given
from hypothesis import strategies as st

from livesrv.rooms.pace import FAN_OUT_SHARE, Pace

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


def test_a_fan_out_takes_no_more_than_its_share_of_the_time() -> None:
    for fan_out_ms in (25, 40, 60, 79):
        assert 0.99 * FAN_OUT_SHARE <= fan_out_ms / settled(fan_out_ms) <= 1.01 * FAN_OUT_SHARE


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
