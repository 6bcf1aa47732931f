"""The list of shows: newest first, true while it is looked at, honest when there is nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.server import Server, serving
from tests.web.people import Host
from tests.web.visit import SMALL_PHONE, Visitors

SETTINGS = {"workers": 1}
SHOWN = """(titles) => {
  const shown = [...document.querySelectorAll(".room .title")].map((node) => node.textContent);
  return shown.join() === titles.join();
}"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose rooms are all ours."""
    with serving(tmp_path_factory.mktemp("discover"), SETTINGS) as running:
        yield running


def look_again(page: Page, holds: str, argument: Any) -> None:
    """Have the page look now rather than in its own time, until something holds."""
    looking = f"(it) => {{ dispatchEvent(new Event('online')); return ({holds})(it); }}"
    page.wait_for_function(looking, arg=argument, polling=300)


def titles(page: Page) -> list[str]:
    return page.locator(".room .title").all_text_contents()


def test_the_list_of_shows(own: Server, visitors: Visitors) -> None:
    page = visitors.open(own.url)
    expect(page.locator("#message")).to_contain_text("No show is on right now")

    first = Host(own, title="🍵 Tea", city="Anxi", name="Lan")
    first.offer("🍵 Spring tea", price_minor=4500)
    Host(own, title="🍯 Honey")
    look_again(page, SHOWN, ["Honey", "Tea"])
    expect(page.locator("#message")).to_be_hidden()
    tea = page.locator(".room").nth(1)
    expect(tea).to_contain_text("¥45.00")
    expect(tea.locator(".emoji")).to_have_text("🍵")
    expect(tea).to_contain_text("Lan · Anxi")
    expect(tea).to_have_attribute("href", first.url)

    first.end()
    look_again(page, SHOWN, ["Honey"])


def test_more_shows_than_a_page_has_come_when_one_scrolls(own: Server, visitors: Visitors) -> None:
    oldest = Host(own, title="Show of old")
    page = visitors.open(own.url)
    look_again(page, "() => document.querySelector('.title')?.textContent === 'Show of old'", None)
    for number in range(30):
        Host(own, title=f"Show {number}")
    look_again(page, "() => document.querySelector('.title').textContent === 'Show 29'", None)
    page.locator(".room").last.scroll_into_view_if_needed()
    expect(page.get_by_text("Show 0", exact=True)).to_be_attached()
    expected = [f"Show {number}" for number in reversed(range(30))]
    assert titles(page)[:31] == [*expected, "Show of old"]
    oldest.end()


def test_the_reader_chooses_the_language(own: Server, visitors: Visitors) -> None:
    page = visitors.open(own.url, language="zh-CN", size=SMALL_PHONE)
    expect(page.locator("h1")).to_have_text("正在直播")
    page.locator("#language").select_option("ar")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.reload()
    expect(page.locator("h1")).to_have_text("على الهواء الآن")
    assert page.evaluate("document.documentElement.scrollWidth") == SMALL_PHONE["width"]


def test_a_list_without_a_server_says_so_and_recovers(own: Server, visitors: Visitors) -> None:
    host = Host(own, title="🍑 Peaches")
    page = visitors.open(own.url)
    look_again(page, "() => document.querySelector('.title')?.textContent === 'Peaches'", None)
    page.context.set_offline(True)
    look_again(page, "() => !document.getElementById('away').hidden", None)
    expect(page.locator(".room").first).to_contain_text("Peaches")
    page.context.set_offline(False)
    look_again(page, "() => document.getElementById('away').hidden", None)
    host.end()


def test_a_card_leads_into_the_room_and_back(own: Server, visitors: Visitors) -> None:
    host = Host(own, title="🐟 This morning's fish")
    page = visitors.open(own.url)
    look_again(page, "() => document.querySelector('.title')?.textContent.includes('fish')", None)
    page.locator(".room").first.click()
    expect(page).to_have_url(re.compile(f"/room/{host.room}$"))
    expect(page.locator("#title")).to_contain_text("This morning's fish")
    page.locator(".top a").click()
    expect(page).to_have_url(f"{own.url}/")
