"""A whole server with a rehearsal: somebody practises in it, and nothing of it is real.

One server is started for all of it, since that is what takes its time.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import aiohttp
from websockets.asyncio.client import connect

from tests.server import LIVESRV, Serve, Server
from tests.waiting import is_alive, until, until_awaited
from tests.wire.api import Http
from tests.wire.client import JSON, Client
from tests.wire.stage import fresh

SERVES_WITHIN_S = 60.0
COMES_WITHIN_S = 60.0


def command_lines() -> dict[int, str]:
    """Of all processes here."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def audiences(room: str) -> list[int]:
    """The processes that play an audience into a room."""
    return [pid for pid, line in command_lines().items() if f"loadtest audience {room} " in line]


def pids(server: Server) -> dict[str, int]:
    found: dict[str, int] = json.loads((server.data_dir / "rehearsal/pids.json").read_text())
    return found


async def rehearses(http: Http) -> None:
    """Wait until the rehearsal serves; until then it is busy."""

    async def serves() -> bool:
        answer = await http.ask("GET", "/readyz")
        assert answer.status == 200 or answer.code == "busy"
        return answer.status == 200

    await until_awaited(serves, within_s=SERVES_WITHIN_S)


async def live(http: Http, token: str, *, stock: int) -> str:
    """A room whose show has begun, with something to sell."""
    room = fresh("room")
    await http.post("/v1/rooms", {"room": room, "title": "Practice"}, token=token)
    offer = {"offer": "peach", "title": "A box", "price_minor": 2990, "currency": "CNY"}
    await http.post(f"/v1/rooms/{room}/offers", offer | {"stock": stock}, token=token)
    await http.post(f"/v1/rooms/{room}/start", token=token)
    return room


async def joined(url: str, room: str, token: str) -> Client:
    client = Client(await connect(url.replace("http", "ws", 1) + "/ws"), JSON)
    await client.hello(token)
    await client.join(room)
    return client


def audited(directory: Path) -> str:
    """What the books in a directory hold; they must be clean."""
    done = subprocess.run(
        [*LIVESRV, "audit", "--data-dir", str(directory)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_a_host_rehearses_with_an_audience_and_the_real_books_hear_nothing_of_it(
    serve: Serve,
) -> None:
    server = serve(rehearsal=True, workers=1)
    token = server.token(fresh("mei"), "host")
    async with aiohttp.ClientSession() as session:
        real, practice = Http(session, server.url), Http(session, f"{server.url}/rehearsal")
        real_room = await live(real, token, stock=1)
        await rehearses(practice)
        await each_says_what_it_is(real, practice)
        room = await live(practice, token, stock=50)
        assert (await real.ask("GET", f"/v1/rooms/{room}")).code == "not_found"
        assert (await practice.ask("GET", f"/v1/rooms/{real_room}")).code == "not_found"
        await an_audience_talks_and_buys(server, room, token)
        await all_of_it_dies_when_it_is_killed_and_comes_back(server, room)
        await rehearses(practice)
        await until(lambda: audiences(room), within_s=COMES_WITHIN_S)
        running = [*pids(server).values(), *audiences(room)]
    await asyncio.to_thread(server.stop)
    assert not [pid for pid in running if is_alive(pid)]
    assert "3 lines (1 offer, 1 room, 1 start)" in audited(server.data_dir)
    assert re.search(r"\d gift, .*\d order, .*\d topup", audited(server.data_dir / "rehearsal"))


async def an_audience_talks_and_buys(server: Server, room: str, token: str) -> None:
    host = await joined(f"{server.url}/rehearsal", room, token)
    await host.do("pin", room=room, offer="peach")
    heard = host.rooms[room]

    def is_lively() -> bool:
        types = {item["type"] for item in [*heard.events, *heard.waterfall]}
        return types >= {"comment", "like", "viewers", "sold", "gift"}

    await host.until(is_lively, within_s=COMES_WITHIN_S)
    assert len(audiences(room)) == 1
    await host.socket.close()
    assert host.breaches == []


async def all_of_it_dies_when_it_is_killed_and_comes_back(server: Server, room: str) -> None:
    """And the real server's other processes stay."""
    real_before = server.pids()
    before = [*pids(server).values(), *audiences(room)]
    os.kill(real_before["rehearsal"], signal.SIGKILL)
    await until(lambda: not any(map(is_alive, before)))
    await until(lambda: server.pids()["rehearsal"] != real_before["rehearsal"])
    assert server.pids() | {"rehearsal": 0} == real_before | {"rehearsal": 0}


async def each_says_what_it_is(real: Http, practice: Http) -> None:
    assert await real.get("/v1/pages") == {
        "is_demo": False,
        "is_rehearsal": False,
        "has_rehearsal": True,
    }
    assert await practice.get("/v1/pages") == {
        "is_demo": False,
        "is_rehearsal": True,
        "has_rehearsal": False,
    }


async def test_without_the_setting_there_is_no_way_to_a_rehearsal(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        http = Http(session, server.url)
        assert not (await http.get("/v1/pages"))["has_rehearsal"]
        for path in ("/rehearsal", "/rehearsal/", "/rehearsal/v1/rooms", "/rehearsal/ws"):
            assert (await http.ask("GET", path)).code == "not_found"
    assert "rehearsal" not in server.pids()
    assert not (server.data_dir / "rehearsal").exists()
