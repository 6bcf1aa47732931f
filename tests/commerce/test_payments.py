"""Held payments: whatever a provider says, how often and when, money is never kept twice."""

import asyncio
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from livesrv.commerce import payments
from livesrv.commerce.payments import RETRY_MAX_MS, RETRY_MIN_MS
from livesrv.commerce.providers import RETURNS_RANKING
from livesrv.ledger.store import Ledger, install
from protocol.codes import ErrorCode
from tests.embedded import open_ledger, running
from tests.seeding import ROUNDS, SEED

from .market import Market, refused
from .terms import terms

HOLD_MS = 60_000
Told = tuple[str, str, int]
"""The type, payment and amount of a webhook."""


async def books(market: Market) -> list[int]:
    """Stock; what the provider owes us, is to send back, and what is left to be split."""
    accounts = ("clearing:pay", "returns:pay", "orders:unsettled")
    return [await market.stock(), *[await market.balance(each) for each in accounts]]


async def owed(market: Market) -> list[str]:
    """The returns that are still to be sent."""
    return await market.ledger.upto(RETURNS_RANKING, market.now_ms + RETRY_MAX_MS, 100)


async def test_a_held_order_keeps_its_pieces_and_costs_the_wallet_nothing(market: Market) -> None:
    placed = await market.buy("lan", ("peach", 2), payment="pay")
    assert (placed.status, placed.balance_minor) == ("held", 100_000)
    assert placed.due_ms == market.now_ms + HOLD_MS
    assert await books(market) == [8, 0, 0, 0]
    again = await market.buy("lan", ("peach", 2), payment="pay", key="k")
    assert isinstance(again.pay_url, str)
    assert again.pay_url.startswith(f"http://127.0.0.1:9/pay?order={again.order}&total_minor=2000")


async def test_nobody_can_keep_a_shop_s_pieces_with_ever_more_orders_that_are_not_paid(
    ledger: Ledger,
) -> None:
    market = Market(ledger, terms(holds_per_buyer_max=2))
    await market.room()
    await market.offer()
    first, second = [await market.hold("lan", ("peach", 1)) for _ in range(2)]
    with refused(ErrorCode.LIMIT_EXCEEDED, saying="wait for their payment"):
        await market.hold("lan", ("peach", 1))
    await market.hold("bo", ("peach", 1))
    await market.paid(first)
    await market.cancel(second)
    third, _ = [await market.hold("lan", ("peach", 1)) for _ in range(2)]
    with refused(ErrorCode.LIMIT_EXCEEDED):
        await market.hold("lan", ("peach", 1))
    await market.pass_ms(2 * HOLD_MS)
    assert await market.status(third) == "expired"
    await market.hold("lan", ("peach", 1))


async def test_a_payment_in_time_pays_once_however_often_it_is_told(
    market: Market, rival: Market
) -> None:
    order = await market.hold()
    for worker in (market, rival, market):
        taken = await worker.paid(order)
        assert (taken.status, taken.returned) == ("paid", False)
    assert await books(market) == [9, -1000, 0, 1000]
    await market.pass_ms(2 * HOLD_MS)
    assert await market.status(order) == "paid"


async def test_a_late_payment_takes_pieces_that_are_left(market: Market) -> None:
    order = await market.hold()
    await market.pass_ms(HOLD_MS)
    assert (await market.status(order), await market.stock()) == ("expired", 10)
    assert (await market.paid(order)).status == "paid"
    assert await books(market) == [9, -1000, 0, 1000]


async def test_a_late_payment_for_what_is_sold_by_then_goes_back(market: Market) -> None:
    order = await market.hold("lan", ("peach", 6))
    await market.pass_ms(HOLD_MS)
    await market.buy("lan", ("peach", 5))
    for _ in range(2):
        taken = await market.paid(order)
        assert (taken.status, taken.returned) == ("expired", True)
    assert await books(market) == [5, -6000, 6000, 5000]
    assert await owed(market) == [f"{order}:payment:p"]
    await market.change(restock=10, key="k")
    assert (await market.paid(order)).returned


async def test_a_late_payment_is_charged_to_the_limit_again_but_not_refused_by_it(
    market: Market,
) -> None:
    await market.change(limit_per_buyer=2)
    order = await market.hold("lan", ("peach", 2))
    await market.pass_ms(HOLD_MS)
    await market.buy("lan", ("peach", 1))
    assert not (await market.paid(order)).returned
    await market.cancel(order)
    await market.buy("lan", ("peach", 1))
    with refused(ErrorCode.LIMIT_EXCEEDED):
        await market.buy()


async def test_a_second_payment_goes_back_and_the_first_stays(market: Market) -> None:
    order = await market.hold()
    await market.paid(order, "p1")
    second = await market.paid(order, "p2")
    assert (second.status, second.returned) == ("paid", True)
    assert await books(market) == [9, -2000, 1000, 1000]


@pytest.mark.parametrize("other", [{"amount_minor": 999}, {"amount_minor": 1001}])
async def test_a_payment_of_another_amount_goes_back_and_the_order_waits_on(
    market: Market, other: dict[str, int]
) -> None:
    order = await market.hold()
    taken = await market.paid(order, "wrong", **other)
    assert (taken.status, taken.returned) == ("held", True)
    assert (await market.paid(order, "right")).status == "paid"


async def test_a_payment_in_another_currency_goes_back(market: Market) -> None:
    order = await market.hold()
    taken = await market.paid(order, currency="EUR")
    assert (taken.status, taken.returned) == ("held", True)
    assert await market.balance("returns:pay", "EUR") == 1000


async def test_one_payment_told_with_two_contents_is_conflict(market: Market) -> None:
    order, other = await market.hold(), await market.hold()
    await market.paid(order)
    with refused(ErrorCode.CONFLICT, saying="p was told otherwise"):
        await market.paid(order, amount_minor=999)
    with refused(ErrorCode.CONFLICT):
        await market.paid(other)


async def test_one_payment_told_with_two_contents_at_once_is_conflict_for_one(
    market: Market, rival: Market
) -> None:
    order = await market.hold()
    tries = [
        market.paid(order, amount_minor=500),
        rival.paid(order, amount_minor=600),
    ]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Refused", "Taken"]
    assert await market.balance("returns:pay") in (500, 600)


async def test_failed_then_paid_is_paid_and_paid_then_failed_stays_paid(market: Market) -> None:
    order = await market.hold()
    assert (await market.failed(order)).status == "expired"
    assert await market.stock() == 10
    assert (await market.paid(order)).status == "paid"
    assert (await market.failed(order)).status == "paid"
    assert await books(market) == [9, -1000, 0, 1000]


async def test_a_payment_for_a_cancelled_order_goes_back(market: Market) -> None:
    order = await market.hold()
    await market.cancel(order, by="lan")
    assert await market.stock() == 10
    taken = await market.paid(order)
    assert (taken.status, taken.returned) == ("cancelled", True)


@pytest.mark.parametrize("order", ["nothing", "wallet"])
async def test_a_payment_for_no_order_of_the_providers_is_not_found(
    market: Market, order: str
) -> None:
    if order == "wallet":
        order = (await market.buy()).order
    for tell in (market.paid, market.failed):
        with refused(ErrorCode.NOT_FOUND, saying=order if order != "nothing" else "no such order"):
            await tell(order, amount_minor=1000) if tell == market.paid else await tell(order)


async def test_more_money_than_the_ledger_can_hold_is_refused_and_not_noted(
    market: Market,
) -> None:
    await market.offer("gem", price_minor=10**12, stock=3000)
    first = await market.hold("lan", ("gem", 1125))
    second = await market.hold("lan", ("gem", 1125))
    await market.paid(first)
    with refused(ErrorCode.INVALID, saying="cannot hold"):
        await market.paid(second, "p2")
    assert await market.status(second) == "held"


async def test_a_sold_out_answer_first_ends_the_holds_that_are_over(market: Market) -> None:
    order = await market.hold("lan", ("peach", 10))
    with refused(ErrorCode.SOLD_OUT):
        await market.buy()
    market.now_ms += HOLD_MS
    await market.buy("lan", ("peach", 3))
    assert (await market.status(order), await market.stock()) == ("expired", 7)


async def test_a_key_that_was_sold_out_once_stays_so_when_pieces_come_back(market: Market) -> None:
    order = await market.hold("lan", ("peach", 10))
    with refused(ErrorCode.SOLD_OUT):
        await market.buy(key="k")
    await market.cancel(order)
    with refused(ErrorCode.SOLD_OUT):
        await market.buy(key="k")


async def test_a_held_order_answers_its_key_as_the_first_time(market: Market) -> None:
    first = await market.buy(payment="pay", key="k")
    again = await market.buy(payment="pay", key="k")
    assert (again.order, again.status, again.pay_url) == (first.order, "held", first.pay_url)
    with refused(ErrorCode.CONFLICT):
        await market.buy(key="k")
    await market.paid(first.order)
    assert (await market.buy(payment="pay", key="k")).order == first.order


# --- sending back


async def test_a_return_is_sent_once_and_leaves_the_books_even(market: Market) -> None:
    order = await market.hold()
    await market.cancel(order)
    await market.paid(order)
    (return_id,) = await owed(market)
    for _ in range(2):
        await payments.note_sent(market.ledger, return_id)
    assert await books(market) == [10, 0, 0, 0]
    assert await owed(market) == []


async def test_a_return_that_cannot_be_sent_is_tried_ever_later(
    market: Market, rival: Market
) -> None:
    order = await market.hold()
    await market.cancel(order)
    await market.paid(order)
    (return_id,) = await owed(market)
    waits_ms = [
        await payments.postpone(market.ledger, return_id, market.now_ms) - market.now_ms
        for _ in range(15)
    ]
    assert waits_ms[:3] == [RETRY_MIN_MS, 2 * RETRY_MIN_MS, 4 * RETRY_MIN_MS]
    assert waits_ms[-1] == RETRY_MAX_MS
    assert await market.ledger.upto(RETURNS_RANKING, market.now_ms, 10) == []
    await payments.note_sent(rival.ledger, return_id)
    await payments.postpone(market.ledger, return_id, market.now_ms)
    assert await owed(market) == []


# --- any order, any number of times


PAYMENTS: list[Told] = [
    ("paid", "p1", 1000),
    ("paid", "p2", 1000),
    ("paid", "p3", 700),
    ("failed", "p1", 1000),
    ("failed", "p4", 1000),
]


async def tell_all(market: Market, told: list[Told]) -> list[int]:
    """Tell them of one order; what becomes of the books."""
    order = await market.hold()
    before = await books(market)
    for type, payment, amount in told:
        await market.told(type, order, f"{order}-{payment}", amount_minor=amount)  # type: ignore[arg-type]
    paid = {(payment, amount) for type, payment, amount in told if type == "paid"}
    assert await market.status(order) == ("paid" if {a for _, a in paid} & {1000} else "expired")
    after = await books(market)
    if await market.status(order) == "paid":
        await market.cancel(order)
    return [now - then for now, then in zip(after, before, strict=True)]


async def test_webhooks_in_any_order_end_the_same(market: Market) -> None:
    ends = [await tell_all(market, list(told)) for told in permutations(PAYMENTS, 4)]
    for end, told in zip(ends, permutations(PAYMENTS, 4), strict=True):
        came = sum({payment: n for type, payment, n in told if type == "paid"}.values())
        kept = 1000 if any(type == "paid" and n == 1000 for type, _, n in told) else 0
        assert end == [0 if kept else 1, -came, came - kept, kept], told


@seeded(SEED)
@settings(
    max_examples=15 * ROUNDS,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    orders=st.lists(
        st.tuples(st.permutations(PAYMENTS), st.lists(st.sampled_from(PAYMENTS), max_size=6)),
        min_size=1,
        max_size=8,
    )
)
def test_webhooks_repeated_and_at_once_end_the_same(
    orders: list[tuple[list[Told], list[Told]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    asyncio.run(tell_at_once(orders, tmp_path_factory.mktemp("webhooks")))


async def tell_at_once(orders: list[tuple[list[Told], list[Told]]], directory: Path) -> None:
    """Two workers hear the webhooks of many orders, repeated, all at once."""
    async with (
        running("ledger", directory) as store,
        open_ledger(store.url) as one,
        open_ledger(store.url) as other,
    ):
        await install(one.store)
        market, rival = Market(one), Market(other)
        await market.room()
        await market.offer(stock=100)
        held = [await market.hold() for _ in orders]
        await asyncio.gather(
            *(
                (market if i % 2 else rival).told(type, order, f"{order}-{payment}", amount_minor=n)  # type: ignore[arg-type]
                for order, (once, again) in zip(held, orders, strict=True)
                for i, (type, payment, n) in enumerate([*once, *again])
            )
        )
        assert {await market.status(order) for order in held} == {"paid"}
        count = len(orders)
        assert await books(market) == [100 - count, -2700 * count, 1700 * count, 1000 * count]
        assert await market.breaches() == []
