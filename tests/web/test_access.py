"""Every page in every state can be seen, read, reached and heard by everybody: WCAG 2.2 AA."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server import QUICK, Server, serving

from .look import ALL, Looker
from .people import PRICE_MINOR, Host, Person, fresh
from .visit import SMALL_PHONE, Visitors

SETTINGS: dict[str, object] = {
    **QUICK,
    "demo": True,
    "workers": 1,
    "return_window_h": 0,
    "gift_window_h": 0,
}
LANGUAGES = ("en", "ar")
LOOK_UNTIL_SHOWN = """() => {
  dispatchEvent(new Event("online"));
  return document.querySelector(".room") !== null;
}"""
"""The list of shows may be a second old, and the page would look again only after ten."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One where anybody may log in, and what is earned is available at once."""
    with serving(tmp_path_factory.mktemp("demo"), SETTINGS) as running:
        yield running
        running.audit()


@pytest.fixture
def looker(browser: Browser, language: str) -> Iterator[Looker]:
    """In the end nothing that was looked at is wrong. Colours are the same in all languages."""
    somebody = Looker(browser, minds_colours=language == LANGUAGES[0])
    yield somebody
    somebody.close()
    assert somebody.wrong == {}, somebody.told()


def open_still(visitors: Visitors, url: str, language: str, token: str | None = None) -> Page:
    """A page on a small phone whose owner wants no motion."""
    return visitors.open(
        url, token=token, size=SMALL_PHONE, language=language, reduced_motion="reduce"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_discover(demo: Server, visitors: Visitors, looker: Looker, language: str) -> None:
    page = open_still(visitors, demo.url, language)
    expect(page.locator("body")).to_have_attribute("data-state", "empty")
    looker.look(page, "nothing is on")
    host = Host(demo, city="Lishui")
    host.offer()
    Host(demo, name="🦊 Fox", title="Tea").end()
    page.wait_for_function(LOOK_UNTIL_SHOWN, polling=200)
    looker.look(page, "shows", *ALL)
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#away")).to_be_visible()
    looker.look(page, "no server")
    host.end()


class Market:
    """A room in which all has happened that a viewer can see, and somebody who sees it."""

    def __init__(self, server: Server) -> None:
        self.host = Host(server, city="Lishui")
        self.peach = self.host.offer()
        self.tea = self.host.offer("🍵 Spring tea", price_minor=9900, stock=2)
        self.viewer = Person(server, name="Lan")
        self.viewer.topup(100_000, "CNY")
        self.viewer.topup(30, "COIN")
        self.buy(self.viewer)
        with self.viewer.online() as line:
            line.join(self.host.room)
            line.ask("gift", room=self.host.room, gift="rose", key="combo", count=3)
            line.comment(self.host.room, "I have bought one")
        with self.host.online() as line:
            line.join(self.host.room)
            line.comment(self.host.room, "Thank you all!")

    def buy(self, person: Person) -> str:
        with person.online() as line:
            lines = [{"offer": self.peach, "quantity": 1}]
            terms = {"key": fresh("o"), "total_minor": PRICE_MINOR, "currency": "CNY"}
            order: str = line.ask("order", room=self.host.room, lines=lines, **terms)["order"]
            return order


@pytest.mark.parametrize("language", LANGUAGES)
def test_room(demo: Server, visitors: Visitors, looker: Looker, language: str) -> None:
    market = Market(demo)
    guest = open_still(visitors, market.host.url, language)
    expect(guest.locator("#show")).to_have_attribute("data-connection", "in")
    expect(guest.locator(".row")).to_have_count(2)
    looker.look(guest, "guest", *ALL, over_video=True)
    guest.locator("#join").click()
    expect(guest.locator("dialog[open]")).to_be_visible()
    looker.look(guest, "login")
    guest.locator("dialog[open] .corner").click()
    guest.context.set_offline(True)

    page = open_still(visitors, market.host.url, language, market.viewer.token)
    expect(page.locator("#show")).to_have_attribute("data-connection", "in")
    expect(page.locator("#me")).to_be_visible()
    page.locator("#gift").click()
    expect(page.locator(".treat").first).to_be_visible()
    looker.look(page, "gift tray", over_video=True)
    page.locator("#tray-close").click()
    with market.viewer.online() as line:
        line.join(market.host.room)
        line.ask("gift", room=market.host.room, gift="rose", key="more", count=2)
    market.buy(market.viewer)
    expect(page.locator(".row.sold")).to_be_visible()
    looker.look(page, "logged in", over_video=True)
    look_at_an_order(page, looker)
    page.locator("#me").click()
    expect(page.locator("#me-sheet")).to_be_visible()
    expect(page.locator(".order")).to_have_count(3)
    looker.look(page, "my orders")
    page.locator("#me-sheet .corner").click()
    page.locator("#gifters").click()
    looker.look(page, "gifters")
    page.locator("#gifters-sheet .corner").click()

    expect(guest.locator("#show")).not_to_have_attribute("data-connection", "in")
    looker.look(guest, "connection lost")
    market.host.end()
    expect(page.locator("#curtain")).to_be_visible()
    looker.look(page, "ended")


def look_at_an_order(page: Page, looker: Looker) -> None:
    page.locator("#offers .buy").first.click()
    expect(page.locator("#pay:not([aria-disabled])")).to_be_visible()
    looker.look(page, "order")
    page.locator("#pay").click()
    expect(page.locator("#order")).to_have_attribute("data-state", "paid")
    looker.look(page, "paid")
    page.locator("#paid-close").click()
    page.context.set_offline(True)
    page.context.set_offline(False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_studio(demo: Server, visitors: Visitors, looker: Looker, language: str) -> None:
    page = open_still(visitors, f"{demo.url}/studio", language)
    expect(page.locator("dialog[open]")).to_be_visible()
    looker.look(page, "login")
    page.locator("dialog[open] .big").click()
    expect(page.locator("#go-live")).to_be_visible()
    looker.look(page, "home", *ALL)
    page.locator("#see-money").click()
    expect(page.locator("#days-none")).to_be_visible()
    looker.look(page, "no money yet")
    page.locator("#money-back").click()
    page.locator("#go-live").click()
    expect(page.locator("[data-screen=live][data-connection=in]")).to_be_visible()
    looker.look(page, "nothing happened yet")
    look_at_selling(page, looker)


def look_at_selling(page: Page, looker: Looker) -> None:
    page.locator("#open-sell").click()
    looker.look(page, "what to sell")
    page.locator("[data-good=peach]").click()
    looker.look(page, "for how much")
    page.locator("#sell-pad [data-key='9']").click()
    page.locator("#sell-done").click()
    expect(page.locator(".good.pinned")).to_be_visible()
    page.locator(".good.pinned").click()
    looker.look(page, "an offer")
    page.locator("#reprice").click()
    looker.look(page, "another price")
    page.locator("#offer .corner").click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_studio_during_a_show(
    demo: Server, visitors: Visitors, looker: Looker, language: str
) -> None:
    market = Market(demo)
    page = open_still(visitors, f"{demo.url}/studio", language, market.host.token)
    expect(page.locator("[data-screen=live][data-connection=in]")).to_be_visible()
    market.buy(market.viewer)
    with market.viewer.online() as line:
        line.join(market.host.room)
        line.ask("gift", room=market.host.room, gift="rose", key="now", count=2)
    expect(page.locator("#ticks .tick")).to_have_count(2)
    looker.look(page, "on air", *ALL)
    page.locator("#rows .row.said").first.click()
    looker.look(page, "somebody")
    page.locator("#person .corner").click()
    for sheet in ("notices", "orders", "room", "share"):
        page.locator(f"#open-{sheet}").click()
        expect(page.locator(f"#{sheet}")).to_be_visible()
        if sheet == "orders":
            look_at_parcel(page, looker)
        looker.look(page, sheet)
        page.locator(f"#{sheet} .corner").click()
    page.locator("#income").click()
    expect(page.locator("#earned-now li").first).to_be_visible()
    looker.look(page, "income")
    page.locator("#earned .corner").click()
    look_at_the_end(page, looker)


def look_at_parcel(page: Page, looker: Looker) -> None:
    page.locator(".order").first.click()
    looker.look(page, "parcel")
    page.locator("#parcel .corner").click()


def look_at_the_end(page: Page, looker: Looker) -> None:
    page.locator("#stop").click()
    looker.look(page, "end?")
    page.locator("#end").click()
    expect(page.locator("#summary")).to_have_attribute("data-state", "final")
    looker.look(page, "summary")
    page.locator("#summary .corner").click()
    page.locator("#see-money").click()
    expect(page.locator(".purse").first).to_be_visible()
    looker.look(page, "money")


@pytest.mark.parametrize("language", LANGUAGES[:1])
def test_operations(demo: Server, visitors: Visitors, looker: Looker, language: str) -> None:
    host = Host(demo)
    host.offer()
    door = open_still(visitors, f"{demo.url}/ops", language, demo.token("lan"))
    expect(door.locator("#door-why")).to_be_visible()
    looker.look(door, "door")
    ops = demo.token("ada", "ops")
    pages = {each: open_still(visitors, f"{demo.url}/ops", each, ops) for each in LANGUAGES}
    for each, page in pages.items():
        expect(page.locator("#band")).to_have_attribute("data-level", "well")
        looker.look(page, f"all is well ({each})", *ALL)
        page.evaluate("(room) => { location.hash = `room=${room}`; }", host.room)
        expect(page.locator("#room-offers li")).to_have_count(1)
        looker.look(page, f"a room ({each})")
        page.locator("#room-back").click()
    with demo.paused("ledger"):
        for each, page in pages.items():
            expect(page.locator("#band")).to_have_attribute("data-level", "red")
            looker.look(page, f"the ledger hangs ({each})", *ALL)
    host.end()


@pytest.mark.parametrize("language", LANGUAGES[:1])
def test_the_clients_example(
    demo: Server, visitors: Visitors, looker: Looker, language: str
) -> None:
    host = Host(demo)
    host.offer()
    lan = Person(demo, name="Lan")
    with lan.online() as line:
        line.join(host.room)
        line.comment(host.room, "How sweet are they?")
    page = open_still(visitors, example_url(demo, visitors, host.room), language, lan.token)
    expect(page.locator("#comments li")).to_have_count(1)
    looker.look(page, "a room", *ALL)


def example_url(server: Server, visitors: Visitors, room: str) -> str:
    """Its address has the version of the pages in it."""
    link = visitors.open(server.url).locator('link[href$="client/index.js"]')
    address: str = link.evaluate("(link) => link.href")
    return f"{address.removesuffix('index.js')}example.html?room={room}"
