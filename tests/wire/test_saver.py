"""Saving data: fewer batches and comments, every event, and changing one's mind meanwhile."""

import asyncio
import math
import time

import pytest

from .client import Client
from .conftest import StageOf
from .shapes import Message
from .stage import Show, Stage, fresh

WINDOW_S = 0.3
PER_S = 7
SETTINGS = {"workers": 1, "saver_window_ms": int(WINDOW_S * 1000), "saver_comments_per_s": PER_S}
COMMENTS = 40


@pytest.fixture
async def stage(stage_of: StageOf) -> Stage:
    return await stage_of(**SETTINGS)


async def saver(stage: Stage, show: Show, user: str | None = None) -> Client:
    client = await stage.enter(user)
    await client.join(show.room, saver=True)
    return client


async def toggle_pin(show: Show, *, times: int) -> None:
    """Make two reliable events each time."""
    for _ in range(times):
        await show.host.do("pin", room=show.room, offer=show.offer)
        await show.host.do("unpin", room=show.room, offer=show.offer)


async def say(client: Client, show: Show, count: int = COMMENTS) -> list[str]:
    texts = [f"{client.user} {number}" for number in range(count)]
    answers = [await client.start("comment", room=show.room, text=text) for text in texts]
    await client.until(lambda: all(answer.done() for answer in answers))
    assert all(answer.result()["type"] == "ok" for answer in answers)
    return texts


async def told_of(client: Client, show: Show, count: int) -> None:
    """Wait until so many comments are shown or counted."""
    place = client.rooms[show.room]
    await client.until(lambda: len(place.comments()) + place.shed == count)


async def test_saver_gets_every_event_and_few_batches_with_few_comments(stage: Stage) -> None:
    show = await stage.show()
    talker = await stage.member(show)
    began_s = time.monotonic()
    less = await saver(stage, show)
    await asyncio.gather(say(talker, show), toggle_pin(show, times=10))
    for client in (talker, less):
        await told_of(client, show, COMMENTS)
        place, host = client.rooms[show.room], show.host.rooms[show.room]
        await client.until(lambda place=place, host=host: place.seq == host.seq)  # type: ignore[misc]
    elapsed_s = time.monotonic() - began_s
    mine, full = less.rooms[show.room], talker.rooms[show.room]
    assert mine.events == full.events[-20:]
    assert len(full.comments()) == COMMENTS
    assert len(mine.comments()) <= PER_S * (elapsed_s + WINDOW_S)
    batches = [message for message in less.received if message["type"] == "batch"]
    assert len(batches) <= 1 + math.ceil(elapsed_s / WINDOW_S)


async def test_savers_own_comments_are_never_left_out_and_the_same_is_told_to_other_savers(
    stage: Stage,
) -> None:
    show = await stage.show()
    author, talker = await saver(stage, show), await stage.member(show)
    others = [await saver(stage, show) for _ in range(2)]
    texts, _ = await asyncio.gather(say(author, show), say(talker, show))
    for client in (author, *others):
        await told_of(client, show, 2 * COMMENTS)
    assert set(texts) <= set(author.rooms[show.room].comments())
    assert author.rooms[show.room].shed > 0
    first, second = (other.rooms[show.room] for other in others)
    assert (first.comments(), first.shed) == (second.comments(), second.shed)


async def test_likes_of_savers_are_folded_and_lose_none(stage: Stage) -> None:
    show = await stage.show()
    client = await saver(stage, show)
    for _ in range(30):
        await client.do("like", room=show.room, count=2)
    await client.heard(show.room, "like", total=60)
    likes = [item for item in client.rooms[show.room].waterfall if item["type"] == "like"]
    assert sum(item["count"] for item in likes) == 60
    assert len(likes) < 10


@pytest.mark.parametrize("format", ["msgpack"], indirect=True)
@pytest.mark.parametrize("resumes", [True, False], ids=["with since", "without since"])
async def test_changing_lanes_while_events_flow_loses_and_repeats_none(
    stage: Stage, resumes: bool
) -> None:
    show = await stage.show()
    place = show.host.rooms[show.room]
    client = await stage.member(show)
    began, events, is_saver = client.rooms[show.room].seq, list[Message](), False
    flowing = asyncio.gather(toggle_pin(show, times=8), say(show.host, show))
    while not flowing.done():
        is_saver = not is_saver
        events += await changed(client, show, is_saver, resumes)
        await asyncio.wait({flowing}, timeout=0.03)
    await flowing
    await client.until(lambda: client.rooms[show.room].seq == place.seq)
    events += client.rooms[show.room].events
    assert [event["seq"] for event in events] == list(range(began + 1, place.seq + 1))


async def changed(client: Client, show: Show, is_saver: bool, resumes: bool) -> list[Message]:
    """Join anew; the events that were told of before the new place."""
    place = client.rooms[show.room]
    seq, count = place.seq, len(place.events)
    since = {"since": {"epoch": place.epoch, "seq": seq}} if resumes else {}
    joined = await client.join(show.room, saver=is_saver, **since)
    assert joined["recovered"] is resumes
    if resumes:
        return place.events[:count]
    assert joined["seq"] == place.seq  # what was owed has come before
    return place.events


@pytest.mark.parametrize("format", ["json"], indirect=True)
@pytest.mark.parametrize("resumes", [True, False], ids=["with since", "without since"])
async def test_comment_said_before_a_change_of_lanes_is_seen_by_its_author(
    stage: Stage, resumes: bool
) -> None:
    show = await stage.show()
    client, seen = await saver(stage, show), list[str]()
    talker = await stage.member(show)
    for is_saver in (False, True, False, True):
        await say(talker, show, 10)
        await client.do("comment", room=show.room, text=f"mine {is_saver}")
        place = client.rooms[show.room]
        await changed(client, show, is_saver, resumes)
        seen += place.comments()
    await client.until(lambda: [*seen, *client.rooms[show.room].comments()].count("mine True") == 2)
    seen += client.rooms[show.room].comments()
    assert (seen.count("mine False"), seen.count("mine True")) == (2, 2)


async def test_banned_saver_is_closed(stage: Stage) -> None:
    show, loud = await stage.show(), fresh("loud")
    client = await saver(stage, show, loud)
    await show.host.do("moderate", room=show.room, action="ban", user=loud)
    assert await client.closed() == 4403
    assert await (await stage.enter(loud)).refusal("join", room=show.room, saver=True) == "banned"


async def test_saver_that_comes_back_goes_on_where_it_was(stage: Stage) -> None:
    show = await stage.show()
    client = await saver(stage, show)
    place = client.rooms[show.room]
    await client.close()
    await toggle_pin(show, times=2)
    back = await stage.enter()
    since = {"epoch": place.epoch, "seq": place.seq}
    joined = await back.join(show.room, saver=True, since=since)
    assert (joined["recovered"], joined["seq"]) == (True, place.seq)
    await toggle_pin(show, times=2)
    await back.until(lambda: back.rooms[show.room].seq == place.seq + 8)
    assert [event["seq"] for event in back.rooms[show.room].events] == [
        *range(place.seq + 1, place.seq + 9)
    ]
