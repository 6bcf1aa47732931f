"""Two at once over one order: one goes first, the other meets what it has left."""

import asyncio

import pytest

from livesrv.refusal import Refused
from protocol.codes import ErrorCode

from .market import Market, refused


async def both_know(order: str, one: Market, other: Market) -> None:
    """Let both workers remember the order as it stands."""
    for worker in (one, other):
        await worker.order(order)


async def test_of_two_parcels_told_at_once_the_second_is_refused(
    market: Market, rival: Market
) -> None:
    order = (await market.buy()).order
    await both_know(order, market, rival)
    await market.ship(order, tracking="1")
    with refused(ErrorCode.CONFLICT, saying="shipped"):
        await rival.ship(order, tracking="2")
    assert (await market.order(order)).tracking == "1"


async def test_of_two_deliveries_told_at_once_both_answer_what_the_first_has_made(
    market: Market, rival: Market
) -> None:
    order = (await market.buy()).order
    await market.ship(order)
    await both_know(order, market, rival)
    first = await market.deliver(order)
    rival.now_ms += 5
    assert await rival.deliver(order, by="lan") == first == await market.order(order)


async def test_two_refunds_at_once_are_both_paid_while_the_money_lasts(
    market: Market, rival: Market
) -> None:
    order = (await market.buy()).order
    await both_know(order, market, rival)
    told = [
        await worker.refund(order, 300, key=key)
        for worker, key in [(market, "a"), (rival, "b"), (market, "c")]
    ]
    assert [each.refunded_minor for each in told] == [300, 600, 900]
    await both_know(order, market, rival)
    await market.refund(order, 60, key="d")
    with refused(ErrorCode.LIMIT_EXCEEDED, saying="40 CNY is left"):
        await rival.refund(order, 60, key="e")


async def test_refunds_sent_at_once_to_one_worker_are_each_paid_once(market: Market) -> None:
    order = (await market.buy()).order
    keys = [f"f{i % 5}" for i in range(15)]
    told = await asyncio.gather(*(market.refund(order, 100, key=key) for key in keys))
    assert sorted(each.duplicate for each in told) == [False] * 5 + [True] * 10
    assert await market.balance("wallet:lan") == 99_000 + 500


async def test_of_two_payments_told_at_once_one_is_sent_back(market: Market, rival: Market) -> None:
    order = await market.hold()
    await both_know(order, market, rival)
    first = await market.paid(order, "p1", amount_minor=1000)
    second = await rival.paid(order, "p2", amount_minor=1000)
    assert (first.status, first.returned) == ("paid", False)
    assert (second.status, second.returned) == ("paid", True)
    assert await market.balance("returns:pay") == 1000


async def test_of_a_shipment_and_a_cancellation_at_once_only_one_happens(
    market: Market, rival: Market
) -> None:
    order = (await market.buy()).order
    await both_know(order, market, rival)
    done = await asyncio.gather(
        market.ship(order), rival.cancel(order, by="lan"), return_exceptions=True
    )
    codes = [each.code for each in done if isinstance(each, Refused)]
    assert codes == [ErrorCode.CONFLICT]
    assert await market.status(order) in ("shipped", "cancelled")


async def test_two_who_agree_at_once_to_a_joint_sale_have_both_agreed(
    market: Market, rival: Market
) -> None:
    sale = await market.propose(mei=5000, bo=3000, jun=2000)
    await rival.agree("mei", sale.number)
    await market.agree("mei", sale.number)
    await market.agree("bo", sale.number)
    assert set((await rival.agree("jun", sale.number)).agreed) == {"mei", "bo", "jun"}


@pytest.mark.parametrize("is_payment_first", [True, False])
async def test_a_payment_and_the_end_of_its_hold_at_once_leave_the_order_paid(
    market: Market, rival: Market, is_payment_first: bool
) -> None:
    order = await market.hold()
    await both_know(order, market, rival)
    market.now_ms = rival.now_ms = market.now_ms + 60_000
    steps = [rival.paid(order), market.clockwork().look()]
    await asyncio.gather(*(steps if is_payment_first else reversed(steps)))
    assert await market.status(order) == "paid"
    assert (await market.stock(), await market.balance("returns:pay")) == (9, 0)
