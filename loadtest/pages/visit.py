"""Visits to pages: a device of its own for each reader, and what the browser knows of a page.

Must not know what is measured. Invariant: a visit that does not get as far as it should ends with
`NotSeen`, within `WAIT_MS`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, CDPSession, Page

WAIT_MS = 60_000
"""A cold visit over the thinnest line takes some seconds."""
QUIET_WITHIN_MS = 10_000
"""A page that asks the server again and again is never quiet."""
_SIGHT = (resources.files(__package__) / "sight.js").read_text()


class NotSeen(Exception):
    """A page did not show what it should; the message says what."""


@asynccontextmanager
async def device(browser: "Browser") -> AsyncIterator["BrowserContext"]:
    """A phone that has never been here: its own cache and storage."""
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="en")
    context.set_default_timeout(WAIT_MS)
    await context.add_init_script(_SIGHT)
    try:
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def tab(context: "BrowserContext") -> AsyncIterator[tuple["Page", "CDPSession"]]:
    page = await context.new_page()
    try:
        yield page, await context.new_cdp_session(page)
    finally:
        await page.close()


def address(url: str, path: str, token: str | None = None) -> str:
    """Of a page, as a link with a token would have it."""
    fragment = "" if token is None else "#" + urlencode({"token": token})
    return f"{url.rstrip('/')}/{path}{fragment}"


async def come_in(page: "Page", url: str) -> Mapping[str, float]:
    """Open a room's page, and wait until it is connected and shows a comment; when, in ms."""
    from playwright.async_api import TimeoutError as TooLate

    await page.goto(url, wait_until="commit")
    try:
        await page.wait_for_function(
            "() => ['connected', 'comment'].every((what) => what in (globalThis.livesrvSeen ?? {}))"
        )
    except TooLate:
        raise NotSeen(
            f"{url.partition('#')[0]} showed no comment in {WAIT_MS / 1000:g} s"
        ) from None
    seen: dict[str, float] = await page.evaluate(
        """() => {
          const [paint] = performance.getEntriesByName("first-contentful-paint");
          return { paint: paint?.startTime ?? 0, ...globalThis.livesrvSeen };
        }"""
    )
    return seen


async def quiet(page: "Page") -> None:
    """Wait until nothing more is loaded."""
    from playwright.async_api import TimeoutError as TooLate

    with suppress(TooLate):
        await page.wait_for_load_state("networkidle", timeout=QUIET_WITHIN_MS)


async def metrics(cdp: "CDPSession") -> dict[str, float]:
    """What Chromium counts of a page (Performance domain, enabled): seconds, bytes, nodes."""
    answer: dict[str, Any] = await cdp.send("Performance.getMetrics")
    return {each["name"]: each["value"] for each in answer["metrics"]}
