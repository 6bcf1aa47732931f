"""What people are given before a show."""

import pytest

from loadtest.books.purchases import orders_topup_minor
from loadtest.crew.messages import Gift
from loadtest.run.stage import topups_minor
from loadtest.scenario.cast import Cast
from loadtest.scenario.model import OFFERS_DEFAULT, Act, Kind, Recording

from ..shows import act, crowd, show

ROSE = Gift("rose", 3)


def given(*acts: Act, people: int = 1) -> dict[int, dict[str, int]]:
    return topups_minor(Cast(show(crowd(people, *acts), rooms=1)), ROSE)


def test_only_people_that_buy_are_given_money_and_as_much_as_they_need() -> None:
    assert given(act(Kind.COMMENT, 5)) == {}
    assert given(act(Kind.GIFT, 4)) == {1: {"COIN": 12}}
    assert given(act(Kind.GIFT, 4), act(Kind.ORDER, 1)) == {
        1: {"COIN": 12, "CNY": orders_topup_minor(1)}
    }


def test_who_has_no_turn_is_given_nothing() -> None:
    assert len(given(act(Kind.GIFT, 3), people=5)) == 3


def test_an_order_of_a_given_quantity_is_paid_for() -> None:
    dearest = max(offer.price_minor for offer in OFFERS_DEFAULT)
    assert given(act(Kind.ORDER, 2, quantity=7)) == {1: {"CNY": 2 * 7 * dearest}}


@pytest.mark.parametrize("pieces", [2, 9])
def test_a_recorded_order_is_paid_for(pieces: int) -> None:
    dearest = max(offer.price_minor for offer in OFFERS_DEFAULT)
    recorded = Act(kind=Kind.ORDER, when=Recording("show.jsonl", (0.1, 0.2), (1, pieces)))
    assert given(recorded) == {1: {"CNY": 2 * pieces * dearest}}


def test_who_orders_twice_over_is_given_for_both() -> None:
    once = given(act(Kind.ORDER, 2))[1]["CNY"]
    assert given(act(Kind.ORDER, 2), act(Kind.ORDER, 2))[1]["CNY"] == 2 * once
