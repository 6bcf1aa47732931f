"""The operations page: it says how the server does, and when something is wrong what to do."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.server import Server, serving
from tests.web.people import Host, Line, Person
from tests.web.visit import DESK, SMALL_PHONE, Visitors

SETTINGS = {
    "workers": 2,
    "demo": True,
    "waterfall_comments_per_s": 2,
    "comments_burst": 10_000,
    "user_comments_burst": 10_000,
    "commands_burst": 10_000,
    "user_commands_burst": 10_000,
}
SEEN_MS = 20_000
"""For a fault to be seen: a ping's second, a pin's second, two readings; cores are shared."""
POLL_MS = 200
TITLES = {"en": "Operations", "zh": "运维", "ar": "التشغيل"}
COMMENTS_AT_ONCE = 10
AFAR = {"X-Forwarded-For": "203.0.113.7"}
"""A machine that is not ours, which is told nothing without a token."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server to hurt."""
    with serving(tmp_path_factory.mktemp("ops"), SETTINGS) as running:
        yield running


@pytest.fixture
def page(own: Server, visitors: Visitors) -> Page:
    """The page, with figures on it."""
    page = visitors.open(f"{own.url}/ops", token=own.token("ada", "ops"), size=DESK)
    expect(tile(page, "workers")).to_contain_text("2")
    expect(tile(page, "money")).to_have_attribute("data-level", "well")
    return page


def tile(page: Page, name: str) -> Locator:
    figures = {"money": "moneyStopped", "stores": "storePingS"}
    return page.locator(f'.tile[data-figure="{figures.get(name, name)}"]')


def row(page: Page, process: str) -> Locator:
    return page.locator(f'[data-process="{process}"]')


def points(page: Page, name: str) -> int:
    return len((tile(page, name).locator("polyline").get_attribute("points") or "").split())


def test_a_ledger_that_hangs_is_named_in_red_with_what_to_do_until_it_answers(
    own: Server, page: Page
) -> None:
    band = page.locator("#band")
    with own.paused("ledger"):
        expect(band).to_have_attribute("data-level", "red", timeout=SEEN_MS)
        expect(page.locator("#band-what")).to_have_text("The ledger does not answer")
        expect(page.locator("#band-word")).to_have_text("Act now")
        expect(page.locator("#band-do")).to_contain_text("DATA_DIR/logs/ledger.log")
        expect(tile(page, "stores")).to_have_attribute("data-level", "red")
        expect(row(page, "ledger")).to_contain_text("does not answer")
    expect(row(page, "ledger")).to_contain_text("runs", timeout=SEEN_MS)
    expect(band).not_to_contain_text("The ledger does not answer")
    expect(page.locator("#news")).to_contain_text("Over: The ledger does not answer")


def test_while_the_bus_hangs_the_asked_worker_still_tells(own: Server, page: Page) -> None:
    with own.paused("bus"):
        expect(page.locator("#band-what")).to_have_text("The bus does not answer", timeout=SEEN_MS)
        expect(row(page, "backoffice")).to_contain_text("not known", timeout=SEEN_MS)
        expect(tile(page, "money")).to_have_attribute("data-level", "unknown")
    expect(row(page, "backoffice")).to_contain_text("runs", timeout=SEEN_MS)


def test_a_killed_worker_is_seen_to_be_started_again_and_history_goes_on(
    own: Server, page: Page
) -> None:
    before = points(page, "workers")
    own.kill("worker-1")
    expect(row(page, "worker-1")).to_contain_text("started again", timeout=SEEN_MS)
    expect(row(page, "worker-1").locator("td").last).to_have_text("1")
    expect(page.locator("#news")).to_contain_text("worker-1 was started again")
    assert points(page, "workers") > before


def test_comments_left_out_turn_amber_and_say_how_to_show_more(own: Server, page: Page) -> None:
    host = Host(own)
    shed = tile(page, "shed")
    with Person(own).online() as line:
        line.join(host.room)
        flood(line, host.room, until=lambda: shed.get_attribute("data-level") == "amber", page=page)
    said = page.locator("#band").filter(has_text="Comments are left out")
    expect(said).to_contain_text("waterfall_comments_per_s")
    host.end()


def flood(line: Line, room: str, *, until: Callable[[], bool], page: Page) -> None:
    """Comment without rest until something holds."""
    for _ in range(SEEN_MS // POLL_MS):
        for number in range(COMMENTS_AT_ONCE):
            line.comment(room, f"me, me, me {number}")
        if until():
            return
        page.wait_for_timeout(POLL_MS)
    raise AssertionError(f"not so within {SEEN_MS} ms")


def test_a_room_looked_into_shows_what_its_members_are_sent(own: Server, page: Page) -> None:
    host = Host(own, title="🍵 Tea", name="Lan")
    page.locator("#rooms-name").fill(host.room)
    with page.expect_websocket() as opened:
        page.locator("#rooms-name").press("Enter")
    expect(page.locator("#room-title")).to_have_text("🍵 Tea")
    with Person(own, name="Bo").online() as line:
        line.join(host.room)
        line.comment(host.room, "two boxes! <b>now</b>")
        expect(page.locator("#room-comments")).to_contain_text("two boxes! <b>now</b>")
    host.offer("🍵 Spring tea", stock=7)
    expect(page.locator("#room-offers")).to_contain_text("7 left")
    expect(page.locator("#room-events")).to_contain_text("pinned")
    page.locator("#room-back").click()
    expect(page.locator("#overview")).to_be_visible()
    assert opened.value.is_closed() or opened.value.wait_for_event("close") is not None
    host.end()


def test_figures_that_cannot_be_had_are_said_to_be_old_and_come_back(
    own: Server, page: Page
) -> None:
    before = points(page, "workers")
    page.context.set_offline(True)
    expect(page.locator("#band-what")).to_have_text("The server does not answer this page")
    expect(page.locator("#band-do")).to_contain_text("The figures below are old")
    expect(tile(page, "workers")).to_contain_text("–")
    page.context.set_offline(False)
    expect(tile(page, "workers")).to_contain_text("2")
    expect(page.locator("#news")).to_contain_text("The figures are back")
    assert points(page, "workers") > before


def test_it_fits_a_small_phone_in_each_language(own: Server, visitors: Visitors) -> None:
    for language, title in TITLES.items():
        token = own.token("ada", "ops")
        page = visitors.open(f"{own.url}/ops", token=token, size=SMALL_PHONE, language=language)
        expect(page.locator("h1")).to_have_text(title)
        expect(row(page, "worker-0")).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") == SMALL_PHONE["width"]


def test_who_has_not_the_role_is_told_what_is_missing(server: Server, visitors: Visitors) -> None:
    page = visitors.open(f"{server.url}/ops", token=server.token("mei", "host"))
    expect(page.locator("#door-why")).to_contain_text("roles: host. The role ops is missing")
    expect(page.locator("#door-command")).to_have_text("livesrv token --user NAME --role ops")
    expect(page.locator("#page")).to_be_hidden()
    late = visitors.open(
        f"{server.url}/ops", token=server.token("ada", "ops", ttl_s=-60), extra_http_headers=AFAR
    )
    expect(late.locator("#door-why")).to_contain_text("time is over")
    bare = visitors.open(f"{server.url}/ops")
    expect(bare.locator("#door-why")).to_contain_text("needs a token with the role ops")


def test_in_the_demo_anybody_may_look_after_it(own: Server, visitors: Visitors) -> None:
    page = visitors.open(f"{own.url}/ops")
    expect(page.locator('input[value="ops"]')).to_be_checked()
    page.locator(".sheet .big").click()
    expect(tile(page, "workers")).to_contain_text("2")

    shopper = visitors.open(f"{own.url}/ops", token=own.token("bo"))
    shopper.locator("#door-open").click()
    expect(shopper.locator('input[value="ops"]')).to_be_checked()
