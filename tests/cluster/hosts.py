"""A show on several servers that share their stores, and the comparison of all stories afterwards.

It is the crowd of the fault tests, whose members are on all servers; the first server of a stage is
the one that is there in the end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from tests.faults import books
from tests.faults.crowd import Crowd
from tests.faults.play import answers
from tests.server import Server
from tests.waiting import until
from tests.wire.client import MSGPACK
from tests.wire.stage import Show, Stage

ANSWERS = 100
"""Orders and gifts that are answered before harm, during it and after it."""

Harm = Callable[[list[Crowd]], Awaitable[None]]


class Hosts(Stage):
    """A stage on several servers: connections go to each in turn. `rooms` names those to come."""

    def __init__(self, servers: list[Server], rooms: list[str]) -> None:
        super().__init__(servers[0], MSGPACK)
        self.servers = servers
        self.rooms = rooms
        self.shows: list[Show] = []
        self._turn = 0
        self._is_beginning = False

    @property
    def ws_url(self) -> str:
        if self._is_beginning:
            return self.server.ws_url
        self._turn += 1
        return self.servers[self._turn % len(self.servers)].ws_url

    async def show(self, **fields: Any) -> Show:
        """A host's connection is to the first server."""
        with self._beginning():
            show = await super().show(room=self.rooms[len(self.shows)], **fields)
        self.shows.append(show)
        return show

    @contextmanager
    def _beginning(self) -> Iterator[None]:
        self._is_beginning = True
        try:
            yield
        finally:
            self._is_beginning = False

    async def pin(self) -> None:
        """Each host pins what is on sale, and takes it off again."""
        for show in self.shows:
            await show.host.do("pin", room=show.room, offer=show.offer)
            await show.host.do("unpin", room=show.room, offer=show.offer)


async def play(stage: Hosts, rng: Random, harm: Harm, *, is_roaming: bool) -> list[Crowd]:
    """Run a show in each room of the stage, do harm in the middle, and compare all that is known.

    Members are never closed unless they roam; hosts never.
    """
    crowds = [await Crowd.gathered(stage, rng) for _ in stage.rooms]
    async with asyncio.TaskGroup() as staying:
        tasks = [task for crowd in crowds for task in await crowd.come(staying)]
        await _act(stage, crowds, harm, is_roaming=is_roaming)
        for crowd in crowds:
            await crowd.talk_reaches_everybody()
            await crowd.end()
        for task in tasks:
            task.cancel()
    await books.settled(stage.server)
    for crowd, show in zip(crowds, stage.shows, strict=True):
        crowd.check_lanes()
        await crowd.check_books()
        _check_host(show, crowd)
    return crowds


async def _act(stage: Hosts, crowds: list[Crowd], harm: Harm, *, is_roaming: bool) -> None:
    async with asyncio.TaskGroup() as acting:
        for crowd in crowds:
            crowd.act(acting, is_roaming=is_roaming)
        await answers(crowds, ANSWERS)
        await stage.pin()
        await harm(crowds)
        await stage.pin()
        await answers(crowds, ANSWERS)
        for crowd in crowds:
            crowd.stop()


def _check_host(show: Show, crowd: Crowd) -> None:
    """Who stayed all the time, on one connection, has heard the same as all others."""
    assert show.host.is_open, show.room
    assert not show.host.breaches, show.host.breaches
    heard = show.host.rooms[show.room].events
    for viewer in crowd.viewers:
        assert viewer.events == heard[-len(viewer.events) :], viewer


async def goes_on(crowds: list[Crowd], events: int = 20) -> None:
    """Return when everybody there has heard so many more events, and a comment."""
    before = {viewer: len(viewer.events) for crowd in crowds for viewer in crowd.viewers}
    await until(lambda: all(len(v.events) >= n + events for v, n in before.items()), within_s=30)
    for crowd in crowds:
        await crowd.talk_reaches_everybody()
