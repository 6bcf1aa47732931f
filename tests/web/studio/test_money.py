"""What a host has earned: seen day by day, paid out once, and compared with the last show."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.server import Server
from tests.web.people import PRICE_MINOR, Host, Person
from tests.web.visit import Visitors

from .conftest import TAX_BPS
from .desk import Studio, buy, heard, open_studio, viewer

EARNED_MINOR = PRICE_MINOR * 95 // 100
"""By the rate card of those who have no other; parts of a cent are the platform's."""
EARNED = f"¥{EARNED_MINOR / 100:.2f}"


def sums(page: Page, call: str, *arguments: object) -> Any:
    """What a function of the page's own arithmetic returns."""
    address = page.locator('link[href$="studio/sums.js"]').evaluate("link => link.href")
    return page.evaluate(
        f"async ([address, args]) => (await import(address)).{call}(...args)", [address, arguments]
    )


def test_what_is_earned_is_seen_and_paid_out_once(shop: Server, visitors: Visitors) -> None:
    host = Host(shop)
    offer = host.offer()
    with viewer(shop, host.room) as (buyer, line):
        order = buy(line, host.room, offer, PRICE_MINOR)
        gift = {"gift": "rose", "key": "combo", "count": 100}
        line.ask("gift", room=host.room, **gift)
        heard(line, "gift")
    host.call("POST", f"orders/{order}/ship", {})
    buyer.call("POST", f"orders/{order}/deliver", {})
    rate = {"currency": "CNY", "from_ms": 1, "minor_per_1000": 7_000}
    Person(shop, "ops").call("POST", "coin-rates", rate)

    studio = open_studio(shop, visitors, host.token)
    studio.expect_live()
    studio.tap("#open-money")
    expect(studio.find(".purse")).to_have_count(2)
    expect(studio.find("#days")).to_contain_text(f"+{EARNED}")
    expect(studio.find("#days .day-sums li")).to_have_count(2)

    studio.tap("[data-currency=CNY]")
    expect(studio.find("#payout-amount")).to_have_text(EARNED)
    studio.find("#payout-go").dblclick()
    tax = EARNED_MINOR * TAX_BPS // 10_000
    expect(studio.find("#paid-net")).to_have_text(f"¥{(EARNED_MINOR - tax) / 100:.2f}")
    studio.tap("#payout .on-paid .big")
    expect(studio.find("[data-currency=CNY]")).to_be_disabled()
    expect(studio.find("#days")).to_contain_text(f"-{EARNED}")

    studio.tap("[data-currency=COIN]")
    expect(studio.find("#payout-worth")).to_contain_text("¥")
    studio.tap("#payout-go")
    expect(studio.find("#payout")).to_have_attribute("data-state", "paid")
    earnings = {each["currency"]: each for each in host.call("GET", "earnings")["earnings"]}
    assert [each["available_minor"] for each in earnings.values()] == [0, 0]


def test_a_show_is_compared_with_the_one_before(shop: Server, visitors: Visitors) -> None:
    host = Host(shop)
    offer = host.offer()
    studio = open_studio(shop, visitors, host.token)
    studio.expect_live()
    with viewer(shop, host.room) as (_, line):
        buy(line, host.room, offer, PRICE_MINOR)
        studio.end_show()
        expect(studio.find("#summary")).to_have_attribute("data-state", "final")
        studio.tap("#summary .corner")
        studio.tap("#go-live")
        studio.expect_live()
        buy(line, host.room, offer, 2 * PRICE_MINOR, 2)
    expect(studio.find("#income-orders")).to_have_text("1")
    studio.end_show()
    expect_change(studio, "sales", "▲ 100%")
    expect_change(studio, "orders", "＝ 0%")
    expect_change(studio, "gifts", "＝")
    expect(studio.find("#summary-first")).to_be_hidden()


def expect_change(studio: Studio, figure: str, words: str) -> None:
    expect(studio.find(f"[data-figure={figure}] .change")).to_have_text(words)


def test_sums_of_days_and_shows(shop: Server, visitors: Visitors) -> None:
    page = open_studio(shop, visitors).page
    shows = [
        {"orders": 2, "pieces": 3, "gifts": 0, "coins": 0, "earned": [], "sales": sales}
        for sales in (
            [{"currency": "CNY", "amount_minor": 500}],
            [{"currency": "USD", "amount_minor": 200}],
        )
    ]
    both = sums(page, "sideBySide", *shows)
    by_currency = {each["currency"]: (each["now"], each["before"]) for each in both[:2]}
    assert by_currency == {"CNY": (500, 0), "USD": (0, 200)}
    assert [each["before"] for each in sums(page, "sideBySide", shows[0], None)] == [None] * 5
    assert sums(page, "change", 5, 0) is None
    assert sums(page, "change", 5, 10) == -0.5

    rates = [{"currency": "CNY", "from_ms": at, "minor_per_1000": at} for at in (10, 30, 20)]
    assert sums(page, "coinsIn", 2_000, "CNY", rates, 25) == 40
    assert sums(page, "coinsIn", 2_000, "CNY", rates, 5) is None
    assert sums(page, "coinsIn", 99, "CNY", rates, 35) == 2
