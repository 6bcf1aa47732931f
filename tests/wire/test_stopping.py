"""A server that is told to stop: it moves its members, closes with 1012 and ends in time."""

import asyncio
import time

from tests.server import Serve

from .conftest import StageOf
from .stage import fresh

ENDS_WITHIN_S = 4.0
"""With nobody to move; a worker that has to be killed takes longer than 5 s."""


async def test_members_are_moved_and_closed_with_1012_when_the_server_drains(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(drain_ms=600)
    show = await stage.show()
    viewer = await stage.member_beside(show, show.host)
    stopping = asyncio.create_task(asyncio.to_thread(stage.server.stop))
    for client in (viewer, show.host):
        moved = await client.pushed("moved")
        assert 0 <= moved["retry_after_ms"] <= 60_000
        assert await client.closed() == 1012
    await stopping


async def test_draining_server_still_answers_until_it_closes(stage_of: StageOf) -> None:
    stage = await stage_of(drain_ms=600)
    show = await stage.show()
    await stage.fund(show.host.user, "COIN", 10)
    stopping = asyncio.create_task(asyncio.to_thread(stage.server.stop))
    await show.host.pushed("moved")
    answer = await show.host.ask("gift", room=show.room, gift="rose", key=fresh("c"), count=1)
    assert answer["type"] in ("gifted", "error")
    assert answer.get("code", "busy") == "busy"
    assert await show.host.closed() == 1012
    await stopping


async def test_server_told_to_stop_as_soon_as_it_serves_ends_at_once(serve: Serve) -> None:
    for _ in range(3):
        server = serve()
        told_s = time.monotonic()
        await asyncio.to_thread(server.stop)
        assert time.monotonic() - told_s < ENDS_WITHIN_S, server.log_text()
