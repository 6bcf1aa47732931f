"""The open-loop schedule."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.scenario.cast import Cast
from loadtest.scenario.model import Kind, Scenario
from loadtest.scenario.schedule import Schedule, Timetable, timetable

from ..shows import act, busy_show, constant, crowd, show


def table(rate: float = 50.0, duration_s: float = 3.0, people: int = 7) -> Timetable:
    return timetable(
        Kind.GIFT,
        constant(rate, duration_s),
        range(people),
        duration_s=duration_s,
        random=Random(1),
    )


def schedule(scenario: Scenario) -> Schedule:
    return Cast(scenario).schedule


def test_a_rate_gives_exactly_its_number_of_moments_one_in_each_slot() -> None:
    moments = table().intended_ms
    assert len(moments) == 150
    assert [int(moment / 20) for moment in moments] == list(range(150))


def test_every_person_has_the_same_rate() -> None:
    assert sorted(table().counts()) == list(range(7))
    assert set(table().counts().values()) == {21, 22}


@given(st.integers(0, 60), st.integers(1, 9))
def test_counts_and_ordinals_are_those_of_the_turns(actions: int, people: int) -> None:
    gifts = table(rate=actions, duration_s=1, people=people)
    turns = [gifts.viewer(number) for number in range(len(gifts))]
    assert gifts.counts() == {viewer: turns.count(viewer) for viewer in turns}
    for number, viewer in enumerate(turns):
        assert gifts.ordinal(number) == turns[:number].count(viewer)
        assert gifts.number(viewer, gifts.ordinal(number)) == number


def test_who_is_not_of_the_group_has_no_action() -> None:
    with pytest.raises(KeyError):
        table().number(7, 0)


def test_a_rate_of_nought_gives_nothing() -> None:
    assert len(table(rate=0)) == 0
    assert table(rate=0).counts() == {}


def test_actions_of_all_kinds_come_in_the_order_of_their_moments() -> None:
    laid_out = schedule(busy_show(2.0))
    actions = list(laid_out.in_order())
    assert len(actions) == sum(map(laid_out.count, Kind)) == 80
    moments = [at_ms for at_ms, _, _ in actions]
    assert moments == sorted(moments)


def test_equal_seeds_give_equal_schedules_and_others_do_not() -> None:
    first, again = busy_show(), busy_show()
    other = Cast(show(*first.people, seed=4)).schedule
    assert plain(schedule(first)) == plain(schedule(again)) != plain(other)


def plain(laid_out: Schedule) -> list[tuple[Kind, list[float], list[int]]]:
    return [(each.kind, list(each.intended_ms), list(each.turns)) for each in laid_out.tables]


def two_groups() -> Schedule:
    return schedule(
        show(
            crowd(3, act(Kind.GIFT, 7), act(Kind.LIKE, 2), name="one"),
            crowd(2, act(Kind.GIFT, 5), name="two"),
            duration_s=1.0,
        )
    )


def test_actions_of_a_kind_are_numbered_through_all_groups() -> None:
    gifts = two_groups().of(Kind.GIFT)
    assert [each.first for each in gifts] == [0, 7]
    assert (two_groups().count(Kind.GIFT), two_groups().count(Kind.LIKE)) == (12, 2)
    assert two_groups().of(Kind.LIKE)[0].first == 0


def test_a_number_leads_to_its_own_moment_and_none_beyond_the_last() -> None:
    laid_out = two_groups()
    one, two = laid_out.of(Kind.GIFT)
    assert laid_out.table(Kind.GIFT, 6) == one
    assert laid_out.table(Kind.GIFT, 7) == two
    moments = [laid_out.intended_ms(Kind.GIFT, number) for number in range(12)]
    assert moments == [*one.intended_ms, *two.intended_ms]
    with pytest.raises(IndexError, match="no gift 12"):
        laid_out.intended_ms(Kind.GIFT, 12)


def test_a_persons_gift_is_found_by_its_ordinal_in_whichever_group_it_is() -> None:
    laid_out = two_groups()
    for gifts in laid_out.of(Kind.GIFT):
        for number, at_ms in enumerate(gifts.intended_ms):
            assert laid_out.gift_ms(gifts.viewer(number), gifts.ordinal(number)) == at_ms
    with pytest.raises(KeyError):
        laid_out.gift_ms(99, 0)
    with pytest.raises(IndexError):
        laid_out.gift_ms(laid_out.of(Kind.GIFT)[0].viewer(0), 3)
