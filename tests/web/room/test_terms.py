"""What terms come to, and what a refused buyer is told: the pure parts, asked in a browser."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.server import Server
from tests.web.visit import Visitors

OFFER = {"offer": "peach", "price_minor": 100, "currency": "CNY", "stock": 20}
FLASH = {"price_minor": 60, "from_ms": 1_000, "until_ms": 2_000}
IMPORT = """async ([path, name, args]) => {
  const entry = document.querySelector("script[type=module]").src;
  return (await import(new URL(path, entry)))[name](...args);
}"""


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser) -> Any:
    visitors = Visitors(browser)
    yield visitors.open(server.url)
    visitors.leave()


def ask(page: Page, path: str, name: str, *args: object) -> Any:
    return page.evaluate(IMPORT, [path, name, args])


@pytest.mark.parametrize(
    ("offer", "at_ms", "expected"),
    [
        ({}, 0, {"state": "open", "most": 20, "share": None, "until": None}),
        ({"stock": 0}, 0, {"state": "soldout", "most": 0}),
        ({"stock": 500}, 0, {"most": 99}),
        ({"limit_per_buyer": 2}, 0, {"most": 2}),
        ({"withdrawn": True}, 0, {"state": "withdrawn"}),
        ({"pieces": 80}, 0, {"share": 0.25}),
        ({"pieces": 0, "stock": 0}, 0, {"share": None}),
        ({"opens_ms": 5}, 4, {"state": "soon", "until": {"kind": "opens", "atMs": 5}}),
        ({"opens_ms": 5}, 5, {"state": "open", "until": None}),
        ({"closes_ms": 5}, 4, {"state": "open", "until": {"kind": "closes", "atMs": 5}}),
        ({"closes_ms": 5}, 5, {"state": "closed", "until": None}),
        ({"flash": FLASH}, 999, {"until": None}),
        ({"flash": FLASH}, 1_000, {"until": {"kind": "flash", "atMs": 2_000}}),
        ({"flash": FLASH}, 2_000, {"until": None}),
        ({"flash": FLASH, "closes_ms": 1_500}, 1_000, {"until": {"kind": "closes", "atMs": 1_500}}),
        ({"regular_price_minor": 150}, 0, {"priceMinor": 100, "regularMinor": 150}),
    ],
    ids=str,
)
def test_terms_at_a_moment(
    page: Page, offer: dict[str, object], at_ms: int, expected: dict[str, object]
) -> None:
    found = ask(page, "../room/terms.js", "termsOf", OFFER | offer, at_ms)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("change", "wanted", "expected"),
    [
        ({}, 2, None),
        ({"stock": 19}, 2, None),
        ({"title": "Other peaches"}, 2, None),
        ({"price_minor": 90}, 2, {"name": "priceMinor", "before": 100, "after": 90}),
        ({"stock": 1}, 2, {"name": "quantity", "before": 2, "after": 1}),
        ({"limit_per_buyer": 3}, 5, {"name": "quantity", "before": 5, "after": 3}),
        ({"stock": 0}, 2, {"name": "state", "before": "open", "after": "soldout"}),
    ],
    ids=str,
)
def test_only_what_one_would_pay_or_get_is_a_difference(
    page: Page, change: dict[str, object], wanted: int, expected: object
) -> None:
    before, after = (
        ask(page, "../room/terms.js", "quote", OFFER | {"limit_per_buyer": None} | each, wanted, 0)
        for each in ({}, change)
    )
    assert before["totalMinor"] == 100 * wanted
    assert ask(page, "../room/terms.js", "difference", before, after) == expected


def test_a_private_price_is_all_or_nothing(page: Page) -> None:
    deal = {"quantity": 10, "price_minor": 25, "carriage_minor": 12, "expires_ms": 1_000}
    for at_ms, state in ((999, "open"), (1_000, "closed")):
        found = ask(page, "../room/terms.js", "quoteDeal", deal | {"currency": "CNY"}, at_ms)
        assert (found["quantity"], found["totalMinor"], found["state"]) == (10, 262, state)


@pytest.mark.parametrize(
    ("code", "wish", "holds", "key", "take"),
    [
        ("insufficient_funds", {}, 250, "order.missing", 2),
        ("insufficient_funds", {}, 99, "order.missing", None),
        ("insufficient_funds", {"quantity": 1, "totalMinor": 100}, 99, "order.missing", None),
        ("insufficient_funds", {}, None, "error.insufficient_funds", 3),
        ("insufficient_funds", {}, 300, "error.insufficient_funds", 3),
        ("sold_out", {"stock": 2}, None, "offer.last", 2),
        ("sold_out", {"stock": 0}, None, "offer.soldout", None),
        ("limit_exceeded", {"limit": 5}, None, "order.limit", 2),
        ("limit_exceeded", {"quantity": 1}, None, "error.limit_exceeded", None),
        ("not_eligible", {}, None, "order.not_now", None),
        ("not_live", {}, None, "error.not_live", None),
        ("busy", {}, None, "error.busy", 3),
    ],
)
def test_advice_names_a_number_that_may_work(
    page: Page, code: str, wish: dict[str, object], holds: int | None, key: str, take: int | None
) -> None:
    refused = {"quantity": 3, "priceMinor": 100, "totalMinor": 300, "stock": 20, "limit": None}
    advice = ask(page, "../room/advice.js", "adviceOn", code, refused | wish, holds)
    assert (advice["key"], advice["take"]) == (key, take)
