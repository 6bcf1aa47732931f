"""Orders paid elsewhere: held, paid, expired, failed; and what a webhook must look like."""

import asyncio
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.waiting import until

from .shapes import Message
from .shop import NOWHERE, OLD_SECRET, SECRET, Shop, signature, signed
from .stage import PRICE_MINOR, fresh, order_of


def paid(order: str, **fields: object) -> Message:
    return {
        "type": "paid",
        "order": order,
        "payment": fresh("p"),
        "amount_minor": PRICE_MINOR,
        "currency": "CNY",
        **fields,
    }


# --- the life of a held order


async def test_an_order_is_held_until_it_is_paid_elsewhere(shop: Shop) -> None:
    show = await shop.show(stock=5)
    lan = await shop.buyer(show)
    before_ms = int(time.time() * 1000)
    held = await shop.hold(lan, show, 2)
    assert (held["status"], held["balance_minor"], held["duplicate"]) == ("held", 100_000, False)
    assert 599_000 <= held["due_ms"] - before_ms <= 602_000
    lines = [{"offer": show.offer, "quantity": 2, "stock": 3}]
    reserved = await lan.heard(show.room, "reserved")
    assert reserved["lines"] == lines
    assert await shop.stock(show) == 3
    told = await shop.tell("paid", held["order"], amount_minor=2 * PRICE_MINOR)
    assert told == {"order": held["order"], "status": "paid", "returned": False}
    sold = await lan.heard(show.room, "sold")
    assert (sold["lines"], sold["user"]["id"]) == (lines, lan.user)
    await lan.pushed("order_update", order=held["order"], status="held")
    await lan.pushed("order_update", order=held["order"], status="paid")
    assert await shop.balance(lan.user, "CNY") == 100_000
    assert (await shop.read(held["order"], shop.token(lan)))["payment"] == "pay"


async def test_the_address_to_pay_at_is_signed_as_the_spec_says(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    held = await shop.hold(lan, show)
    url = urlsplit(held["pay_url"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{NOWHERE}/pay"
    asked = url.query.partition("&signature=")[0]
    fields = {name: value for name, (value,) in parse_qs(url.query).items()}
    assert fields.pop("signature") == signature(
        SECRET, held["order"], held["due_ms"] // 1000, asked.encode()
    )
    assert fields == {
        "order": held["order"],
        "total_minor": f"{PRICE_MINOR}",
        "currency": "CNY",
        "until_ms": f"{held['due_ms']}",
    }
    seen = await shop.read(held["order"], shop.token(lan))
    assert (seen["pay_url"], seen["due_ms"]) == (held["pay_url"], held["due_ms"])
    assert "pay_url" not in await shop.read(held["order"], show.token)


async def test_a_held_order_answers_its_key_the_same_over_http(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    order = order_of(show, payment="pay")
    first = await lan.do("order", **order)
    path = f"/v1/rooms/{show.room}/orders"
    again = await shop.http.post(path, order, token=shop.token(lan))
    assert again["duplicate"] is True
    for name in ("order", "status", "pay_url", "due_ms"):
        assert again[name] == first[name]


async def test_a_provider_that_is_not_configured_is_invalid(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    for word in ("cash", "", "a b", 7):
        assert await lan.refusal("order", **order_of(show, payment=word)) == "invalid"


async def test_a_payment_that_failed_puts_the_pieces_back_on_sale(shop: Shop) -> None:
    show = await shop.show(stock=5)
    lan = await shop.buyer(show)
    held = await shop.hold(lan, show)
    told = await shop.tell("failed", held["order"])
    assert (told["status"], told["returned"]) == ("expired", False)
    unsold = await lan.heard(show.room, "unsold")
    assert unsold["lines"] == [{"offer": show.offer, "quantity": 1, "stock": 5}]
    await lan.pushed("order_update", order=held["order"], status="expired")
    told = await shop.tell("paid", held["order"])
    assert (told["status"], told["returned"]) == ("paid", False)
    assert await shop.stock(show) == 4


async def test_a_hold_ends_by_itself_and_late_money_takes_what_is_left(short_shop: Shop) -> None:
    shop = short_shop
    show = await shop.show(stock=1)
    lan = await shop.buyer(show)
    held = await shop.hold(lan, show)
    other = await shop.buyer(show)
    assert await other.refusal("order", **order_of(show)) == "sold_out"
    await lan.pushed("order_update", order=held["order"], status="expired")
    await lan.heard(show.room, "unsold")
    assert (await shop.tell("paid", held["order"]))["status"] == "paid"
    assert await shop.stock(show) == 0


async def test_a_hold_ends_though_the_back_office_is_killed_meanwhile(short_shop: Shop) -> None:
    shop = short_shop
    show = await shop.show(stock=1)
    lan = await shop.buyer(show)
    held = await shop.hold(lan, show)
    killed = shop.server.kill("backoffice")
    await until(lambda: shop.server.pids()["backoffice"] != killed)
    await lan.pushed("order_update", order=held["order"], status="expired")
    assert await shop.stock(show) == 1


async def test_late_money_for_what_is_sold_is_sent_back(short_shop: Shop) -> None:
    shop = short_shop
    show = await shop.show(stock=1)
    lan, other = await shop.buyer(show), await shop.buyer(show)
    held = await shop.hold(lan, show)
    await lan.pushed("order_update", order=held["order"], status="expired")
    await other.do("order", **order_of(show))
    payment = fresh("p")
    for _ in range(2):
        told = await shop.tell("paid", held["order"], payment=payment)
        assert (told["status"], told["returned"]) == ("expired", True)
    assert await shop.stock(show) == 0


async def test_a_buyer_may_cancel_a_held_order_and_later_money_goes_back(shop: Shop) -> None:
    show = await shop.show(stock=5, limit_per_buyer=1)
    lan = await shop.buyer(show)
    held = await shop.hold(lan, show)
    seen = await shop.move(held["order"], "cancel", shop.token(lan))
    assert (seen["status"], seen["due_ms"]) == ("cancelled", None)
    await lan.heard(show.room, "unsold")
    told = await shop.tell("paid", held["order"])
    assert (told["status"], told["returned"]) == ("cancelled", True)
    await shop.hold(lan, show)


async def test_webhooks_told_again_and_at_once_pay_once(shop: Shop) -> None:
    show = await shop.show(stock=5)
    lan = await shop.buyer(show)
    order = (await shop.hold(lan, show))["order"]
    content = json.dumps(paid(order)).encode()
    headers = signed(content)
    answers = await asyncio.gather(*(shop.webhook(content, headers) for _ in range(8)))
    assert {(each.status, each.body["status"], each.body["returned"]) for each in answers} == {
        (200, "paid", False)
    }
    assert await shop.stock(show) == 4
    second = await shop.tell("paid", order)
    assert (second["status"], second["returned"]) == ("paid", True)


@pytest.mark.parametrize("other", [{"amount_minor": 1}, {"currency": "EUR"}])
async def test_money_that_does_not_fit_is_sent_back_and_the_order_waits_on(
    shop: Shop, other: dict[str, object]
) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    order = (await shop.hold(lan, show))["order"]
    answer = await shop.webhook(paid(order, **other))
    assert (answer.body["status"], answer.body["returned"]) == ("held", True)
    assert (await shop.tell("paid", order))["status"] == "paid"


async def test_one_payment_told_otherwise_is_conflict(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    event = paid((await shop.hold(lan, show))["order"])
    await shop.webhook(event)
    answer = await shop.webhook(event | {"amount_minor": 5})
    assert (answer.status, answer.code) == (409, "conflict")


async def test_a_webhook_for_no_order_of_the_providers_is_not_found(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    from_wallet = (await lan.do("order", **order_of(show)))["order"]
    for order in (fresh("none"), from_wallet):
        answer = await shop.webhook(paid(order))
        assert (answer.status, answer.code) == (404, "not_found")


# --- what a webhook must look like


async def test_a_webhook_is_believed_under_any_of_the_shared_secrets(shop: Shop) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    wrong = signature("x" * 32, "m", 0, b"")
    for secret in (SECRET, OLD_SECRET):
        content = json.dumps(paid((await shop.hold(lan, show))["order"])).encode()
        headers = signed(content, secret=secret)
        headers["webhook-signature"] = f"{wrong} v9,aGk= {headers['webhook-signature']}"
        answer = await shop.webhook(content, headers)
        assert (answer.status, answer.body["status"]) == (200, "paid")


@pytest.mark.parametrize(
    "how",
    ["secret", "early", "late", "body", "id", "time", "no id", "no time", "no signature", "bytes"],
)
async def test_a_webhook_that_is_not_signed_right_is_not_believed(shop: Shop, how: str) -> None:
    show = await shop.show()
    lan = await shop.buyer(show)
    order = (await shop.hold(lan, show))["order"]
    content, now_s = json.dumps(paid(order)).encode(), int(time.time())
    sent, headers = content, signed(content)
    match how:
        case "secret":
            headers = signed(content, secret="x" * 32)
        case "early":
            headers = signed(content, at_s=now_s + 400)
        case "late":
            headers = signed(content, at_s=now_s - 400)
        case "body":
            sent = content.replace(b'"amount_minor": 2990', b'"amount_minor": 2991')
            assert sent != content
        case "id":
            headers["webhook-id"] = fresh("m")
        case "time":
            headers["webhook-timestamp"] = str(now_s + 1)
        case "bytes":
            headers["webhook-signature"] = "v1,\udce9\udcff"
        case _:
            name = {"no id": "id", "no time": "timestamp", "no signature": "signature"}[how]
            del headers[f"webhook-{name}"]
    answer = await shop.webhook(sent, headers)
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert (await shop.read(order, shop.token(lan)))["status"] == "held"


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "refunded"},
        {"payment": ""},
        {"amount_minor": 0},
        {"amount_minor": "1"},
        {"currency": "cny"},
        {"payment": None},
    ],
)
async def test_a_signed_webhook_that_makes_no_sense_is_invalid(
    shop: Shop, wrong: dict[str, object]
) -> None:
    answer = await shop.webhook(paid(fresh("o"), **wrong))
    assert (answer.status, answer.code) == (400, "invalid")
    assert (await shop.webhook(paid("a b"))).code == "invalid"
    assert (await shop.webhook(b"no json")).code == "invalid"


async def test_a_webhook_of_a_provider_that_is_not_there_is_not_found(shop: Shop) -> None:
    for provider in ("other", "wallet"):
        answer = await shop.webhook(paid(fresh("o")), provider=provider)
        assert (answer.status, answer.code) == (404, "not_found")
