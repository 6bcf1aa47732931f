"""The rehearsed show: it is heard on the wire, survives kills, ends on Ctrl-C and goes on later."""

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from rich.console import Console
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from livesrv.demo.figures import Figures, Shelf
from livesrv.demo.people import CAST, PHRASES
from livesrv.demo.script import ACTS, HOST, PRODUCTS, ROOM
from livesrv.demo.show import Decks
from livesrv.demo.view import Notes, View, money, printable
from livesrv.demo_login import NAME_CHARS_MAX
from protocol.messages import OFFERS_PER_ROOM_MAX, TEXT_CHARS_MAX

from .waiting import is_alive, until_awaited
from .wire.client import MSGPACK, Client

START_WITHIN_S = 60.0
HEARD_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
LIVESRV = (sys.executable, "-m", "livesrv")

LAN = {"id": "lan", "name": "Lan", "badges": []}
PEACH = {"offer": "peach-1", "title": "🍑", "price_minor": 2_990, "currency": "CNY", "stock": 9}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "d"


async def started(data_dir: Path, environ: dict[str, str]) -> tuple[Process, str]:
    """A demo and its URL."""
    process = await asyncio.create_subprocess_exec(
        *(*LIVESRV, "demo", "--port", "0", "--data-dir", str(data_dir)),
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), START_WITHIN_S)).decode()
    found = re.fullmatch(r"livesrv serves at (http://\S+); Ctrl-C stops it\n", line)
    assert found, line
    return process, found[1]


async def interrupted(process: Process, data_dir: Path) -> str:
    """Ctrl-C: it ends with 0 and leaves no process behind; what it printed on stderr."""
    pids: dict[str, int] = json.loads((data_dir / "pids.json").read_text())
    process.send_signal(signal.SIGINT)
    _, said = await asyncio.wait_for(process.communicate(), STOP_WITHIN_S)
    assert process.returncode == 0, said.decode()
    assert [name for name, pid in pids.items() if is_alive(pid)] == []
    return said.decode()


@asynccontextmanager
async def demo(data_dir: Path, rehearsal: str = "false") -> AsyncIterator[str]:
    """A demo at this URL, which in the end has ended on Ctrl-C without a complaint."""
    process, url = await started(data_dir, {"LIVESRV_REHEARSAL": rehearsal})
    try:
        yield url
        assert "Traceback" not in await interrupted(process, data_dir)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@asynccontextmanager
async def guest(url: str) -> AsyncIterator[Client]:
    """Somebody who watches the show."""
    ws_url, subprotocol = url.replace("http", "ws", 1) + "/ws", Subprotocol(MSGPACK.subprotocol)
    async with connect(ws_url, subprotocols=[subprotocol]) as connection:
        client = Client(connection, MSGPACK)
        await client.hello()
        await client.join(ROOM)
        yield client
        assert client.breaches == []


async def heard_all(client: Client, *types: str) -> None:
    """Wait until something of each of these types has been heard."""
    place = client.rooms[ROOM]

    def are_heard() -> bool:
        heard = {message["type"] for message in [*place.events, *place.waterfall]}
        return heard >= set(types)

    await client.until(are_heard, within_s=HEARD_WITHIN_S)


async def get(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 200
        is_json = response.content_type == "application/json"
        return await (response.json() if is_json else response.text())


async def audited(data_dir: Path) -> dict[str, Any]:
    """The audit's report; fails unless it is clean."""
    process = await asyncio.create_subprocess_exec(
        *(*LIVESRV, "audit", "--json", "--data-dir", str(data_dir)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    printed, said = await process.communicate()
    assert process.returncode == 0, printed + said
    report: dict[str, Any] = json.loads(printed)
    return report


async def test_the_show_is_heard_ends_on_ctrl_c_and_goes_on_with_the_same_books(
    data_dir: Path,
) -> None:
    async with demo(data_dir, rehearsal="") as url:
        assert await get(f"{url}/readyz") == "ok\n"
        assert (await get(f"{url}/v1/pages"))["has_rehearsal"]
        assert [room["room"] for room in (await get(f"{url}/v1/rooms"))["rooms"]] == [ROOM]
        async with guest(url) as watching:
            await heard_all(watching, "comment", "like", "gift", "sold")
        offers = (await get(f"{url}/v1/rooms/{ROOM}/offers"))["offers"]
        assert {offer["offer"] for offer in offers} >= {f"{product}-1" for product in PRODUCTS}
    before = await audited(data_dir)

    async with demo(data_dir) as url, guest(url) as watching:
        await heard_all(watching, "comment", "gift", "sold")
    after = await audited(data_dir)
    assert after["kinds"]["room"] == before["kinds"]["room"] == 1
    assert after["kinds"]["offer"] == before["kinds"]["offer"] == len(PRODUCTS)
    assert after["kinds"]["order"] > before["kinds"]["order"]
    assert after["rooms"] == 1


async def test_the_show_goes_on_when_a_worker_is_killed(data_dir: Path) -> None:
    async with demo(data_dir) as url:
        async with guest(url) as watching:
            await heard_all(watching, "comment")
        os.kill(json.loads((data_dir / "pids.json").read_text())["worker-0"], signal.SIGKILL)
        await serves(url)
        async with guest(url) as watching:
            await heard_all(watching, "comment", "gift", "sold")
    await audited(data_dir)


async def serves(url: str) -> None:
    """Return as soon as the server answers again."""

    async def answers() -> bool:
        try:
            return bool(await get(f"{url}/readyz"))
        except (aiohttp.ClientError, OSError):
            return False

    await until_awaited(answers, within_s=START_WITHIN_S)


async def test_a_demo_that_cannot_begin_says_why_in_one_sentence(data_dir: Path) -> None:
    async with demo(data_dir):
        second = await asyncio.create_subprocess_exec(
            *(*LIVESRV, "demo", "--port", "0", "--data-dir", str(data_dir)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        printed, said = await asyncio.wait_for(second.communicate(), STOP_WITHIN_S)
    assert (second.returncode, printed) == (2, b"")
    assert re.fullmatch(r"livesrv: another livesrv is running in .+\n", said.decode())


# --- the words


def test_everybody_has_something_to_say_in_every_mood() -> None:
    moods = {mood for act in ACTS for mood in act.moods} | {"bought", "cheer"}
    for person in CAST:
        assert moods <= PHRASES[person.language].keys(), person
        assert 1 <= len(person.name) <= NAME_CHARS_MAX
    assert len({person.id for person in CAST} | {HOST}) == len(CAST) + 1


def test_the_script_fits_the_wire_and_names_only_who_and_what_there_is() -> None:
    people = {person.id for person in CAST}
    for act in ACTS:
        assert set(act.pinned) <= PRODUCTS.keys(), act.name
        assert {exchange.asker for exchange in act.exchanges} <= people, act.name
        words = [line for lines in act.host for line in lines]
        words += [word for exchange in act.exchanges for word in exchange[1:]]
        assert [word for word in words if not 1 <= len(word) <= TEXT_CHARS_MAX] == []


def test_crates_last_for_centuries() -> None:
    crates_each = OFFERS_PER_ROOM_MAX // len(PRODUCTS)
    pieces = sum(product.first_crate * 2 ** min(crates_each, 20) for product in PRODUCTS.values())
    a_year = 365 * 86_400
    assert pieces / a_year > 1  # a piece a second is three times what the crowd buys


def test_a_deck_repeats_nothing_at_once() -> None:
    decks, cards = Decks(Random(7)), ("a", "b", "c", "d")
    drawn = [decks.draw(cards) for _ in range(200)]
    assert set(drawn) == set(cards)
    assert all(one != next_one for one, next_one in pairwise(drawn))


# --- the figures


def batch(*events: dict[str, Any], waterfall: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"type": "batch", "events": list(events), "waterfall": waterfall or []}


def comment(text: str) -> dict[str, Any]:
    return {"type": "comment", "comment": "c", "user": LAN, "text": text, "at_ms": 0}


@pytest.fixture
def figures() -> Figures:
    """A guest who has just come in, with a box of peaches on the table."""
    figures = Figures(Shelf())
    state = {"viewers": 3, "likes": 10, "pinned": [PEACH]}
    figures.take({"type": "joined", "state": state}, 0.0)
    return figures


def test_what_was_sold_is_counted_at_its_price(figures: Figures) -> None:
    lines = [{"offer": "peach-1", "quantity": 2, "stock": 7}]
    figures.take(batch({"type": "sold", "user": LAN, "lines": lines}), 1.0)
    assert (figures.orders, figures.pieces, figures.taken_minor["CNY"]) == (1, 2, 5_980)


def test_only_what_is_new_in_a_combo_is_counted(figures: Figures) -> None:
    gift = {"type": "gift", "user": LAN, "gift": "rose", "combo": "c"}
    figures.take(batch({**gift, "count": 3, "added": 3, "coins": 3}), 1.0)
    figures.take(batch({**gift, "count": 5, "added": 2, "coins": 2}), 1.0)
    assert (figures.gifts, figures.taken_minor["COIN"]) == (5, 5)


def test_comments_are_counted_over_the_last_seconds(figures: Figures) -> None:
    for second in range(20):
        figures.take(batch(waterfall=[comment("a"), comment("b")]), float(second))
    assert figures.comments == 40
    assert figures.comments_per_s(19.0) == pytest.approx(2.0, abs=0.21)
    assert figures.comments_per_s(60.0) == 0


def test_pins_follow_the_events(figures: Figures) -> None:
    figures.take(batch({"type": "pinned", **PEACH, "offer": "tea-1"}), 1.0)
    assert figures.pinned == ["tea-1", "peach-1"]
    figures.take(batch({"type": "unpinned", "offer": "peach-1"}), 1.0)
    assert figures.pinned == ["tea-1"]
    figures.take(batch({"type": "ended"}), 1.0)
    assert figures.pinned == []


# --- the terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07hi", "[2J]0;titlehi"),
        ("a\r\nb\u202ec\u2066", "abc"),
        ("👩‍🌾 兰兰 ليلى", "👩‍🌾 兰兰 ليلى"),
    ],
)
def test_nobody_writes_to_the_terminal_but_us(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_the_view_shows_hostile_words_as_words(figures: Figures) -> None:
    figures.take(batch(waterfall=[comment("[bold]\x1b[31mred[/bold]")]), 1.0)
    view = View("http://127.0.0.1:1", "127.0.0.1", "/d", figures, Shelf(), Notes())
    console = Console(width=90, file=io.StringIO(), record=True)
    console.print(view.render(40))
    shown = console.export_text()
    assert "[bold][31mred[/bold]" in shown
    assert "\x1b" not in shown


def test_money_is_written_with_its_unit() -> None:
    assert money(2_990, "CNY") == "29.90 CNY"
    assert money(1_005, "COIN") == "1,005 coins"
