"""Private prices: for one buyer, one quantity, one total, once, until they expire."""

import asyncio
from typing import Any

import pytest

from livesrv.commerce import deals
from livesrv.commerce.orders import Placed
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import AMOUNT_MAX

from .market import Market, person, refused


async def accept(
    market: Market, *, buyer: str = "lan", quantity: int = 3, total: int = 2100, **fields: Any
) -> Placed:
    fields = {"private_price": "d", **fields}
    return await market.buy(buyer, ("peach", quantity), total=total, **fields)


async def withdraw(market: Market, by: str = "mei") -> deals.DealView:
    return await deals.withdraw(market.ledger, person(by), "d")


async def status(market: Market, reader: str = "lan") -> str:
    return (await deals.read(market.ledger, person(reader), "d")).status


async def test_an_accepted_price_is_paid_with_its_carriage_and_the_carriage_is_the_sellers(
    market: Market,
) -> None:
    await market.consent("sam", "mei")
    await market.offer("plum", seller="sam")
    made = await market.deal(by="sam", offer="plum", carriage_minor=500)
    assert (made.total_minor, made.status) == (2600, "open")
    await market.buy("lan", ("plum", 3), total=2600, private_price="d")
    await market.settle()
    assert await market.earned("@platform", "mei", "sam") == [105, 210, 2285]
    assert await status(market) == "accepted"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"buyer": "bo"}, ErrorCode.NOT_ELIGIBLE),
        ({"quantity": 2, "total": 1400}, ErrorCode.INVALID),
        ({"quantity": 4, "total": 2800}, ErrorCode.INVALID),
        ({"total": 2099}, ErrorCode.PRICE_CHANGED),
        ({"total": 3000}, ErrorCode.PRICE_CHANGED),
        ({"private_price": "other"}, ErrorCode.NOT_FOUND),
    ],
)
async def test_a_price_is_for_that_buyer_that_quantity_and_that_total_alone(
    market: Market, how: dict[str, Any], code: ErrorCode
) -> None:
    await market.fund("bo", 100_000)
    await market.deal()
    with refused(code):
        await accept(market, **how)
    assert await status(market) == "open"
    await accept(market)


async def test_a_price_does_not_hold_in_another_room(market: Market) -> None:
    await market.room("r2")
    await market.offer(room="r2")
    await market.deal()
    with refused(ErrorCode.NOT_ELIGIBLE):
        await accept(market, room="r2")


async def test_a_price_is_accepted_once(market: Market, rival: Market) -> None:
    await market.deal()
    first = await accept(market, key="k")
    again = await accept(rival, key="k")
    assert (again.order, again.duplicate) == (first.order, True)
    with refused(ErrorCode.NOT_ELIGIBLE, saying="accepted already"):
        await accept(rival)
    assert await market.stock() == 7


async def test_a_price_accepted_at_once_under_many_keys_is_one_order(
    market: Market, rival: Market
) -> None:
    await market.deal()
    tries = [accept(worker) for worker in [market, rival] * 4]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, Placed) for each in done) == 1
    assert await market.stock() == 7


async def test_a_price_holds_until_before_it_expires(market: Market) -> None:
    await market.deal(expires_ms=market.now_ms + 10)
    market.now_ms += 10
    with refused(ErrorCode.NOT_ELIGIBLE, saying="no longer holds"):
        await accept(market)
    market.now_ms -= 1
    await accept(market)


async def test_a_price_taken_back_holds_no_longer_and_taking_it_back_twice_is_once(
    market: Market,
) -> None:
    await market.deal()
    assert [(await withdraw(market)).status for _ in range(2)] == ["withdrawn", "withdrawn"]
    with refused(ErrorCode.NOT_ELIGIBLE, saying="no longer holds"):
        await accept(market)


async def test_an_accepted_price_cannot_be_taken_back(market: Market) -> None:
    await market.deal()
    placed = await accept(market)
    with refused(ErrorCode.CONFLICT, saying=placed.order):
        await withdraw(market)


@pytest.mark.parametrize("turn", range(6))
async def test_of_acceptance_and_withdrawal_at_once_exactly_one_happens(
    market: Market, rival: Market, turn: int
) -> None:
    await market.deal()
    await status(rival)
    steps = [accept(market), withdraw(rival)]
    done = await asyncio.gather(*(steps if turn % 2 else steps[::-1]), return_exceptions=True)
    assert sum(isinstance(each, Refused) for each in done) == 1, done
    assert (await market.stock() == 7) == (await status(market) == "accepted")


async def test_a_price_is_beside_the_limit_per_buyer(market: Market) -> None:
    await market.change(limit_per_buyer=2)
    await market.deal()
    await accept(market)
    await market.buy("lan", ("peach", 2))


async def test_a_private_price_does_not_make_stock(market: Market) -> None:
    await market.deal(quantity=11)
    with refused(ErrorCode.SOLD_OUT):
        await accept(market, quantity=11, total=7700)
    assert await status(market) == "open"


async def test_a_price_may_be_accepted_with_money_from_elsewhere(market: Market) -> None:
    await market.deal()
    order = (await accept(market, payment="pay")).order
    assert await status(market) == "accepted"
    assert (await market.paid(order)).status == "paid"


async def test_the_same_price_made_again_answers_the_same_and_another_is_conflict(
    market: Market,
) -> None:
    first = await market.deal()
    assert await market.deal() == first
    with refused(ErrorCode.CONFLICT):
        await market.deal(price_minor=1)
    await accept(market)
    assert (await market.deal()).status == "accepted"


@pytest.mark.parametrize("by", ["mei", "lan", "eve"])
async def test_only_the_goods_owner_makes_a_price(market: Market, by: str) -> None:
    await market.consent("sam", "mei")
    await market.offer("plum", seller="sam")
    with refused(ErrorCode.FORBIDDEN):
        await market.deal(by=by, offer="plum")


@pytest.mark.parametrize("after_ms", [0, -1, deals.VALID_MS_MAX + 1])
async def test_a_price_whose_time_is_over_or_too_far_is_invalid(
    market: Market, after_ms: int
) -> None:
    with refused(ErrorCode.INVALID, saying="expires_ms"):
        await market.deal(expires_ms=market.now_ms + after_ms)


async def test_a_price_whose_total_no_order_can_have_is_invalid(market: Market) -> None:
    with refused(ErrorCode.INVALID, saying=str(AMOUNT_MAX)):
        await market.deal(price_minor=10**12, quantity=10_000)


async def test_a_price_is_nobody_elses_business(market: Market) -> None:
    await market.deal()
    assert await status(market, "mei") == await status(market, "lan") == "open"
    with refused(ErrorCode.NOT_FOUND):
        await status(market, "eve")
    for by in ("lan", "eve"):
        with refused(ErrorCode.NOT_FOUND):
            await withdraw(market, by)
