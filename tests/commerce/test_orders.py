"""Orders: all of it moves or nothing does, and a key answers the same for ever."""

import asyncio

import pytest

from livesrv.auth import Principal
from livesrv.commerce import catalog, moderation, order_lists, orders, shows, wallets
from livesrv.commerce.catalog import NewOffer
from livesrv.commerce.orders import Placed
from livesrv.ledger.audit import audit
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import Moderate, OrderLine, OrderRequest
from tests.embedded import RunningStore, open_ledger
from tests.ledger.books import accountant

from .terms import terms

HOST = Principal("mei", "Mei", frozenset({"host"}))
LAN = Principal("lan", "Lan", frozenset({"viewer"}))
NOW_MS = 1_700_000_000_000
TERMS = terms()


async def open_shop(ledger: Ledger, *, stock: int = 10, limit: int | None = None) -> None:
    await shows.create(ledger, HOST, "r", shows.NewRoom(title="t"))
    for name, price in (("peach", 299), ("plum", 101)):
        new = NewOffer(
            title=name, price_minor=price, currency="CNY", stock=stock, limit_per_buyer=limit
        )
        await catalog.put_offer(ledger, HOST, "r", name, new, NOW_MS)
    await shows.start(ledger, HOST, "r", NOW_MS)
    await wallets.topup(ledger, user="lan", amount_minor=2000, currency="CNY", key="t")


async def buy(
    ledger: Ledger, total: int, *lines: tuple[str, int], key: str = "k", currency: str = "CNY"
) -> Placed:
    request = OrderRequest(
        key=key, lines=[OrderLine(*line) for line in lines], total_minor=total, currency=currency
    )
    return await orders.place(ledger, LAN, "r", request, terms=TERMS, now_ms=NOW_MS)


async def refusal_of(ledger: Ledger, total: int, *lines: tuple[str, int], key: str) -> ErrorCode:
    with pytest.raises(Refused) as refused:
        await buy(ledger, total, *lines, key=key)
    return refused.value.code


async def holdings(ledger: Ledger) -> list[int]:
    pairs = [
        ("wallet:lan", "CNY"),
        ("stock:r:peach", "SKU:r:peach"),
        ("stock:r:plum", "SKU:r:plum"),
    ]
    return await ledger.balances(pairs)


async def test_an_order_moves_money_and_every_line_at_once(ledger: Ledger) -> None:
    await open_shop(ledger)
    placed = await buy(ledger, 2 * 299 + 3 * 101, ("peach", 1), ("plum", 3), ("peach", 1))
    assert (placed.status, placed.balance_minor) == ("paid", 2000 - 901)
    assert await holdings(ledger) == [2000 - 901, 8, 7]
    order = await order_lists.read_order(ledger, LAN, placed.order, terms=TERMS)
    assert [(line.offer, line.quantity) for line in order.lines] == [("peach", 2), ("plum", 3)]


async def test_a_line_that_is_sold_out_leaves_the_others_and_the_money_alone(
    ledger: Ledger,
) -> None:
    await open_shop(ledger, stock=2)
    code = await refusal_of(ledger, 299 + 303, ("peach", 1), ("plum", 3), key="k")
    assert code is ErrorCode.SOLD_OUT
    assert await holdings(ledger) == [2000, 2, 2]


async def test_lines_of_the_same_offer_are_summed_before_stock_and_limit_are_looked_at(
    ledger: Ledger,
) -> None:
    await open_shop(ledger, limit=3)
    code = await refusal_of(ledger, 4 * 101, ("plum", 2), ("plum", 2), key="k")
    assert code is ErrorCode.LIMIT_EXCEEDED


async def test_the_limit_counts_all_of_a_buyers_orders(ledger: Ledger) -> None:
    await open_shop(ledger, limit=3)
    await buy(ledger, 202, ("plum", 2), key="1")
    assert await refusal_of(ledger, 202, ("plum", 2), key="2") is ErrorCode.LIMIT_EXCEEDED
    await buy(ledger, 101, ("plum", 1), key="3")


async def test_a_wallet_that_does_not_hold_enough_buys_nothing(ledger: Ledger) -> None:
    await open_shop(ledger)
    assert await refusal_of(ledger, 7 * 299, ("peach", 7), key="k") is ErrorCode.INSUFFICIENT_FUNDS
    assert await holdings(ledger) == [2000, 10, 10]


@pytest.mark.parametrize(("total", "currency"), [(298, "CNY"), (299, "USD")])
async def test_who_saw_another_price_buys_nothing_and_the_key_stays_refused(
    ledger: Ledger, total: int, currency: str
) -> None:
    await open_shop(ledger)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            await buy(ledger, total, ("peach", 1), currency=currency)
        assert refused.value.code is ErrorCode.PRICE_CHANGED
    assert await refusal_of(ledger, 299, ("peach", 1), key="k") is ErrorCode.CONFLICT


async def test_an_accepted_key_answers_the_same_after_the_show(ledger: Ledger) -> None:
    await open_shop(ledger)
    first = await buy(ledger, 299, ("peach", 1))
    await buy(ledger, 299, ("peach", 1), key="other")
    await shows.end(ledger, HOST, "r", NOW_MS)
    again = await buy(ledger, 299, ("peach", 1))
    assert again == Placed(
        order=first.order,
        status="paid",
        total_minor=299,
        currency="CNY",
        balance_minor=2000 - 299,
        duplicate=True,
    )
    assert await refusal_of(ledger, 299, ("peach", 1), key="new") is ErrorCode.NOT_LIVE


async def test_an_accepted_key_answers_the_same_to_a_buyer_who_was_banned_since(
    ledger: Ledger,
) -> None:
    await open_shop(ledger)
    first = await buy(ledger, 299, ("peach", 1))
    ban = Moderate(id=1, room="r", action="ban", user="lan")
    await moderation.moderate(ledger, HOST, ban, NOW_MS)
    again = await buy(ledger, 299, ("peach", 1))
    assert (again.order, again.duplicate) == (first.order, True)
    assert await refusal_of(ledger, 299, ("peach", 1), key="new") is ErrorCode.BANNED
    unban = Moderate(id=2, room="r", action="unban", user="lan")
    await moderation.moderate(ledger, HOST, unban, NOW_MS)
    await buy(ledger, 299, ("peach", 1), key="new")


async def test_a_key_refused_before_the_show_stays_refused_in_it(ledger: Ledger) -> None:
    await open_shop(ledger)
    await shows.end(ledger, HOST, "r", NOW_MS)
    assert await refusal_of(ledger, 299, ("peach", 1), key="k") is ErrorCode.NOT_LIVE
    await shows.start(ledger, HOST, "r", NOW_MS + 1)
    assert await refusal_of(ledger, 299, ("peach", 1), key="k") is ErrorCode.NOT_LIVE
    await buy(ledger, 299, ("peach", 1), key="fresh")


async def test_a_flash_sale_over_two_workers_sells_what_there_is_and_commission_adds_up(
    ledger_store: RunningStore,
) -> None:
    async with open_ledger(ledger_store.url) as one, open_ledger(ledger_store.url) as other:
        await open_shop(one, stock=5)
        tries = [buy([one, other][i % 2], 101, ("plum", 1), key=str(i)) for i in range(40)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        sold = [result for result in results if isinstance(result, Placed)]
        codes = {result.code for result in results if isinstance(result, Refused)}
        assert (len(sold), codes) == (5, {ErrorCode.SOLD_OUT})
        await accountant(one).settle()
        earned = await one.balances([("pending:@platform", "CNY"), ("pending:mei", "CNY")])
        assert earned == [25, 480]
        assert (await audit(one.store)).breaches == []


async def test_an_order_is_nobody_elses_business(ledger: Ledger) -> None:
    await open_shop(ledger)
    placed = await buy(ledger, 299, ("peach", 1))
    stranger = Principal("eve", "Eve", frozenset({"viewer"}))
    with pytest.raises(Refused) as refused:
        await order_lists.read_order(ledger, stranger, placed.order, terms=TERMS)
    assert refused.value.code is ErrorCode.NOT_FOUND
    assert (await order_lists.read_order(ledger, HOST, placed.order, terms=TERMS)).buyer == "lan"
