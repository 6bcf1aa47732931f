"""The outbox: paced when busy, bounded when the bus is slow, and fair in what it sheds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livesrv.rooms.bus import Bus, Run, Wave
from livesrv.rooms.nodes import Nodes
from livesrv.rooms.outbox import COMMENTS_MAX, GATHER_S, Outbox
from tests.waiting import end, until


@asynccontextmanager
async def publishing(nodes: Nodes, outbox: Outbox, bus: Bus) -> AsyncIterator[list[Wave]]:
    """Run an outbox; what is heard from it."""
    heard: list[Wave] = []
    connected = asyncio.Event()

    async def on_connect(_: list[str]) -> None:
        connected.set()

    def on_room(_: str, message: Run | Wave) -> None:
        assert isinstance(message, Wave)
        heard.append(message)

    listening = asyncio.create_task(bus.listen(on_room, lambda _: None, on_connect))
    await connected.wait()
    await bus.subscribe("r")
    tasks = [listening, asyncio.create_task(outbox.run())]
    try:
        yield heard
    finally:
        await end(*tasks)


def unheard(room: str, wave: Wave) -> None:
    """Where nobody here is a member."""


def bus_on(nodes: Nodes) -> Bus:
    return Bus(nodes, history_events=10, recent_comments=3)


async def test_what_is_said_while_busy_is_gathered_and_nothing_is_left_out(
    nodes: Nodes,
) -> None:
    bus = bus_on(nodes)
    outbox, loop = Outbox("w", bus, unheard), asyncio.get_running_loop()
    async with publishing(nodes, outbox, bus) as heard:
        began_s = loop.time()
        for number in range(200):
            outbox.comment("r", ("u", f"{number}".encode()))
            await asyncio.sleep(0.001)
        await until(lambda: sum(len(wave.comments) for wave in heard) == 200)
        most = (loop.time() - began_s) / (0.9 * GATHER_S) + 2
    said = [comment for wave in heard for _, comment in wave.comments]
    assert said == [f"{number}".encode() for number in range(200)]
    assert 2 <= len(heard) <= most


async def test_what_is_said_after_a_pause_waits_for_nobody(nodes: Nodes) -> None:
    bus = bus_on(nodes)
    outbox = Outbox("w", bus, unheard)
    async with publishing(nodes, outbox, bus) as heard:
        for number in range(5):
            outbox.comment("r", ("u", b"x"))
            await until(lambda number=number: len(heard) == number + 1)  # type: ignore[misc]
            await asyncio.sleep(2 * GATHER_S)
    assert [len(wave.comments) for wave in heard] == [1] * 5


async def test_what_waits_for_the_bus_is_bounded_and_a_flooder_keeps_nobody_out(
    nodes: Nodes,
) -> None:
    bus = bus_on(nodes)
    outbox = Outbox("w", bus, unheard)
    for number in range(5 * COMMENTS_MAX):
        outbox.comment("r", ("flood", b"x"))
        if number % 1000 == 500:
            outbox.comment("r", (f"u{number}", b"x"))
    async with publishing(nodes, outbox, bus) as heard:
        await until(lambda: heard)
    (wave,) = heard
    assert len(wave.comments) <= COMMENTS_MAX
    assert len(wave.comments) + wave.shed == 5 * COMMENTS_MAX + 10
    assert sum(author != "flood" for author, _ in wave.comments) == 10


async def test_what_is_said_is_heard_here_at_once_and_likes_with_their_total(nodes: Nodes) -> None:
    bus = bus_on(nodes)
    heard_here: list[tuple[str, Wave]] = []
    outbox = Outbox("w", bus, lambda room, wave: heard_here.append((room, wave)))
    async with publishing(nodes, outbox, bus) as heard:
        outbox.comment("r", ("u", b"c"))
        assert heard_here == [("r", Wave([("u", b"c")]))]
        outbox.like("r", 3)
        await until(lambda: heard)
    assert heard_here[1:] == [("r", Wave(likes=3, likes_total=3))]
    assert (heard[0].worker, heard[0].comments, heard[0].likes_total) == ("w", [("u", b"c")], 3)
