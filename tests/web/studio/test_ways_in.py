"""Who may come into the studio, in which language, and that nobody has to read there."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.server import Server
from tests.web.people import Host, Person
from tests.web.visit import Visitors

from .desk import on_air, open_studio

UNNAMED = """() => [...document.querySelectorAll("button, a, select, input")]
    .filter((node) => node.checkVisibility())
    .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.labels?.length))
    .map((node) => node.outerHTML)"""
UNPICTURED = """() => [...document.querySelectorAll("#studio button, dialog button")]
    .filter((node) => node.checkVisibility() && !node.matches("#rows *, [data-stock]"))
    .filter((node) => !node.querySelector(".icon, .emoji, .lamp"))
    .filter((node) => !/\\p{Extended_Pictographic}|^[\\p{N}·]$/u.test(node.textContent))
    .map((node) => node.outerHTML)"""
SMALL = """() => [...document.querySelectorAll("button, a, select, input")]
    .filter((node) => node.checkVisibility())
    .map((node) => [node.id || node.className, node.getBoundingClientRect()])
    .filter(([, box]) => box.width < 44 || box.height < 44)
    .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)"""
TOO_WIDE = """() => [...document.querySelectorAll("body, dialog[open]")]
    .filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.id)"""
SHEETS = ("sell", "notices", "orders", "room", "share")


def test_who_may_not_host_is_told_what_is_missing(shop: Server, visitors: Visitors) -> None:
    viewer = Person(shop, name="Lan")
    page = open_studio(shop, visitors, viewer.token).page
    expect(page.locator("#curtain-words")).to_contain_text("You may watch, not sell")
    page.locator("#retry").tap()
    expect(page.locator("dialog[open]")).to_contain_text("Pick a name")


def test_outside_the_demo_a_link_lets_one_in(server: Server, visitors: Visitors) -> None:
    page = open_studio(server, visitors).page
    expect(page.locator("#curtain-words")).to_contain_text("from your shop’s own page")
    expect(page.locator("#retry")).to_be_hidden()


def test_a_token_that_is_over_is_told(server: Server, visitors: Visitors) -> None:
    Host(server)
    token = server.token("mei", "host", ttl_s=-60)
    page = open_studio(server, visitors, token).page
    expect(page.locator("#curtain-words")).to_contain_text("from your shop’s own page")


@pytest.mark.parametrize(("language", "word"), [("zh-CN", "卖东西"), ("ar", "بِع")])
def test_every_screen_fits_and_needs_no_reading(
    shop: Server, visitors: Visitors, language: str, word: str
) -> None:
    host = Host(shop).end()
    host.offer("🍑 " + "水蜜桃" * 30)
    studio = open_studio(shop, visitors, host.token, language)
    studio.expect_home()
    expect(studio.find("#sell-first")).to_have_text(re.compile(word))
    expect(studio.find(".good")).to_be_visible()
    problems = {"home": look(studio.page)}
    studio.tap("#go-live")
    studio.expect_live()
    problems["live"] = look(studio.page)
    for sheet in SHEETS:
        studio.tap(f"#open-{sheet}")
        problems[sheet] = look(studio.page)
        if sheet == "sell":
            studio.tap("[data-good=tea]")
            problems["price"] = look(studio.page)
        studio.tap(f"#{sheet} .corner")
    studio.tap(".good.pinned")
    problems["offer"] = look(studio.page)
    studio.tap("#offer .corner")
    studio.tap("#open-money")
    problems["money"] = look(studio.page)
    assert {name: found for name, found in problems.items() if found} == {}


def look(page: Page) -> list[str]:
    """What is wrong with what is on the screen."""
    return [
        wrong for rule in (UNNAMED, UNPICTURED, SMALL, TOO_WIDE) for wrong in page.evaluate(rule)
    ]


def test_a_keyboard_does_it_too(shop: Server, visitors: Visitors) -> None:
    host = Host(shop)
    page = on_air(shop, visitors, host).page
    page.locator("#open-sell").focus()
    page.keyboard.press("Enter")
    page.locator("[data-good=eggs]").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("12.5")
    expect(page.locator("#sell-price")).to_have_text("¥12.50")
    page.locator("#sell-done").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".good.pinned")).to_contain_text("¥12.50")
    page.keyboard.press("Escape")
