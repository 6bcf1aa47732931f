"""The bus on a cluster: what concerns a node that is away waits or is lost, all else goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest

from livesrv import stores
from livesrv.ledger.entry import Entry
from livesrv.ledger.store import Ledger
from livesrv.ledger.tail import Tail
from livesrv.rooms.bus import AWAY, Bus, Run, Told, Wave
from livesrv.rooms.lanes import LANES, lane_of, slot_of
from livesrv.rooms.nodes import NODE_TIMEOUT_S, Nodes
from livesrv.rooms.publisher import Publisher
from tests.embedded import RunningStore
from tests.waiting import end, until, until_awaited

from .valkeys import Cluster

PUBLISHES = 10
PUBLISHED_WITHIN_S = PUBLISHES * NODE_TIMEOUT_S / 2
"""Far longer than one time-out, and half of what it takes when each call waits for one."""


def bus_on(nodes: Nodes) -> Bus:
    return Bus(nodes, history_events=1000, recent_comments=10)


async def known(bus: Bus) -> Bus:
    """The bus, once its nodes are known."""

    async def answers() -> bool:
        with suppress(*AWAY):
            return len(await bus.cursors(range(LANES))) == LANES
        return False

    await until_awaited(answers)
    return bus


def rooms_of(cluster: Cluster) -> list[str]:
    """One room on each node, the victim's first."""
    return [node.fresh_room() for node in cluster.nodes]


async def post(ledger: Ledger, rooms: list[str], first: int, last: int) -> None:
    """So many events in each of the rooms."""
    for i in range(first, last + 1):
        for room in rooms:
            name, facts = f"{room}-{i}", {"comment": str(i)}
            entry = Entry(id=name, fingerprint=name, kind="remove", room=room, facts=facts)
            await ledger.post(entry)


@asynccontextmanager
async def publishing(ledger_store: RunningStore, bus: Bus) -> AsyncIterator[None]:
    client = stores.connect(ledger_store.url)
    task = asyncio.create_task(Publisher(Tail(client), bus).run())
    try:
        yield
    finally:
        await end(task)
        await client.aclose()


async def remembered(bus: Bus, room: str) -> list[int]:
    with suppress(*AWAY):
        memory = await bus.memory(room, 0)
        return [msgspec.msgpack.decode(event)["seq"] for event in memory.events]
    return []


async def hears(bus: Bus, rooms: list[str], last: int) -> None:
    async def all_there() -> bool:
        wanted = list(range(1, last + 1))
        return all([await remembered(bus, room) == wanted for room in rooms])

    await until_awaited(all_there, within_s=30)


async def test_lane_that_is_away_and_comes_back_empty_is_caught_up_and_holds_up_no_other(
    cluster: Cluster, cluster_nodes: Nodes, ledger: Ledger, ledger_store: RunningStore
) -> None:
    bus, rooms = await known(bus_on(cluster_nodes)), rooms_of(cluster)
    async with publishing(ledger_store, bus):
        await post(ledger, rooms, 1, 10)
        await hears(bus, rooms, 10)
        cluster.nodes[0].kill()
        await post(ledger, rooms, 11, 20)
        await hears(bus, rooms[1:], 20)
        assert await remembered(bus, rooms[0]) == []
        cluster.nodes[0].start()
        await post(ledger, rooms, 21, 30)
        await hears(bus, rooms, 30)


async def test_waves_and_counts_of_living_nodes_go_on_while_one_is_away(
    cluster: Cluster, cluster_nodes: Nodes
) -> None:
    bus, (dead, *living) = await known(bus_on(cluster_nodes)), rooms_of(cluster)
    cluster.nodes[0].kill()
    rooms = [dead, *living]
    await bus.publish({room: Wave([("u", b"c")]) for room in rooms})
    assert await bus.count_likes(dict.fromkeys(rooms, 2)) == dict.fromkeys(living, 2)
    found = await bus.count_viewers("w", dict.fromkeys(rooms, 3), now_ms=1_000)
    assert found == dict.fromkeys(living, 3)
    assert [(await bus.memory(room, 0)).comments for room in living] == [[b"c"], [b"c"]]
    assert [bus.is_away(room) for room in rooms] == [True, False, False]
    with pytest.raises(AWAY):
        await bus.memory(dead, 0)


async def test_silent_node_holds_up_one_call_and_no_more(
    cluster: Cluster, cluster_nodes: Nodes
) -> None:
    bus, rooms = await known(bus_on(cluster_nodes)), rooms_of(cluster)
    with cluster.nodes[0].paused():
        async with asyncio.timeout(PUBLISHED_WITHIN_S):
            for i in range(PUBLISHES):
                await bus.publish({room: Wave([("u", b"%d" % i)]) for room in rooms})
    assert (await bus.memory(rooms[1], 0)).comments == [b"%d" % i for i in range(PUBLISHES)]
    await until(lambda: not bus.is_away(rooms[0]))
    await bus.publish({rooms[0]: Wave([("u", b"again")])})
    assert b"again" in (await bus.memory(rooms[0], 0)).comments


async def test_lost_connection_to_one_node_heals_the_rooms_of_that_node_alone(
    cluster: Cluster, cluster_nodes: Nodes
) -> None:
    bus, rooms = await known(bus_on(cluster_nodes)), rooms_of(cluster)
    heard: list[tuple[str, Run | Wave]] = []
    connected: list[str] = []

    async def on_connect(rooms: list[str]) -> None:
        connected.extend(rooms)

    def on_users(_: Told) -> None:
        """Nobody is told anything here."""

    listen = bus.listen(lambda room, said: heard.append((room, said)), on_users, on_connect)
    task = asyncio.create_task(listen)
    for room in rooms:
        await bus.subscribe(room)
    connected.clear()
    cluster.nodes[0].kill()
    cluster.nodes[0].start()
    await cluster.serves()
    await until(lambda: connected)
    assert connected == rooms[:1]
    async with asyncio.timeout(15):
        await bus.subscribe(rooms[0])
    await bus.publish({room: Wave([("u", b"c")]) for room in rooms})
    await until(lambda: len(heard) == len(rooms))
    assert sorted(room for room, _ in heard) == sorted(rooms)
    task.cancel()


async def test_lane_that_moves_to_another_node_is_relayed_and_heard_there(
    cluster: Cluster, cluster_nodes: Nodes, ledger: Ledger, ledger_store: RunningStore
) -> None:
    bus, (room, *_) = await known(bus_on(cluster_nodes)), rooms_of(cluster)
    heard: list[int] = []

    def on_room(_: str, said: Run | Wave) -> None:
        assert isinstance(said, Run)
        heard.extend(range(said.first, said.first + len(said.events)))

    connected: list[str] = []

    async def on_connect(rooms: list[str]) -> None:
        connected.extend(rooms)

    task = asyncio.create_task(bus.listen(on_room, lambda _: None, on_connect))
    await bus.subscribe(room)
    back_office = Nodes(cluster.url)
    async with publishing(ledger_store, bus_on(back_office)):
        await post(ledger, [room], 1, 5)
        await until(lambda: heard[-1:] == [5])
        connected.clear()
        await move(cluster, room)
        await until(lambda: room in connected)
        async with asyncio.timeout(15):
            await bus.subscribe(room)
        await post(ledger, [room], 6, 9)
        await until(lambda: heard[-1:] == [9])
    task.cancel()
    await back_office.aclose()
    assert heard[-4:] == [6, 7, 8, 9]


async def move(cluster: Cluster, room: str) -> None:
    """Give a room's slot to the next node, as an operator who has lost its keys."""
    slot, (here, there, *_) = slot_of(lane_of(room)), cluster.nodes
    name = (await there.said("CLUSTER", "MYID")).decode()
    for key in await here.said("CLUSTER", "GETKEYSINSLOT", slot, 1000):
        await here.said("DEL", key)
    for node in (there, here, cluster.nodes[2]):
        await node.said("CLUSTER", "SETSLOT", slot, "NODE", name)
