"""A real browser without a network, for looking at pages as their readers do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from tests.chromium import browser as browser

WIDTH_PX, HEIGHT_PX = 1280, 900
Scheme = Literal["light", "dark"]


@contextmanager
def opened(browser: Browser, file: Path, *, width_px: int = WIDTH_PX) -> Iterator[Page]:
    """The file as a page without a network.

    In the end it fails if the page asked for anything but itself, or anything stood in the console.
    """
    context = browser.new_context(
        viewport={"width": width_px, "height": HEIGHT_PX}, color_scheme="light", offline=True
    )
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert said == []


def take_picture(report: Path, image: Path, *, width_px: int = WIDTH_PX, scheme: Scheme) -> None:
    """Write the whole page as a PNG."""
    with browser() as started, opened(started, report, width_px=width_px) as page:
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=image, full_page=True)


def main() -> None:
    """`python -m tests.loadtest.report.browser REPORT.html IMAGE.png [light|dark] [WIDTH]`."""
    report, image, *rest = sys.argv[1:]
    scheme: Scheme = "dark" if "dark" in rest else "light"
    width_px = next((int(each) for each in rest if each.isdigit()), WIDTH_PX)
    take_picture(Path(report), Path(image), width_px=width_px, scheme=scheme)


if __name__ == "__main__":
    main()
