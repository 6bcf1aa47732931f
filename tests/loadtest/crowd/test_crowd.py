"""An audience in a room of a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from websockets.asyncio.client import connect

from loadtest.client.api import Api, open_session
from loadtest.client.credentials import Mint
from loadtest.crowd import crowd as crowd_module
from loadtest.crowd import temper
from loadtest.crowd.crowd import Crowd, Invitation
from tests.server import Server
from tests.waiting import end, until
from tests.wire.api import Http
from tests.wire.client import JSON, Client
from tests.wire.stage import fresh

from ..cli.conftest import Command
from ..cli.conftest import command as command

OFFER = {"offer": "peach", "title": "A box", "price_minor": 2990, "currency": "CNY"}
VIEWERS = 12


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes people seconds takes them tenths."""
    for name in ("COMMENT_EVERY_S", "LIKE_EVERY_S", "GIFT_EVERY_S", "ORDER_EVERY_S"):
        monkeypatch.setattr(temper, name, getattr(temper, name) / 10)
    for name in ("THINK_S", "ORDER_SOON_S", "STORM_S"):
        monkeypatch.setattr(temper, name, (0.0, 0.3))
    monkeypatch.setattr(temper, "COME_WITHIN_S", 0.2)
    monkeypatch.setattr(crowd_module, "SOON_S", 0.1)
    monkeypatch.setattr(crowd_module, "LEAVE_S", 0.1)


class Stage:
    """A room with a host in it."""

    def __init__(self, http: Http, token: str, room: str, host: Client) -> None:
        self.http = http
        self.token = token
        self.room = room
        self.host = host
        self.heard = host.rooms[room]

    async def pin(self, stock: int) -> None:
        offer = OFFER | {"stock": stock}
        await self.http.post(f"/v1/rooms/{self.room}/offers", offer, token=self.token)
        await self.host.do("pin", room=self.room, offer="peach")

    def authors(self) -> set[str]:
        comments = [item for item in self.heard.waterfall if item["type"] == "comment"]
        return {comment["user"]["id"] for comment in comments}

    def types(self) -> set[str]:
        return {item["type"] for item in [*self.heard.events, *self.heard.waterfall]}

    def stocks(self) -> list[int]:
        """What was left after each sale."""
        sales = [event for event in self.heard.events if event["type"] == "sold"]
        return [line["stock"] for sale in sales for line in sale["lines"]]

    def viewers(self) -> int:
        counts = [item["count"] for item in self.heard.waterfall if item["type"] == "viewers"]
        return int(counts[-1]) if counts else 0


@asynccontextmanager
async def stage(server: Server) -> AsyncIterator[Stage]:
    room, token = fresh("room"), server.token(fresh("mei"), "host")
    async with aiohttp.ClientSession() as session, connect(server.ws_url) as socket:
        http, host = Http(session, server.url), Client(socket, JSON)
        await http.post("/v1/rooms", {"room": room, "title": "Practice"}, token=token)
        await host.hello(token)
        await host.join(room)
        await host.do("start", room=room)
        yield Stage(http, token, room, host)
        assert host.breaches == []


@asynccontextmanager
async def visiting(
    server: Server, room: str, *, seconds: float = 60.0
) -> AsyncIterator[tuple[Crowd, "asyncio.Task[None]", asyncio.Event]]:
    """An audience in a room, its visit, and what tells it to leave."""
    stop = asyncio.Event()
    mint = Mint(server.secret, "the test")
    async with open_session() as session:
        api = Api(session, server.url)
        gifts = (await api.get("/v1/gifts"))["gifts"]
        crowd = Crowd(Invitation(server.url, room, VIEWERS, seconds, 1), api, mint, gifts)
        visit = asyncio.create_task(crowd.visit(stop))
        yield crowd, visit, stop
        await end(visit)


async def test_people_come_talk_give_and_buy_until_it_is_sold_out_and_go_when_the_show_ends(
    server: Server,
) -> None:
    async with stage(server) as show, visiting(server, show.room) as (crowd, visit, _):
        await show.pin(stock=3)
        await until(lambda: show.types() >= {"comment", "like", "gift", "sold"})
        await until(lambda: 0 in show.stocks())
        await until(lambda: show.viewers() >= VIEWERS)
        await show.host.do("end", room=show.room)
        await asyncio.wait_for(visit, 10)
        assert crowd.done["orders"] == len(show.stocks())
        assert crowd.done.keys() == {"comments", "likes", "gifts", "orders"}


async def test_it_leaves_when_it_is_told_to_or_when_time_is_up(server: Server) -> None:
    async with stage(server) as show:
        async with visiting(server, show.room) as (_, visit, stop):
            await until(lambda: "comment" in show.types())
            stop.set()
            await asyncio.wait_for(visit, 10)
        async with visiting(server, show.room, seconds=0.3) as (_, visit, _):
            await asyncio.wait_for(visit, 10)
        await until(lambda: show.viewers() <= 1)


async def test_who_is_banned_is_gone_and_the_others_go_on(server: Server) -> None:
    async with stage(server) as show, visiting(server, show.room):
        await until(lambda: "comment" in show.types())
        loud = min(show.authors())
        assert f"{loud} stays" in names_of_tasks()
        await show.host.do("moderate", room=show.room, action="ban", user=loud)
        await until(lambda: f"{loud} stays" not in names_of_tasks())
        await until(lambda: len(show.authors() - {loud}) > 1)


def names_of_tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


async def test_nobody_acts_before_the_show_has_begun_and_a_show_that_is_over_ends_the_visit(
    server: Server,
) -> None:
    async with stage(server) as show:
        await show.host.do("end", room=show.room)
        async with visiting(server, show.room) as (crowd, visit, _):
            await asyncio.wait_for(visit, 10)
            assert crowd.done.keys() <= {"comments"}


def test_where_money_is_real_nobody_comes_unless_that_is_said(
    command: Command, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVESRV_JWT_SECRET", server.secret)
    code, _, errors = command("audience", "orchard", "--url", server.url)
    assert code == 2
    assert "neither a demo nor a rehearsal" in errors
    code, _, errors = command("audience", "no-room", "--url", server.url, "--real-books")
    assert code == 2
    assert "not_found" in errors


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--viewers", "1"], "--viewers is 1; it must be 2 to"),
        (["--seconds", "0"], "--seconds is 0.0; it must be over 0"),
    ],
)
def test_numbers_that_cannot_be_are_named(command: Command, flags: list[str], said: str) -> None:
    code, _, errors = command("audience", "orchard", *flags)
    assert code == 2
    assert said in errors


def test_a_server_that_is_not_there_ends_with_4(command: Command) -> None:
    assert command("audience", "orchard", "--url", "http://127.0.0.1:9")[0] == 4
