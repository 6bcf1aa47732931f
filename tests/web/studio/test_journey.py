"""A new creator's first show: with fingers alone, on the smallest screen, and without reading."""

import time

from playwright.sync_api import expect

from tests.server import Server
from tests.web.visit import Visitors

from .desk import open_studio

TAPS_MAX = 12
UNTIL_ON_SALE_S = 60.0
CANVAS_PIXELS = 300
"""A canvas nobody has drawn on."""


def test_a_new_creator_goes_live_sells_and_sees_what_came_of_it(
    shop: Server, visitors: Visitors
) -> None:
    begun = time.monotonic()
    studio = open_studio(shop, visitors)
    studio.tap("dialog[open] .big")
    studio.tap("#go-live")
    studio.expect_live()
    studio.tap("#open-sell")
    studio.tap("[data-good=peach]")
    for key in "29.9":
        studio.tap(f"#sell-pad [data-key='{key}']")
    expect(studio.find("#sell-price")).to_contain_text("29.90")
    studio.tap("#sell-done")
    expect(studio.find(".good.pinned")).to_contain_text("29.90")
    expect(studio.find(".good .left")).to_have_text("50")
    assert studio.taps <= TAPS_MAX
    assert time.monotonic() - begun < UNTIL_ON_SALE_S

    studio.tap("#open-share")
    link = studio.find("#share-link").input_value()
    expect(studio.find("#share-code")).not_to_have_js_property("width", CANVAS_PIXELS)
    studio.tap("#share .corner")

    buyer = visitors.open(link, has_touch=True)
    buyer.locator("#join").tap()
    buyer.locator("dialog[open] .big").tap()
    expect(buyer.locator("#text")).to_be_visible()
    expect(buyer.locator("#show")).to_have_attribute("data-connection", "in")
    buyer.locator("#text").fill("So sweet!")
    buyer.keyboard.press("Enter")
    expect(studio.find("#rows")).to_contain_text("So sweet!")
    buyer.locator("#offers .buy").first.tap()
    pay = buyer.locator("#pay")
    expect(pay).to_be_enabled()
    pay.tap()
    expect(studio.find("#ticks")).to_contain_text("+¥29.90")
    expect(studio.find("#income-sales")).to_have_text("¥29.90")
    expect(studio.find("#income-orders")).to_have_text("1")
    expect(studio.find(".good .left")).to_have_text("49")
    expect(studio.find("#orders-count")).to_have_text("1")
    studio.tap("#income")
    expect(studio.find("#earned-now")).to_contain_text("¥28.40")
    studio.tap("#earned .corner")

    studio.end_show()
    expect(buyer.locator("#show")).to_have_attribute("data-status", "ended")
    expect(studio.find("#summary")).to_have_attribute("data-state", "final")
    expect(studio.find("[data-figure=sales] b")).to_have_text("¥29.90")
    expect(studio.find("[data-figure=orders] b")).to_have_text("1")
    expect(studio.find("#summary-first")).to_be_visible()
    expect(studio.find(".change")).to_have_count(0)
    studio.tap("#summary .big")
    studio.expect_home()
    expect(studio.find("#goods .good")).to_have_count(1)
