"""The wheel: everything comes up once for each time it was added, never early, soon after."""

from hypothesis import given
from hypothesis import strategies as st

from livesrv.wheel import Wheel

SLOT_MS = 100


@given(
    st.lists(st.integers(0, 5_000)),
    st.lists(st.integers(0, 400), max_size=40),
    st.integers(0, 10**13),
)
def test_each_comes_up_once_and_at_its_time(
    times_ms: list[int], steps_ms: list[int], start_ms: int
) -> None:
    wheel: Wheel[int] = Wheel(SLOT_MS, start_ms)
    for number, at_ms in enumerate(times_ms):
        wheel.add(number, start_ms + at_ms)
    now_ms, seen = start_ms, dict[int, int]()
    for step_ms in [*steps_ms, 5_200]:
        now_ms += step_ms
        for number in wheel.turn(now_ms):
            assert number not in seen
            seen[number] = now_ms
            assert now_ms >= start_ms + times_ms[number]
        late = [n for n, at in enumerate(times_ms) if start_ms + at + SLOT_MS <= now_ms]
        assert all(number in seen for number in late)
    assert len(seen) == len(times_ms)


def test_what_is_added_while_it_turns_comes_up_at_the_next_turn() -> None:
    wheel: Wheel[str] = Wheel(SLOT_MS, 0)
    wheel.add("a", 50)
    for item in wheel.turn(100):
        wheel.add(item + "b", 0)
    assert list(wheel.turn(200)) == ["ab"]
