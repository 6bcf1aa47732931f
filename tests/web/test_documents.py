"""The pages' files: they come whole, typed, named by what is in them, and under a strict policy."""

import gzip
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from livesrv import pages
from tests.server import Server, serving

WEB = Path(pages.__file__).parent / "web"
DOCUMENTS = {"": "index.html", "room/orchard": "room.html", "studio": "studio.html"}
DOCUMENTS |= {"ops": "ops.html"}
MODULES = sorted(path for path in WEB.rglob("*.js") if "vendor" not in path.parts)
FORBIDDEN_MARKUP = re.compile(r"javascript:|innerHTML|outerHTML|insertAdjacentHTML|document\.write")
STATIC_IMPORT = re.compile(r'^(?:import|export)[^;]*?"(\.[^"]+)";', re.MULTILINE)


class Markup(HTMLParser):
    """What a document loads, and what it must not hold: inline scripts, styles and handlers."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.loaded: dict[str, str] = {}
        """What each address is loaded as: the tag, or the link's `rel`."""
        self.ids: list[str] = []
        self.inline: list[str] = []
        self._open: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        found = {name: value or "" for name, value in attrs}
        for name in ("src", "href"):
            if name in found and tag != "a":
                self.loaded[found[name].partition("#")[0]] = found.get("rel", tag)
        if "id" in found:
            self.ids.append(found["id"])
        self.inline += [f"{tag} {name}" for name in found if name == "style" or name[:2] == "on"]

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open[-1:] in (["script"], ["style"]):
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]


def imports(module: Path) -> set[Path]:
    """What a module imports, and what that imports."""
    found: set[Path] = set()
    open_ = [module]
    while open_:
        at = open_.pop()
        direct = {(at.parent / name).resolve() for name in STATIC_IMPORT.findall(at.read_text())}
        open_ += direct - found
        found |= direct
    return found


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as open_session:
        yield open_session


async def get(
    session: aiohttp.ClientSession, url: str, **headers: str
) -> tuple[aiohttp.ClientResponse, bytes]:
    async with session.get(url, headers={"Accept-Encoding": "", **headers}) as response:
        return response, await response.read()


async def asset_base(session: aiohttp.ClientSession, server: Server) -> str:
    _, document = await get(session, server.url)
    [name] = set(re.findall(r'"(assets/\w+/)', document.decode()))
    return f"{server.url}/{name}"


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_document_is_asked_for_each_time_and_stands_under_the_policy(
    server: Server, session: aiohttp.ClientSession, path: str
) -> None:
    response, _ = await get(session, f"{server.url}/{path}")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-cache"
    policy = response.headers["Content-Security-Policy"].split("; ")
    expected = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'"}
    assert expected | {"frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in " ".join(policy)


async def test_every_file_of_the_pages_is_served_and_may_be_kept(
    server: Server, session: aiohttp.ClientSession
) -> None:
    base = await asset_base(session, server)
    files = pages.read()
    assert len(files) > 20
    for path, content in files.items():
        response, body = await get(session, base + path)
        assert body == content, path
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["Server"] == "livesrv"


async def test_a_document_among_the_assets_stands_under_the_policy_too(
    server: Server, session: aiohttp.ClientSession
) -> None:
    base = await asset_base(session, server)
    response, _ = await get(session, f"{base}client/example.html")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_what_a_document_loads_is_served(
    server: Server, session: aiohttp.ClientSession
) -> None:
    for path in DOCUMENTS:
        url = f"{server.url}/{path}"
        response, document = await get(session, url)
        for name in Markup(document.decode()).loaded:
            asset, _ = await get(session, str(response.url.join(URL(name))))
            assert asset.status == 200, (path, name)


async def test_files_of_another_version_are_ours_and_not_kept(
    server: Server, session: aiohttp.ClientSession
) -> None:
    response, body = await get(session, f"{server.url}/assets/0123456789abcdef/shared/dom.js")
    assert body == pages.read()["shared/dom.js"]
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["shared/no.js", "../pages.py", "%2e%2e/pages.py", "shared", ""])
async def test_nothing_else_is_served(
    server: Server, session: aiohttp.ClientSession, path: str
) -> None:
    base = await asset_base(session, server)
    response, _ = await get(session, base + path)
    assert response.status == 404


async def test_a_compressed_file_is_the_same_file(
    server: Server, session: aiohttp.ClientSession
) -> None:
    base = await asset_base(session, server)
    accepted = {"Accept-Encoding": "br, gzip;q=0.8"}
    response, body = await get(session, f"{base}room/room.js", **accepted)
    assert response.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response.headers["Vary"]
    assert gzip.decompress(body) == pages.read()["room/room.js"]


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_what_one_has_already_is_not_sent_again(
    server: Server, session: aiohttp.ClientSession, coding: str
) -> None:
    accepted = {"Accept-Encoding": coding}
    response, _ = await get(session, server.url, **accepted)
    etag = response.headers["ETag"]
    for known in (etag, f'W/{etag}, "other"'):
        again, body = await get(session, server.url, **accepted, **{"If-None-Match": known})
        assert (again.status, body) == (304, b"")
    other, _ = await get(session, server.url, **accepted, **{"If-None-Match": '"other"'})
    assert other.status == 200


@pytest.mark.parametrize(
    ("accepted", "chosen", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", None, "zh"),
        ("en;q=0.5, AR-EG", None, "ar"),
        ("fr, zh;q=0.1", None, "zh"),
        ("fr", None, "en"),
        ("", None, "en"),
        ("zh;q=x, ;q=, ar;q=0.2", None, "ar"),
        ("zh", "ar", "ar"),
        ("zh", "xx", "zh"),
    ],
)
def test_a_document_speaks_the_readers_language(
    accepted: str, chosen: str | None, expected: str
) -> None:
    assert pages.language_for(accepted, chosen) == expected


async def test_the_chosen_language_stands_in_the_document(
    server: Server, session: aiohttp.ClientSession
) -> None:
    cookie = f"{pages.LANGUAGE_COOKIE}=ar"
    _, document = await get(session, f"{server.url}/room/orchard", Cookie=cookie)
    assert b'lang="ar" dir="rtl"' in document
    assert b"words/ar/room.js" in document


def test_one_changed_byte_is_another_version() -> None:
    files = pages.read()
    changed = {**files, "shared/dom.js": files["shared/dom.js"] + b" "}
    assert len({pages.version_of(files), pages.version_of(changed)}) == 2


async def test_an_operator_names_who_may_frame_the_pages_and_where_video_lies(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    settings = {
        "workers": 1,
        "media_origins": ["https://video.example"],
        "embedding_sites": ["https://shop.example"],
    }
    with serving(tmp_path, settings) as server:
        response, _ = await get(session, f"{server.url}/room/orchard")
    policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors https://shop.example;" in policy
    assert "media-src 'self' https://video.example blob:;" in policy


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("", False), ("gzip;q=0", False), ("br", False)],
)
def test_gzip_is_sent_to_those_who_accept_it(accepted: str, expected: bool) -> None:
    assert pages.accepts_gzip(accepted) is expected


@pytest.mark.parametrize("name", DOCUMENTS.values())
def test_a_document_holds_no_code_and_loads_only_our_files(name: str) -> None:
    markup = Markup((WEB / name).read_text())
    assert markup.inline == []
    assert markup.loaded
    assert all(address.startswith("assets/") for address in markup.loaded)
    missing = [name for name in markup.loaded if not (WEB / name.removeprefix("assets/")).is_file()]
    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTS.values())
def test_a_document_loads_all_modules_at_once(name: str) -> None:
    """Else a browser finds them one behind the other, and each costs a thin line a round trip."""
    loaded = Markup((WEB / name).read_text()).loaded
    [entry] = [address for address, role in loaded.items() if role == "script"]
    preloaded = {address for address, role in loaded.items() if role == "modulepreload"}
    needed = imports(WEB / entry.removeprefix("assets/"))
    words = {address for address in preloaded if "/words/en/" in address}
    assert preloaded - words == {f"assets/{path.relative_to(WEB.resolve())}" for path in needed}
    assert words


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(WEB)))
def test_a_module_writes_text_and_imports_what_there_is(path: Path) -> None:
    code = path.read_text()
    assert FORBIDDEN_MARKUP.findall(code) == []
    assert [name for name in STATIC_IMPORT.findall(code) if not (path.parent / name).exists()] == []


@pytest.mark.parametrize("path", sorted((WEB / "words/en").iterdir()), ids=lambda path: path.stem)
def test_all_languages_say_the_same_things(path: Path) -> None:
    assert {folder.name for folder in (WEB / "words").iterdir()} == set(pages.LANGUAGES)
    english = placeholders(path)
    assert english
    for language in pages.LANGUAGES[1:]:
        assert placeholders(WEB / "words" / language / path.name) == english, language


def placeholders(catalogue: Path) -> dict[str, list[str]]:
    """What a catalogue has words for, and what is put into each."""
    lines = re.findall(r'^  "([\w.]+)":\s*"(.*)",$', catalogue.read_text(), re.MULTILINE)
    return {key: sorted(re.findall(r"\{(\w+)\}", words)) for key, words in lines}
