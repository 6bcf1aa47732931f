"""What a minute in a lively room costs a viewer's line, with and without the data saver.

Invariant: counted is what goes over the line, all of it, as TCP's payload; what the messages in it
are before compression stands beside it, as the browser saw them.
"""

import asyncio
from base64 import b64decode
from typing import TYPE_CHECKING, Any, NamedTuple

from .finding import Finding, kilobytes
from .line import Line
from .plan import LIVELY, PagesPlan
from .room import Show
from .visit import address, come_in, device, quiet, tab

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession, Page

SETTLE_S = 3.0
"""Pictures, the wallet and the snapshot are not of the minute."""
BINARY = 2
MINUTE_S = 60.0


class Minute(NamedTuple):
    """Bytes a minute."""

    down: float
    up: float
    unpacked: float


class Frames:
    """What the browser says of a page's WebSocket."""

    def __init__(self) -> None:
        self.unpacked_bytes = 0
        self.protocol = self.extensions = "none"

    def shook_hands(self, event: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
        self.protocol = headers.get("sec-websocket-protocol", "none")
        self.extensions = headers.get("sec-websocket-extensions", "none")

    def received(self, event: dict[str, Any]) -> None:
        response = event["response"]
        payload = response["payloadData"]
        is_binary = response["opcode"] == BINARY
        self.unpacked_bytes += len(b64decode(payload) if is_binary else payload.encode())


async def minute(browser: "Browser", line: Line, show: Show, plan: PagesPlan) -> Finding:
    finding = Finding(
        f"a minute in a room with {LIVELY.words}",
        ("viewer", "down", "up", "down before compression"),
        notes=[f"measured for {plan.seconds:g} s each; TCP's payload, its headers not counted"],
    )
    url = address(plan.url, f"room/{show.room}", show.token("reader", "viewer"))
    frames = Frames()
    async with show.talking(LIVELY), device(browser) as context, tab(context) as (page, cdp):
        await _listen(cdp, frames)
        await come_in(page, url)
        await quiet(page)
        for name, is_saving in (("full", False), ("data saver", True)):
            if not await _save(page, is_saving):
                finding.notes.append(f"{name}: this page has no switch for the data saver")
                if is_saving:
                    continue
            cost = await _cost(line, frames, plan.seconds)
            finding.rows.append((name, *(kilobytes(size) for size in cost)))
            finding.figures[name] = {f"{way}_bytes_per_min": size for way, size in _named(cost)}
    finding.notes.append(f"negotiated: {frames.protocol}; {frames.extensions}")
    finding.figures |= {"protocol": frames.protocol, "extensions": frames.extensions}
    return finding


async def _listen(cdp: "CDPSession", frames: Frames) -> None:
    cdp.on("Network.webSocketHandshakeResponseReceived", frames.shook_hands)
    cdp.on("Network.webSocketFrameReceived", frames.received)
    await cdp.send("Network.enable")


async def _save(page: "Page", is_wished: bool) -> bool:
    """Have the saver on or off, as a viewer does; whether the page can do that."""
    switch = page.locator("#saver")
    if not await switch.count():
        return False
    if (await switch.get_attribute("aria-pressed") == "true") != is_wished:
        await switch.click()
    return (await switch.get_attribute("aria-pressed") == "true") == is_wished


async def _cost(line: Line, frames: Frames, seconds: float) -> Minute:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(SETTLE_S)
    began_s, before, unpacked = loop.time(), line.carried.copy(), frames.unpacked_bytes
    await asyncio.sleep(seconds)
    minutes = (loop.time() - began_s) / MINUTE_S
    carried = line.carried - before
    return Minute(
        carried["down"] / minutes,
        carried["up"] / minutes,
        (frames.unpacked_bytes - unpacked) / minutes,
    )


def _named(cost: Minute) -> list[tuple[str, int]]:
    return [(way, round(size)) for way, size in cost._asdict().items()]
