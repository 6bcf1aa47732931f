"""Lists of orders: all of them, newest first, each once, whatever moves meanwhile."""

import asyncio
from random import Random

import pytest

from livesrv.commerce import order_lists
from livesrv.commerce.order_lists import OrderView
from livesrv.commerce.order_states import MOVES, STATES
from protocol.codes import ErrorCode
from tests.seeding import SEED

from .market import Market, person, refused

ORDERS = 24


async def listed(
    market: Market,
    reader: str = "lan",
    *states: str,
    is_selling: bool = False,
    limit: int = 5,
) -> list[OrderView]:
    """All pages."""
    orders: list[OrderView] = []
    behind: tuple[int, str] | None = None
    while True:
        page = await order_lists.list_orders(
            market.ledger,
            person(reader),
            is_selling=is_selling,
            states=states,
            behind=behind,
            limit=limit,
            terms=market.terms,
        )
        assert len(page.orders) <= limit
        orders += page.orders
        if page.next is None:
            return orders
        at_ms, _, order = page.next.partition(".")
        behind = int(at_ms), order


async def placed(market: Market, count: int = ORDERS) -> list[str]:
    """Orders, newest first; several are of the same moment."""
    await market.change(restock=1000, key="many")
    orders = []
    for number in range(count):
        market.now_ms += number % 3 == 0
        orders.append((market.now_ms, (await market.buy(total=1000)).order))
    return [order for _, order in sorted(orders, reverse=True)]


@pytest.mark.parametrize("limit", [1, 5, ORDERS - 1, ORDERS, ORDERS + 1])
async def test_pages_tell_every_order_once_newest_first(market: Market, limit: int) -> None:
    orders = await placed(market)
    assert [each.order for each in await listed(market, limit=limit)] == orders


async def test_orders_of_all_states_are_merged_or_those_asked_for(market: Market) -> None:
    orders = await placed(market, 9)
    for order in orders[::3]:
        await market.ship(order)
    for order in orders[1::3]:
        await market.cancel(order)
    assert [each.order for each in await listed(market, limit=2)] == orders
    shipped = await listed(market, "lan", "shipped", limit=2)
    assert [each.order for each in shipped] == orders[::3]
    both = await listed(market, "lan", "cancelled", "shipped", limit=2)
    assert [each.order for each in both] == [o for i, o in enumerate(orders) if i % 3 < 2]


async def test_no_order_is_left_out_or_told_twice_while_orders_move(
    market: Market, rival: Market
) -> None:
    orders, rng = await placed(market), Random(SEED)
    is_moving = True

    async def move() -> None:
        for order in rng.sample(orders, len(orders)):
            await rival.ship(order)
            await rival.deliver(order)
            await rival.refund(order, key="k")

    async def watch() -> None:
        while is_moving:
            assert [each.order for each in await listed(market)] == orders

    watching = asyncio.create_task(watch())
    await move()
    is_moving = False
    await watching


async def test_orders_that_come_while_one_turns_pages_do_not_shift_them(market: Market) -> None:
    orders = await placed(market, 6)
    first = await order_lists.list_orders(
        market.ledger,
        person("lan"),
        is_selling=False,
        states=(),
        behind=None,
        limit=3,
        terms=market.terms,
    )
    assert first.next == f"{(await market.order(orders[2])).at_ms}.{orders[2]}"
    market.now_ms += 1000
    await market.buy()
    assert [each.order for each in (await listed(market))[1:]] == orders


async def test_hosts_and_sellers_see_what_they_sold_and_buyers_what_they_bought(
    market: Market,
) -> None:
    await market.consent("sam", "mei")
    await market.offer("plum", seller="sam")
    await market.fund("mei", 1000)
    peach, plum = (await market.buy()).order, (await market.buy("lan", ("plum", 1))).order
    own = (await market.buy("mei")).order
    sold = {user: await listed(market, user, is_selling=True) for user in ("mei", "sam", "lan")}
    assert {user: {each.order for each in found} for user, found in sold.items()} == {
        "mei": {peach, plum, own},
        "sam": {plum},
        "lan": set(),
    }
    assert [each.order for each in await listed(market, "mei")] == [own]
    assert {each.order for each in await listed(market)} == {peach, plum}


async def test_how_money_is_split_is_not_for_the_buyer_and_where_to_pay_for_nobody_else(
    market: Market,
) -> None:
    order = await market.hold()
    seen = {
        user: await order_lists.read_order(market.ledger, person(user), order, terms=market.terms)
        for user in ("lan", "mei", "olga")
    }
    assert {user: bool(each.portions) for user, each in seen.items()} == {
        "lan": False,
        "mei": True,
        "olga": True,
    }
    assert {user: bool(each.pay_url) for user, each in seen.items()} == {
        "lan": True,
        "mei": False,
        "olga": False,
    }
    with refused(ErrorCode.NOT_FOUND):
        await order_lists.read_order(market.ledger, person("eve"), order, terms=market.terms)


def test_each_move_of_an_order_leads_to_a_list_that_is_read_later() -> None:
    """Lists are read in this order, so that an order that moves meanwhile is found in one."""
    for before, moves in MOVES.items():
        for after in moves.values():
            assert STATES.index(before) < STATES.index(after)
