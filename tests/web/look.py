"""Look at a page as those do who see less, use no mouse, or hold a small phone.

What a page should be like is WCAG 2.2 AA, as far as it can be measured: by axe-core, and by own
measures where axe cannot tell (contrast over pictures, cut words, targets, motion). Invariant: the
page is afterwards as it was before.
"""

import base64
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize

from .visit import DESK, SMALL_PHONE

ZOOMED: ViewportSize = {"width": DESK["width"] // 2, "height": DESK["height"] // 2}
"""A desk's screen at 200 %."""
ALL = (SMALL_PHONE, DESK, ZOOMED)
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
IMPACTS = ("serious", "critical")


@cache
def source(name: str) -> str:
    return (Path(__file__).parent / name).read_text()


class Looker:
    """Somebody who looks at pages in their states; what is wrong gathers in `wrong` by state."""

    def __init__(self, browser: Browser, *, minds_colours: bool = True) -> None:
        self._canvas = browser.new_page()
        self._minds_colours = minds_colours
        self.wrong: dict[str, list[str]] = {}

    def look(self, page: Page, state: str, *sizes: ViewportSize, over_video: bool = False) -> None:
        """At a small phone unless sizes are named. `over_video`: white may be behind the words.

        Colours are looked at unless they are not minded and no sizes are named.
        """
        before = page.viewport_size
        colours = self._minds_colours or sizes != ()
        for size in sizes or (SMALL_PHONE,):
            page.set_viewport_size(size)
            found = measure(page, "problems")
            if size != ZOOMED:  # where everything is placed anew, and nothing is coloured anew
                found += axe(page, colours=colours)
                found += [f"moves: {name}" for name in measure(page, "running")]
                found += self._faint(page, over_video) if colours else []
            if found:
                self.wrong[f"{state} at {size['width']} px"] = found
        if before is not None:
            page.set_viewport_size(before)

    def _faint(self, page: Page, over_video: bool) -> list[str]:
        before = measure(page, "inks")
        measure(page, "hideInk", over_video)
        png = base64.b64encode(page.screenshot()).decode()
        measure(page, "showInk")
        inks = [ink for ink in measure(page, "inks") if ink in before]  # what has not moved
        faint: list[str] = measure(self._canvas, "faint", [png, inks])
        return faint

    def told(self) -> str:
        return "\n".join(
            f"{state}: {each}" for state, found in self.wrong.items() for each in found
        )

    def close(self) -> None:
        self._canvas.close()


def axe(page: Page, *, colours: bool = True) -> list[str]:
    """What axe-core calls serious or critical."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {source('vendor/axe.min.js')} }}")
    found: list[str] = measure(page, "violations", [TAGS, IMPACTS, colours])
    return found


def measure(page: Page, what: str, argument: object = None) -> Any:
    """Call one of look.js's functions."""
    if not page.evaluate("() => 'look' in window"):
        page.evaluate(source("look.js"))
    return page.evaluate(f"(argument) => look.{what}(argument)", argument)
