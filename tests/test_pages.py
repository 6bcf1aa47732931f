"""The page: its files come whole, typed and under a strict policy; the demo login is bounded."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest

from livesrv import pages
from livesrv.pages import PLAY_MONEY
from livesrv.refusal import Refused

from .server import Server, serving
from .wire.api import Answer, Http

WEB = Path(pages.__file__).parent / "web"
TYPES = {
    "": "text/html",
    "app.js": "text/javascript",
    "client.js": "text/javascript",
    "style.css": "text/css",
    "icon.svg": "image/svg+xml",
}
FORBIDDEN_MARKUP = re.compile(r"javascript:|innerHTML|outerHTML|insertAdjacentHTML|document\.write")


class Markup(HTMLParser):
    """What a document loads, and what it must not hold: inline scripts, styles and handlers."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []
        self._open: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        for name, value in attrs:
            if name in ("src", "href") and tag != "a" and not (value or "").startswith("#"):
                self.loaded.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open[-1:] in (["script"], ["style"]):
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]


@pytest.fixture(scope="module")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("demo"), {"demo": True, "workers": 1}) as running:
        yield running
        running.audit()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as open_session:
        yield open_session


@pytest.fixture
async def demo(demo_server: Server, session: aiohttp.ClientSession) -> Http:
    return Http(session, demo_server.url)


async def log_in(http: Http, name: object, **fields: object) -> Answer:
    return await http.ask("POST", "/demo/login", {"name": name, **fields})


@pytest.mark.parametrize(("name", "content_type"), TYPES.items())
async def test_a_file_comes_with_its_type_and_under_the_policy(
    server: Server, session: aiohttp.ClientSession, name: str, content_type: str
) -> None:
    async with session.get(f"{server.url}/{name}") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == f"{content_type}; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-cache"
        policy = response.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert {"script-src 'self'", "style-src 'self'", "base-uri 'none'"} <= set(policy)
    assert "unsafe" not in " ".join(policy)


async def test_every_file_of_the_page_is_served(
    server: Server, session: aiohttp.ClientSession
) -> None:
    for path in WEB.iterdir():
        name = "" if path.name == "index.html" else path.name
        async with session.get(f"{server.url}/{name}", headers={"Accept-Encoding": ""}) as response:
            assert await response.read() == path.read_bytes(), path.name


async def test_a_compressed_file_is_the_same_file(
    server: Server, session: aiohttp.ClientSession
) -> None:
    headers = {"Accept-Encoding": "br, gzip;q=0.8"}
    async with session.get(f"{server.url}/app.js", headers=headers) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in response.headers["Vary"]
        assert gzip.decompress(await response.read()) == (WEB / "app.js").read_bytes()


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_what_one_has_already_is_not_sent_again(
    server: Server, session: aiohttp.ClientSession, coding: str
) -> None:
    headers = {"Accept-Encoding": coding}
    async with session.get(f"{server.url}/app.js", headers=headers) as response:
        etag = response.headers["ETag"]
    for known in (etag, f'W/{etag}, "other"'):
        asking = {**headers, "If-None-Match": known}
        async with session.get(f"{server.url}/app.js", headers=asking) as again:
            assert (again.status, await again.read()) == (304, b"")
    async with session.get(f"{server.url}/app.js", headers={"If-None-Match": '"other"'}) as other:
        assert other.status == 200


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("", False), ("gzip;q=0", False), ("br", False)],
)
def test_gzip_is_sent_to_those_who_accept_it(accepted: str, expected: bool) -> None:
    assert pages.accepts_gzip(accepted) is expected


def test_the_document_holds_no_code_and_loads_only_our_files() -> None:
    markup = Markup((WEB / "index.html").read_text())
    assert markup.inline == []
    assert markup.loaded
    assert {name for name in markup.loaded if not (WEB / name).is_file()} <= {""}


@pytest.mark.parametrize("path", sorted(WEB.glob("*.js")), ids=lambda path: path.name)
def test_a_module_writes_text_and_finds_what_it_looks_for(path: Path) -> None:
    code, ids = path.read_text(), Markup((WEB / "index.html").read_text()).ids
    assert FORBIDDEN_MARKUP.findall(code) == []
    assert [name for name in re.findall(r'find\("([\w-]+)"\)', code) if name not in ids] == []
    assert [
        name for name in re.findall(r'from "\./([\w.]+)"', code) if not (WEB / name).exists()
    ] == []


def test_both_languages_say_the_same_things() -> None:
    code = (WEB / "words.js").read_text()
    english, chinese = (block.split("};")[0] for block in code.split("const ", 3)[1:3])
    keys = re.compile(r'^  "([\w.]+)":', re.MULTILINE)
    assert keys.findall(english) == keys.findall(chinese)
    assert len(keys.findall(english)) > 40


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


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 30_000, b'{"name":"a","role":"ops"}'])
async def test_a_login_that_does_not_fit_is_refused(demo: Http, body: bytes) -> None:
    assert (await demo.ask("POST", "/demo/login", raw=body)).code == "invalid"


async def test_demo_logins_are_bounded(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    with serving(tmp_path, {"demo": True, "workers": 1}) as server:
        http = Http(session, server.url)
        logins = (log_in(http, "loop") for _ in range(pages.LOGINS_BURST * 4))
        answers = await asyncio.gather(*logins)
    codes = [answer.code for answer in answers if answer.status >= 400]
    assert set(codes) == {"rate_limited"}


@pytest.mark.parametrize("name", ["a\x7f", "\x9fa", "a\u2029b"])
def test_a_control_character_is_no_name(name: str) -> None:
    with pytest.raises(Refused, match="control character"):
        pages.checked_name(name)
