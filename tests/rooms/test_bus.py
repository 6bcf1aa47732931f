"""The bus, on a real store: relayed once, remembered without holes, honest about lost memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis

from livesrv import stores
from livesrv.rooms.bus import Bus, Run, Told, Wave
from tests.embedded import RunningStore
from tests.waiting import until


def run_of(first: int, last: int) -> tuple[str, Run]:
    return "r", Run(first, [f"event {i}".encode() for i in range(first, last + 1)])


def bus_on(client: Redis, *, history_events: int = 100) -> Bus:
    return Bus(client, history_events=history_events, recent_comments=3)


@asynccontextmanager
async def listening(bus: Bus) -> AsyncIterator[list[Run | Wave]]:
    heard: list[Run | Wave] = []
    connects: list[int] = []

    async def on_connect() -> None:
        connects.append(1)

    def on_users(_: Told) -> None:
        """Nobody is told anything here."""

    task = asyncio.create_task(bus.listen(lambda _, run: heard.append(run), on_users, on_connect))
    await until(lambda: connects)
    await bus.subscribe("r")
    try:
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_run_relayed_twice_is_heard_and_remembered_once(bus_client: Redis) -> None:
    bus = bus_on(bus_client)
    await bus.begin(0)
    async with listening(bus) as heard:
        for run in (run_of(1, 3), run_of(1, 3), run_of(2, 3), run_of(4, 4)):
            assert await bus.relay([run], [], cursor=run[1].first)
        await until(lambda: len(heard) == 2)
    memory = await bus.memory("r", 0)
    assert (memory.last, memory.events) == (4, run_of(1, 4)[1].events)


async def test_a_run_that_overlaps_is_remembered_without_repeats(bus_client: Redis) -> None:
    bus = bus_on(bus_client)
    await bus.begin(0)
    await bus.relay([run_of(1, 3)], [], 3)
    await bus.relay([run_of(2, 6)], [], 6)
    memory = await bus.memory("r", 0)
    assert (memory.last, memory.events) == (6, run_of(1, 6)[1].events)


async def test_history_is_bounded_and_starts_anew_behind_a_hole(bus_client: Redis) -> None:
    bus = bus_on(bus_client, history_events=3)
    await bus.begin(0)
    await bus.relay([run_of(1, 5)], [], 5)
    assert (await bus.memory("r", 0)).events == run_of(3, 5)[1].events
    await bus.relay([run_of(8, 9)], [], 9)
    memory = await bus.memory("r", 0)
    assert (memory.last, memory.events) == (9, run_of(8, 9)[1].events)


async def test_a_bus_that_lost_its_memory_takes_nothing_until_told_from_where(
    bus_client: Redis,
) -> None:
    bus = bus_on(bus_client)
    await bus.begin(0)
    assert await bus.relay([run_of(1, 1)], [], 1)
    await bus_client.flushall()
    assert not await bus.relay([run_of(2, 2)], [], 2)
    assert (await bus.memory("r", 0)).last == -1
    assert await bus.cursor() is None
    await bus.begin(1)
    assert await bus.relay([run_of(2, 2)], [], 2)


async def test_listening_goes_on_after_the_bus_was_killed(
    bus_store: RunningStore, bus_client: Redis
) -> None:
    bus = bus_on(bus_client)
    async with listening(bus) as heard:
        await bus_store.kill()
        await bus_store.start()
        other = stores.connect(bus_store.url)
        await bus.subscribe("r")
        await bus_on(other).publish({"r": Wave([("u", b"c")])})
        await until(lambda: heard)
        await other.aclose()
    assert heard == [Wave([("u", b"c")])]


async def test_latest_comments_are_kept_and_likes_add_up(bus_client: Redis) -> None:
    bus = bus_on(bus_client)
    for i in range(5):
        await bus.publish({"r": Wave([("u", f"c{i}".encode())])})
    assert await bus.count_likes({"r": 5}) == {"r": 5}
    assert await bus.count_likes({"r": 2}) == {"r": 7}
    memory = await bus.memory("r", 0)
    assert (memory.comments, memory.likes) == ([b"c2", b"c3", b"c4"], 7)


async def test_viewers_are_summed_over_workers_that_reported_lately(bus_client: Redis) -> None:
    bus = bus_on(bus_client)
    assert await bus.count_viewers("w1", {"r": 3}, now_ms=1_000) == {"r": 3}
    assert await bus.count_viewers("w2", {"r": 4}, now_ms=2_000) == {"r": 7}
    assert await bus.viewers(["r"], now_ms=16_500) == {"r": 4}


async def test_a_room_that_is_opened_while_the_bus_connects_is_heard(
    bus_store: RunningStore, bus_client: Redis
) -> None:
    """At every step of connecting, so also between the list of rooms and the connection's use."""
    for steps in range(12):
        bus = bus_on(bus_client)

        async def on_connect() -> None:
            """Nothing to heal here."""

        listen = bus.listen(lambda *_: None, lambda _: None, on_connect)
        task = asyncio.create_task(listen)
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(2):
            await bus.subscribe("r")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
