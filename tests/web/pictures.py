"""Take the README's pictures of the pages, of a demo that runs.

`python -m tests.web.pictures URL DATA_DIR docs`
"""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.chromium import browser

from .visit import DESK, Visitors

SETTLE_MS = 12_000
"""So long a show has to fill a page, and a chart to have a line."""
NEIGHBOURS = (
    ("阿强", "🐟 今早的鱼", "Zhoushan", "🐟 Sea bass", 4500),
    ("Amina", "🍯 Honey from the acacias", "Arusha", "🍯 Acacia honey", 3800),
    ("يوسف", "🫒 زيت الزيتون", "جنين", "🫒 زيت زيتون", 9900),
    ("Lan", "🍵 The first tea of the year", "Anxi", "🍵 Spring tea", 12000),
    ("Rosa", "🧺 Baskets of the valley", "Oaxaca", "🧺 Basket", 5250),
)
HOST = "mei"
"""The demo's."""


class Demo:
    """A running demo: its URL, and tokens for who may look at which page."""

    def __init__(self, url: str, data_dir: str) -> None:
        self.url = url
        self._data_dir = data_dir

    def token(self, user: str, role: str) -> str:
        command = [sys.executable, "-m", "livesrv", "token", "--data-dir", self._data_dir]
        done = subprocess.run(
            [*command, "--user", user, "--role", role], capture_output=True, text=True, check=True
        )
        return done.stdout.split()[-1]

    def call(self, path: str, body: object, token: str | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(
            f"{self.url}/{path}", data=json.dumps(body).encode(), headers=headers
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def open_neighbours(self) -> None:
        """A few more shows, so that there is something to choose from."""
        for name, title, city, goods, price_minor in NEIGHBOURS:
            token = self.call("demo/login", {"name": name, "role": "host"})["token"]
            room = self.call("v1/rooms", {"title": title, "city": city}, token)["room"]
            self.call(f"v1/rooms/{room}/start", {}, token)
            offer = {"title": goods, "price_minor": price_minor, "currency": "CNY", "stock": 40}
            self.call(f"v1/rooms/{room}/offers", offer, token)


def main() -> None:
    url, data_dir, docs = sys.argv[1:]
    demo, folder = Demo(url, data_dir), Path(docs)
    demo.open_neighbours()
    with browser() as started:
        visitors = Visitors(started)
        take(visitors.open(url), folder / "discover.png")
        viewer = demo.call("demo/login", {"name": "🌻 Lan"})["token"]
        take(visitors.open(f"{url}/room/orchard", token=viewer), folder / "page.png")
        newcomer = demo.call("demo/login", {"name": "🦊 Fox", "role": "host"})["token"]
        take(visitors.open(f"{url}/studio", token=newcomer), folder / "studio.png")
        host = demo.token(HOST, "host")
        take(visitors.open(f"{url}/studio", token=host), folder / "studio-live.png")
        ops = demo.token("watch", "ops")
        take(visitors.open(f"{url}/ops", token=ops, size=DESK), folder / "ops.png")
        visitors.leave()


def take(page: Page, file: Path) -> None:
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file)


if __name__ == "__main__":
    main()
