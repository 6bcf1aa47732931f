"""`livesrv record`: what it writes of a running show, and that it can be played again."""

import asyncio
import json
import signal
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from livesrv.recorder import Recorder
from livesrv.recording import CannotRecord, Line
from loadtest.scenario.model import Kind
from loadtest.scenario.reading import load
from loadtest.scenario.shapes import moments_ms
from tests.server import LIVESRV
from tests.waiting import end, until

from .client import FORMATS, Client
from .stage import Show, Stage, fresh, order_of

pytestmark = pytest.mark.parametrize("format", [FORMATS["msgpack"]], ids=["msgpack"])
"""The recorder speaks MessagePack, whatever others speak."""

SHOW = """\
title = "Once more"
duration_s = 60
[[rooms]]
name = "main"
[[people]]
role = "viewer"
count = 5
replay = "show.jsonl"
[[people]]
role = "host"
replay = "show.jsonl"
"""


class Recorded:
    """A recorder on a running show, and the lines it has handed on."""

    def __init__(self, ws_url: str, room: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self.recorder = Recorder(ws_url, room, self._take)
        self.task = asyncio.create_task(self.recorder.run())

    def _take(self, lines: Sequence[Line]) -> None:
        self.lines += lines

    def of(self, what: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["what"] == what]


@asynccontextmanager
async def recording(ws_url: str, room: str) -> AsyncIterator[Recorded]:
    """From the moment the room was entered."""
    recorded = Recorded(ws_url, room)
    try:
        await until(lambda: recorded.task.done() or recorded.lines)
        yield recorded
    finally:
        await end(recorded.task)


async def say(client: Client, show: Show, text: str) -> int:
    """Comment, and when the server took it."""
    done = await client.do("comment", room=show.room, text=text)
    heard = await client.heard(show.room, "comment", comment=done["comment"])
    at_ms: int = heard["at_ms"]
    return at_ms


async def play(stage: Stage, show: Show) -> list[int]:
    """Something of each kind; when the server took the comments."""
    fan = await stage.member(show, fresh("Fanny"))
    await stage.fund(fan.user, "COIN", 100)
    await stage.fund(fan.user, "CNY", 100_000)
    said = [await say(fan, show, "so sweet!")]
    await fan.do("like", room=show.room, count=12)
    await fan.do("gift", room=show.room, gift="rose", key=fresh("c"), count=3)
    await show.host.do("pin", room=show.room, offer=show.offer)
    await fan.do("order", **order_of(show, 2))
    await show.host.do("unpin", room=show.room, offer=show.offer)
    return [*said, await say(fan, show, "two boxes, sent to 日本")]


def sizes(lines: list[dict[str, Any]], what: str, key: str) -> list[int]:
    return [line[key] for line in lines if line["what"] == what]


async def test_everything_that_happens_is_a_line_with_its_moment(stage: Stage) -> None:
    show = await stage.show()
    async with recording(stage.ws_url, show.room) as recorded:
        said_ms = await play(stage, show)
        await until(lambda: len(recorded.of("comment")) == 2 and recorded.of("like"))
    first, last = recorded.of("comment")
    assert last["at_ms"] - first["at_ms"] == said_ms[1] - said_ms[0]
    assert sizes(recorded.lines, "comment", "size") == [9, 21]
    assert sum(sizes(recorded.lines, "like", "count")) == 12
    assert sizes(recorded.lines, "gift", "added") == [3]
    assert sizes(recorded.lines, "order", "pieces") == [2]
    assert len(recorded.of("pin")) == len(recorded.of("unpin")) == 1
    assert recorded.lines[0]["what"] == "viewers"
    order = [line["what"] for line in recorded.lines if line["what"] not in ("viewers", "like")]
    assert order == ["comment", "gift", "pin", "order", "unpin", "comment"]


async def test_no_line_has_a_name_a_text_or_an_id(stage: Stage) -> None:
    show = await stage.show()
    async with recording(stage.ws_url, show.room) as recorded:
        await play(stage, show)
        await until(lambda: len(recorded.of("comment")) == 2)
    for line in recorded.lines:
        assert set(line) <= {"at_ms", "what", "size", "count", "added", "pieces"}
        assert all(isinstance(line[key], int) for key in line if key != "what")


async def test_it_ends_with_the_show(stage: Stage) -> None:
    show = await stage.show()
    async with recording(stage.ws_url, show.room) as recorded:
        await show.host.do("end", room=show.room)
        await until(recorded.task.done)
        recorded.task.result()


async def test_offers_that_are_up_when_it_begins_are_pins_of_its_first_moment(
    stage: Stage,
) -> None:
    show = await stage.show()
    await show.host.do("pin", room=show.room, offer=show.offer)
    async with recording(stage.ws_url, show.room) as recorded:
        assert recorded.lines[0] == {"at_ms": 0, "what": "pin"}


async def test_there_is_no_recording_of_a_room_that_is_not_there(stage: Stage) -> None:
    async with recording(stage.ws_url, fresh("room")) as recorded:
        with pytest.raises(CannotRecord, match="not_found"):
            recorded.task.result()


async def test_there_is_no_recording_of_a_show_that_has_ended(stage: Stage) -> None:
    show = await stage.show()
    await show.host.do("end", room=show.room)
    async with recording(stage.ws_url, show.room) as recorded:
        with pytest.raises(CannotRecord, match="has ended"):
            recorded.task.result()


async def test_a_server_that_cannot_be_reached_is_told(stage: Stage) -> None:
    async with recording("ws://127.0.0.1:1/ws", "room") as recorded:
        with pytest.raises(CannotRecord, match=r"cannot reach ws://127\.0\.0\.1:1/ws"):
            recorded.task.result()


class Network:
    """A way to the server that can be cut, and mended."""

    def __init__(self, server_url: str) -> None:
        self._to = urlsplit(server_url)
        self._writers: set[StreamWriter] = set()
        self.is_cut = False

    async def accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self.is_cut:
            writer.close()
            return
        up_reader, up_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._writers |= {writer, up_writer}
        await asyncio.gather(_pass(reader, up_writer), _pass(up_reader, writer))

    def cut(self) -> None:
        self.is_cut = True
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


async def _pass(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65_536):
            writer.write(some)
    writer.close()


async def test_a_lost_connection_loses_no_event(stage: Stage) -> None:
    show = await stage.show()
    network = Network(stage.server.url)
    async with await asyncio.start_server(network.accept, "127.0.0.1", 0) as door:
        host, port = door.sockets[0].getsockname()[:2]
        async with recording(f"ws://{host}:{port}/ws", show.room) as recorded:
            await show.host.do("pin", room=show.room, offer=show.offer)
            await until(lambda: recorded.of("pin"))
            network.cut()
            await show.host.do("unpin", room=show.room, offer=show.offer)
            await show.host.do("pin", room=show.room, offer=show.offer)
            network.is_cut = False
            await until(lambda: len(recorded.of("pin")) == 2)
            assert len(recorded.of("unpin")) == 1
            assert recorded.recorder.visits == 2
            assert recorded.recorder.tally.lost == 0


async def command(stage: Stage, *arguments: object) -> Process:
    return await asyncio.create_subprocess_exec(
        *LIVESRV,
        "record",
        *map(str, arguments),
        "--url",
        stage.server.url,
        stdout=PIPE,
        stderr=PIPE,
    )


def begun(file: Path) -> bool:
    """Whether something is in it beside the header."""
    return file.exists() and file.read_text().count("\n") > 1


async def test_a_recording_is_played_at_the_moments_of_the_show(
    stage: Stage, tmp_path: Path
) -> None:
    show, file = await stage.show(), tmp_path / "show.jsonl"
    process = await command(stage, show.room, "--out", file)
    await until(lambda: begun(file))
    said_ms = await play(stage, show)
    await show.host.do("end", room=show.room)
    said, complained = await process.communicate()
    assert process.returncode == 0, complained
    assert b"comments 2, shed comments 0, likes 12, gifts 3, orders 1, pins 1; at most" in said
    (tmp_path / "again.toml").write_text(SHOW)
    audience, hosts = load(tmp_path / "again.toml").people
    moments = {act.kind: moments_ms(act.when, 60, Random(1)) for act in audience.acts}
    counts = {kind: len(each) for kind, each in moments.items()}
    assert counts == {Kind.COMMENT: 2, Kind.LIKE: 1, Kind.GIFT: 1, Kind.ORDER: 1}
    between_ms = moments[Kind.COMMENT][1] - moments[Kind.COMMENT][0]
    assert between_ms == pytest.approx(said_ms[1] - said_ms[0])
    assert [(act.kind, len(moments_ms(act.when, 60, Random(1)))) for act in hosts.acts] == [
        (Kind.PIN, 2)
    ]


async def test_an_interrupted_recording_is_whole_and_says_how_much_it_has(
    stage: Stage, tmp_path: Path
) -> None:
    show, file = await stage.show(), tmp_path / "show.jsonl"
    process = await command(stage, show.room, "--out", file)
    await until(lambda: begun(file))
    process.send_signal(signal.SIGINT)
    said, complained = await process.communicate()
    assert process.returncode == 0, complained
    assert b"comments 0" in said
    header, *lines = map(json.loads, file.read_text().splitlines())
    assert header["format"] == 1
    assert {line["what"] for line in lines} == {"viewers"}
    again = await command(stage, show.room, "--out", file)
    _, complained = await again.communicate()
    assert (again.returncode, complained.decode()) == (
        2,
        f"livesrv: --out: {file}: File exists; name another file\n",
    )


async def test_it_ends_after_its_seconds_and_may_write_to_standard_output(stage: Stage) -> None:
    show = await stage.show()
    process = await command(stage, show.room, "--seconds", 0.5, "--out", "-")
    said, told = await process.communicate()
    assert process.returncode == 0
    assert set(json.loads(said.splitlines()[0])) == {"format", "recorded_at"}
    assert b"comments 0" in told


async def test_nothing_is_left_of_a_recording_that_could_not_begin(
    stage: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "show.jsonl"
    process = await command(stage, fresh("room"), "--out", file)
    _, complained = await process.communicate()
    assert process.returncode == 1
    assert b"livesrv: room room-" in complained
    assert not file.exists()
