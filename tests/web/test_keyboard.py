"""Everything on a page can be reached and left with a keyboard, and one sees where one is."""

from playwright.sync_api import Page, expect

from tests.server import Serve, Server

from .look import measure
from .people import Host, Person
from .visit import SMALL_PHONE, Visitors

STEPS_MAX = 120
IN_DIALOG = "() => document.activeElement?.closest('dialog')?.id ?? null"


def open_quiet(visitors: Visitors, url: str, token: str | None = None) -> Page:
    return visitors.open(url, token=token, size=SMALL_PHONE, reduced_motion="reduce")


def walk(page: Page) -> list[str]:
    """Tab around until one is back where one began; what was wrong on the way."""
    missed = set(measure(page, "controls"))
    wrong: list[str] = []
    seen: set[str] = set()
    for _ in range(STEPS_MAX):
        page.keyboard.press("Tab")
        at = measure(page, "focus")
        if at is None:  # between the last and the first
            continue
        place = f"{at['index']} {at['name']}"
        if place in seen:
            break
        seen.add(place)
        missed.discard(at["name"])
        wrong += [f"no focus is seen on {place}"] * (not at["isSeen"])
        wrong += [f"is not on the screen: {place}"] * (not at["isIn"])
    return wrong + [f"is not reached: {name}" for name in missed]


def test_discover_by_keyboard(serve: Serve, visitors: Visitors) -> None:
    """On a server of its own: the list of a busy one grows while one walks it."""
    server = serve(workers=1)
    Host(server).offer()
    page = open_quiet(visitors, server.url)
    expect(page.locator(".room").first).to_be_visible()
    assert walk(page) == []


def test_a_room_by_keyboard(server: Server, visitors: Visitors) -> None:
    host, lan = Host(server), Person(server, name="Lan")
    host.offer()
    lan.topup(100_000, "CNY")
    lan.topup(100, "COIN")
    with lan.online() as line:
        line.join(host.room)
        line.ask("gift", room=host.room, gift="rose", key="one", count=2)
    page = open_quiet(visitors, host.url, lan.token)
    expect(page.locator("#gifters")).to_be_visible()
    expect(page.locator("#me")).to_be_visible()
    assert walk(page) == []
    for opener, sheet in ((".buy", "order"), ("#me", "me-sheet"), ("#gifters", "gifters-sheet")):
        open_and_escape(page, opener, sheet)
    page.locator("#gift").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#tray")).to_be_visible()
    assert walk(page) == []
    page.locator(".treat").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator("#tray")).to_be_hidden()
    expect(page.locator("#gift")).to_be_focused()


def test_the_studio_by_keyboard(server: Server, visitors: Visitors) -> None:
    host = Host(server)
    host.offer()
    with Person(server, name="Lan").online() as line:
        line.join(host.room)
        line.comment(host.room, "How sweet are they?")
    page = open_quiet(visitors, f"{server.url}/studio", host.token)
    expect(page.locator(".row.said")).to_be_visible()
    expect(page.locator(".good")).to_be_visible()
    assert walk(page) == []
    sheets = ("sell", "notices", "orders", "room", "share")
    for opener, sheet in [(f"#open-{name}", name) for name in sheets] + [
        ("#stop", "ending"),
        ("#income", "earned"),
        (".good", "offer"),
    ]:
        open_and_escape(page, opener, sheet)


def test_operations_by_keyboard(server: Server, visitors: Visitors) -> None:
    host = Host(server)
    page = open_quiet(visitors, f"{server.url}/ops", server.token("ada", "ops"))
    expect(page.locator("#band")).not_to_have_attribute("data-level", "unknown")
    assert walk(page) == []
    page.evaluate("(room) => { location.hash = `room=${room}`; }", host.room)
    expect(page.locator("#room-title")).not_to_be_empty()
    assert walk(page) == []


def open_and_escape(page: Page, opener: str, sheet: str) -> None:
    """A sheet opens with Enter, all of it is reached, Escape closes it; the focus comes back."""
    button = page.locator(opener).first
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#{sheet}")).to_be_visible()
    assert page.evaluate(IN_DIALOG) == sheet, f"{sheet} does not take the focus"
    assert walk(page) == [], sheet
    page.keyboard.press("Escape")
    expect(page.locator(f"#{sheet}")).to_be_hidden()
    expect(button).to_be_focused()
