"""GET /v1/shows: what one's shows have taken."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.server import Server
from tests.waiting import until_awaited

from .client import JSON
from .shapes import SHOW_GIVEN, Message
from .stage import PRICE_MINOR, Show, Stage, fresh, order_of

SPEC = Path(__file__).parents[2] / "protocol" / "README.md"


@pytest.fixture
async def stage(server: Server) -> AsyncIterator[Stage]:
    """One format is enough: HTTP is JSON."""
    async with Stage(server, JSON) as open_stage:
        yield open_stage


async def shows(stage: Stage, token: str) -> list[Message]:
    found: list[Message] = (await stage.http.get("/v1/shows", token=token))["shows"]
    for each in found:
        assert SHOW_GIVEN(each), each
    return found


async def until_shown(stage: Stage, show: Show, holds: Callable[[Message], object]) -> Message:
    """Wait until the latest show of a host looks so."""

    async def looks_so() -> object:
        return holds((await shows(stage, show.token))[0])

    await until_awaited(looks_so)
    return (await shows(stage, show.token))[0]


def test_example_of_the_spec_is_what_the_tests_ask_for() -> None:
    (example,) = re.findall(r"```json\n(\{\"shows\".*?)```", SPEC.read_text(), re.DOTALL)
    assert all(SHOW_GIVEN(each) for each in json.loads(example)["shows"])


async def test_show_tells_what_it_took_while_it_is_live_and_after_it(stage: Stage) -> None:
    show = await stage.show()
    lan, bo = await stage.member(show), await stage.member(show)
    await stage.fund(lan.user, "CNY", 100_000)
    await stage.fund(bo.user, "COIN", 100)
    await lan.do("order", **order_of(show, 2))
    await bo.do("gift", room=show.room, gift="heart", key=fresh("c"), count=3)
    live = await until_shown(stage, show, lambda each: each["orders"] and each["gifts"])
    assert (live["ended_at_ms"], live["is_final"], live["pieces"]) == (None, False, 2)
    await lan.do("order", **order_of(show, 1))
    await show.host.do("end", room=show.room)
    over = await until_shown(stage, show, lambda each: each["is_final"])
    assert (over["room"], over["title"]) == (show.room, "A show")
    assert over["started_at_ms"] <= over["ended_at_ms"]
    counts = [over[name] for name in ("orders", "pieces", "gifts", "coins")]
    assert counts == [2, 3, 3, 30]
    assert over["sales"] == [{"currency": "CNY", "amount_minor": 3 * PRICE_MINOR}]
    found = (await stage.http.get("/v1/earnings", token=show.token))["earnings"]
    earned = {each["currency"]: each["pending_minor"] for each in found}
    assert {each["currency"]: each["amount_minor"] for each in over["earned"]} == earned
    assert earned.keys() == {"CNY", "COIN"}


async def test_shows_come_latest_first_and_are_the_hosts_own(stage: Stage) -> None:
    show = await stage.show()
    for command in ("end", "start"):
        await show.host.do(command, room=show.room)
    found = await shows(stage, show.token)
    assert [each["ended_at_ms"] is None for each in found] == [True, False]
    assert found[0]["started_at_ms"] > found[1]["started_at_ms"]
    assert await shows(stage, stage.server.token(fresh("other"), "viewer")) == []
    assert (await stage.http.ask("GET", "/v1/shows")).code == "unauthenticated"


async def test_twenty_shows_are_kept(stage: Stage) -> None:
    show = await stage.show()
    for _ in range(20):
        await show.host.do("end", room=show.room)
        await show.host.do("start", room=show.room)
    found = await shows(stage, show.token)
    assert len(found) == 20
    assert found == sorted(found, key=lambda each: -each["started_at_ms"])


async def test_hosts_token_is_enough_to_see_what_is_pending_and_available(stage: Stage) -> None:
    show = await stage.show()
    bo = await stage.member(show)
    await stage.fund(bo.user, "COIN", 100)
    await bo.do("gift", room=show.room, gift="heart", key=fresh("c"), count=3)

    async def earned() -> Message | None:
        found = (await stage.http.get("/v1/earnings", token=show.token))["earnings"]
        return found[0] if found else None

    await until_awaited(earned)
    seen = await asyncio.gather(*(earned() for _ in range(10)))
    assert seen[0] is not None
    assert seen[0].keys() == {"currency", "pending_minor", "available_minor"}
    assert seen[0]["pending_minor"] > 0
