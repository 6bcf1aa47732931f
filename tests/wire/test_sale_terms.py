"""What is on sale and on which terms: changed, opened, closed, restocked, of another's goods."""

import asyncio
import time

import pytest

from .shapes import OFFER
from .shop import Shop
from .stage import PRICE_MINOR, Show, fresh, order_of

SOON_MS = 400


def now_ms() -> int:
    return int(time.time() * 1000)


async def change(shop: Shop, show: Show, **fields: object) -> dict[str, object]:
    path = f"/v1/rooms/{show.room}/offers/{show.offer}"
    offer = await shop.http.do("PATCH", path, fields, token=show.token)
    assert OFFER(offer), offer
    return offer


async def test_a_changed_price_is_told_and_holds_at_both_doors(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    assert (await change(shop, show, price_minor=2500))["price_minor"] == 2500
    await lan.heard(show.room, "stock", offer=show.offer, price_minor=2500)
    assert await lan.refusal("order", **order_of(show)) == "price_changed"
    await lan.do("order", **order_of(show, total_minor=2500))
    path, token = f"/v1/rooms/{show.room}/orders", shop.token(lan)
    assert (await shop.http.ask("POST", path, order_of(show), token=token)).code == "price_changed"
    await shop.http.post(path, order_of(show, total_minor=2500), token=token)


async def test_an_order_placed_before_a_change_keeps_its_price(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    order = order_of(show)
    first = await lan.do("order", **order)
    await change(shop, show, price_minor=1)
    again = await lan.do("order", **order)
    assert (again["total_minor"], again["duplicate"]) == (PRICE_MINOR, True)
    seen = await shop.read(first["order"], shop.token(lan))
    assert seen["lines"][0]["price_minor"] == PRICE_MINOR


async def test_a_flash_price_is_told_as_it_begins_and_as_it_ends(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    await lan.heard(show.room, "viewers")
    begin_ms = now_ms() + SOON_MS
    flash = {"price_minor": 1900, "from_ms": begin_ms, "until_ms": begin_ms + SOON_MS}
    shown = await change(shop, show, flash=flash)
    assert (shown["price_minor"], shown["flash"]) == (PRICE_MINOR, flash)
    await lan.heard(show.room, "stock", price_minor=1900)
    await lan.do("order", **order_of(show, total_minor=1900))
    place = lan.rooms[show.room]

    def prices() -> list[tuple[int, int | None]]:
        told = [each for each in place.events if each["type"] == "stock"]
        return [(each["price_minor"], each.get("regular_price_minor")) for each in told]

    await lan.until(lambda: len(prices()) == 3)
    assert prices() == [(PRICE_MINOR, None), (1900, PRICE_MINOR), (PRICE_MINOR, None)]
    assert await lan.refusal("order", **order_of(show, total_minor=1900)) == "price_changed"
    assert now_ms() >= begin_ms + SOON_MS


async def test_a_sale_opens_and_closes_by_itself_and_says_so(shop: Shop) -> None:
    opens_ms = now_ms() + 2 * SOON_MS
    show = await shop.show(opens_ms=opens_ms, closes_ms=opens_ms + SOON_MS)
    lan = await shop.buyer(show)
    order = order_of(show)
    early = await lan.refused("order", **order)
    assert early["code"] == "not_eligible"
    assert 0 < early["retry_after_ms"] <= 2 * SOON_MS
    await lan.heard(show.room, "stock", opens_ms=opens_ms)
    await lan.do("order", **order)
    stocks = lan.rooms[show.room].events
    await lan.until(lambda: sum(each["type"] == "stock" for each in stocks) == 2)
    assert await lan.refusal("order", **order_of(show)) == "not_eligible"


async def test_what_is_withdrawn_says_so_and_is_not_sold(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    await change(shop, show, is_withdrawn=True)
    await lan.heard(show.room, "stock", withdrawn=True)
    assert await lan.refusal("order", **order_of(show)) == "not_eligible"
    assert "withdrawn" not in await change(shop, show, is_withdrawn=False)
    await lan.do("order", **order_of(show))


async def test_restocking_happens_once_a_key_and_is_told(shop: Shop) -> None:
    show = await shop.show(stock=1)
    lan = await shop.buyer(show)
    key = fresh("k")
    stocks = await asyncio.gather(*(change(shop, show, restock=5, key=key) for _ in range(4)))
    assert {each["stock"] for each in stocks} == {6}
    await lan.heard(show.room, "stock", stock=6)
    path = f"/v1/rooms/{show.room}/offers/{show.offer}"
    other = await shop.http.ask("PATCH", path, {"restock": 6, "key": key}, token=show.token)
    assert (other.status, other.code) == (409, "conflict")


async def test_null_takes_a_limit_away(shop: Shop) -> None:
    show = await shop.show(limit_per_buyer=1)
    lan = await shop.buyer(show)
    assert await lan.refusal("order", **order_of(show, 2)) == "limit_exceeded"
    assert (await change(shop, show, limit_per_buyer=None))["limit_per_buyer"] is None
    await lan.do("order", **order_of(show, 2))


@pytest.mark.parametrize(
    "wrong",
    [
        {"price_minor": 0},
        {"price_minor": None},
        {"price_minor": "1"},
        {"title": ""},
        {"limit_per_buyer": 0},
        {"restock": 5},
        {"key": "k"},
        {"restock": 0, "key": "k"},
        {"opens_ms": 5, "closes_ms": 5},
        {"flash": {"price_minor": 1}},
        {"flash": {"price_minor": 1, "from_ms": 2, "until_ms": 2}},
        {"is_withdrawn": None},
    ],
)
async def test_a_change_that_makes_no_sense_is_invalid(
    shop: Shop, wrong: dict[str, object]
) -> None:
    show = await shop.show()
    path = f"/v1/rooms/{show.room}/offers/{show.offer}"
    answer = await shop.http.ask("PATCH", path, wrong, token=show.token)
    assert (answer.status, answer.code) == (400, "invalid")


async def test_terms_are_changed_by_the_host_and_the_seller_only(shop: Shop) -> None:
    show, other = await shop.show(), await shop.show()
    path = f"/v1/rooms/{show.room}/offers/{show.offer}"
    for token, code in ((other.token, "forbidden"), (None, "unauthenticated")):
        assert (await shop.http.ask("PATCH", path, {"title": "x"}, token=token)).code == code
    nothing = f"/v1/rooms/{show.room}/offers/{fresh('none')}"
    answer = await shop.http.ask("PATCH", nothing, {"title": "x"}, token=show.token)
    assert answer.code == "not_found"


async def test_goods_of_a_seller_need_consent_and_show_whose_they_are(shop: Shop) -> None:
    show, sam = await shop.show(), fresh("sam")
    offers, mine = f"/v1/rooms/{show.room}/offers", f"/v1/consents/{show.host.user}"
    offer = {
        "offer": fresh("plum"),
        "title": "Plums",
        "price_minor": PRICE_MINOR,
        "currency": "CNY",
        "stock": 5,
        "seller": sam,
    }
    assert (await shop.http.ask("POST", offers, offer, token=show.token)).code == "not_eligible"
    given = await shop.http.do("PUT", mine, token=shop.token(sam))
    assert given == {"owner": sam, "seller": show.host.user, "allowed": True}
    made = await shop.http.post(offers, offer, token=show.token)
    assert (made["seller"], OFFER(made)) == (sam, True)
    lan = await shop.buyer(show)
    order = order_of(show, lines=[{"offer": offer["offer"], "quantity": 1}])
    done = await lan.do("order", **order)
    assert (await shop.read(done["order"], shop.token(sam)))["seller"] == sam
    taken = await shop.http.do("DELETE", mine, token=shop.token(sam))
    assert taken["allowed"] is False
    again = order | {"key": fresh("k")}
    assert await lan.refusal("order", **again) == "not_eligible"
    change = {"price_minor": 5}
    await shop.http.do("PATCH", f"{offers}/{offer['offer']}", change, token=shop.token(sam))
