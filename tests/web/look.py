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

BOTH = (SMALL_PHONE, DESK)
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
IMPACTS = ("serious", "critical")
AXE = """([tags, impacts, rules]) => axe
  .run([...document.querySelectorAll("dialog:modal")].at(-1) ?? document,
    { runOnly: tags, rules, preload: false, resultTypes: ["violations"] })
  .then(({ violations }) => violations
    .filter(({ impact }) => impacts.includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) =>
      `${id}: ${html.slice(0, 120)} ${failureSummary.split("\\n").slice(1).join(";").slice(0, 160)}`)))
"""
FAINT = """async ([png, inks, scale]) => {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const faint = [];
  for (const ink of inks) {
    const [red, green, blue, alpha = 1] = ink.colour.match(/[\\d.]+/g).map(Number);
    const share = alpha * ink.opacity;
    const { data } = context.getImageData(ink.left, ink.top, Math.max(1, ink.width), Math.max(1, ink.height));
    const ratios = [];
    for (let at = 0; at < data.length; at += 4 * 7) {
      const behind = [data[at], data[at + 1], data[at + 2]];
      const drawn = [red, green, blue].map((part, index) => part * share + behind[index] * (1 - share));
      const [one, other] = [light(drawn), light(behind)];
      ratios.push((Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
    }
    ratios.sort((a, b) => a - b);
    const ratio = ratios[Math.floor(ratios.length / 10)];
    if (ratio < ink.least) faint.push(`contrast ${ratio.toFixed(2)} of ${ink.least}: ${ink.name}`);
  }
  return faint;
}"""
"""A tenth of what is behind a word may be worse: its box is larger than its letters."""


@cache
def source(name: str) -> str:
    return (Path(__file__).parent / name).read_text()


class Looker:
    """Somebody who looks at pages in their states; what is wrong gathers in `wrong` by state."""

    def __init__(self, browser: Browser, *, minds_colours: bool = True) -> None:
        self._canvas = browser.new_page()
        self._minds_colours = minds_colours
        self.wrong: dict[str, list[str]] = {}

    def look(
        self, page: Page, state: str, *sizes: ViewportSize, over_video: bool = False
    ) -> None:
        """At a small phone unless sizes are named. `over_video`: white may be behind the words.

        Colours are looked at unless they are not minded and no sizes are named.
        """
        before = page.viewport_size
        colours = self._minds_colours or sizes != ()
        for size in sizes or (SMALL_PHONE,):
            page.set_viewport_size(size)
            found = [*axe(page, colours=colours), *measure(page, "problems")]
            found += [f"moves: {name}" for name in measure(page, "running")]
            if colours:
                found += self._faint(page, over_video)
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
        faint: list[str] = self._canvas.evaluate(FAINT, [png, inks])
        return faint

    def told(self) -> str:
        return "\n".join(f"{state}: {each}" for state, found in self.wrong.items() for each in found)

    def close(self) -> None:
        self._canvas.close()


def axe(page: Page, *, colours: bool = True) -> list[str]:
    """What axe-core calls serious or critical."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {source('vendor/axe.min.js')} }}")
    rules = {"color-contrast": {"enabled": colours}}
    found: list[str] = page.evaluate(AXE, [TAGS, IMPACTS, rules])
    return found


def measure(page: Page, what: str, argument: object = None) -> Any:
    """Call one of look.js's functions."""
    if not page.evaluate("() => 'look' in window"):
        page.evaluate(source("look.js"))
    return page.evaluate(f"(argument) => look.{what}(argument)", argument)
