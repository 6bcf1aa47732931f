"""Commission: each due settled exactly once, whoever settles and whenever they die."""

import asyncio

import pytest

from livesrv.ledger import accountant
from livesrv.ledger.accountant import batch_entry
from livesrv.ledger.audit import audit
from livesrv.ledger.entry import ORDERS_UNSETTLED, WATERMARK_REGISTER, Entry, leg
from livesrv.ledger.split import Due, Portion, Share
from livesrv.ledger.store import Ledger, Status
from tests.embedded import RunningStore, open_ledger

from .books import accountant as accountant_of

CARD = (Share("platform", "@platform", 500), Share("host", "h", 1000), Share("seller", "s", 8500))


def sale(number: int, gross: int) -> Entry:
    due = Due(ORDERS_UNSETTLED, "CNY", (Portion(gross, CARD),))
    legs = [leg("world", "CNY", -gross), leg(ORDERS_UNSETTLED, "CNY", gross)]
    name = str(number)
    return Entry(id=name, fingerprint=name, kind="sale", legs=legs, facts={"due": due})


async def post_sales(ledger: Ledger, count: int) -> None:
    await asyncio.gather(*(ledger.post(sale(i, 101 + i)) for i in range(count)))


async def earned(ledger: Ledger) -> list[int]:
    parties = ("pending:@platform", "pending:h", "pending:s", ORDERS_UNSETTLED)
    return await ledger.balances([(party, "CNY") for party in parties])


async def test_every_sale_is_split_by_its_card_to_the_cent(ledger: Ledger) -> None:
    await post_sales(ledger, 2)
    assert await accountant_of(ledger).settle() == 2
    assert await earned(ledger) == [5 + 5, 10 + 10, 86 + 87, 0]


async def test_accountants_at_the_same_time_settle_each_sale_once(
    ledger_store: RunningStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accountant, "BATCH_LINES_MAX", 7)
    async with open_ledger(ledger_store.url) as one, open_ledger(ledger_store.url) as other:
        await post_sales(one, 100)
        workers = [accountant_of(one), accountant_of(other)]
        while sum(await asyncio.gather(*(worker.settle() for worker in workers))):
            continue
        gross = sum(101 + i for i in range(100))
        *parties, unsettled = await earned(one)
        assert (sum(parties), unsettled) == (gross, 0)
        report = await audit(one.store)
        assert report.breaches == []
        assert report.unsettled == 0


async def test_a_batch_made_from_a_watermark_that_has_moved_is_not_accepted(
    ledger: Ledger,
) -> None:
    await post_sales(ledger, 3)
    watermark = (await ledger.read([WATERMARK_REGISTER]))[WATERMARK_REGISTER]
    dues = [Due(ORDERS_UNSETTLED, "CNY", (Portion(101 + i, CARD),)) for i in range(3)]
    quick = await ledger.post(batch_entry(watermark, 2, dues[:2]))
    late = await ledger.post(batch_entry(watermark, 3, dues))
    assert (quick.status, late.status) == (Status.POSTED, Status.STALE)
    assert await accountant_of(ledger).settle() == 1
    assert (await audit(ledger.store)).breaches == []


async def test_an_accountant_that_dies_before_it_hears_the_answer_changes_nothing(
    ledger: Ledger,
) -> None:
    await post_sales(ledger, 10)
    dying = asyncio.create_task(accountant_of(ledger).settle())
    while not dying.done():
        await asyncio.sleep(0)
        if ledger._queue:
            dying.cancel()
            break
    await accountant_of(ledger).settle()
    *parties, unsettled = await earned(ledger)
    assert (sum(parties), unsettled) == (sum(101 + i for i in range(10)), 0)
    assert (await audit(ledger.store)).is_clean


async def test_lines_without_a_due_are_read_once(ledger: Ledger) -> None:
    await ledger.post(Entry(id="f", fingerprint="f", kind="x"))
    reader = accountant_of(ledger)
    assert await reader.settle() == 0
    assert reader._seen == 1
    await post_sales(ledger, 1)
    assert await reader.settle() == 1
