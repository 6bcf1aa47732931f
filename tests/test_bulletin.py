"""What processes tell each other of their numbers, and for how long it is believed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from redis.asyncio import Redis

from livesrv import bulletin
from livesrv.bulletin import Bulletin
from livesrv.clock import now_ms
from livesrv.metrics import Sample, Snapshot
from livesrv.probes import LoopLag, StorePing
from livesrv.rooms.bus import Bus
from livesrv.rooms.lanes import board_key
from livesrv.rooms.nodes import Nodes
from livesrv.stores import connect

from .embedded import RunningStore
from .waiting import end, until, until_awaited


def look() -> Iterator[Sample]:
    yield Sample("livesrv_connections", 1)


@pytest.fixture
def bus(nodes: Nodes) -> Bus:
    return Bus(nodes, history_events=10, recent_comments=10)


@asynccontextmanager
async def running(*parts: Bulletin | StorePing | LoopLag) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield
    finally:
        await end(*tasks)


async def told(board: Bulletin) -> list[str]:
    return [snapshot.process for snapshot in await board.read()]


async def test_each_process_tells_of_all_and_of_no_other_server(bus: Bus) -> None:
    first, second = (Bulletin(bus, 80, f"worker-{n}", look) for n in range(2))
    async with running(first, second, Bulletin(bus, 81, "worker-2", look)):

        async def both() -> bool:
            return [sorted(await told(b)) for b in (first, second)] == [
                ["worker-0", "worker-1"]
            ] * 2

        await until_awaited(both)


async def test_process_that_pins_nothing_up_any_more_is_forgotten(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Bulletin(bus, 80, "worker-0", look)
    gone = Bulletin(bus, 80, "worker-1", look)
    async with running(gone):
        await until_awaited(lambda: _is_told(first, "worker-1"))
    monkeypatch.setattr(bulletin, "now_ms", lambda: now_ms() + bulletin.STALE_MS)
    assert await told(first) == ["worker-0"]


async def _is_told(board: Bulletin, process: str) -> bool:
    return process in await told(board)


async def test_board_leaves_the_bus_when_its_server_has_gone(bus: Bus, bus_client: Redis) -> None:
    board = Bulletin(bus, 80, "worker-0", look)
    key = board_key(board.server)
    async with running(board):
        await until_awaited(lambda: bus_client.exists(key))
    assert 0 < await bus_client.ttl(key) <= bulletin.KEPT_S


async def test_without_the_bus_a_process_tells_of_itself(bus: Bus, bus_store: RunningStore) -> None:
    board = Bulletin(bus, 80, "worker-0", look)
    other = msgspec.msgpack.encode(Snapshot("worker-1", now_ms(), [*look()]))
    await bus.pin(board.server, "worker-1", other, keep_s=60)
    strange = msgspec.msgpack.encode(["of another version"])
    await bus.pin(board.server, "worker-2", strange, keep_s=60)
    assert await told(board) == ["worker-0", "worker-1"]
    await bus_store.kill()
    assert await told(board) == ["worker-0"]
    await bus_store.start()


async def test_ping_tells_a_store_that_answers_from_one_that_is_away_and_one_that_is_back(
    bus_store: RunningStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livesrv.probes.LOOK_S", 0.02)
    client = connect(bus_store.url)
    ping = StorePing(client.ping)
    async with running(ping):
        await until(lambda: ping.is_up)
        await bus_store.kill()
        await until(lambda: ping.is_up is False)
        await bus_store.start()
        await until(lambda: ping.is_up)
    await client.aclose()


async def test_loop_lag_is_the_longest_since_it_was_last_asked_for() -> None:
    lag = LoopLag()
    async with running(lag):
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(_block)
        await until(lambda: lag._longest_s >= 0.2)
    assert lag.take_s() >= 0.2
    assert lag.take_s() == 0


def _block() -> None:
    time.sleep(0.4)
