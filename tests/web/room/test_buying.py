"""Buying in two taps: what one sees is what one pays, a slip buys nothing, and all see it."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, Route, ViewportSize, WebSocketRoute, expect

from tests.server import Server
from tests.web.people import PRICE_MINOR
from tests.web.room.stall import MONEY_MINOR, Buyer, Stall, now_ms
from tests.web.visit import PHONE, SMALL_PHONE, Visitors

CALM_MS = 600
"""How long the button that pays waits before it can be pressed."""


GIVEN_UP_MS = 121_000
"""When the client stops sending a command again."""


def card(page: Page) -> Locator:
    return page.locator("#offers .card").first


def open_sheet(page: Page) -> Locator:
    """One tap on the first card; the button that pays, ready."""
    card(page).locator(".buy").click()
    pay = page.locator("#pay")
    expect(pay).not_to_have_attribute("aria-disabled", "true")
    return pay


def state(page: Page, expected: str) -> None:
    expect(page.locator("#order")).to_have_attribute("data-state", expected)


def test_an_order_is_seen_by_both_and_stands_in_the_books(
    server: Server, visitors: Visitors
) -> None:
    stall, lan, bo = Stall(server, stock=2), Buyer(server), Buyer(server, "Bo")
    lans, bos = (visitors.open(stall.url, token=each.token) for each in (lan, bo))
    lans.locator("#text").fill("two boxes!")
    lans.locator("#text").press("Enter")
    for page in (lans, bos):
        expect(page.locator(".rows")).to_contain_text("two boxes!")
        expect(card(page)).to_contain_text("Only 2 left!")
    pay = open_sheet(lans)
    expect(lans.locator("#order-purse")).to_contain_text("¥500.00")
    lans.locator("#more-pieces").click()
    expect(pay).to_have_text("Pay ¥59.80")
    expect(lans.locator("#order-purse")).to_contain_text("¥440.20")
    open_sheet(bos)
    pay.click()
    state(lans, "paid")
    expect(lans.locator("#order")).to_contain_text("¥440.20 left in your wallet")
    # Bo, who had it in front of him, is told; so is everybody on the card and in the waterfall.
    expect(bos.locator("#order-news")).to_contain_text("Sold out")
    expect(bos.locator("#pay")).to_be_disabled()
    for page in (lans, bos):
        expect(page.locator(".rows .sold")).to_contain_text("🍑")
        expect(card(page)).to_contain_text("Sold out")
        expect(card(page).locator(".buy")).to_be_disabled()
    [order] = lan.orders()
    assert (order["status"], order["total_minor"]) == ("paid", 2 * PRICE_MINOR)
    assert order["lines"][0]["quantity"] == 2
    assert lan.holds("CNY") == MONEY_MINOR - 2 * PRICE_MINOR
    assert (bo.orders(), stall.read()["stock"]) == ([], 0)
    server.audit()


def test_a_price_that_changes_under_the_finger_is_told_and_needs_a_new_press(
    server: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(server), Buyer(server)
    page = visitors.open(stall.url, token=lan.token)
    pay = open_sheet(page)
    risen(page)
    page.mouse.move(*middle(pay))
    page.mouse.down()
    stall.change(price_minor=3_500)
    news = page.locator("#order-news")
    expect(news).to_contain_text("New price")
    expect(news.locator("s")).to_have_text("¥29.90")
    expect(news.locator("b")).to_have_text("¥35.00")
    expect(pay).to_have_text("Pay ¥35.00")
    # Even when the moment of calm is over: this press began before the change.
    expect(pay).not_to_have_attribute("aria-disabled", "true")
    page.mouse.up()
    state(page, "choose")
    assert lan.orders() == []
    pay.click()
    state(page, "paid")
    assert [order["total_minor"] for order in lan.orders()] == [3_500]


class Line:
    """A page's connection, on which what the server says can be held back."""

    def __init__(self, page: Page) -> None:
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []
        self.is_held = False
        page.route_web_socket(re.compile("/ws$"), self._connect)

    def release(self) -> None:
        self.is_held = False
        for route, message in self._held:
            route.send(message)
        self._held.clear()

    def _connect(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def hear(message: str | bytes) -> None:
            if self.is_held:
                self._held.append((route, message))
            else:
                route.send(message)

        server.on_message(hear)


def test_a_change_on_its_way_when_one_presses_is_refused_and_asked_anew(
    server: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(server), Buyer(server)
    page = visitors.open("about:blank")
    line = Line(page)
    page.goto(f"{stall.url}#token={lan.token}")
    pay = open_sheet(page)
    line.is_held = True
    stall.change(price_minor=2_000)
    pay.click()
    state(page, "paying")
    line.release()
    expect(page.locator("#order-news s")).to_have_text("¥29.90")
    expect(page.locator("#order-news b")).to_have_text("¥20.00")
    state(page, "choose")
    assert lan.orders() == []


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE], ids=["phone", "small phone"])
def test_a_slip_buys_nothing(server: Server, visitors: Visitors, size: ViewportSize) -> None:
    stall, lan = Stall(server), Buyer(server)
    stall.offer("🍵 Tea")
    page = visitors.open("about:blank", size=size)
    page.clock.install()
    page.goto(f"{stall.url}#token={lan.token}")
    expect(page.locator("#offers .card")).to_have_count(2)
    page.clock.pause_at(time.time() + 60)
    x, y = middle(card(page).locator(".buy"))
    page.mouse.dblclick(x, y)
    page.mouse.click(x, y, click_count=3)
    pay = page.locator("#pay")
    pay.evaluate("(button) => { button.click(); button.click(); }")
    expect(pay).to_have_attribute("aria-disabled", "true")
    risen(page)
    # Taps that do not stop put the moment off.
    for _ in range(3):
        page.clock.run_for(CALM_MS - 100)
        page.mouse.click(*middle(pay))
    page.clock.run_for(CALM_MS + 100)
    expect(pay).not_to_have_attribute("aria-disabled", "true")
    box = pay.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < y or y < box["y"], "the button lies under the finger"
    state(page, "choose")
    assert lan.orders() == []


def test_a_tap_is_kept_until_the_sheet_has_come_over_a_bad_line(
    server: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(server), Buyer(server)
    stall.offer("🍵 Tea")
    page, asked = visitors.open("about:blank"), []

    def break_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/room/counter.js", break_once)
    page.goto(f"{stall.url}#token={lan.token}")
    _, y = middle(card(page).locator(".buy"))
    card(page).locator(".buy").click()
    expect(page.locator("#pay")).to_be_visible()
    assert len(asked) == 2
    risen(page)
    box = page.locator("#pay").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < y or y < box["y"], "the button lies under the finger"


def risen(page: Page) -> None:
    """The sheet has come up: what is on it stays where it is."""
    page.locator("#order").evaluate(
        "(it) => Promise.all(it.getAnimations().map((each) => each.finished))"
    )


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_keyboard_alone_buys_and_a_key_held_down_does_not(
    server: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(server), Buyer(server)
    page = visitors.open(stall.url, token=lan.token)
    expect(card(page)).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "buy":
            break
    page.keyboard.down("Enter")
    pay = page.locator("#pay")
    expect(pay).to_be_focused()
    expect(pay).not_to_have_attribute("aria-disabled", "true")
    for _ in range(3):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    state(page, "choose")
    page.keyboard.press("Enter")
    state(page, "paid")
    expect(page.locator("#paid-close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#order")).not_to_be_visible()
    assert len(lan.orders()) == 1


def test_an_order_during_a_pause_of_the_books_is_paid_once_even_over_a_reload(
    server: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(server), Buyer(server)
    page = visitors.open(stall.url, token=lan.token)
    pay = open_sheet(page)
    with server.paused("ledger"):
        pay.click()
        expect(page.locator("#order-wait")).to_have_text(
            "Waiting for the connection. You pay only once."
        )
        page.reload(wait_until="commit")
    state(page, "paid")
    assert [order["status"] for order in lan.orders()] == ["paid"]
    assert lan.holds("CNY") == MONEY_MINOR - PRICE_MINOR
    expect(page.locator("#me-count")).to_have_text("1")


def test_an_order_nobody_answers_is_asked_about_before_another_is_made(
    server: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(server), Buyer(server)
    page = visitors.open("about:blank")
    page.clock.install()
    page.goto(f"{stall.url}#token={lan.token}")
    pay = open_sheet(page)
    with server.paused("ledger"):
        pay.click()
        state(page, "paying")
        page.clock.fast_forward(GIVEN_UP_MS)
        expect(page.locator("#failed-why")).to_contain_text("do not know yet whether you have paid")
        page.keyboard.press("Escape")
        card(page).locator(".buy").click()
        state(page, "paying")
    state(page, "paid")
    assert len(lan.orders()) == 1


def test_a_refusal_says_what_to_do(server: Server, visitors: Visitors) -> None:
    stall, lan = Stall(server, limit_per_buyer=2), Buyer(server, money_minor=5_000)
    page = visitors.open(stall.url, token=lan.token)
    pay = open_sheet(page)
    page.locator("#more-pieces").click()
    expect(page.locator("#more-pieces")).to_be_disabled()
    expect(page.locator("#order-purse")).to_contain_text("¥9.80 missing")
    pay.click()
    state(page, "failed")
    expect(page.locator("#failed-why")).to_have_text("¥9.80 missing")
    page.get_by_role("button", name="Take 1").click()
    expect(pay).to_have_text("Pay ¥29.90")
    expect(pay).not_to_have_attribute("aria-disabled", "true")
    pay.click()
    state(page, "paid")
    page.locator("#paid-close").click()
    lan.topup(10_000, "CNY")
    lan.order(stall)
    open_sheet(page).click()
    expect(page.locator("#failed-why")).to_contain_text("One buyer may have 2 at most")
    expect(page.locator("#failed-close")).to_be_focused()
    assert len(lan.orders()) == 2


def test_a_flash_price_shows_what_it_saves_and_for_how_long(
    server: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(server), Buyer(server)
    flash = {"price_minor": 1_900, "from_ms": now_ms() - 1_000, "until_ms": now_ms() + 3_600_000}
    stall.change(flash=flash)
    page = visitors.open(stall.url, token=lan.token)
    expect(card(page).locator(".price")).to_have_text("¥19.00")
    expect(card(page).locator(".was")).to_have_text("¥29.90")
    expect(card(page).locator(".until")).to_have_text(re.compile(r"⚡ 59:\d\d"))
    open_sheet(page)
    expect(page.locator("#order-was")).to_have_text("¥29.90")
    stall.change(flash=None)
    expect(page.locator("#order-news b")).to_have_text("¥29.90")
    expect(page.locator("#order-until")).to_be_hidden()
    expect(card(page).locator(".was")).to_be_hidden()


def test_the_clock_opens_a_sale_on_the_screen(server: Server, visitors: Visitors) -> None:
    stall = Stall(server, opens_ms=now_ms() + 600_000, closes_ms=now_ms() + 900_000)
    page = visitors.open("about:blank")
    page.clock.install()
    page.goto(stall.url)
    expect(card(page).locator(".until")).to_have_text(re.compile(r"⏰ (9|10):\d\d"))
    expect(card(page)).to_contain_text("Not on sale yet")
    expect(card(page).locator(".buy")).to_be_disabled()
    page.clock.fast_forward(601_000)
    expect(card(page).locator(".buy")).to_be_enabled()
    expect(card(page).locator(".until")).to_have_text(re.compile(r"⏳ [45]:\d\d"))
    page.clock.fast_forward(301_000)
    expect(card(page)).to_contain_text("The sale is over")


def test_of_several_pins_each_has_a_dot(server: Server, visitors: Visitors) -> None:
    stall = Stall(server)
    for number in range(3):
        stall.offer(f"🍵 Tea {number}")
    page = visitors.open(stall.url)
    dots = page.locator("#offer-dots .dot")
    expect(dots).to_have_count(4)
    expect(dots.nth(0)).to_have_attribute("aria-current", "true")
    dots.nth(3).click()
    expect(dots.nth(3)).to_have_attribute("aria-current", "true")
    expect(page.locator("#offers .card").nth(3)).to_be_in_viewport(ratio=0.9)
