"""What becomes of orders: shipped, settled, cancelled, refunded, listed; and who hears of it."""

import asyncio
from typing import Any

import pytest

from tests.waiting import until_awaited

from .client import Client
from .shapes import (
    ORDER_STATES,
    Message,
    amount,
    ident,
    listed,
    nullable,
    one_of,
    record,
    text,
    uint,
)
from .shop import FUNDS_MINOR, Shop
from .stage import PRICE_MINOR, Show, fresh, order_of

ORDER = record(
    order=ident,
    room=ident,
    buyer=ident,
    host=ident,
    seller=ident,
    status=one_of(*ORDER_STATES),
    lines=listed(record(offer=ident, quantity=uint, price_minor=amount)),
    total_minor=amount,
    refunded_minor=amount,
    currency=text,
    at_ms=uint,
    payment=ident,
    due_ms=nullable(uint),
    carrier=nullable(text),
    tracking=nullable(text),
    maybe_pay_url=text,
    maybe_portions=lambda value: isinstance(value, list),
)
PARCEL = {"carrier": "SF", "tracking": "SF1234567890"}


async def bought(shop: Shop, **offer: Any) -> tuple[Show, Client, str]:
    show = await shop.show(**offer)
    lan = await shop.buyer(show)
    return show, lan, (await lan.do("order", **order_of(show)))["order"]


async def listed_orders(shop: Shop, token: str, **query: str) -> list[Message]:
    """All pages."""
    orders: list[Message] = []
    cursor: str | None = ""
    while cursor is not None:
        asked = query if not cursor else {**query, "cursor": cursor}
        page = await shop.http.get("/v1/orders", token=token, **asked)
        assert all(map(ORDER, page["orders"])), page
        orders += page["orders"]
        cursor = page["next"]
    return orders


# --- moves


async def test_the_buyer_is_told_of_each_step_and_time_takes_the_last_ones(
    short_shop: Shop,
) -> None:
    show, lan, order = await bought(short_shop)
    phone = await short_shop.enter(lan.user)
    seen = await short_shop.move(order, "ship", show.token, PARCEL)
    assert ORDER(seen), seen
    assert (seen["status"], seen["carrier"], seen["tracking"]) == ("shipped", *PARCEL.values())
    for client in (lan, phone):
        await client.pushed("order_update", order=order, status="shipped", **PARCEL)
        await client.pushed("order_update", order=order, status="delivered")
        await client.pushed("order_update", order=order, status="settled")

    async def is_available() -> bool:
        pending, available = await short_shop.earned(show.host.user)
        return pending == 0 and available > 0

    await until_awaited(is_available)
    assert (await short_shop.read(order, show.token))["due_ms"] is None


async def test_the_buyer_may_say_that_it_has_arrived(shop: Shop) -> None:
    show, lan, order = await bought(shop)
    await shop.move(order, "ship", show.token)
    for token in (shop.token(lan), show.token):
        assert (await shop.move(order, "deliver", token))["status"] == "delivered"
    assert (await shop.read(order, show.token))["due_ms"] > 0


@pytest.mark.parametrize("move", ["deliver", "refunds", "ship", "cancel"])
async def test_a_move_that_is_not_possible_is_conflict_and_says_what_is(
    shop: Shop, move: str
) -> None:
    show, lan, order = await bought(shop)
    if move != "deliver":
        await shop.move(order, "cancel", show.token)
    if move == "cancel":
        order = (await lan.do("order", **order_of(show)))["order"]
        await shop.move(order, "ship", show.token)
    body = {"key": "k"} if move == "refunds" else None
    answer = await shop.http.ask("POST", f"/v1/orders/{order}/{move}", body, token=show.token)
    assert (answer.status, answer.code) == (409, "conflict")
    assert move.rstrip("s") in answer.body["detail"]


@pytest.mark.parametrize("path", ["", "/ship", "/deliver", "/cancel", "/refunds"])
async def test_an_order_is_nobody_elses_business(shop: Shop, path: str) -> None:
    _, lan, order = await bought(shop)
    other = await shop.show()
    method, body = (
        ("POST", {"key": "k"}) if path == "/refunds" else ("POST" if path else "GET", None)
    )
    for order_id, token, code in (
        (order, other.token, "not_found"),
        (order, shop.token(fresh("mod"), "moderator"), "not_found"),
        (fresh("o"), shop.ops, "not_found"),
        (order, None, "unauthenticated"),
        *([(order, shop.token(lan), "forbidden")] if path in ("/ship", "/refunds") else []),
    ):
        answer = await shop.http.ask(method, f"/v1/orders/{order_id}{path}", body, token=token)
        assert answer.code == code
    assert (await shop.read(order, shop.ops))["status"] == "paid"


@pytest.mark.parametrize("wrong", [{"carrier": "x" * 65}, {"carrier": 7}, {"tracking": None}])
async def test_a_parcel_that_makes_no_sense_is_invalid(
    shop: Shop, wrong: dict[str, object]
) -> None:
    show, _, order = await bought(shop)
    answer = await shop.http.ask("POST", f"/v1/orders/{order}/ship", wrong, token=show.token)
    assert (answer.status, answer.code) == (400, "invalid")


async def test_a_cancelled_order_gives_back_money_pieces_and_limit(shop: Shop) -> None:
    show, lan, order = await bought(shop, stock=5, limit_per_buyer=1)
    assert await lan.refusal("order", **order_of(show)) == "limit_exceeded"
    for _ in range(2):
        assert (await shop.move(order, "cancel", shop.token(lan)))["status"] == "cancelled"
    unsold = await lan.heard(show.room, "unsold")
    assert unsold["lines"] == [{"offer": show.offer, "quantity": 1, "stock": 5}]
    await lan.pushed("order_update", order=order, status="cancelled", refunded_minor=PRICE_MINOR)
    await lan.pushed("balance", balance_minor=FUNDS_MINOR)
    await lan.do("order", **order_of(show))


async def test_pinned_stock_follows_what_is_reserved_and_unsold(shop: Shop) -> None:
    show = await shop.show(stock=5)
    lan = await shop.buyer(show)
    await show.host.do("pin", room=show.room, offer=show.offer)
    held = await shop.hold(lan, show, 2)
    await lan.heard(show.room, "reserved")
    assert (await lan.join(show.room))["state"]["pinned"][0]["stock"] == 3
    await shop.move(held["order"], "cancel", shop.token(lan))
    await lan.heard(show.room, "unsold")
    assert (await lan.join(show.room))["state"]["pinned"][0]["stock"] == 5


async def test_an_order_goes_on_after_its_show_has_ended(shop: Shop) -> None:
    show, lan, order = await bought(shop)
    held = await shop.hold(lan, show)
    await show.host.do("end", room=show.room)
    assert (await shop.tell("paid", held["order"]))["status"] == "paid"
    await shop.move(order, "ship", show.token)
    assert (await shop.move(held["order"], "cancel", show.token))["status"] == "cancelled"
    assert await lan.refusal("order", **order_of(show)) == "not_live"


# --- refunds


async def test_refunds_go_back_in_parts_once_a_key_until_nothing_is_left(shop: Shop) -> None:
    show, lan, order = await bought(shop)
    path = f"/v1/orders/{order}/refunds"
    body = {"key": fresh("f"), "amount_minor": 990, "reason": "two were bruised"}
    first = await shop.http.post(path, body, token=show.token)
    assert first == {
        "refund": body["key"],
        "order": order,
        "status": "paid",
        "amount_minor": 990,
        "refunded_minor": 990,
        "currency": "CNY",
        "duplicate": False,
    }
    await lan.pushed("order_update", order=order, status="paid", refunded_minor=990)
    await lan.pushed("balance", balance_minor=FUNDS_MINOR - PRICE_MINOR + 990)
    again = await shop.http.post(path, body, token=show.token)
    assert again == first | {"duplicate": True}
    other = await shop.http.ask("POST", path, body | {"amount_minor": 1}, token=show.token)
    assert other.code == "conflict"
    more = await shop.http.ask("POST", path, {"key": "m", "amount_minor": 2001}, token=show.token)
    assert more.code == "limit_exceeded"
    last = await shop.http.do("POST", path, token=show.token, headers={"Idempotency-Key": "rest"})
    assert (last["amount_minor"], last["status"]) == (2000, "refunded")
    await lan.pushed("order_update", order=order, status="refunded", refunded_minor=PRICE_MINOR)
    assert await shop.balance(lan.user, "CNY") == FUNDS_MINOR


async def test_refunds_sent_at_once_with_one_key_pay_once(shop: Shop) -> None:
    show, lan, order = await bought(shop)
    path, body = f"/v1/orders/{order}/refunds", {"key": "k", "amount_minor": 100}
    done = await asyncio.gather(*(shop.http.post(path, body, token=show.token) for _ in range(8)))
    assert sorted(each["duplicate"] for each in done) == [False] + [True] * 7
    assert await shop.balance(lan.user, "CNY") == FUNDS_MINOR - PRICE_MINOR + 100


@pytest.mark.parametrize(
    "wrong",
    [{}, {"key": "a b"}, {"amount_minor": 0, "key": "k"}, {"amount_minor": -1, "key": "k"}],
)
async def test_a_refund_that_makes_no_sense_is_invalid(
    shop: Shop, wrong: dict[str, object]
) -> None:
    show, _, order = await bought(shop)
    answer = await shop.http.ask("POST", f"/v1/orders/{order}/refunds", wrong, token=show.token)
    assert (answer.status, answer.code) == (400, "invalid")


# --- lists


def assert_newest_first(listed: list[Message], orders: list[str]) -> None:
    """Two of the same millisecond may stand either way."""
    assert sorted(each["order"] for each in listed) == sorted(orders)
    times_ms = [each["at_ms"] for each in listed]
    assert times_ms == sorted(times_ms, reverse=True)


async def test_orders_are_listed_by_state_for_buyers_and_for_sellers(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    orders = [(await lan.do("order", **order_of(show)))["order"] for _ in range(5)]
    await shop.move(orders[1], "ship", show.token)
    await shop.move(orders[2], "cancel", show.token)
    buyer, seller = shop.token(lan), show.token
    by_buyer = await listed_orders(shop, buyer, limit="2")
    assert_newest_first(by_buyer, orders)
    assert not any("portions" in each for each in by_buyer)
    by_seller = await listed_orders(shop, seller, **{"as": "seller", "limit": "2"})
    assert_newest_first(by_seller, orders)
    assert all(each["portions"] for each in by_seller)
    some = await listed_orders(shop, buyer, state="shipped,cancelled", limit="1")
    assert_newest_first(some, [orders[1], orders[2]])
    assert await listed_orders(shop, seller) == []
    assert await listed_orders(shop, buyer, **{"as": "seller"}) == []


@pytest.mark.parametrize(
    "query",
    [
        {"as": "host"},
        {"state": "paid,lost"},
        {"state": ","},
        {"limit": "0"},
        {"limit": "101"},
        {"cursor": "x"},
    ],
)
async def test_a_list_that_cannot_be_is_invalid(shop: Shop, query: dict[str, str]) -> None:
    answer = await shop.http.ask("GET", "/v1/orders", token=shop.token(fresh("lan")), query=query)
    assert (answer.status, answer.code) == (400, "invalid")
    assert (await shop.http.ask("GET", "/v1/orders", query=query)).code == "unauthenticated"
