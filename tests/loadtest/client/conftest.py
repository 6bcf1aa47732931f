"""Viewers of a stub, in rooms opened for them."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from loadtest.alongside import clock_ms
from loadtest.books.books import Books
from loadtest.client.api import Api, open_session
from loadtest.client.audience import connector
from loadtest.client.credentials import Mint
from loadtest.client.viewer import Door, Viewer
from loadtest.crew.messages import Gift
from loadtest.run.stage import Stage, fill_wallets, open_room
from loadtest.scenario.model import Kind
from loadtest.selftest.stub import SECRET, Faults, Stub, serving_stub

from ...waiting import until
from ..shows import schedule

RUN = "r1"
ROOMS = [f"{RUN}-r0", f"{RUN}-r1"]
MINT = Mint(SECRET, "the test")
TTL_S = 600.0
COINS = 1_000
VIEWERS = 4
SCHEDULE = schedule((Kind.COMMENT, [0.0] * 9), (Kind.GIFT, [0.0] * 9), people=VIEWERS)


class House:
    """A stub with two rooms open, and viewers who may come."""

    def __init__(self, url: str, stub: Stub) -> None:
        self.url = url
        self.stub = stub
        self.books = Books(RUN, ROOMS, SCHEDULE, clock_ms)
        self.account = self.books.account
        self.door = Door(connector(url, self.books), asyncio.Semaphore(8))
        self.viewers: list[Viewer] = []

    def viewer(self, room: int = 0, *, is_guest: bool = False, is_slow: bool = False) -> Viewer:
        number = len(self.viewers)
        token = None if is_guest else MINT.token(self.books.user(number), "viewer", ttl_s=TTL_S)
        made = Viewer(number, room, token, self.books, self.door, Random(1), is_slow=is_slow)
        self.viewers.append(made)
        return made

    async def inside(self, room: int = 0, **rest: bool) -> Viewer:
        """One who is in its room."""
        viewer = self.viewer(room, **rest)
        viewer.come()
        await until(lambda: viewer.place.is_in)
        return viewer

    def members(self, room: int = 0) -> int:
        """How many the stub has in a room."""
        return len(self.stub.show.rooms[ROOMS[room]].members)

    async def prepare(self) -> None:
        async with open_session() as session:
            api = Api(session, self.url)
            for room in ROOMS:
                await open_room(api, MINT, room, ttl_s=TTL_S)
            topups = {number: {"COIN": COINS, "CNY": 10**6} for number in range(VIEWERS)}
            await fill_wallets(api, Stage(RUN, ROOMS, Gift("rose", 3), topups), MINT, ttl_s=TTL_S)

    async def close(self) -> None:
        for viewer in self.viewers:
            viewer.go()
        async with asyncio.timeout(5):
            for viewer in self.viewers:
                await viewer.gone()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """One without faults."""
    async with serving_stub(Faults()) as (url, stub):
        opened = House(url, stub)
        await opened.prepare()
        yield opened
        await opened.close()
