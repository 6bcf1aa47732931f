"""A host's diary: which shows there were, and what each took, to the last cent and each once."""

import asyncio

from livesrv.commerce import diary, shows
from livesrv.commerce.diary import SHOWS_KEPT, ShowView
from livesrv.ledger.entry import WATERMARK_REGISTER

from .market import Market, person


async def shown(market: Market, host: str = "mei") -> list[ShowView]:
    return await diary.list_shows(market.ledger, host)


async def end(market: Market, room: str = "r", host: str = "mei") -> None:
    market.now_ms += 1
    await shows.end(market.ledger, person(host), room, market.now_ms)


async def start(market: Market, room: str = "r", host: str = "mei") -> None:
    market.now_ms += 1
    await shows.start(market.ledger, person(host), room, market.now_ms)


def money(view: ShowView) -> tuple[dict[str, int], dict[str, int]]:
    """Sales and what was earned, by currency."""
    sales = {each.currency: each.amount_minor for each in view.sales}
    return sales, {each.currency: each.amount_minor for each in view.earned}


async def test_a_show_tells_what_it_took_once_its_commission_is_in(market: Market) -> None:
    began_ms = market.now_ms
    await market.fund("bo", 100, "COIN")
    await market.buy("lan", ("peach", 2))
    await market.buy()
    await market.give("bo", 5)
    (view,) = await shown(market)
    assert (view.orders, view.gifts, view.sales, view.earned) == (0, 0, [], [])
    await market.settle()
    (view,) = await shown(market)
    assert (view.room, view.title, view.started_at_ms) == ("r", "t", began_ms)
    assert (view.orders, view.pieces, view.gifts) == (2, 3, 5)
    coins = 5 * market.terms.gift_prices["rose"]
    assert view.coins == coins
    earned = {asset: (await market.earned("mei", asset=asset))[0] for asset in ("CNY", "COIN")}
    assert money(view) == ({"CNY": 3000}, earned)
    assert 0 < earned["COIN"] < coins


async def test_figures_are_final_when_the_show_is_over_and_all_of_it_is_settled(
    market: Market,
) -> None:
    await market.buy()
    await market.settle()
    assert [(each.ended_at_ms, each.is_final) for each in await shown(market)] == [(None, False)]
    await market.buy()
    await end(market)
    (view,) = await shown(market)
    assert (view.ended_at_ms, view.is_final, view.orders) == (market.now_ms, False, 1)
    await market.settle()
    (view,) = await shown(market)
    assert (view.is_final, view.orders) == (True, 2)


async def test_a_show_that_sold_nothing_is_final_too_and_said_once(market: Market) -> None:
    await market.settle()
    await end(market)
    await market.settle()
    place = (await market.ledger.read([WATERMARK_REGISTER]))[WATERMARK_REGISTER].read(int)
    await market.settle()
    (view,) = await shown(market)
    assert (view.is_final, view.orders, view.sales) == (True, 0, [])
    assert (await market.ledger.read([WATERMARK_REGISTER]))[WATERMARK_REGISTER].read(int) == place


async def test_each_show_has_what_was_sold_in_it_the_latest_first(market: Market) -> None:
    await market.buy("lan", ("peach", 3))
    await end(market)
    await start(market)
    await market.buy()
    await market.settle()
    assert [(each.pieces, each.is_final) for each in await shown(market)] == [(1, False), (3, True)]


async def test_money_that_comes_late_counts_for_the_show_of_its_order(market: Market) -> None:
    held = await market.hold()
    await end(market)
    await start(market)
    await market.paid(held)
    await market.settle()
    assert [(each.orders, money(each)[0]) for each in await shown(market)] == [
        (0, {}),
        (1, {"CNY": 1000}),
    ]


async def test_a_held_order_does_not_count_until_it_is_paid(market: Market) -> None:
    await market.hold()
    await market.settle()
    assert [each.orders for each in await shown(market)] == [0]


async def test_what_goes_back_later_is_not_taken_off(market: Market) -> None:
    order = (await market.buy()).order
    await market.settle()
    before = await shown(market)
    await market.cancel(order)
    await market.settle()
    assert await shown(market) == before


async def test_of_a_joint_sale_each_host_earns_the_own_part(market: Market) -> None:
    sale = await market.propose(mei=6000, bo=4000)
    await market.agree("bo", sale.number)
    await market.fund("lan", 100, "COIN")
    await market.give("lan", 10)
    await market.settle()
    (view,) = await shown(market)
    assert money(view)[1] == {"COIN": (await market.earned("mei", asset="COIN"))[0]}
    assert await shown(market, "bo") == []


async def test_accountants_at_the_same_time_count_each_sale_once(
    market: Market, rival: Market
) -> None:
    for _ in range(5):
        await market.buy()
        await asyncio.gather(market.settle(), rival.settle())
    await end(market)
    await asyncio.gather(market.settle(), rival.settle())
    (view,) = await shown(market)
    assert (view.orders, view.is_final) == (5, True)


async def test_a_diary_keeps_the_last_twenty_shows(market: Market) -> None:
    await market.room("old", host="bo")
    market.now_ms += 1
    for number in range(SHOWS_KEPT):
        await market.room(f"room{number}", host="bo")
        await end(market, f"room{number}", "bo")
        market.now_ms += 1
    found = await shown(market, "bo")
    assert [each.room for each in found] == [f"room{n}" for n in reversed(range(SHOWS_KEPT))]
    await end(market, "old", "bo")
    assert await shown(market, "bo") == found


async def test_a_show_has_the_title_it_ended_with(market: Market) -> None:
    await shows.change(market.ledger, person("mei"), "r", shows.RoomChange(title="Plums"))
    await end(market)
    assert [each.title for each in await shown(market)] == ["Plums"]
