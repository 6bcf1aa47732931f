"""What lookers are for: a page with every fault there is, and what is told of it."""

from playwright.sync_api import Browser

from .look import Looker, measure
from .visit import SMALL_PHONE

FAULTS = """<!doctype html><html lang="en"><title>Faults</title><style>
  body { margin: 0; height: 400px; overflow: hidden; background: url("data:image/svg+xml,\
<svg xmlns='http://www.w3.org/2000/svg'><rect width='999' height='999' fill='white'/></svg>"); }
  @keyframes turn { to { rotate: 1turn } }
  #cut { width: 40px; overflow: hidden; white-space: nowrap; }
  #tiny { width: 20px; height: 20px; padding: 0; }
  #wide { width: 400px; }
  #faint { color: #999; }
  #turns { animation: turn 1s infinite; }
  #lost { position: absolute; top: 2000px; }
  #dark:focus { outline: none; }
</style><main><h1>Faults</h1><p id=cut>Our own words</p><p id=faint>Hardly seen</p><p id=wide>.</p>
<button id=tiny aria-label="Tiny"></button><button id=lost>Lost</button>
<button id=dark>Dark</button>
<p id=turns>Turns</p><img src="data:,"></main>"""
EXPECTED = (
    "cut by p. in #cut",
    "contrast 2.85 of 4.5: p. in #faint",
    "scrolls sideways, 400 in 320",
    "only 20 x 20: button. in #tiny",
    "cannot be scrolled to: button. in #lost",
    "moves: turn: p. in #turns",
    "image-alt",
)


def test_every_fault_is_told(browser: Browser) -> None:
    page = browser.new_page(viewport=SMALL_PHONE)
    page.set_content(FAULTS)
    looker = Looker(browser)
    looker.look(page, "faults")
    told = looker.told()
    assert [fault for fault in EXPECTED if fault not in told] == [], told
    assert "h1" not in told
    page.locator("#dark").focus()
    assert measure(page, "focus")["isSeen"] is False
    looker.close()
    page.close()


def test_a_page_is_afterwards_as_it_was(browser: Browser) -> None:
    page = browser.new_page(viewport=SMALL_PHONE)
    page.set_content(FAULTS.replace("#turns {", "#none {"))
    before = page.screenshot()
    looker = Looker(browser)
    looker.look(page, "faults")
    assert page.screenshot() == before
    looker.close()
    page.close()
