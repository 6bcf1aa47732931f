"""What tests of the client play on: a server, a room with its host, and Chromium with the client.

The pages that load the client come from another origin than the server, as a shop's do, and under
a policy as strict as ours. Invariant: nothing in any of them broke the policy or said an error.
"""

import functools
import json
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.chromium import browser as chromium
from tests.server import QUICK, Server, serving
from tests.wire.stage import fresh

WEB = Path(__file__).parents[3] / "livesrv" / "web"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'"
)
BLANK = "/blank.html"
FAILED = "WebSocket connection to"
"""How a browser says that nobody was there; tests kill servers."""
WITHIN_MS = 15_000
PRICE_MINOR = 2990


class Files(SimpleHTTPRequestHandler):
    """livesrv/web as it is, and a document with nothing in it."""

    def do_GET(self) -> None:
        if self.path != BLANK:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b'<!doctype html><link rel="icon" href="data:,">')

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Shop:
    """Where pages come from, the server they speak to, and a room that is live on it."""

    def __init__(self, browser: Browser, server: Server, files_url: str) -> None:
        self.server = server
        self.files_url = files_url
        self.room = fresh("room")
        self.host = fresh("host")
        self.offer = "peach"
        self._context = browser.new_context()
        self._said: list[str] = []
        self._pages: list[Page] = []
        self._make_room()

    def open(self, path: str = BLANK) -> Page:
        page = self._context.new_page()
        page.set_default_timeout(WITHIN_MS)
        page.on("console", lambda message: self._said.append(message.text))
        page.on("pageerror", lambda error: self._said.append(str(error)))
        page.goto(self.files_url + path)
        self._pages.append(page)
        return page

    def client(self, **options: Any) -> Page:
        """A page with `client`, open; what it is told lands in `told` by kind."""
        page = self.open()
        self.start(page, **options)
        until(page, "told.connection.at(-1)?.[0] === 'in'")
        return page

    def start(self, page: Page, *, codec: str = "json", **options: object) -> None:
        """Open a client in a page, and do not wait."""
        given = {"url": self.server.ws_url, "room": self.room, **options}
        page.evaluate(START, [given, codec])

    def http(self, method: str, path: str, body: object, token: str) -> Any:
        answer = self._context.request.fetch(
            self.server.url + path,
            method=method,
            data=json.dumps(body),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        assert answer.ok, answer.text()
        return answer.json()

    @property
    def host_token(self) -> str:
        return self.server.token(self.host, "host")

    def forget(self) -> list[str]:
        """Close the pages; what stood in their consoles, but for connections that failed."""
        for page in self._pages:
            page.close()
        self._pages.clear()
        said, self._said[:] = list(self._said), []
        return [text for text in said if not text.startswith(FAILED)]

    def close(self) -> None:
        self._context.close()

    def _make_room(self) -> None:
        token, path = self.host_token, f"/v1/rooms/{self.room}"
        self.http("POST", "/v1/rooms", {"room": self.room, "title": "Peaches"}, token)
        self.http("POST", f"{path}/start", {}, token)
        for offer in (self.offer, "plum"):
            terms = {"offer": offer, "title": f"A box of {offer}", "price_minor": PRICE_MINOR}
            self.http("POST", f"{path}/offers", terms | {"currency": "CNY", "stock": 57}, token)


Evaluate = Callable[[str], Any]
EXPORTS = "Client, Line, Place, Refusal, Lost, Late, hintedMs, json, newKey, pauseMs"
START = """async ([options, codec]) => {
  const { Client, ...rest } = await import("/client/index.js");
  const chosen = codec === "json" ? rest.json : (await import("/client/msgpack.js")).msgpack;
  const kinds = ["connection", "welcome", "joined", "batch", "push", "quality"];
  window.told = Object.fromEntries(kinds.map((kind) => [kind, []]));
  const on = Object.fromEntries(kinds.map((kind) => [kind, (...all) => told[kind].push(all)]));
  window.seqs = () => told.batch.flatMap(([{ events }]) => events.map(({ seq }) => seq));
  window.drops = () => told.batch.flatMap(([{ waterfall }]) => waterfall);
  window.client = new Client({ ...options, codec: chosen, on });
  client.open();
}"""


def until(page: Page, holds: str, arg: object = None) -> None:
    """Return as soon as an expression over `arg` holds in the page; fail when it does not in time.

    Playwright's own way evaluates strings in the page, which the policy forbids.
    """
    look = f"""(arg) => new Promise((resolve, reject) => {{
      const deadline = performance.now() + {WITHIN_MS};
      const look = () => {{
        if ({holds}) resolve();
        else if (performance.now() > deadline) reject(new Error("not so within {WITHIN_MS} ms"));
        else setTimeout(look, 10);
      }};
      look();
    }})"""
    page.evaluate(look, arg)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def files_url() -> Iterator[str]:
    serve = functools.partial(Files, directory=str(WEB))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as files:
        thread = Thread(target=files.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{files.server_port}"
        files.shutdown()
        thread.join()


@pytest.fixture(scope="package")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One whose workers may be killed."""
    with serving(tmp_path_factory.mktemp("server"), QUICK) as running:
        yield running


@pytest.fixture(scope="package")
def package_shop(browser: Browser, own_server: Server, files_url: str) -> Iterator[Shop]:
    shop = Shop(browser, own_server, files_url)
    yield shop
    shop.close()


@pytest.fixture
def shop(package_shop: Shop) -> Iterator[Shop]:
    yield package_shop
    assert package_shop.forget() == []


@pytest.fixture(scope="module")
def pure(browser: Browser, files_url: str) -> Iterator[Evaluate]:
    """Evaluates an expression with all that the client exports, without a server."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(files_url + BLANK)
    yield lambda code: page.evaluate(
        f"import('/client/index.js').then(({{ {EXPORTS} }}) => {{ {code} }})"
    )
    context.close()
