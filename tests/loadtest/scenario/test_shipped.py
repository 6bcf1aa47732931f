"""The scenarios that are shipped."""

from random import Random

import pytest

from loadtest.scenario.limits import require_within_limits
from loadtest.scenario.model import Kind, Role
from loadtest.scenario.reading import load, names, titles
from loadtest.scenario.shapes import actions, moments_ms

SHIPPED = names()


def test_these_are_shipped() -> None:
    assert SHIPPED == [
        "flash-sale",
        "gift-storm",
        "hot-room",
        "raid",
        "reconnect-storm",
        "slow-readers",
        "soak",
        "steady-evening",
    ]
    assert set(titles()) == set(SHIPPED)
    assert all(titles().values())


@pytest.mark.parametrize("name", SHIPPED)
def test_each_can_be_played_and_expects_that_nothing_is_lost(name: str) -> None:
    scenario = load(name)
    require_within_limits(scenario)
    assert scenario.name == name
    assert "reliable.lost == 0" in [objective.text for objective in scenario.objectives]
    for group in scenario.people:
        for act in group.acts:
            moments = moments_ms(act.when, scenario.duration_s, Random(scenario.seed))
            assert len(moments) == actions(act.when, scenario.duration_s) > 0


@pytest.mark.parametrize("name", SHIPPED)
def test_each_keeps_its_groups_when_scaled_down_to_fifty(name: str) -> None:
    scenario = load(name)
    small = scenario.for_viewers(50)
    assert 45 <= small.viewers <= 55
    assert [group.name for group in small.people] == [group.name for group in scenario.people]
    assert all(group.count >= 1 for group in small.people)
    rooms = {group.name: group.count for group in small.rooms}
    assert all(g.count == rooms[g.rooms] for g in small.people if g.role is Role.HOST)


def test_the_flash_sale_offers_a_hundred_pieces_to_ten_thousand_who_order_once() -> None:
    sale = load("flash-sale")
    ((peach,),) = [group.offers for group in sale.rooms]
    (buyers,) = [group for group in sale.people if group.role is Role.BUYER]
    (orders,) = buyers.acts
    assert (peach.stock, peach.limit_per_buyer, buyers.count) == (100, 1, 10_000)
    assert (orders.kind, orders.quantity) == (Kind.ORDER, 1)
    moments = moments_ms(orders.when, sale.duration_s, Random(1))
    assert len(moments) == 10_000
    assert 30_000 <= moments[0] < moments[-1] <= 32_000
    assert {"order.acknowledged == 100", "ledger.pieces_sold == 100", "ledger.oversold == 0"} <= {
        objective.text for objective in sale.objectives
    }


def test_every_role_and_every_trouble_is_in_one_of_them() -> None:
    shown = [load(name) for name in SHIPPED]
    roles = {group.role for scenario in shown for group in scenario.people}
    assert roles == set(Role)
    assert len({each.trouble for scenario in shown for each in scenario.incidents}) == 2
