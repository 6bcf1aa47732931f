"""Gifts, one's own orders, prices for one buyer, follows: each told where it is decided."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.server import QUICK, Server, serving
from tests.web.people import PRICE_MINOR
from tests.web.room.stall import COINS, DEAL_MINOR, MONEY_MINOR, Buyer, Stall
from tests.web.visit import SMALL_PHONE, Visitors

OPEN_SHOP = {
    "demo": True,
    "workers": 1,
    "payment_url": "http://127.0.0.1:9",
    "payment_secrets": ["k" * 32],
    "payment_hold_s": 600,
}
TOUCHED = "button:visible, a:visible, input:visible, #offers .card:visible .about"
OVERLAPS = """(nodes) => {
  const shown = nodes.filter((node) => !node.closest("#petals, dialog:not([open])"));
  const boxes = shown.map((node) => [node, node.getBoundingClientRect()]);
  const found = [];
  for (const [node, box] of boxes) {
    const isOut = box.left < -1 || box.top < -1 || box.right > innerWidth + 1;
    const isInScroller = node.closest(".offers, .gifts, .orders, .dots");
    if ((isOut || box.bottom > innerHeight + 1) && !isInScroller) found.push(node.outerHTML);
    for (const [other, its] of boxes) {
      if (node === other || node.contains(other) || other.contains(node)) continue;
      const wide = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const high = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
      if (wide > 1 && high > 1) found.push(`${node.outerHTML} over ${other.outerHTML}`);
    }
  }
  return found;
}"""


def press_twice(button: Locator, asked: str) -> None:
    """A button that asks once more before it does it."""
    button.click()
    expect(button).to_have_text(asked)
    button.page.wait_for_function("(since) => performance.now() - since > 550", arg=now(button))
    button.click()


def now(locator: Locator) -> float:
    return float(locator.page.evaluate("performance.now()"))


def test_fast_taps_are_one_combo_paid_once_and_seen_by_the_other(
    server: Server, visitors: Visitors
) -> None:
    stall, lan, bo = Stall(server), Buyer(server), Buyer(server, "Bo")
    lans, bos = (visitors.open(stall.url, token=each.token) for each in (lan, bo))
    expect(bos.locator("#gift")).to_be_visible()
    lans.locator("#gift").click()
    rose, rocket = (lans.locator(".treat").nth(index) for index in (0, 2))
    rose.evaluate("(rose) => { for (let tap = 0; tap < 11; tap++) rose.click(); }")
    expect(rose.locator(".times")).to_have_text("×11")
    expect(lans.locator("#gift .times")).to_have_text("×11")
    expect(lans.locator("#gift .ring")).to_have_class("ring running")
    expect(bos.locator(".rows .row.gift")).to_have_count(1)
    expect(bos.locator(".rows .row.gift")).to_contain_text("×11")
    expect(lans.locator("#tray .balance")).to_have_text(f"🪙 {COINS - 11}")
    assert lan.holds("COIN") == COINS - 11
    # What is too dear is dim, and says what is missing.
    expect(rocket).to_have_class(re.compile("dim"))
    rocket.click()
    expect(lans.locator("#toast")).to_have_text("🪙 511 missing")
    assert lan.holds("COIN") == COINS - 11
    # The streak ends by itself.
    expect(lans.locator("#gift .times")).to_be_empty()
    bos.locator("#gifters").click()
    expect(bos.locator("#gifters-list li")).to_have_text([re.compile("1.*Lan.*11")])


def test_ones_orders_live_before_ones_eyes(server: Server, visitors: Visitors) -> None:
    stall, lan = Stall(server), Buyer(server)
    first, second = lan.order(stall, 2), lan.order(stall)
    page = visitors.open(stall.url, token=lan.token)
    expect(page.locator("#me-count")).to_have_text("2")
    stall.ship(first)
    expect(page.locator("#toast")).to_have_text("🍑 Hill peaches: On its way")
    page.locator("#me").click()
    rows = page.locator("#orders .order")
    expect(rows.locator(".title")).to_have_text(["Hill peaches", "2 × Hill peaches"])
    expect(rows.nth(1)).to_contain_text("SF1234567890")
    expect(rows.nth(1).locator(".steps .done")).to_have_count(2)
    press_twice(rows.nth(1).get_by_role("button"), "Really here?")
    expect(rows.nth(1).locator(".steps .done")).to_have_count(3)
    press_twice(rows.nth(0).get_by_role("button"), "Really cancel?")
    expect(rows.nth(0).locator(".state")).to_have_text("Cancelled, money back")
    expect(page.locator("#me-sheet .purse")).to_contain_text("¥440.20")
    expect(page.locator("#me-count")).to_be_hidden()
    assert {each["order"]: each["status"] for each in lan.orders()} == {
        first: "delivered",
        second: "cancelled",
    }
    # Of what others do one hears with the sheet open, too.
    third = lan.order(stall)
    expect(rows.nth(0).locator(".state")).to_have_text("Paid")
    stall.call("POST", f"orders/{third}/cancel")
    expect(page.locator("#me-sheet #toast")).to_contain_text("Cancelled, money back")
    assert lan.holds("CNY") == MONEY_MINOR - 2 * PRICE_MINOR


def test_a_single_tap_cancels_nothing(server: Server, visitors: Visitors) -> None:
    stall, lan = Stall(server), Buyer(server)
    lan.order(stall)
    page = visitors.open(stall.url, token=lan.token)
    page.locator("#me").click()
    button = page.locator("#orders .order").get_by_role("button")
    button.evaluate("(it) => { it.click(); it.click(); it.click(); }")
    expect(button).to_have_text("Really cancel?")
    assert [each["status"] for each in lan.orders()] == ["paid"]


def test_a_price_for_one_buyer_is_a_card_until_it_is_taken(
    server: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(server), Buyer(server)
    page = visitors.open(stall.url, token=lan.token)
    expect(page.locator("#offers .card")).to_be_visible()
    gone = stall.price_for(lan, quantity=3)
    stall.price_for(lan)
    cards = page.locator("#bargains .card")
    expect(cards.nth(1)).to_contain_text("10 × Hill peaches")
    expect(cards.nth(1).locator(".until")).to_have_text(re.compile(r"⏳ (9|10):\d\d"))
    stall.call("DELETE", f"private-prices/{gone}")
    page.reload()
    expect(cards).to_have_count(1)
    expect(cards.locator(".price")).to_have_text("¥262.00")
    cards.locator(".buy").click()
    expect(page.locator("#order-steps")).to_be_hidden()
    expect(page.locator("#order")).to_contain_text("+ 🚚 ¥12.00")
    expect(page.locator("#pay")).not_to_have_attribute("aria-disabled", "true")
    page.locator("#pay").click()
    expect(page.locator("#order")).to_have_attribute("data-state", "paid")
    expect(cards).to_have_count(0)
    assert [each["total_minor"] for each in lan.orders()] == [DEAL_MINOR]


def is_following_told(response: Response) -> bool:
    return response.request.method == "PUT" and "/v1/follows/" in response.url


def test_a_host_is_followed_by_one_tap(server: Server, visitors: Visitors) -> None:
    stall, lan = Stall(server), Buyer(server)
    with stall.online() as line:
        line.ask("moderate", room=stall.room, action="followers_only")
    page = visitors.open(stall.url, token=lan.token)
    follow = page.locator("#follow")
    expect(follow).to_have_attribute("aria-label", "Follow Mei")
    with page.expect_response(is_following_told) as answer:
        follow.click()
    assert answer.value.json() == {"user": stall.user, "following": True}
    other = visitors.open(stall.url, token=lan.token).locator("#follow")
    expect(other).to_have_attribute("aria-pressed", "true")
    page.locator("#text").fill("now I may")
    page.locator("#text").press("Enter")
    expect(page.locator(".rows")).to_contain_text("now I may")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_overlaps_on_a_small_screen(
    server: Server, visitors: Visitors, language: str
) -> None:
    stall, lan = Stall(server), Buyer(server, "Lan-with-a-very-long-name")
    stall.offer("🍵 " + "Tea from a mountain with a long name " * 3, price_minor=123_456_700)
    lan.order(stall)
    page = visitors.open(stall.url, token=lan.token, size=SMALL_PHONE, language=language)
    expect(page.locator("#offers .card")).to_have_count(2)
    expect(page.locator("#me-count")).to_have_text("1")
    assert_clear(page)
    page.locator("#gift").click()
    expect(page.locator(".treat")).to_have_count(3)
    assert_clear(page, "#tray")
    page.keyboard.press("Escape")
    page.locator(".buy").first.click()
    assert_clear(page, "#order")
    page.keyboard.press("Escape")
    page.locator("#me").click()
    expect(page.locator("#orders .order")).to_have_count(1)
    assert_clear(page, "#me-sheet")
    direction = page.locator(".steps li").evaluate_all(
        "(steps) => steps.map((step) => step.getBoundingClientRect().left)"
    )
    assert direction == sorted(direction, reverse=language == "ar")


def assert_clear(page: Page, within: str = "body") -> None:
    """What can be touched is on the screen, and not one thing under another."""
    page.locator(within).evaluate(
        "async (it) => Promise.all(it.getAnimations().map((each) => each.finished))"
    )
    touched = page.locator(within).locator(TOUCHED)
    assert touched.evaluate_all(OVERLAPS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_rehearsal_says_everywhere_that_the_money_is_play_money(
    server: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(server), Buyer(server)
    page = visitors.open(stall.url, token=lan.token)
    expect(page.locator("#offers .card")).to_be_visible()
    expect(page.locator("#show > .practice")).to_be_hidden()
    page.evaluate("document.documentElement.dataset.rehearsal = 'yes'")
    for sheet, button in (
        ("#show >", None),
        ("#tray", "#gift"),
        ("#order", ".buy"),
        ("#me-sheet", "#me"),
    ):
        if button is not None:
            page.locator(button).click()
        expect(page.locator(f"{sheet} .practice")).to_contain_text("play money")
        expect(page.locator(f"{sheet} .practice")).to_be_visible()
        page.keyboard.press("Escape")


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo, which has an outside payment provider too."""
    with serving(tmp_path_factory.mktemp("open-shop"), QUICK | OPEN_SHOP) as running:
        yield running
        running.audit()


def test_an_order_to_be_paid_elsewhere_says_where_and_how_long(
    open_shop: Server, visitors: Visitors
) -> None:
    stall, lan = Stall(open_shop), Buyer(open_shop)
    lan.order(stall, payment="pay")
    page = visitors.open(stall.url, token=lan.token)
    page.locator("#me").click()
    row = page.locator("#orders .order")
    expect(row.locator(".state")).to_have_text(re.compile(r"Waiting for payment · (9|10):\d\d"))
    pay = row.get_by_role("link", name="Pay now")
    expect(pay).to_have_attribute("href", re.compile(r"^http://127\.0\.0\.1:9/pay\?order="))


def test_in_the_demo_one_comes_in_goes_and_comes_as_somebody_else(
    open_shop: Server, visitors: Visitors
) -> None:
    stall = Stall(open_shop)
    page = visitors.open(stall.url)
    page.locator(".buy").click()
    page.get_by_label("Your name").fill("Lan")
    page.get_by_role("button", name="Go").click()
    expect(page.locator("#order-purse")).to_contain_text("¥500.00")
    page.keyboard.press("Escape")
    page.locator("#me").click()
    expect(page.locator("#me-name")).to_have_text("Lan")
    expect(page.locator("#orders-empty")).to_be_visible()
    page.get_by_role("button", name="Somebody else").click()
    page.get_by_label("Your name").fill("Bo")
    page.get_by_role("button", name="Go").click()
    page.locator("#me").click()
    expect(page.locator("#me-name")).to_have_text("Bo")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#join")).to_be_visible()
    expect(page.locator("#me")).to_be_hidden()
