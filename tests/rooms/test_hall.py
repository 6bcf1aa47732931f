"""The hall: rooms fed from a real bus, healed when something was lost, and members who notice."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from livesrv.config import Config
from livesrv.rooms import hall as hall_module
from livesrv.rooms.bus import Bus, Memory, Run, Wave
from livesrv.rooms.hall import Hall
from livesrv.rooms.nodes import Nodes
from livesrv.rooms.open_room import OpenRoom
from livesrv.rooms.room import Head
from protocol.codec import Item
from protocol.messages import CommentDrop, Notice, Since, State, User
from tests.embedded import RunningStore
from tests.waiting import end, until

from .relaying import begun, relay
from .wire import Wire, member, said


class Books:
    """Where the ledger says the room stands."""

    seq = 0

    async def load_head(self, room: str) -> Head:
        state = State(room=room, title="t", host=User("h", "H"), status="live")
        return Head(state=state, seq=self.seq, muted={}, banned={}, gifters={})


def notices(first: int, last: int) -> Run:
    events = [Notice(seq=i, at_ms=0, text=str(i)) for i in range(first, last + 1)]
    return Run(first, list(map(msgspec.msgpack.encode, events)))


@asynccontextmanager
async def open_hall(nodes: Nodes, books: Books) -> AsyncIterator[tuple[Hall, Bus]]:
    bus = Bus(nodes, history_events=100, recent_comments=10)
    await begun(bus)
    hall = Hall("w", "e", bus, books.load_head, Config())
    loops: list[Coroutine[Any, Any, None]] = [
        bus.listen(hall.on_room, lambda _: None, hall.on_connect),
        hall.census(),
    ]
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield hall, bus
    finally:
        await end(*tasks)


def enter(opened: OpenRoom) -> Wire:
    newcomer, wire = member()
    opened.add(newcomer)
    return wire


def seqs(wire: Wire) -> list[int]:
    return [event["seq"] for message in said(wire) for event in message["events"]]


def viewers(wire: Wire) -> list[int]:
    drops = [drop for message in said(wire) for drop in message["waterfall"]]
    return [drop["count"] for drop in drops if drop["type"] == "viewers"]


async def test_members_are_told_how_many_there_are_as_others_come(nodes: Nodes) -> None:
    async with open_hall(nodes, Books()) as (hall, _):
        opened = await hall.open("r")
        first = enter(opened)
        await until(lambda: viewers(first) == [1])
        enter(opened)
        await until(lambda: viewers(first) == [1, 2])


async def test_an_event_that_never_arrived_is_fetched_before_the_next_is_told(
    nodes: Nodes,
) -> None:
    async with open_hall(nodes, Books()) as (hall, bus):
        opened = await hall.open("r")
        wire = enter(opened)
        await relay(bus, "r", notices(1, 1))
        await until(lambda: seqs(wire) == [1])
        await bus.unsubscribe("r")
        await relay(bus, "r", notices(2, 3))
        await bus.subscribe("r")
        await relay(bus, "r", notices(4, 4))
        await until(lambda: seqs(wire) == [1, 2, 3, 4])


async def test_what_was_told_while_the_bus_was_out_of_reach_is_asked_for_at_once(
    nodes: Nodes, bus_client: Redis
) -> None:
    async with open_hall(nodes, Books()) as (hall, bus):
        wire = enter(await hall.open("r"))
        await bus_client.client_kill_filter(_type="pubsub")
        await relay(bus, "r", notices(1, 1))
        await until(lambda: seqs(wire) == [1])


async def test_a_hole_that_cannot_be_filled_is_told_by_the_jump_in_seq(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hall_module, "HEAL_S", 0.2)
    books = Books()
    async with open_hall(nodes, books) as (hall, bus):
        opened = await hall.open("r")
        wire = enter(opened)
        books.seq = 9
        await relay(bus, "r", notices(8, 9))
        await until(lambda: said(wire) and said(wire)[-1]["seq"] == 9)
        assert seqs(wire) == []
        await relay(bus, "r", notices(10, 10))
        await until(lambda: seqs(wire) == [10])


async def test_a_room_opens_at_the_ledgers_place_once_the_bus_has_reached_it(
    nodes: Nodes,
) -> None:
    books = Books()
    books.seq = 3
    async with open_hall(nodes, books) as (hall, bus):
        await relay(bus, "r", notices(1, 2))
        opening = asyncio.create_task(hall.open("r"))
        await until(lambda: hall.find("r"))
        await relay(bus, "r", notices(3, 3))
        opened = await opening
        assert opened.room.seq == 3


async def test_everybody_who_opens_a_room_at_once_gets_the_same_one(nodes: Nodes) -> None:
    async with open_hall(nodes, Books()) as (hall, _):
        opened = await asyncio.gather(*(hall.open("r") for _ in range(50)))
        assert len({id(room) for room in opened}) == 1


async def test_a_room_that_stays_empty_is_closed_and_opens_again(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hall_module, "CENSUS_S", 0.01)
    monkeypatch.setattr(hall_module, "LINGER_CENSUSES", 2)
    async with open_hall(nodes, Books()) as (hall, bus):
        await hall.open("r")
        await until(lambda: hall.find("r") is None)
        wire = enter(await hall.open("r"))
        await relay(bus, "r", notices(1, 1))
        await until(lambda: seqs(wire) == [1])


# --- coming back


def told(missed: list[Item] | None) -> list[int] | None:
    if missed is None:
        return None
    return [msgspec.msgpack.decode(item.msgpack)["seq"] for item in missed]


async def test_who_comes_back_to_a_room_that_was_opened_on_a_bus_without_memory_is_told_all(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hall_module, "CATCH_UP_S", 3600)
    books = Books()
    books.seq = 9
    async with open_hall(nodes, books) as (hall, bus):
        opened = await hall.open("r")
        assert opened.room.since(Since("e", 5)) is None
        await relay(bus, "r", notices(3, 9))
        assert told(await hall.missed(opened, Since("e", 5))) == [6, 7, 8, 9]
        assert told(await hall.missed(opened, Since("e", 2))) == list(range(3, 10))
        async with asyncio.timeout(15):  # nothing older can come: nobody waits for it
            assert told(await hall.missed(opened, Since("e", 1))) is None
        wire = enter(opened)
        await relay(bus, "r", notices(10, 11))
        await until(lambda: seqs(wire) == [10, 11])


class Asking:
    """How many ask a real bus for its memory at a time."""

    def __init__(self, bus: Bus) -> None:
        self._memory = bus.memory
        self._count = self.most = 0

    async def memory(self, room: str, now_ms: int) -> Memory:
        self._count += 1
        self.most = max(self.most, self._count)
        found = await self._memory(room, now_ms)
        self._count -= 1
        return found


async def test_who_comes_back_while_the_bus_is_told_again_waits_for_it_and_all_share_one_question(
    nodes: Nodes, bus_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hall_module, "CATCH_UP_S", 10.0)
    books = Books()
    books.seq = 9
    async with open_hall(nodes, books) as (hall, bus):
        await relay(bus, "r", notices(9, 9))
        opened = await hall.open("r")
        await bus_client.flushall()
        await begun(bus)
        asking = Asking(bus)
        monkeypatch.setattr(bus, "memory", asking.memory)
        returning = [
            asyncio.create_task(hall.missed(opened, Since("e", seq)))
            for seq in range(9)
            for _ in "ab"
        ]
        await until(lambda: opened.backfill_task)
        for number in (2, 6, 7):
            await relay(bus, "r", notices(number, number))
            assert opened.backfill_task
        await relay(bus, "r", notices(5, 9))
        await asyncio.gather(*returning)
        for seq, each in zip([seq for seq in range(9) for _ in "ab"], returning, strict=True):
            assert told(each.result()) == (list(range(seq + 1, 10)) if seq >= 5 else None)
        assert (opened.backfill_task, asking.most) == (None, 1)


async def test_who_comes_back_while_the_bus_is_away_is_answered_in_time(
    nodes: Nodes, bus_store: RunningStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hall_module, "CATCH_UP_S", 0.2)
    books = Books()
    books.seq = 9
    async with open_hall(nodes, books) as (hall, _):
        opened = await hall.open("r")
        await bus_store.kill()
        assert await hall.missed(opened, Since("e", 5)) is None
        assert told(await hall.missed(opened, Since("e", 9))) == []
        await bus_store.start()


async def test_a_room_that_is_open_is_entered_without_the_ledger(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books()
    async with open_hall(nodes, books) as (hall, bus):
        await hall.open("r")
        monkeypatch.setattr(hall, "_load_head", None)  # whoever asks the ledger fails
        await relay(bus, "r", notices(1, 4))
        opened = await hall.open("r")
        await opened.reach(4, 15.0)
        assert told(await hall.missed(opened, Since("e", 1))) == [2, 3, 4]


async def test_what_the_rooms_do_is_tallied(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hall_module, "CENSUS_S", 0.01)
    monkeypatch.setattr(hall_module, "LINGER_CENSUSES", 2)
    async with open_hall(nodes, Books()) as (hall, bus):
        opened = await hall.open("r")
        newcomer, _ = member()
        opened.add(newcomer)
        await relay(bus, "r", notices(1, 1))
        await until(lambda: (hall.tally.rooms, hall.tally.members) == (1, 1))
        await until(lambda: hall.tally.frames >= 1 and hall.tally.flushes >= 1)
        await until(lambda: hall.tally.window_ms.get("r", 0) >= 50)
        opened.remove(newcomer)
        await until(lambda: (hall.tally.rooms, hall.tally.window_ms) == (0, {}))


async def test_what_this_worker_said_is_not_heard_again_from_the_bus(nodes: Nodes) -> None:
    async with open_hall(nodes, Books()) as (hall, bus):
        wire = enter(await hall.open("r"))
        for text, worker in (("own", "w"), ("another's", "w2")):
            drop = CommentDrop(comment=worker, user=User("u", "U"), text=text, at_ms=0)
            wave = Wave([("u", msgspec.msgpack.encode(drop))], worker=worker)
            await bus.publish({"r": wave})
        await until(lambda: said(wire))
        texts = [item["text"] for message in said(wire) for item in message["waterfall"]]
        assert texts == ["another's"]
