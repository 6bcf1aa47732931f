"""How heavy the pages are: what goes over the wire at a first visit, and at a second one.

Must not know how a page is built, but where the video player lies. Invariant: counted is what the
browser received, compressed as it asked for it, headers included.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from .finding import Finding, Row, kilobytes
from .parcels import PAGE, Parcels
from .plan import FIRST_LOAD_BYTES_MAX, PagesPlan
from .room import Show
from .visit import address, device, quiet, tab

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

LARGEST = 5
_PLAYER = """
async () => {
  const { src } = document.querySelector("script[type=module]");
  const answer = await fetch(new URL("../vendor/hls.js", src));
  return answer.ok && (await answer.text()).length > 0;
}
"""


class Reader(NamedTuple):
    """Somebody who opens a page."""

    title: str
    path: str
    token: str | None
    is_viewer: bool


class Load(NamedTuple):
    """What came over the wire at one visit: `bytes` of what was loaded first, by kind."""

    requests: int
    bytes: dict[str, int]
    later_bytes: int
    largest: list[tuple[str, int]]

    @property
    def first_bytes(self) -> int:
        return sum(self.bytes.values())

    @property
    def all_bytes(self) -> int:
        return self.first_bytes + self.later_bytes


async def weight(browser: "Browser", show: Show, plan: PagesPlan) -> Finding:
    finding = Finding(
        "page weight, compressed, on the wire",
        ("page", "requests", *PAGE, "loads first", "limit", "later", "second visit"),
        notes=[
            "KB are 1,000 bytes, headers included; the pages were asked for in English",
            "first: by kind, and asked for before the server first spoke on the WebSocket; "
            "later: by itself, after that",
        ],
    )
    for reader in _readers(show):
        await _weigh(browser, reader, plan, finding)
    return finding


def _readers(show: Show) -> list[Reader]:
    return [
        Reader("/", "", None, True),
        Reader("/room/ROOM", f"room/{show.room}", show.token("reader", "viewer"), True),
        Reader("/studio", "studio", show.token("host", "host"), False),
        Reader("/ops", "ops", show.token("ops", "ops"), False),
    ]


async def _weigh(browser: "Browser", reader: Reader, plan: PagesPlan, finding: Finding) -> None:
    url = address(plan.url, reader.path, reader.token)
    async with device(browser) as context:
        async with _opened(context, url) as (page, parcels):
            load = _load(parcels)
            if reader.path.startswith("room/"):
                await _weigh_player(page, parcels, load, finding)
        async with _opened(context, url) as (_, again):
            second = _load(again)
    finding.rows.append(_row(reader, load, second))
    finding.figures[reader.title] = {
        **load._asdict(),
        "first_bytes": load.first_bytes,
        "second_bytes": second.all_bytes,
    }
    if reader.is_viewer and load.first_bytes > FIRST_LOAD_BYTES_MAX:
        heavy = ", ".join(f"{path} {kilobytes(size)}" for path, size in load.largest)
        finding.missed.append(
            f"{reader.title} loads {kilobytes(load.first_bytes)} first; at most "
            f"{kilobytes(FIRST_LOAD_BYTES_MAX)}. Heaviest: {heavy}"
        )


def _load(parcels: Parcels) -> Load:
    return Load(
        parcels.requests, parcels.first_by_kind(), parcels.later_bytes(), parcels.largest(LARGEST)
    )


async def _weigh_player(page: "Page", parcels: Parcels, load: Load, finding: Finding) -> None:
    """The player of videos: this Chromium may not need it, another browser does."""
    if not await page.evaluate(_PLAYER):
        finding.notes.append("/room/ROOM has no hls.js where it was looked for")
        return
    await quiet(page)
    player = parcels.player_bytes()
    both = load.first_bytes + player
    finding.figures["player_bytes"] = player
    finding.notes.append(
        f"/room/ROOM with a video, where the browser cannot play HLS itself: {kilobytes(both)}, "
        f"{kilobytes(player)} of it hls.js"
    )


@asynccontextmanager
async def _opened(context: "BrowserContext", url: str) -> AsyncIterator[tuple["Page", Parcels]]:
    """A page that has loaded, and what came over the wire for it."""
    parcels = Parcels()
    async with tab(context) as (page, cdp):
        cdp.on("Network.requestWillBeSent", parcels.began)
        cdp.on("Network.loadingFinished", parcels.ended)
        cdp.on("Network.webSocketFrameReceived", parcels.spoken)
        await cdp.send("Network.enable")
        await page.goto(url)
        await quiet(page)
        yield page, parcels


def _row(reader: Reader, load: Load, second: Load) -> Row:
    return (
        reader.title,
        str(load.requests),
        *(kilobytes(load.bytes[kind]) for kind in PAGE),
        kilobytes(load.first_bytes),
        kilobytes(FIRST_LOAD_BYTES_MAX) if reader.is_viewer else "",
        kilobytes(load.later_bytes),
        kilobytes(second.all_bytes),
    )
