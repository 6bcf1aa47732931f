"""Earnings of gifts ripen in baskets: all of them, once, whoever empties the basket and when."""

import asyncio
from random import Random
from typing import Any

import pytest

from livesrv.ledger.entry import DUE_RANKING, PLATFORM
from livesrv.ledger.maturity import HOUR_MS, PARTIES_PER_ENTRY_MAX, Ripening, mature
from livesrv.ledger.store import Ledger
from tests.seeding import ROUNDS, SEED

from .market import Market
from .terms import NOW_MS, terms

WINDOW_MS = 24 * HOUR_MS


async def ripe(market: Market, *users: str) -> list[int]:
    return await market.earned(*users, asset="COIN", of="available")


@pytest.fixture
async def show(market: Market) -> Market:
    await market.fund("lan", 10_000, "COIN")
    return market


@pytest.mark.parametrize(
    ("window_ms", "basket_ms"),
    [(0, 1000), (24_000, 1000), (HOUR_MS, HOUR_MS // 24), (WINDOW_MS, HOUR_MS)],
)
def test_a_basket_ripens_no_sooner_than_the_window_and_one_basket_later_at_most(
    window_ms: int, basket_ms: int
) -> None:
    rng = Random(SEED)
    for now_ms in (NOW_MS, *(rng.randrange(NOW_MS) for _ in range(100))):
        wait_ms = Ripening.at(now_ms, window_ms).ripe_ms - now_ms
        assert window_ms < wait_ms <= window_ms + basket_ms


async def test_gifts_are_available_when_their_window_has_passed(show: Market) -> None:
    await show.give("lan", 100)
    await show.settle()
    ripe_ms = Ripening.at(show.now_ms, WINDOW_MS).ripe_ms
    await show.pass_ms(ripe_ms - show.now_ms - 1)
    assert await ripe(show, PLATFORM, "mei") == [0, 0]
    await show.pass_ms(1)
    assert await ripe(show, PLATFORM, "mei") == [50, 50]
    assert await show.earned(PLATFORM, "mei", asset="COIN") == [0, 0]
    assert await show.ledger.upto(DUE_RANKING, 2**52, 10) == []


async def test_orders_do_not_ripen_with_gifts(show: Market) -> None:
    await show.buy()
    await show.give("lan", 100)
    await show.settle()
    await show.pass_ms(2 * WINDOW_MS)
    assert await show.earned("mei") == [950]
    assert await show.earned("mei", of="available") == [0]


async def test_two_clocks_empty_a_basket_once(show: Market, rival: Market) -> None:
    await show.give("lan", 100)
    await show.settle()
    show.now_ms = rival.now_ms = show.now_ms + 2 * WINDOW_MS
    await asyncio.gather(*(worker.clockwork().look() for worker in [show, rival] * 3))
    await show.pass_ms(0)
    assert await ripe(show, PLATFORM, "mei") == [50, 50]


async def test_what_comes_into_a_basket_while_it_is_emptied_is_not_lost(
    show: Market, rival: Market
) -> None:
    """A batch that was composed long ago lands in a basket that is ripe by now."""
    rng, given = Random(SEED), 0
    ripening = Ripening.at(show.now_ms, WINDOW_MS)
    for _ in range(20 * ROUNDS):
        count = rng.randint(1, 40)
        await show.give("lan", count)
        given += count
        await asyncio.gather(
            mature(rival.ledger, ripening), show.settle(), mature(show.ledger, ripening)
        )
    await show.pass_ms(2 * WINDOW_MS)
    whole = await ripe(show, PLATFORM, "mei")
    assert sum(whole) == given
    assert await show.earned(PLATFORM, "mei", asset="COIN") == [0, 0]


async def test_a_basket_that_was_filled_since_it_was_read_is_read_again(
    show: Market, rival: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commission lands between a clock's look into the basket and its entry."""
    ripening, top = Ripening.at(show.now_ms, WINDOW_MS), rival.ledger.top
    await show.give("lan", 100)
    await show.settle()

    async def top_and_then_more(*asked: Any) -> list[tuple[str, int]]:
        found = await top(*asked)
        await show.give("lan", 60)
        await show.settle()
        return found

    monkeypatch.setattr(rival.ledger, "top", top_and_then_more)
    await mature(rival.ledger, ripening)
    await mature(show.ledger, ripening)
    assert await ripe(show, PLATFORM, "mei") == [80, 80]


async def test_a_basket_of_more_parties_than_one_entry_carries_is_emptied_in_turns(
    ledger: Ledger,
) -> None:
    market = Market(ledger, terms(gift_card_bps={"host": 10_000}))
    hosts = [f"h{i}" for i in range(PARTIES_PER_ENTRY_MAX + 1)]
    await market.fund("lan", len(hosts), "COIN")
    await asyncio.gather(*(market.room(f"r-{host}", host) for host in hosts))
    await asyncio.gather(*(market.give("lan", 1, room=f"r-{host}") for host in hosts))
    await market.settle()
    await market.pass_ms(2 * WINDOW_MS)
    assert await ripe(market, *hosts) == [1] * len(hosts)
    assert await market.breaches() == []
