"""Payouts: what is available and no more, once a key, less tax; coins by the rate of the day."""

import pytest

from livesrv.commerce import payouts
from livesrv.commerce.payouts import NewCoinRate
from livesrv.ledger.store import Ledger
from protocol.codes import ErrorCode

from .market import OPS, Market, person, refused
from .terms import terms


@pytest.fixture
async def rich(ledger: Ledger) -> Market:
    """mei has 9500 CNY and 1000 COIN available; 10% of a payout is withheld."""
    market = Market(ledger, terms(payout_tax_bps=1000, gift_window_h=1))
    await market.room()
    await market.offer(price_minor=10_000)
    await market.fund("lan", 10_000)
    await market.fund("lan", 2_000, "COIN")
    order = (await market.buy()).order
    await market.give("lan", 2_000)
    await market.settle()
    await market.through_life(order)
    assert await market.earned("mei", of="available") == [9500]
    assert await market.earned("mei", of="available", asset="COIN") == [1000]
    return market


async def rate(
    market: Market, minor_per_1000: int, *, after_ms: int = 0, currency: str = "CNY"
) -> int:
    new = NewCoinRate(
        currency=currency, from_ms=market.now_ms + after_ms, minor_per_1000=minor_per_1000
    )
    return len(await payouts.add_coin_rate(market.ledger, OPS, new))


async def test_a_payout_is_gross_less_tax_rounded_in_the_partys_favour(rich: Market) -> None:
    done = await rich.pay_out("mei", 999)
    assert (done.payout.gross_minor, done.payout.tax_minor, done.payout.net_minor) == (999, 99, 900)
    assert done.available_minor == 9500 - 999
    assert await rich.balance("paid_out") == 900
    assert await rich.balance("tax_withheld") == 99


async def test_a_payout_happens_once_a_key(rich: Market) -> None:
    first = await rich.pay_out("mei", 100, key="k")
    again = await rich.pay_out("mei", 100, key="k")
    assert (first.duplicate, again.duplicate, again.payout) == (False, True, first.payout)
    assert again.available_minor == 9400
    for amount, fields in ((101, {}), (100, {"currency": "COIN", "into": "CNY"})):
        with refused(ErrorCode.CONFLICT, saying="k was used"):
            await rich.pay_out("mei", amount, key="k", **fields)


async def test_two_parties_may_use_the_same_word_as_a_key(rich: Market) -> None:
    await rich.pay_out("mei", 100, key="k")
    with refused(ErrorCode.INSUFFICIENT_FUNDS):
        await rich.pay_out("lan", 100, key="k")


async def test_all_that_is_available_can_be_paid_out_and_no_unit_more(rich: Market) -> None:
    with refused(ErrorCode.INSUFFICIENT_FUNDS):
        await rich.pay_out("mei", 9501)
    assert (await rich.pay_out("mei", 9500)).available_minor == 0
    with refused(ErrorCode.INSUFFICIENT_FUNDS):
        await rich.pay_out("mei", 1)


async def test_a_key_whose_payout_was_refused_stays_refused(rich: Market) -> None:
    with refused(ErrorCode.INSUFFICIENT_FUNDS):
        await rich.pay_out("lan", 100, key="k")
    with refused(ErrorCode.INSUFFICIENT_FUNDS):
        await rich.pay_out("lan", 100, key="k")
    with refused(ErrorCode.CONFLICT):
        await rich.pay_out("lan", 99, key="k")


async def test_what_is_pending_is_not_available(rich: Market) -> None:
    await rich.fund("bo", 10_000)
    await rich.buy("bo")
    await rich.settle()
    with refused(ErrorCode.INSUFFICIENT_FUNDS):
        await rich.pay_out("mei", 9501)


# --- coins


async def test_coins_turn_into_money_by_the_rate_of_the_day(rich: Market) -> None:
    with refused(ErrorCode.NOT_ELIGIBLE, saying="no rate of coins in CNY"):
        await rich.pay_out("mei", 100, "COIN", into="CNY")
    await rate(rich, 70_000)
    await rate(rich, 80_000, after_ms=10)
    first = await rich.pay_out("mei", 101, "COIN", into="CNY", key="k")
    assert (first.payout.gross_minor, first.payout.tax_minor) == (7070, 707)
    rich.now_ms += 10
    second = await rich.pay_out("mei", 101, "COIN", into="CNY")
    assert second.payout.gross_minor == 8080
    again = await rich.pay_out("mei", 101, "COIN", into="CNY", key="k")
    assert (again.duplicate, again.payout) == (True, first.payout)
    assert again.available_minor == 1000 - 202
    assert await rich.breaches() == []


async def test_a_rate_that_begins_later_or_is_of_another_currency_is_none(rich: Market) -> None:
    await rate(rich, 70_000, after_ms=1)
    await rate(rich, 70_000, currency="EUR")
    with refused(ErrorCode.NOT_ELIGIBLE):
        await rich.pay_out("mei", 100, "COIN", into="CNY")


async def test_coins_that_are_worth_nothing_yet_are_not_taken(rich: Market) -> None:
    await rate(rich, 9)
    with refused(ErrorCode.INVALID, saying="worth nothing"):
        await rich.pay_out("mei", 111, "COIN", into="CNY")
    assert (await rich.pay_out("mei", 112, "COIN", into="CNY")).payout.gross_minor == 1


@pytest.mark.parametrize(("currency", "into"), [("COIN", None), ("CNY", "CNY"), ("CNY", "EUR")])
async def test_into_belongs_to_coins(rich: Market, currency: str, into: str | None) -> None:
    with refused(ErrorCode.INVALID, saying="`into`"):
        await rich.pay_out("mei", 1, currency, into=into)


async def test_a_rate_is_dated_and_the_past_stays_as_it_is(rich: Market) -> None:
    assert [await rate(rich, 70_000) for _ in range(2)] == [1, 1]
    with refused(ErrorCode.CONFLICT):
        await rate(rich, 70_001)
    assert await rate(rich, 70_001, after_ms=1) == 2
    new = NewCoinRate(currency="CNY", from_ms=0, minor_per_1000=1)
    with refused(ErrorCode.FORBIDDEN):
        await payouts.add_coin_rate(rich.ledger, person("mei"), new)
