"""The clock: what is due is done, once, whoever does it and whatever else goes wrong."""

import asyncio
from random import Random

import pytest

from livesrv.commerce.clockwork import AT_ONCE_MAX, SKIPPED_MS, Clockwork
from livesrv.ledger import journal
from livesrv.ledger.entry import DUE_RANKING, Entry, Rank
from livesrv.ledger.store import Unavailable
from tests.embedded import RunningStore, open_ledger
from tests.seeding import ROUNDS, SEED
from tests.waiting import until_awaited

from .market import Market

HOLD_MS = 60_000


async def busy_day(market: Market) -> list[str]:
    """Orders that wait for time in each way, and gifts that ripen."""
    await market.change(restock=100, key="many")
    held = [await market.hold() for _ in range(4)]
    paid = [(await market.buy()).order for _ in range(8)]
    for order in paid:
        await market.ship(order)
    for order in paid[:4]:
        await market.deliver(order)
    await market.fund("lan", 100, "COIN")
    await market.give("lan", 100)
    await market.settle()
    return [*held, *paid]


async def kinds(market: Market) -> list[str]:
    """What the clock has done, in order of names."""
    lines = [line async for line in journal.walk(market.ledger.store, 0)]
    done = ("expire", "deliver", "settle", "maturity")
    by_clock = [line.entry for line in lines if line.entry.facts.get("by") in (None, "@clock")]
    return sorted(entry.kind for entry in by_clock if entry.kind in done and moves(entry))


def moves(entry: Entry) -> bool:
    """A clock that finds a basket emptied by another one notes that, and moves nothing."""
    return entry.kind != "maturity" or bool(entry.legs)


EVERYTHING = ["deliver"] * 4 + ["expire"] * 4 + ["maturity"] + ["settle"] * 8


async def test_all_that_waits_for_time_is_done_when_it_has_come(market: Market) -> None:
    orders = await busy_day(market)
    await market.pass_ms(241 * 3_600_000)
    await market.pass_ms(168 * 3_600_000)
    assert [await market.status(order) for order in orders] == ["expired"] * 4 + ["settled"] * 8
    assert await kinds(market) == EVERYTHING
    assert await market.ledger.upto(DUE_RANKING, 2**52, 10) == []


async def test_clocks_that_are_killed_anywhere_and_run_in_pairs_do_everything_once(
    market: Market, rival: Market
) -> None:
    await busy_day(market)
    rng = Random(SEED)
    for _ in range(2):
        market.now_ms = rival.now_ms = market.now_ms + 241 * 3_600_000
        for _ in range(15 * ROUNDS):
            looks = [asyncio.create_task(each.clockwork().look()) for each in [market, rival] * 2]
            await asyncio.sleep(rng.random() / 300)
            for look in rng.sample(looks, 3):
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)
        await market.pass_ms(0)
    assert await kinds(market) == EVERYTHING


async def test_one_thing_that_cannot_be_done_does_not_keep_the_others_waiting(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("order:nothing", "offer:r:nothing", "star:1", "ripening:x"):
        due = Entry(id=name, fingerprint="f", kind="x", ranks=[Rank(DUE_RANKING, name, 1)])
        await market.ledger.post(due)
    order = await market.hold()
    market.now_ms += HOLD_MS
    clock = market.clockwork()
    assert await clock.look() == 5
    assert await market.status(order) == "expired"
    assert "star:1 is due and could not be seen to" in caplog.text
    assert await clock.look() == 0
    market.now_ms += SKIPPED_MS
    assert await clock.look() == 4


async def test_more_than_is_done_at_once_is_done_in_turns(market: Market) -> None:
    await market.change(restock=1000, key="many")
    await asyncio.gather(*(market.hold() for _ in range(AT_ONCE_MAX + 5)))
    market.now_ms += HOLD_MS
    clock = market.clockwork()
    assert [await clock.look() for _ in range(3)] == [AT_ONCE_MAX, 5, 0]
    assert await market.stock() == 1010


async def test_a_store_that_is_away_is_waited_for(
    market: Market, ledger_store: RunningStore
) -> None:
    order = await market.hold()
    now_ms = market.now_ms + HOLD_MS
    async with open_ledger(ledger_store.url, deadline_ms=200) as own:
        clock = Clockwork(own, market.terms, lambda: now_ms)
        await ledger_store.kill()
        with pytest.raises(Unavailable):
            await clock.look()
        running = asyncio.create_task(clock.run())
        await ledger_store.start()

        async def is_expired() -> bool:
            return await market.status(order) == "expired"

        await until_awaited(is_expired)
        running.cancel()
        await asyncio.wait({running})
