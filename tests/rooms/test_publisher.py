"""The publisher: every event of the journal reaches the bus once and in order, whoever dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from redis.asyncio import Redis

from livesrv import stores
from livesrv.ledger.entry import Entry
from livesrv.ledger.store import Ledger
from livesrv.ledger.tail import Tail
from livesrv.rooms import publisher as publisher_module
from livesrv.rooms.bus import Bus
from livesrv.rooms.nodes import Nodes
from livesrv.rooms.publisher import Publisher
from tests.embedded import RunningStore
from tests.waiting import end, until_awaited


async def post_events(ledger: Ledger, first: int, last: int) -> None:
    for i in range(first, last + 1):
        facts = {"comment": str(i)}
        await ledger.post(
            Entry(id=str(i), fingerprint=str(i), kind="remove", room="r", facts=facts)
        )


async def heard(bus: Bus) -> list[int]:
    memory = await bus.memory("r", 0)
    return [msgspec.msgpack.decode(event)["seq"] for event in memory.events]


@asynccontextmanager
async def publishing(ledger_store: RunningStore, bus: Bus) -> AsyncIterator[None]:
    client = stores.connect(ledger_store.url)
    task = asyncio.create_task(Publisher(Tail(client), bus).run())
    try:
        yield
    finally:
        await end(task)
        await client.aclose()


def bus_on(nodes: Nodes) -> Bus:
    return Bus(nodes, history_events=1000, recent_comments=0)


async def hears(bus: Bus, last: int) -> None:
    async def is_there() -> bool:
        return await heard(bus) == list(range(1, last + 1))

    await until_awaited(is_there)


async def test_it_goes_on_where_it_was_killed(
    ledger: Ledger, ledger_store: RunningStore, nodes: Nodes
) -> None:
    bus = bus_on(nodes)
    await post_events(ledger, 1, 20)
    async with publishing(ledger_store, bus):
        await hears(bus, 20)
    await post_events(ledger, 21, 40)
    async with publishing(ledger_store, bus):
        await hears(bus, 40)


async def test_two_at_once_say_nothing_twice(
    ledger: Ledger, ledger_store: RunningStore, nodes: Nodes
) -> None:
    bus = bus_on(nodes)
    async with publishing(ledger_store, bus), publishing(ledger_store, bus):
        await post_events(ledger, 1, 50)
        await hears(bus, 50)


async def test_a_bus_that_lost_its_memory_is_told_again(
    ledger: Ledger, ledger_store: RunningStore, bus_store: RunningStore, nodes: Nodes
) -> None:
    bus = bus_on(nodes)
    async with publishing(ledger_store, bus):
        await post_events(ledger, 1, 10)
        await hears(bus, 10)
        await bus_store.kill()
        await post_events(ledger, 11, 20)
        await bus_store.start()
        await post_events(ledger, 21, 30)
        await hears(bus, 30)


async def test_a_bus_that_was_away_for_long_is_told_all_that_it_missed(
    ledger: Ledger,
    ledger_store: RunningStore,
    bus_store: RunningStore,
    nodes: Nodes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However late: workers that were there all the time have no hole then."""
    bus = bus_on(nodes)
    async with publishing(ledger_store, bus):
        await post_events(ledger, 1, 10)
        await hears(bus, 10)
        monkeypatch.setattr(publisher_module, "REWIND_MS", -60_000)
        await bus_store.kill()
        await post_events(ledger, 11, 20)
        await bus_store.start()
        await post_events(ledger, 21, 30)

        async def is_there() -> bool:
            return set(range(11, 31)) <= set(await heard(bus))

        await until_awaited(is_there)


async def test_an_idle_bus_that_lost_its_memory_is_told_again(
    ledger: Ledger, ledger_store: RunningStore, nodes: Nodes, bus_client: Redis
) -> None:
    bus = bus_on(nodes)
    async with publishing(ledger_store, bus):
        await post_events(ledger, 1, 10)
        await hears(bus, 10)
        await bus_client.flushall()
        await hears(bus, 10)


async def test_it_waits_for_a_ledger_that_is_away(
    ledger: Ledger, ledger_store: RunningStore, nodes: Nodes
) -> None:
    bus = bus_on(nodes)
    async with publishing(ledger_store, bus):
        await post_events(ledger, 1, 5)
        await ledger_store.kill()
        await ledger_store.start()
        await post_events(ledger, 6, 9)
        await hears(bus, 9)
