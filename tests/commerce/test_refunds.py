"""Refunds: each once a key, never more than was paid, and every party gives back its part."""

from random import Random

import pytest

from livesrv.commerce.cards import TAX
from livesrv.ledger.entry import PLATFORM
from protocol.codes import ErrorCode
from tests.seeding import ROUNDS, SEED

from .market import Market, refused

SEQUENCES = 15
PARTIES = (PLATFORM, "mei", "bo", "star", "pia", TAX, "sam")


async def sold_by_many(market: Market, price: int) -> str:
    """An order in which seven parties have a part; it was paid from the wallet."""
    offer = market.fresh("o")
    await market.offer(offer, seller="sam", broker="bo", price_minor=price)
    return (await market.buy("lan", (offer, 1), promoter="pia")).order


@pytest.fixture
async def many(market: Market) -> Market:
    await market.card(
        "default", platform=777, host=1111, broker=333, agency=421, promoter=613, tax=199
    )
    await market.party("mei", agency="star")
    for owner, seller in (("sam", "bo"), ("bo", "mei")):
        await market.consent(owner, seller)
    return market


async def test_any_sequence_of_refunds_that_ends_at_the_total_ends_at_nothing_for_everybody(
    many: Market,
) -> None:
    rng = Random(SEED)
    for _ in range(SEQUENCES * ROUNDS):
        price = rng.randint(1, rng.choice([3, 50, 5000]))
        order = await sold_by_many(many, price)
        settled_after = rng.choice([0, price // 2, price])
        left = price
        while left:
            if left <= settled_after:
                await many.settle()
            part = rng.randint(1, left) if rng.random() < 0.8 else 1
            told = await many.refund(order, part)
            left -= part
            assert told.refunded_minor == price - left
        await many.settle()
        assert await many.earned(*PARTIES) == [0] * len(PARTIES)
        assert await many.status(order) == "refunded"
    assert await many.balance("wallet:lan") == 100_000


async def test_each_party_gives_back_its_part_rounded_down_and_the_platform_the_rest(
    many: Market,
) -> None:
    order = await sold_by_many(many, 1000)
    await many.settle()
    earned = await many.earned(*PARTIES)
    assert sum(earned) == 1000
    await many.refund(order, 1)
    assert await many.earned(*PARTIES) == [earned[0] - 1, *earned[1:]]
    await many.refund(order, 499)
    left = [part - part // 2 for part in earned]
    assert (await many.earned(*PARTIES))[1:] == left[1:]
    assert sum(await many.earned(*PARTIES)) == 500


async def test_a_cent_of_the_smallest_order_goes_back_whole(market: Market) -> None:
    await market.offer("seed", price_minor=1)
    order = (await market.buy("lan", ("seed", 1))).order
    assert (await market.refund(order, 1)).status == "refunded"
    await market.settle()
    assert await market.earned(PLATFORM, "mei") == [0, 0]


async def test_a_refund_happens_once_a_key_and_answers_the_same_later(market: Market) -> None:
    order = (await market.buy()).order
    first = await market.refund(order, 300, key="k")
    await market.refund(order, 200, key="other")
    again = await market.refund(order, 300, key="k")
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.amount_minor, again.refunded_minor, again.status) == (300, 300, "paid")
    with refused(ErrorCode.CONFLICT, saying="k was used"):
        await market.refund(order, 301, key="k")
    with refused(ErrorCode.CONFLICT, saying="k was used"):
        await market.refund(order, key="k")
    assert await market.balance("wallet:lan") == 99_500


async def test_a_key_is_one_refund_of_one_order(market: Market) -> None:
    for _ in range(2):
        order = (await market.buy()).order
        assert not (await market.refund(order, 300, key="k")).duplicate


async def test_no_more_is_refunded_than_is_left(market: Market) -> None:
    order = (await market.buy()).order
    await market.refund(order, 600)
    with refused(ErrorCode.LIMIT_EXCEEDED, saying="400 CNY is left, not 401"):
        await market.refund(order, 401)
    assert (await market.refund(order)).amount_minor == 400
    with refused(ErrorCode.CONFLICT, saying="the order is refunded"):
        await market.refund(order, 1)


async def test_a_refunded_order_cannot_settle(market: Market) -> None:
    order = (await market.buy()).order
    await market.ship(order)
    await market.deliver(order)
    await market.refund(order)
    await market.settle()
    await market.pass_ms(market.terms.return_window_ms)
    assert await market.status(order) == "refunded"
    assert await market.earned(PLATFORM, "mei", of="available") == [0, 0]


async def test_a_refund_after_settlement_is_a_debt_that_later_earnings_cover(
    market: Market,
) -> None:
    order, later = (await market.buy()).order, (await market.buy()).order
    await market.settle()
    await market.through_life(order)
    await market.pay_out("mei", 950)
    await market.refund(order, 500)
    assert await market.earned("mei", of="available") == [-475]
    with refused(ErrorCode.INSUFFICIENT_FUNDS):
        await market.pay_out("mei", 1)
    await market.through_life(later)
    assert await market.earned("mei", of="available") == [950 - 475]
    with refused(ErrorCode.INSUFFICIENT_FUNDS):
        await market.pay_out("mei", 476)
    await market.pay_out("mei", 475)


async def test_before_settlement_a_refund_is_taken_from_what_is_pending(market: Market) -> None:
    order = (await market.buy()).order
    await market.settle()
    await market.ship(order)
    await market.refund(order, 500)
    assert await market.earned(PLATFORM, "mei") == [25, 475]
    assert await market.earned(PLATFORM, "mei", of="available") == [0, 0]


async def test_money_that_came_from_a_provider_goes_back_there(market: Market) -> None:
    order = await market.hold()
    await market.paid(order)
    await market.refund(order, 300)
    assert await market.balance("wallet:lan") == 100_000
    assert await market.balance("returns:pay") == 300
    assert await market.balance("clearing:pay") == -1000
