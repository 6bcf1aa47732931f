"""A real browser: Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
)
"""Root has no sandbox; the pages are our own."""


@contextmanager
def browser(*switches: str) -> Iterator[Browser]:
    """Chromium; fails where there is none, since nothing else can tell what a reader sees."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.fail(
            "pages are looked at in Chromium, and there is none: "
            "`apt-get install chromium` as root (`make test` does it for root)"
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=executable, args=[*SWITCHES, *switches]
        )
        yield started
        started.close()
