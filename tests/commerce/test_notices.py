"""Notices: one entry each, by whom, when, how often, and what a repeat is."""

import pytest

from livesrv.commerce import notices, shows
from livesrv.commerce.notices import PAUSE_MS, SAME_MS
from livesrv.ledger import journal
from livesrv.rooms.announce import event_of
from protocol.codes import ErrorCode
from protocol.messages import Notice

from .market import Market, person, refused


async def say(market: Market, text: str, by: str = "mei", *, is_moderator: bool = False) -> None:
    who = person(by, "moderator") if is_moderator else person(by)
    await notices.give(market.ledger, who, "r", text, market.now_ms)


async def told(market: Market) -> list[str]:
    """The notices that the journal has for the room."""
    events = [event_of(line) for line in await journal.some(market.ledger.store, 0)]
    return [event.text for event in events if isinstance(event, Notice)]


async def test_a_notice_is_one_event_with_its_text(market: Market) -> None:
    before = await market.ledger.room_seq("r")
    await say(market, "Back in five minutes")
    assert await told(market) == ["Back in five minutes"]
    assert await market.ledger.room_seq("r") == before + 1


async def test_a_moderator_may_give_one_and_nobody_else_but_the_host(market: Market) -> None:
    await say(market, "be kind", by="mo", is_moderator=True)
    with refused(ErrorCode.FORBIDDEN):
        await say(market, "me too", by="lan")
    assert await told(market) == ["be kind"]


@pytest.mark.parametrize("is_moderator", [False, True])
async def test_there_are_none_while_no_show_is_on(market: Market, is_moderator: bool) -> None:
    await shows.end(market.ledger, person("mei"), "r", market.now_ms)
    with refused(ErrorCode.NOT_LIVE):
        await say(market, "hello?", is_moderator=is_moderator)
    await shows.start(market.ledger, person("mei"), "r", market.now_ms + 1)
    await say(market, "hello", is_moderator=is_moderator)


async def test_a_repeat_is_told_once_whichever_worker_it_comes_to(
    market: Market, rival: Market
) -> None:
    for _ in range(2):
        for each in (market, rival):
            await say(each, "half price")
            each.now_ms += PAUSE_MS
    assert await told(market) == ["half price"]
    market.now_ms += SAME_MS
    await say(market, "half price")
    assert await told(market) == ["half price"] * 2


async def test_another_within_a_second_is_rate_limited_whichever_worker_it_comes_to(
    market: Market, rival: Market
) -> None:
    await say(market, "one")
    for each in (market, rival):
        each.now_ms += PAUSE_MS - 1
        with refused(ErrorCode.RATE_LIMITED):
            await say(each, "two")
    rival.now_ms += 1
    await say(rival, "two")
    assert await told(market) == ["one", "two"]


async def test_a_clock_that_was_set_back_keeps_nobody_silent(market: Market) -> None:
    await say(market, "one")
    market.now_ms -= 3_600_000
    await say(market, "two")
    assert await told(market) == ["one", "two"]
