"""A real Chromium, driven by Playwright, with all its connections to the server on our line.

Playwright comes with `livesrv[browser]`, Chromium with the system. Invariant: what is missing is
said with the command that brings it; the browser ends with the block.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = (
    "--disable-gpu",
    "--mute-audio",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
)


class NoBrowser(Exception):
    """Playwright or Chromium is missing; the message says how to get it."""


def find() -> str:
    """Where Chromium is. Raises `NoBrowser`."""
    if find_spec("playwright") is None:
        raise NoBrowser("pages are measured with Playwright: pip install 'livesrv[browser]'")
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        raise NoBrowser(
            f"pages are measured in Chromium, and none of {', '.join(NAMES)} is on the PATH: "
            "apt-get install chromium, or what your system has instead"
        )
    return executable


def switches(host: str, port: int, line_port: int) -> list[str]:
    """Addresses, names and certificates stay what they are; only the way there is ours."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has no sandbox
    name = f"[{host}]" if ":" in host else host
    return [*SWITCHES, *root, f"--host-resolver-rules=MAP {name}:{port} 127.0.0.1:{line_port}"]


@asynccontextmanager
async def browser_on(host: str, port: int, line_port: int) -> AsyncIterator["Browser"]:
    executable = find()
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=switches(host, port, line_port)
        )
        try:
            yield browser
        finally:
            await browser.close()
