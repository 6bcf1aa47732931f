"""Private prices: told to one buyer, accepted once at either door, taken back, expired."""

import time

import pytest

from tests.waiting import until

from .client import Client
from .shapes import Message
from .shop import Shop
from .stage import Show, fresh, order_of

HOUR_MS = 3_600_000


def price_for(lan: Client, show: Show, **fields: object) -> Message:
    return {
        "private_price": fresh("p"),
        "offer": show.offer,
        "buyer": lan.user,
        "quantity": 20,
        "price_minor": 2500,
        "carriage_minor": 1200,
        "expires_ms": int(time.time() * 1000) + HOUR_MS,
        **fields,
    }


def acceptance(show: Show, price: Message, **fields: object) -> Message:
    total = price["quantity"] * price["price_minor"] + price["carriage_minor"]
    order = order_of(show, price["quantity"], total_minor=total)
    return order | {"private_price": price["private_price"], **fields}


async def make(shop: Shop, show: Show, price: Message) -> Message:
    path = f"/v1/rooms/{show.room}/private-prices"
    return await shop.http.post(path, price, token=show.token)


async def status(shop: Shop, price: Message, token: str) -> str:
    found = await shop.http.get(f"/v1/private-prices/{price['private_price']}", token=token)
    return str(found["status"])


async def test_the_buyer_alone_is_told_and_accepts_once(shop: Shop) -> None:
    show = await shop.show()
    lan, eve = await shop.buyer(show), await shop.buyer(show)
    phone = await shop.enter_beside(lan, lan.user)
    price = price_for(lan, show)
    made = await make(shop, show, price)
    assert (made["total_minor"], made["status"]) == (51_200, "open")
    for client in (lan, phone):
        pushed = await client.pushed("private_price", private_price=price["private_price"])
        wanted = {name: price[name] for name in price if name != "buyer"}
        assert pushed | wanted == pushed
        assert (pushed["room"], pushed["currency"]) == (show.room, "CNY")
    assert await eve.refusal("order", **acceptance(show, price)) == "not_eligible"
    order = acceptance(show, price)
    done = await lan.do("order", **order)
    assert done["balance_minor"] == 100_000 - 51_200
    again = await phone.do("order", **order)
    assert (again["order"], again["duplicate"]) == (done["order"], True)
    assert await lan.refusal("order", **acceptance(show, price)) == "not_eligible"
    assert not [push for push in eve.pushes if push["type"] == "private_price"]
    assert await status(shop, price, show.token) == "accepted"


async def test_a_price_may_be_accepted_over_http(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    price = price_for(lan, show)
    await make(shop, show, price)
    path = f"/v1/rooms/{show.room}/orders"
    done = await shop.http.post(path, acceptance(show, price), token=shop.token(lan))
    assert done["total_minor"] == 51_200


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"total_minor": 50_000}, "price_changed"),
        ({"quantity": 19}, "invalid"),
        ({"private_price": "none"}, "not_found"),
        ({"private_price": "a b"}, "invalid"),
    ],
)
async def test_another_quantity_total_or_id_is_refused_and_moves_nothing(
    shop: Shop, other: dict[str, object], code: str
) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    price = price_for(lan, show)
    await make(shop, show, price)
    order = acceptance(show, price) | other
    if "quantity" in other:
        order["lines"] = [{"offer": show.offer, "quantity": order.pop("quantity")}]
    assert await lan.refusal("order", **order) == code
    assert await shop.balance(lan.user, "CNY") == 100_000
    assert await status(shop, price, shop.token(lan)) == "open"


async def test_a_price_that_was_taken_back_or_has_expired_holds_no_longer(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    price = price_for(lan, show)
    await make(shop, show, price)
    path = f"/v1/private-prices/{price['private_price']}"
    for _ in range(2):
        gone = await shop.http.do("DELETE", path, token=show.token)
        assert gone["status"] == "withdrawn"
    assert await lan.refusal("order", **acceptance(show, price)) == "not_eligible"
    soon = price_for(lan, show, expires_ms=int(time.time() * 1000) + 100)
    await make(shop, show, soon)

    await until(lambda: int(time.time() * 1000) > soon["expires_ms"])
    assert await lan.refusal("order", **acceptance(show, soon)) == "not_eligible"


async def test_an_accepted_price_cannot_be_taken_back(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    price = price_for(lan, show)
    await make(shop, show, price)
    await lan.do("order", **acceptance(show, price))
    path = f"/v1/private-prices/{price['private_price']}"
    assert (await shop.http.ask("DELETE", path, token=show.token)).code == "conflict"


async def test_a_price_is_the_goods_sellers_to_make_and_the_twos_to_see(shop: Shop) -> None:
    show, other = await shop.show(), await shop.show()
    lan = await shop.buyer(show)
    price, path = price_for(lan, show), f"/v1/rooms/{show.room}/private-prices"
    for token, code in ((other.token, "forbidden"), (shop.token(lan), "forbidden"), (None, None)):
        answer = await shop.http.ask("POST", path, price, token=token)
        assert answer.code == (code or "unauthenticated")
    await make(shop, show, price)
    assert await make(shop, show, price) == await make(shop, show, price)
    clash = await shop.http.ask("POST", path, price | {"quantity": 1}, token=show.token)
    assert (clash.status, clash.code) == (409, "conflict")
    one = f"/v1/private-prices/{price['private_price']}"
    assert (await shop.http.ask("GET", one, token=other.token)).code == "not_found"
    assert (await shop.http.ask("DELETE", one, token=shop.token(lan))).code == "not_found"
    assert (await shop.http.ask("GET", one)).code == "unauthenticated"


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 0},
        {"quantity": 10_001},
        {"price_minor": 0},
        {"carriage_minor": -1},
        {"buyer": "a b"},
        {"expires_ms": 1},
        {"expires_ms": 2**52},
        {"price_minor": 10**12, "quantity": 10_000},
        {"offer": None},
    ],
)
async def test_a_price_that_makes_no_sense_is_invalid(shop: Shop, wrong: dict[str, object]) -> None:
    show = await shop.show()
    lan = await shop.member(show)
    path = f"/v1/rooms/{show.room}/private-prices"
    answer = await shop.http.ask("POST", path, price_for(lan, show, **wrong), token=show.token)
    assert (answer.status, answer.code) == (400, "invalid")
