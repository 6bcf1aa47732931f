"""Names, titles, places and addresses made to break a page are text on every page, in their place.

The room's own rows and banners: tests/web/room/test_hostile.py.
"""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.server import Server

from .hostile import NAMES, TEXTS
from .look import measure
from .people import Host, Person
from .visit import SMALL_PHONE, Visitors

TITLE_MAX = 120
CITY_MAX = 64
ADDRESSES = (
    *TEXTS.values(),
    "../ops",
    "a/b",
    "%",
    "%E0%A4%A",
    "..",
    "\\",
    "a\nb",
    "room?x#y",
    "'\"",
)


def open_small(
    visitors: Visitors, url: str, token: str | None = None, language: str = "ar"
) -> Page:
    return visitors.open(
        url, token=token, size=SMALL_PHONE, language=language, reduced_motion="reduce"
    )


def pushed(page: Page, selector: str, height_max_px: int) -> list[str]:
    expect(page.locator(selector).first).to_be_attached()
    found: list[str] = measure(page, "pushed", [selector, height_max_px])
    return found


@pytest.fixture(scope="module")
def hosts(server: Server) -> list[Host]:
    """A show for every hostile text: as title, as city, as a name, and on sale."""
    names = list(NAMES.values())
    hosts = [
        Host(
            server,
            name=names[index % len(names)],
            title=text[:TITLE_MAX].strip(),
            city=text[:CITY_MAX].strip(),
            theme=text[:CITY_MAX].strip(),
        )
        for index, text in enumerate(TEXTS.values())
    ]
    for host, text in zip(hosts, TEXTS.values(), strict=True):
        host.offer(text[:TITLE_MAX].strip(), price_minor=10**12, stock=10**9)
    return hosts


@pytest.mark.parametrize("language", ["en", "ar"])
def test_discover_shows_hostile_shows_as_text(
    server: Server, visitors: Visitors, hosts: list[Host], language: str
) -> None:
    page = open_small(visitors, server.url, language=language)
    for host in (hosts[0], hosts[-1]):
        expect(page.locator(f'.room[href$="/{host.room}"]')).to_be_visible()
    assert pushed(page, ".rooms li", 260) == []
    shown = page.locator(".room .title").all_text_contents()
    assert "<script>document.title='broken'</script>" in shown


def test_a_room_shows_a_hostile_show_as_text(
    server: Server, visitors: Visitors, hosts: list[Host]
) -> None:
    host, lan = hosts[list(TEXTS).index("long word")], Person(server, name=NAMES["zalgo"])
    for text in TEXTS.values():
        host.offer(text[:TITLE_MAX].strip())
    page = open_small(visitors, host.url, lan.token)
    expect(page.locator("#offers .card")).not_to_have_count(0)
    assert pushed(page, ".top, .second, .bar", 80) == []
    page.locator(".card .buy:enabled").last.click()
    expect(page.locator("#order")).to_be_visible()
    assert pushed(page, "#order, #order h2", SMALL_PHONE["height"]) == []
    page.locator("#order .corner").click()
    expect(page.locator("#order")).to_be_hidden()
    page.locator("#me").click()
    expect(page.locator("#me-sheet")).to_be_visible()
    assert pushed(page, "#me-sheet, #me-name", SMALL_PHONE["height"]) == []


def test_the_studio_shows_hostile_people_and_goods_as_text(
    server: Server, visitors: Visitors
) -> None:
    host = Host(server, name=NAMES["override"], title=TEXTS["zalgo"][:TITLE_MAX])
    for text in TEXTS.values():
        host.offer(text[:TITLE_MAX].strip())
    with host.online() as line:
        line.join(host.room)
        line.ask("notice", room=host.room, text=TEXTS["long word"])
    for name in NAMES.values():
        with Person(server, name=name).online() as line:
            line.join(host.room)
            line.comment(host.room, TEXTS["zalgo"])
    page = open_small(visitors, f"{server.url}/studio", host.token)
    expect(page.locator(".row.said")).to_have_count(len(NAMES))
    assert pushed(page, ".rows li", 90) == []
    assert pushed(page, ".head, .income, .dock", 100) == []
    for index in range(3):
        page.locator(".row.said").nth(index).click()
        expect(page.locator("#person")).to_be_visible()
        assert pushed(page, "#person, #person-name", SMALL_PHONE["height"]) == []
        page.locator("#person .corner").click()
    page.locator(".good").last.click()
    expect(page.locator("#offer")).to_be_visible()
    assert pushed(page, "#offer, #offer-title", SMALL_PHONE["height"]) == []


def test_operations_show_hostile_rooms_as_text(
    server: Server, visitors: Visitors, hosts: list[Host]
) -> None:
    host = hosts[list(TEXTS).index("zalgo")]
    page = open_small(visitors, f"{server.url}/ops", server.token("ada", "ops"))
    expect(page.locator("#rooms .room").first).to_be_visible()
    assert pushed(page, "#rooms li", 110) == []
    page.evaluate("(room) => { location.hash = `room=${room}`; }", host.room)
    expect(page.locator("#room-offers li").first).to_be_visible()
    for name in ("script", "zalgo", "long word"):
        with Person(server, name=NAMES[name]).online() as line:
            line.join(host.room)
            line.comment(host.room, TEXTS[name])
    expect(page.locator("#room-comments li")).to_have_count(3)
    assert pushed(page, "#room-title, #room-about, #room-offers li, #room-comments li", 420) == []


def test_a_hostile_address_leads_to_a_page_that_stands(server: Server, visitors: Visitors) -> None:
    page = open_small(visitors, server.url)
    for room in ADDRESSES:
        page.goto(f"{server.url}/room/{quote(room, safe='')}")
        page.wait_for_load_state()
        assert page.evaluate("document.title") != "broken"
    for path in (
        "room/%E0%A4%A",
        "room/%00",
        "room/%0a",
        "ops#room=%3Cscript%3E",
        "studio#%E0%A4%A",
    ):
        page.goto(f"{server.url}/{path}")
        page.wait_for_load_state()
    page.goto(f"{server.url}/room/nobody#token=<script>alert(1)</script>")
    expect(page.locator("#curtain")).to_be_visible()
