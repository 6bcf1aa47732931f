"""The page in a real browser that has no network: it opens, fits, and can be read."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Literal

import pytest
from playwright.sync_api import Page

from loadtest.record.folder import write
from loadtest.report.panels import PANELS, SPREADS

from . import browser
from .example import failed, invalid, passed

CONTRAST_MIN = 4.5
"""What WCAG 2 asks of text, level AA."""
# Every text with the contrast it has to what lies behind it, lowest first.
CONTRASTS = """() => {
  const rgba = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const behind = (node) => {
    if (!node) return [255, 255, 255];
    return over(rgba(getComputedStyle(node).backgroundColor), behind(node.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => v / 255).map(
      (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const ground = behind(node);
    const ink = over(rgba(node instanceof SVGElement ? style.fill : style.color), ground);
    const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), walker.currentNode.data.trim()]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}"""
# What reaches over the right edge of the page and is in nothing that can be scrolled.
TOO_WIDE = """() => [...document.body.querySelectorAll("*")]
  .filter((e) => !e.closest(".scroll, pre, svg") &&
                 e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.outerHTML.slice(0, 80))"""


RECORDS = (passed(), failed(), invalid())


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Page]]:
    """A page for each of `RECORDS`. None may have asked for anything when the tests are done."""
    folder = tmp_path_factory.mktemp("runs")
    with ExitStack() as stack:
        started = stack.enter_context(browser.browser())
        files = [write(record, folder) / "report.html" for record in RECORDS]
        yield [stack.enter_context(browser.opened(started, file)) for file in files]


@pytest.fixture
def page(pages: list[Page]) -> Page:
    """The one of the failed run, which has everything; of the usual size, and light."""
    chosen = pages[RECORDS.index(failed())]
    chosen.set_viewport_size({"width": browser.WIDTH_PX, "height": browser.HEIGHT_PX})
    chosen.emulate_media(color_scheme="light", media="screen")
    return chosen


def test_the_verdict_is_seen_without_scrolling(pages: list[Page]) -> None:
    for page, record in zip(pages, RECORDS, strict=True):
        for text in (record.verdict.name, *record.reasons):
            box = page.get_by_text(text, exact=True).first.bounding_box()
            assert box is not None
            assert box["height"] > 10
            assert box["y"] + box["height"] < 400


def test_every_chart_has_a_size_and_a_line_in_it(page: Page) -> None:
    sizes = page.locator("figure > svg").evaluate_all(
        "all => all.map((svg) => [svg, svg.querySelector('.line')].map((each) => {"
        "  const box = each.getBoundingClientRect(); return [box.width, box.height]; }))"
    )
    assert len(sizes) == len(PANELS) + len(SPREADS)
    for (width, height), (line_width, _) in sizes:
        assert width > 250
        assert height > 100
        assert line_width > width / 4


def test_the_figures_open_without_a_script(page: Page) -> None:
    meaning = page.get_by_text("acknowledged orders looked up")
    assert not meaning.is_visible()
    page.get_by_text(f"All {len(failed().figures)} figures").click()
    assert meaning.is_visible()
    page.get_by_text(f"All {len(failed().figures)} figures").click()


@pytest.mark.parametrize("width_px", [320, 800])
def test_nothing_is_wider_than_the_window(page: Page, width_px: int) -> None:
    page.set_viewport_size({"width": width_px, "height": browser.HEIGHT_PX})
    assert page.evaluate("document.documentElement.scrollWidth") == width_px
    assert page.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(pages: list[Page], scheme: Literal["light", "dark"]) -> None:
    for page in pages:
        page.emulate_media(color_scheme=scheme, media="screen")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, ground[4:-1].split(","))) < 200) is (scheme == "dark")
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 300
        assert contrasts[0][0] >= CONTRAST_MIN, contrasts[0]


def test_on_paper_it_is_dark_on_white_whatever_the_screen_is(page: Page) -> None:
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(CONTRASTS)[0][0] >= CONTRAST_MIN
