"""While a show is on: what its host does is seen by viewers, lasts, and happens once."""

from playwright.sync_api import expect

from tests.server import Server
from tests.web.people import PRICE_MINOR, Host
from tests.web.visit import Visitors

from .desk import buy, heard, on_air, open_studio, viewer


def test_moderation_is_seen_by_viewers_and_can_be_taken_back(
    shop: Server, visitors: Visitors
) -> None:
    host = Host(shop)
    studio = on_air(shop, visitors, host)
    with viewer(shop, host.room) as (loud, line):
        line.comment(host.room, "BUY ELSEWHERE")
        row = "#rows .row.said"
        expect(studio.find(row)).to_contain_text("BUY ELSEWHERE")

        studio.tap(row)
        studio.tap("#mute")
        assert heard(line, "muted")["user"] == loud.user
        studio.tap("#toast .undo")
        assert heard(line, "unmuted")["user"] == loud.user

        studio.tap(row)
        expect(studio.find("#person-text")).to_have_text("BUY ELSEWHERE")
        with viewer(shop, host.room, "Bo") as (_, other):
            studio.tap("#ban")
            assert heard(other, "banned")["user"] == loud.user
            studio.tap("#toast .undo")
            assert heard(other, "unbanned")["user"] == loud.user
            studio.tap(row)
            studio.tap("#remove")
            heard(other, "removed")
        expect(studio.find(row)).to_have_count(0)


def test_what_becomes_of_an_offer_is_seen_by_viewers(shop: Server, visitors: Visitors) -> None:
    host = Host(shop)
    host.offer()
    studio = on_air(shop, visitors, host)
    with viewer(shop, host.room) as (_, line):
        studio.tap(".good.pinned")
        studio.tap("[data-restock='10']")
        assert heard(line, "stock")["stock"] == 60
        expect(studio.find("#offer-left")).to_have_text("60 / 60")

        studio.tap("#flash")
        flash = heard(line, "stock", lambda event: event.get("flash"))
        assert flash["price_minor"] == round(PRICE_MINOR * 0.7)
        expect(studio.find("#flash")).to_have_attribute("aria-pressed", "true")
        expect(studio.find("#flash[aria-busy]")).to_have_count(0)
        studio.tap("#flash")
        assert heard(line, "stock")["price_minor"] == PRICE_MINOR

        studio.tap("#reprice")
        for key in "15":
            studio.tap(f"#offer-pad [data-key='{key}']")
        studio.tap("#reprice-done")
        assert heard(line, "stock")["price_minor"] == 1500

        studio.tap("#pin")
        heard(line, "unpinned")
        expect(studio.find(".good.pinned")).to_have_count(0)
        expect(studio.find("#pin[aria-busy]")).to_have_count(0)
        studio.tap("#pin")
        heard(line, "pinned")

        studio.tap("#withdraw")
        expect(studio.find("#withdraw")).to_have_class("deed armed")
        studio.tap("#withdraw")
        assert heard(line, "stock")["withdrawn"] is True


TAP_AGAIN = """async (button) => {
  button.click();
  while (!button.classList.contains("done")) await new Promise(requestAnimationFrame);
  button.click();
}"""
"""The second tap of a hasty finger comes when the first has just been answered."""


def test_a_double_tap_happens_once(shop: Server, visitors: Visitors) -> None:
    host = Host(shop)
    offer = host.offer()
    studio = on_air(shop, visitors, host)
    studio.tap(".good.pinned")
    studio.find("[data-restock='50']").dblclick()
    expect(studio.find("#offer-left")).to_have_text("100 / 100")
    studio.find("[data-restock='10']").evaluate(TAP_AGAIN)
    expect(studio.find("[data-restock='10'][aria-busy]")).to_have_count(0)
    expect(studio.find("#offer-left")).to_have_text("110 / 110")
    studio.tap("#offer .corner")
    studio.tap("#open-sell")
    studio.tap("[data-good=honey]")
    studio.tap("#sell-pad [data-key='9']")
    studio.find("#sell-done").dblclick()
    expect(studio.find(".good.pinned")).to_have_count(2)
    offers = host.call("GET", f"rooms/{host.room}/offers")["offers"]
    assert [each["stock"] for each in offers if each["offer"] == offer] == [110]
    assert len(offers) == 2


def test_notices_and_the_rules_of_the_room_are_told_to_viewers(
    shop: Server, visitors: Visitors
) -> None:
    host = Host(shop)
    studio = on_air(shop, visitors, host)
    with viewer(shop, host.room) as (_, line):
        studio.tap("#open-notices")
        studio.tap("[data-notice=ships]")
        assert heard(line, "notice")["text"] == "📦 Ships today"
        expect(studio.find("#rows .notice")).to_contain_text("Ships today")

        studio.tap("#open-room")
        studio.tap("#slow")
        assert heard(line, "settings")["slow_mode_s"] > 0
        expect(studio.find("#slow")).to_have_attribute("aria-pressed", "true")
        studio.tap("#followers")
        assert heard(line, "settings")["followers_only"] is True
        studio.tap("#room-themes [data-theme=tea]")
        assert heard(line, "settings")["theme"] == "tea"
        studio.find("#room-title").fill("🍵 Spring tea")
        studio.tap("#room-save")
        assert heard(line, "settings")["title"] == "🍵 Spring tea"
    studio.expect_toast("Saved")


def test_orders_are_shipped_and_paid_back(shop: Server, visitors: Visitors) -> None:
    host = Host(shop)
    offer = host.offer()
    studio = on_air(shop, visitors, host)
    with viewer(shop, host.room) as (buyer, line):
        shipped, cancelled = (buy(line, host.room, offer, PRICE_MINOR) for _ in range(2))
    expect(studio.find("#orders-count")).to_have_text("2")
    studio.tap("#open-orders")
    expect(studio.find(".order")).to_have_count(2)
    studio.tap(f"[data-order={shipped}]")
    expect(studio.find("#parcel-buyer")).to_have_text("Lan")
    studio.find("#tracking").fill("SF123")
    studio.tap("#ship")
    expect(studio.find(".order")).to_have_count(1)
    told = buyer.call("GET", f"orders/{shipped}")
    assert (told["status"], told["tracking"]) == ("shipped", "SF123")

    studio.tap(f"[data-order={cancelled}]")
    studio.tap("#cancel")
    assert buyer.call("GET", f"orders/{cancelled}")["status"] == "paid"
    studio.tap("#cancel")
    expect(studio.find("#orders-none")).to_be_visible()
    assert buyer.call("GET", f"orders/{cancelled}")["status"] == "cancelled"
    expect(studio.find("#orders-count")).to_be_hidden()


def test_a_reload_and_another_device_come_back_to_the_same_show(
    shop: Server, visitors: Visitors
) -> None:
    host = Host(shop)
    host.offer()
    studio = on_air(shop, visitors, host)
    studio.page.reload()
    studio.expect_live()
    expect(studio.find(".good.pinned")).to_have_count(1)

    other = open_studio(shop, visitors, host.token)
    other.expect_live()
    other.tap(".good.pinned")
    other.tap("[data-restock='10']")
    expect(studio.find(".good .left")).to_have_text("60")
    other.tap("#offer .corner")
    other.end_show()
    expect(studio.find("#summary")).to_be_visible()
    studio.tap("#summary .corner")
    studio.expect_home()
    studio.tap("#go-live")
    studio.expect_live()
    other.expect_live()


def test_rows_hold_still_while_one_looks_back_and_come_with_a_tap(
    shop: Server, visitors: Visitors
) -> None:
    host = Host(shop)
    studio = on_air(shop, visitors, host)
    with viewer(shop, host.room) as (_, line):
        for number in range(12):
            line.comment(host.room, f"first {number}")
        expect(studio.find("#rows")).to_contain_text("first 11")
        studio.find("#rows").evaluate("rows => (rows.scrollTop = 0)")
        expect(studio.find("#rows li").first).to_be_in_viewport()
        line.comment(host.room, "second")
        expect(studio.find("#latest b")).to_have_text("1")
        expect(studio.find("#rows")).not_to_contain_text("second")
    studio.tap("#latest")
    expect(studio.find("#rows li").last).to_contain_text("second")
    expect(studio.find("#rows li").last).to_be_in_viewport()
