"""The open-loop schedule."""

from random import Random

import pytest

from loadtest.run.plan import BadPlan, Plan
from loadtest.run.run import timetables
from loadtest.scenario.schedule import Kind, Timetable, in_order, timetable


def table(rate: float = 50.0, duration_s: float = 3.0, viewers: int = 7) -> Timetable:
    return timetable(
        Kind.GIFT, rate_per_s=rate, duration_s=duration_s, viewers=viewers, random=Random(1)
    )


def test_a_rate_gives_exactly_its_number_of_moments_one_in_each_slot() -> None:
    moments = table().intended_ms
    assert len(moments) == 150
    assert [int(moment / 20) for moment in moments] == list(range(150))


def test_every_viewer_has_the_same_rate() -> None:
    assert sorted(table().counts()) == list(range(7))
    assert set(table().counts().values()) == {21, 22}


def test_counts_are_those_of_the_viewers_turns() -> None:
    gifts = table(rate=1, duration_s=10)
    turns = [gifts.viewer(number) for number in range(10)]
    assert gifts.counts() == {viewer: turns.count(viewer) for viewer in turns}


def test_viewers_without_a_turn_are_not_counted() -> None:
    assert len(table(rate=1, duration_s=3).counts()) == 3


def test_the_ordinal_counts_a_viewers_own_actions() -> None:
    gifts = table()
    viewer = gifts.viewer(3)
    own = [number for number in range(len(gifts)) if gifts.viewer(number) == viewer]
    assert [gifts.ordinal(number) for number in own] == list(range(len(own)))


def test_a_rate_of_nought_gives_nothing() -> None:
    assert len(table(rate=0)) == 0
    assert table(rate=0).counts() == {}


def test_actions_of_all_kinds_come_in_the_order_of_their_moments() -> None:
    tables = timetables(Plan(duration_s=2))
    actions = list(in_order(list(tables.values())))
    assert len(actions) == sum(len(each) for each in tables.values())
    assert actions == sorted(actions, key=lambda action: action[0])


def test_equal_seeds_give_equal_schedules_and_others_do_not() -> None:
    moments = [timetables(Plan(seed=seed))[Kind.ORDER].intended_ms for seed in (1, 1, 2)]
    assert moments[0] == moments[1] != moments[2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"rooms": 0},
        {"viewers": 3, "rooms": 4},
        {"viewers": 1_000_000},
        {"duration_s": 0},
        {"orders_per_s": -1},
        {"comments_per_s": 10_000_000, "duration_s": 60},
        {"url": "127.0.0.1:8080"},
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadPlan):
        Plan(**wrong)  # type: ignore[arg-type]
