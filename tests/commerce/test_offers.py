"""Offers: whose goods they are, what they cost at a moment, when and by whom they may be sold."""

import asyncio
from typing import Any

import pytest

from livesrv.commerce import catalog, shows
from livesrv.commerce.registers import Flash
from livesrv.ledger import journal
from protocol.codes import ErrorCode
from protocol.messages import OFFERS_PER_ROOM_MAX

from .market import Market, person, refused

FLASH_MS = 1_000


def flash(market: Market, price: int = 600) -> Flash:
    """A price for a second, a second from now."""
    begin_ms = market.now_ms + FLASH_MS
    return Flash(price_minor=price, from_ms=begin_ms, until_ms=begin_ms + FLASH_MS)


async def told(market: Market) -> list[int]:
    """The prices that the room was told of the peach, in order."""
    lines = [line async for line in journal.walk(market.ledger.store, 0)]
    offers = [line.entry.facts for line in lines if line.entry.kind == "offer"]
    return [facts["sheet"]["price_minor"] for facts in offers if facts["offer"] == "peach"]


# --- whose goods


async def test_the_same_offer_again_answers_the_same_and_another_is_conflict(
    market: Market,
) -> None:
    assert await market.offer() == await market.shown()
    with refused(ErrorCode.CONFLICT, saying="peach"):
        await market.offer(price_minor=999)


async def test_only_the_host_puts_on_sale(market: Market) -> None:
    with refused(ErrorCode.FORBIDDEN):
        await market.offer("plum", by="eve")
    with refused(ErrorCode.NOT_FOUND):
        await market.offer("plum", room="nowhere")


async def test_goods_of_another_need_that_sellers_consent(market: Market) -> None:
    with refused(ErrorCode.NOT_ELIGIBLE, saying="sam has not let mei sell"):
        await market.offer("plum", seller="sam")
    await market.consent("sam", "mei")
    assert (await market.offer("plum", seller="sam")).seller == "sam"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ([], "sam has not let bo sell"),
        ([("sam", "bo")], "bo has not let mei sell"),
        ([("bo", "mei")], "sam has not let bo sell"),
        ([("sam", "mei"), ("bo", "mei")], "sam has not let bo sell"),
    ],
)
async def test_goods_found_by_a_broker_need_consent_all_along_the_chain(
    market: Market, given: list[tuple[str, str]], missing: str
) -> None:
    for owner, seller in given:
        await market.consent(owner, seller)
    with refused(ErrorCode.NOT_ELIGIBLE, saying=missing):
        await market.offer("plum", seller="sam", broker="bo")


async def test_a_whole_chain_of_consent_lets_a_brokers_goods_on_sale(market: Market) -> None:
    await market.consent("sam", "bo")
    await market.consent("bo", "mei")
    await market.offer("plum", seller="sam", broker="bo")
    await market.buy("lan", ("plum", 1))


async def test_a_host_who_is_named_as_seller_needs_nobodys_consent(market: Market) -> None:
    await market.offer("plum", seller="mei", broker="mei")


async def test_consent_taken_back_stops_the_sale_until_it_is_given_again(market: Market) -> None:
    await market.consent("sam", "mei")
    await market.offer("plum", seller="sam")
    await market.consent("sam", "mei", is_allowed=False)
    with refused(ErrorCode.NOT_ELIGIBLE, saying="sam has not let mei sell"):
        await market.buy("lan", ("plum", 1))
    await market.consent("sam", "mei")
    await market.buy("lan", ("plum", 1))


async def test_goods_of_two_sellers_are_not_one_order(market: Market) -> None:
    await market.consent("sam", "mei")
    await market.offer("plum", seller="sam")
    with refused(ErrorCode.INVALID, saying="one seller"):
        await market.buy("lan", ("peach", 1), ("plum", 1))


# --- when


async def test_an_offer_is_on_sale_from_its_opening_until_before_its_closing(
    market: Market,
) -> None:
    now_ms = market.now_ms
    await market.offer("plum", opens_ms=now_ms + 10, closes_ms=now_ms + 20)
    for at_ms, said in ((9, "goes on sale in 1 ms"), (20, "has ended"), (0, "in 10 ms")):
        market.now_ms = now_ms + at_ms
        with refused(ErrorCode.NOT_ELIGIBLE, saying=said):
            await market.buy("lan", ("plum", 1))
    for at_ms in (10, 19):
        market.now_ms = now_ms + at_ms
        await market.buy("lan", ("plum", 1))


async def test_who_came_too_early_may_send_the_same_key_again_when_it_is_time(
    market: Market,
) -> None:
    await market.offer("plum", opens_ms=market.now_ms + 10)
    with refused(ErrorCode.NOT_ELIGIBLE):
        await market.buy("lan", ("plum", 1), key="k")
    market.now_ms += 10
    assert not (await market.buy("lan", ("plum", 1), key="k")).duplicate


async def test_who_came_too_late_stays_refused_under_that_key(market: Market) -> None:
    await market.offer("plum", closes_ms=market.now_ms)
    with refused(ErrorCode.NOT_ELIGIBLE):
        await market.buy("lan", ("plum", 1), key="k")
    await market.change("plum", closes_ms=None)
    with refused(ErrorCode.NOT_ELIGIBLE, saying="refused before"):
        await market.buy("lan", ("plum", 1), key="k")


async def test_an_offer_taken_off_sale_cannot_be_ordered_and_comes_back(market: Market) -> None:
    await market.change(is_withdrawn=True)
    assert (await market.shown()).withdrawn is True
    with refused(ErrorCode.NOT_ELIGIBLE, saying="taken off sale"):
        await market.buy()
    await market.change(is_withdrawn=False)
    await market.buy()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"opens_ms": 20, "closes_ms": 20}, "closes_ms is 20, not after 20"),
        ({"flash": Flash(price_minor=1, from_ms=5, until_ms=5)}, "flash.until_ms is 5"),
    ],
)
async def test_a_window_that_ends_before_it_begins_is_invalid(
    market: Market, fields: dict[str, Any], said: str
) -> None:
    with refused(ErrorCode.INVALID, saying=said):
        await market.offer("plum", **fields)
    with refused(ErrorCode.INVALID, saying=said):
        await market.change(**fields)


# --- what it costs


async def test_a_flash_price_holds_from_its_beginning_until_before_its_end(market: Market) -> None:
    now_ms = market.now_ms
    await market.change(flash=flash(market))
    for after_ms, price in ((0, 1000), (999, 1000), (1000, 600), (1999, 600), (2000, 1000)):
        market.now_ms = now_ms + after_ms
        assert (await market.shown()).price_minor == price
        assert (await market.buy(total=price)).total_minor == price


async def test_the_room_is_told_of_a_flash_price_once_as_it_begins_and_as_it_ends(
    market: Market, rival: Market
) -> None:
    await market.change(flash=flash(market))
    for _ in range(2):
        rival.now_ms = market.now_ms = market.now_ms + FLASH_MS
        looks = [worker.clockwork().look() for worker in (market, rival)]
        await asyncio.gather(*looks)
    assert await market.clockwork().look() == 0
    assert await told(market) == [1000, 1000, 600, 1000]


async def test_the_room_is_told_when_a_sale_opens_and_when_it_closes(market: Market) -> None:
    opens_ms = market.now_ms + 10
    await market.change(opens_ms=opens_ms, closes_ms=opens_ms + 10)
    for told_before in (2, 3):
        assert len(await told(market)) == told_before
        await market.pass_ms(10)
    assert len(await told(market)) == 4


async def test_a_window_that_is_taken_away_is_not_told(market: Market) -> None:
    await market.change(flash=flash(market), opens_ms=market.now_ms)
    await market.change(flash=None, opens_ms=None)
    await market.pass_ms(10 * FLASH_MS)
    assert await told(market) == [1000, 1000, 1000]


async def test_who_saw_the_old_price_buys_nothing_and_orders_placed_keep_theirs(
    market: Market,
) -> None:
    before = await market.buy(key="k")
    await market.change(price_minor=1200)
    with refused(ErrorCode.PRICE_CHANGED, saying="the total is 1200 CNY now, you saw 1000"):
        await market.buy()
    again = await market.buy(key="k")
    assert (again.order, again.total_minor, again.duplicate) == (before.order, 1000, True)
    assert (await market.buy(total=1200)).total_minor == 1200
    assert (await market.order(before.order)).total_minor == 1000


async def test_a_price_changed_by_another_worker_counts_here_at_once(
    market: Market, rival: Market
) -> None:
    await rival.buy()
    await market.change(price_minor=1200)
    with refused(ErrorCode.PRICE_CHANGED):
        await rival.buy()


async def test_a_changed_limit_counts_what_was_bought_under_the_old_one(market: Market) -> None:
    await market.change(limit_per_buyer=3)
    await market.buy("lan", ("peach", 3))
    await market.change(limit_per_buyer=4)
    await market.buy()
    with refused(ErrorCode.LIMIT_EXCEEDED):
        await market.buy()
    await market.change(limit_per_buyer=None)
    await market.buy("lan", ("peach", 5))


async def test_a_cancelled_order_gives_the_quota_back_as_it_was_charged(market: Market) -> None:
    free = await market.buy("lan", ("peach", 2))
    await market.change(limit_per_buyer=3)
    limited = await market.buy("lan", ("peach", 3))
    await market.cancel(free.order)
    with refused(ErrorCode.LIMIT_EXCEEDED):
        await market.buy()
    await market.change(limit_per_buyer=None)
    await market.cancel(limited.order)
    await market.change(limit_per_buyer=3)
    await market.buy("lan", ("peach", 3))


# --- pieces


async def test_restocking_happens_once_a_key(market: Market, rival: Market) -> None:
    for worker in (market, market, rival):
        assert (await worker.change(restock=5, key="k")).stock == 15
    assert (await market.change(restock=5, key="other")).stock == 20
    with refused(ErrorCode.CONFLICT, saying="k was used otherwise"):
        await market.change(restock=6, key="k")


async def test_restocking_at_once_through_two_workers_happens_once_a_key(
    market: Market, rival: Market
) -> None:
    await rival.shown()
    await asyncio.gather(
        *(worker.change(restock=5, key=f"{i % 3}") for i in range(6) for worker in (market, rival))
    )
    assert await market.stock() == 25


@pytest.mark.parametrize("half", [{"restock": 5}, {"key": "k"}])
async def test_restocking_without_a_key_is_invalid(market: Market, half: dict[str, Any]) -> None:
    with refused(ErrorCode.INVALID, saying="belong together"):
        await market.change(**half)


async def test_more_pieces_than_an_offer_may_have_are_refused(market: Market) -> None:
    with refused(ErrorCode.LIMIT_EXCEEDED):
        await market.change(restock=catalog.STOCK_MAX, key="k")


@pytest.mark.parametrize(("by", "may"), [("mei", True), ("sam", True), ("bo", False)])
async def test_terms_are_for_the_host_and_the_goods_owner_to_change(
    market: Market, by: str, may: bool
) -> None:
    await market.consent("sam", "mei")
    await market.offer("plum", seller="sam")
    if may:
        assert (await market.change("plum", by=by, title="Plums")).title == "Plums"
    else:
        with refused(ErrorCode.FORBIDDEN):
            await market.change("plum", by=by, title="Plums")


async def test_a_room_has_so_many_offers_and_no_more(market: Market) -> None:
    numbers = range(OFFERS_PER_ROOM_MAX - 1)
    await asyncio.gather(*(market.offer(f"o{i}", stock=0) for i in numbers))
    with refused(ErrorCode.LIMIT_EXCEEDED, saying=str(OFFERS_PER_ROOM_MAX)):
        await market.offer("plum")


async def test_an_offer_of_a_show_that_is_over_can_be_changed_but_not_ordered(
    market: Market,
) -> None:
    await market.change(flash=flash(market))
    await shows.end(market.ledger, person("mei"), "r", market.now_ms)
    with refused(ErrorCode.NOT_LIVE):
        await market.buy()
    await market.change(price_minor=5)
    await market.pass_ms(10 * FLASH_MS)
    assert (await market.shown()).price_minor == 5
