"""The director, with stand-ins: a list of live rooms, and audiences that do nothing but stay."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from livesrv.rehearsal import director
from livesrv.rehearsal.casting import AUDIENCES_MAX
from livesrv.rehearsal.director import Director
from tests.waiting import end, is_alive, until

SECRET = "s" * 32
MAX_S = 600.0
STAY = """echo "$$ $LIVESRV_JWT_SECRET $@" >> {file}; {trap} while :; do sleep 0.05; done"""
FAIL = """echo "$$ $LIVESRV_JWT_SECRET $@" >> {file}; exit 3"""


class Theatre:
    """The rooms that are live, and who has come to them."""

    def __init__(self, file: Path) -> None:
        self.rooms: list[dict[str, object]] = []
        self.is_away = False
        self.refused = 0
        self._file = file

    def begin(self, room: str) -> None:
        self.rooms.append({"room": room, "started_at_ms": time.time_ns() // 1_000_000})

    def came(self) -> list[list[str]]:
        """Of each audience the process, the secret it knows, and what it was told."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return [line.split() for line in lines]

    def pids(self) -> list[int]:
        return [int(words[0]) for words in self.came()]

    async def listing(self, _: web.Request) -> web.Response:
        if self.is_away:
            self.refused += 1
            return web.json_response({"code": "busy"}, status=503)
        return web.json_response({"rooms": self.rooms, "next": None})


@pytest.fixture
def theatre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Theatre:
    stand_in(tmp_path, monkeypatch, STAY)
    monkeypatch.setattr(director, "LOOK_S", 0.02)
    monkeypatch.setattr(director, "LEAVE_WITHIN_S", 0.3)
    return Theatre(tmp_path / "came")


def stand_in(tmp_path: Path, patch: pytest.MonkeyPatch, script: str, trap: str = "") -> None:
    text = script.format(file=tmp_path / "came", trap=trap)
    patch.setattr(director, "AUDIENCE", ("/bin/sh", "-c", text, "sh"))


@asynccontextmanager
async def directing(theatre: Theatre, seconds_max: float = MAX_S) -> AsyncIterator[str]:
    """A director at work for the server at this URL."""
    app = web.Application()
    app.router.add_get("/v1/rooms", theatre.listing)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    task = asyncio.create_task(Director(url, SECRET, seconds_max).direct())
    try:
        yield url
    finally:
        await end(task)
        await runner.cleanup()


async def test_an_audience_is_told_where_to_go_and_for_how_long_and_given_the_secret(
    theatre: Theatre,
) -> None:
    theatre.begin("hill")
    async with directing(theatre) as url:
        await until(theatre.came)
    _, secret, room, *flags = theatre.came()[0]
    assert (secret, room) == (SECRET, "hill")
    told = dict(zip(flags[::2], flags[1::2], strict=True))
    assert told["--url"] == url
    assert MAX_S - 60 < float(told["--seconds"]) <= MAX_S


async def test_no_more_than_four_play_and_none_is_left_when_the_director_ends(
    theatre: Theatre,
) -> None:
    for number in range(AUDIENCES_MAX + 2):
        theatre.begin(f"room-{number}")
    async with directing(theatre):
        await until(lambda: len(theatre.came()) == AUDIENCES_MAX)
    assert len(theatre.came()) == AUDIENCES_MAX
    assert not any(map(is_alive, theatre.pids()))


async def test_an_audience_that_will_not_leave_is_made_to(
    theatre: Theatre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, STAY, trap="trap '' TERM;")
    monkeypatch.setattr(director, "LATE_S", 0.1)
    theatre.begin("hill")
    async with directing(theatre, seconds_max=0.5):
        await until(theatre.came)
        await until(lambda: not is_alive(theatre.pids()[0]))


async def test_an_audience_that_fails_is_not_tried_again_and_makes_room_for_the_next(
    theatre: Theatre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, FAIL)
    for number in range(AUDIENCES_MAX + 2):
        theatre.begin(f"room-{number}")
    async with directing(theatre):
        await until(lambda: len(theatre.came()) == AUDIENCES_MAX + 2)
    assert len({words[2] for words in theatre.came()}) == AUDIENCES_MAX + 2


async def test_a_server_that_is_away_is_asked_again(theatre: Theatre) -> None:
    theatre.is_away = True
    theatre.begin("hill")
    async with directing(theatre):
        await until(lambda: theatre.refused > 1)
        theatre.is_away = False
        await until(theatre.came)
