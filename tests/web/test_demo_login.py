"""The demo's login: somebody new each time, with a name that is one; bounded."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from livesrv import demo_login
from livesrv.demo_login import PLAY_MONEY
from livesrv.refusal import Refused
from tests.server import Server, serving
from tests.wire.api import Answer, Http


@pytest.fixture(scope="module")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("demo"), {"demo": True, "workers": 1}) as running:
        yield running
        running.audit()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as open_session:
        yield open_session


@pytest.fixture
async def demo(demo_server: Server, session: aiohttp.ClientSession) -> Http:
    return Http(session, demo_server.url)


async def log_in(http: Http, name: object, **fields: object) -> Answer:
    return await http.ask("POST", "/demo/login", {"name": name, **fields})


async def test_there_is_no_demo_login_outside_the_demo(
    server: Server, session: aiohttp.ClientSession
) -> None:
    assert (await log_in(Http(session, server.url), "Lan")).code == "not_found"
    async with session.get(server.url, headers={"Accept-Encoding": ""}) as response:
        assert 'data-demo="no"' in await response.text()


async def test_a_demo_login_makes_somebody_new_with_play_money(
    demo: Http, demo_server: Server, session: aiohttp.ClientSession
) -> None:
    first, second = [(await log_in(demo, "  兰兰 🌻 ")).body for _ in range(2)]
    assert first["user"]["name"] == "兰兰 🌻"
    assert first["user"]["id"] != second["user"]["id"]
    wallet = await demo.get("/v1/wallet", token=first["token"])
    assert {line["currency"]: line["balance_minor"] for line in wallet["balances"]} == PLAY_MONEY
    async with session.get(demo_server.url, headers={"Accept-Encoding": ""}) as response:
        assert 'data-demo="yes"' in await response.text()


async def test_a_demo_host_may_open_a_room_and_gets_no_money(demo: Http) -> None:
    host = (await log_in(demo, "Mei", role="host")).body
    assert host["user"]["badges"] == ["host"]
    state = await demo.post("/v1/rooms", {"title": "Tea"}, token=host["token"])
    assert state["host"]["name"] == "Mei"
    assert (await demo.get("/v1/wallet", token=host["token"]))["balances"] == []


@pytest.mark.parametrize(
    "name",
    ["", " \t ", "x" * 25, "a\x00b", "a\x1b[2J", "a\nb", "a\u2028b", "\ud800", 7, None, ["a"]],
    ids=repr,
)
async def test_a_name_that_is_none_is_refused(demo: Http, name: object) -> None:
    assert (await log_in(demo, name)).code == "invalid"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script", "' OR 1=1 --", "ليلى", "👩🏽‍🌾", "x" * 24]
)
async def test_any_text_may_be_a_name(demo: Http, name: str) -> None:
    assert (await log_in(demo, name)).body["user"]["name"] == name


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 30_000, b'{"name":"a","role":"king"}'])
async def test_a_login_that_does_not_fit_is_refused(demo: Http, body: bytes) -> None:
    assert (await demo.ask("POST", "/demo/login", raw=body)).code == "invalid"


async def test_demo_logins_are_bounded(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    with serving(tmp_path, {"demo": True, "workers": 1}) as server:
        http = Http(session, server.url)
        logins = (log_in(http, "loop") for _ in range(demo_login.LOGINS_BURST * 4))
        answers = await asyncio.gather(*logins)
    codes = [answer.code for answer in answers if answer.status >= 400]
    assert set(codes) == {"rate_limited"}


@pytest.mark.parametrize("name", ["a\x7f", "\x9fa", "a\u2029b"])
def test_a_control_character_is_no_name(name: str) -> None:
    with pytest.raises(Refused, match="control character"):
        demo_login.checked_name(name)
