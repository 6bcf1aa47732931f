"""All sections of one measurement, one after the other, each in a show of its own.

Invariant: a section that could not be measured is a missed one, with the reason; the others are
measured all the same.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from rich.console import Console

from ..client.credentials import Mint
from .chromium import browser_on
from .entry import entry
from .finding import Finding
from .line import Line, line_to
from .memory import memory
from .minute import minute
from .plan import UNHINDERED, PagesPlan
from .room import Show, show_at
from .smooth import smooth
from .visit import NotSeen
from .weight import weight

if TYPE_CHECKING:
    from playwright.async_api import Browser

Section = Callable[["Browser", Line, Show, PagesPlan], Awaitable[Finding]]

_SECTIONS: dict[str, Section] = {
    "weight": lambda browser, _, show, plan: weight(browser, show, plan),
    "3g": entry,
    "bytes": minute,
    "frames": lambda browser, _, show, plan: smooth(browser, show, plan),
    "memory": lambda browser, _, show, plan: memory(browser, show, plan),
}
_PORTS = {"http": 80, "https": 443}


async def run(plan: PagesPlan, mint: Mint, console: Console) -> dict[str, Finding]:
    """What each section found. Raises `NoBrowser`, `Unreachable`, `Refusal`."""
    parts = urlsplit(plan.url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    found: dict[str, Finding] = {}
    async with line_to(host, port) as line, browser_on(host, port, line.port) as browser:
        console.print(f"browser: Chromium {browser.version}", markup=False)
        for name in plan.sections:
            console.print(f"measuring {name}", markup=False)
            began_s = time.monotonic()
            found[name] = await _measure(name, browser, line, plan, mint)
            console.print(f"  took {time.monotonic() - began_s:.0f} s", markup=False)
    return found


async def _measure(
    name: str, browser: "Browser", line: Line, plan: PagesPlan, mint: Mint
) -> Finding:
    from playwright.async_api import Error

    async with show_at(plan.url, mint) as show:
        try:
            async with show.peopled():
                return await _SECTIONS[name](browser, line, show, plan)
        except (Error, NotSeen, aiohttp.ClientError, TimeoutError) as error:
            reason = f"not measured: {type(error).__name__}: {error}"
            return Finding(name, (), missed=[reason])
        finally:
            line.become(UNHINDERED)
