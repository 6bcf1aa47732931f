"""The bus, on a real store: relayed once, remembered without holes, honest about lost memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from livesrv.rooms.bus import Bus, Parcel, Run, Told, Wave
from livesrv.rooms.lanes import cursor_key, lane_of
from livesrv.rooms.nodes import Nodes
from tests.embedded import RunningStore
from tests.waiting import end, until

from .relaying import begun, relay


def run_of(first: int, last: int) -> Run:
    return Run(first, [f"event {i}".encode() for i in range(first, last + 1)])


def bus_on(nodes: Nodes, *, history_events: int = 100) -> Bus:
    return Bus(nodes, history_events=history_events, recent_comments=3)


@asynccontextmanager
async def listening(bus: Bus) -> AsyncIterator[list[Run | Wave]]:
    heard: list[Run | Wave] = []
    connects: list[int] = []

    async def on_connect(_: list[str]) -> None:
        connects.append(1)

    def on_users(_: Told) -> None:
        """Nobody is told anything here."""

    task = asyncio.create_task(bus.listen(lambda _, run: heard.append(run), on_users, on_connect))
    await until(lambda: connects)
    await bus.subscribe("r")
    try:
        yield heard
    finally:
        await end(task)


async def test_a_run_relayed_twice_is_heard_and_remembered_once(
    nodes: Nodes, bus_client: Redis
) -> None:
    """Even where the lane has been told to begin from further back."""
    bus = bus_on(nodes)
    await begun(bus)
    async with listening(bus) as heard:
        for run in (run_of(1, 3), run_of(1, 3), run_of(2, 3), run_of(4, 4)):
            assert await relay(bus, "r", run)
            await bus_client.set(cursor_key(lane_of("r")), 0)
        await until(lambda: len(heard) == 2)
    memory = await bus.memory("r", 0)
    assert (memory.last, memory.events) == (4, run_of(1, 4).events)


async def test_a_run_that_overlaps_is_remembered_without_repeats(nodes: Nodes) -> None:
    bus = bus_on(nodes)
    await begun(bus)
    await relay(bus, "r", run_of(1, 3))
    await relay(bus, "r", run_of(2, 6))
    memory = await bus.memory("r", 0)
    assert (memory.last, memory.events) == (6, run_of(1, 6).events)


async def test_history_is_bounded_and_starts_anew_behind_a_hole(nodes: Nodes) -> None:
    bus = bus_on(nodes, history_events=3)
    await begun(bus)
    await relay(bus, "r", run_of(1, 5))
    assert (await bus.memory("r", 0)).events == run_of(3, 5).events
    await relay(bus, "r", run_of(8, 9))
    memory = await bus.memory("r", 0)
    assert (memory.last, memory.events) == (9, run_of(8, 9).events)


async def test_a_bus_that_lost_its_memory_takes_nothing_until_told_from_where(
    nodes: Nodes, bus_client: Redis
) -> None:
    bus = bus_on(nodes)
    await begun(bus)
    assert await relay(bus, "r", run_of(1, 1))
    await bus_client.flushall()
    assert not await relay(bus, "r", run_of(2, 2))
    assert (await bus.memory("r", 0)).last == -1
    assert await bus.cursors([lane_of("r")]) == {lane_of("r"): None}
    await begun(bus, 1)
    assert await relay(bus, "r", run_of(2, 2))


async def test_a_lane_that_lost_a_part_of_its_memory_says_where_it_must_be_told_from(
    nodes: Nodes,
) -> None:
    bus, lane = bus_on(nodes), lane_of("r")
    await begun(bus)
    await relay(bus, "r", run_of(1, 4))
    told = await bus.relay({lane: Parcel(known=6, upto=7, runs={"r": run_of(7, 7)})})
    assert told == {lane: 4}
    assert (await bus.memory("r", 0)).last == 4


async def test_listening_goes_on_after_the_bus_was_killed(
    bus_store: RunningStore, nodes: Nodes
) -> None:
    bus = bus_on(nodes)
    async with listening(bus) as heard:
        await bus_store.kill()
        await bus_store.start()
        other = Nodes(bus_store.url)
        await bus.subscribe("r")
        await bus_on(other).publish({"r": Wave([("u", b"c")])})
        await until(lambda: heard)
        await other.aclose()
    assert heard == [Wave([("u", b"c")])]


async def test_latest_comments_are_kept_and_likes_add_up(nodes: Nodes) -> None:
    bus = bus_on(nodes)
    for i in range(5):
        await bus.publish({"r": Wave([("u", f"c{i}".encode())])})
    assert await bus.count_likes({"r": 5}) == {"r": 5}
    assert await bus.count_likes({"r": 2}) == {"r": 7}
    memory = await bus.memory("r", 0)
    assert (memory.comments, memory.likes) == ([b"c2", b"c3", b"c4"], 7)


async def test_viewers_are_summed_over_workers_that_reported_lately(nodes: Nodes) -> None:
    bus = bus_on(nodes)
    assert await bus.count_viewers("w1", {"r": 3}, now_ms=1_000) == {"r": 3}
    assert await bus.count_viewers("w2", {"r": 4}, now_ms=2_000) == {"r": 7}
    assert await bus.viewers(["r"], now_ms=16_500) == {"r": 4}


async def test_a_room_that_is_opened_while_the_bus_connects_is_heard(
    bus_store: RunningStore, nodes: Nodes
) -> None:
    """At every step of connecting, so also between the list of rooms and the connection's use."""
    for steps in range(12):
        bus = bus_on(nodes)

        async def on_connect(_: list[str]) -> None:
            """Nothing to heal here."""

        listen = bus.listen(lambda *_: None, lambda _: None, on_connect)
        task = asyncio.create_task(listen)
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(2):
            await bus.subscribe("r")
        await end(task)
