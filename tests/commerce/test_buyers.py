"""Who has bought in a room: counted by the same entries that move the orders."""

from livesrv.commerce.order_states import buyers_ranking

from .market import Market


async def standing(market: Market, *users: str, room: str = "r") -> list[int]:
    """How many orders of each still stand."""
    return await market.ledger.scores(buyers_ranking(room), users)


async def test_a_buyer_is_who_has_an_order_that_stands(market: Market) -> None:
    first, _ = (await market.buy()).order, await market.buy()
    assert await standing(market, "lan", "bo") == [2, 0]
    await market.through_life(first)
    assert await standing(market, "lan") == [2]


async def test_who_has_cancelled_or_was_given_all_back_is_no_buyer(market: Market) -> None:
    cancelled, refunded = (await market.buy()).order, (await market.buy()).order
    await market.cancel(cancelled, by="lan")
    await market.refund(refunded, 400)
    assert await standing(market, "lan") == [1]
    await market.refund(refunded)
    assert await standing(market, "lan") == [0]


async def test_a_held_order_makes_a_buyer_once_it_is_paid_however_late(market: Market) -> None:
    in_time, late, never = await market.hold(), await market.hold(), await market.hold()
    assert await standing(market, "lan") == [0]
    await market.paid(in_time, "p1")
    await market.failed(late)
    await market.cancel(never, by="lan")
    assert await standing(market, "lan") == [1]
    await market.paid(late, "p2")
    assert await standing(market, "lan") == [2]


async def test_a_buyer_in_one_room_is_none_in_another(market: Market) -> None:
    await market.room("other")
    await market.buy()
    assert await standing(market, "lan", room="other") == [0]
