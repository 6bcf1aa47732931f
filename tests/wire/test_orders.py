"""Orders: money, stock and limit move together, once for each key, or not at all."""

import asyncio
import time
from typing import Any

import pytest

from .client import Client
from .shapes import AMOUNT_MAX, Message
from .stage import PRICE_MINOR, Show, Stage, fresh, order_of

FUNDS_MINOR = 100_000
KEY_WINDOW_MS = 72 * 3600 * 1000
SEEN = ("order", "status", "total_minor", "currency", "balance_minor")
"""The fields of `ordered` that are the same each time it is said."""


async def buyer(stage: Stage, show: Show, funds_minor: int = FUNDS_MINOR) -> Client:
    client = await stage.member(show, fresh("lan"))
    if funds_minor:
        await stage.fund(client.user, "CNY", funds_minor)
    return client


def outcome(ordered: Message) -> Message:
    return {name: ordered[name] for name in SEEN}


async def stock_of(stage: Stage, show: Show) -> int:
    offers = (await stage.http.get(f"/v1/rooms/{show.room}/offers"))["offers"]
    stock: int = next(each["stock"] for each in offers if each["offer"] == show.offer)
    return stock


def now_ms() -> int:
    return int(time.time() * 1000)


async def test_order_is_paid_at_once_from_the_wallet(stage: Stage) -> None:
    show = await stage.show(stock=57)
    lan = await buyer(stage, show)
    done = await lan.do("order", **order_of(show, 2, made_at_ms=now_ms()))
    assert (done["status"], done["total_minor"], done["currency"]) == ("paid", 5980, "CNY")
    assert (done["balance_minor"], done["duplicate"]) == (FUNDS_MINOR - 5980, False)
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR - 5980
    assert await stock_of(stage, show) == 55


async def test_same_key_and_content_answer_as_the_first_time(stage: Stage) -> None:
    show = await stage.show()
    lan, order = await buyer(stage, show), order_of(show, made_at_ms=now_ms())
    first = await lan.do("order", **order)
    await lan.do("order", **order_of(show))
    beside = await stage.member_beside(show, lan, lan.user)
    for client in (lan, beside):
        again = await client.do("order", **order)
        assert again["duplicate"] is True
        assert outcome(again) == outcome(first)
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR - 2 * PRICE_MINOR


async def test_same_key_sent_at_once_from_two_workers_is_one_order(stage: Stage) -> None:
    show = await stage.show()
    lan = await buyer(stage, show)
    also_lan, order = await stage.member_beside(show, lan, lan.user), order_of(show)
    answers = await asyncio.gather(*(each.do("order", **order) for each in [lan, also_lan] * 5))
    assert sorted(answer["duplicate"] for answer in answers) == [False] + [True] * 9
    assert len({answer["order"] for answer in answers}) == 1
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR - PRICE_MINOR


@pytest.mark.parametrize(
    "other",
    [
        {"total_minor": PRICE_MINOR + 1},
        {"currency": "EUR"},
        {"made_at_ms": 1},
        {"lines": []},
    ],
    ids=["total", "currency", "made_at_ms", "lines"],
)
async def test_same_key_with_other_content_is_conflict(
    stage: Stage, other: dict[str, object]
) -> None:
    show = await stage.show()
    lan, order = await buyer(stage, show), order_of(show, made_at_ms=now_ms())
    await lan.do("order", **order)
    if "lines" in other:
        other["lines"] = [{"offer": show.offer, "quantity": 2}]
    if "made_at_ms" in other:
        other["made_at_ms"] = order["made_at_ms"] + 1
    assert await lan.refusal("order", **order | other) == "conflict"
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR - PRICE_MINOR


async def test_same_key_in_another_room_is_conflict(stage: Stage) -> None:
    show, elsewhere = await stage.show(), await stage.show()
    await stage.offer(elsewhere.room, elsewhere.token, offer=show.offer)
    lan = await buyer(stage, show)
    await lan.join(elsewhere.room)
    order = order_of(show)
    await lan.do("order", **order)
    assert await lan.refusal("order", **order | {"room": elsewhere.room}) == "conflict"


async def test_two_users_may_use_the_same_word_as_a_key(stage: Stage) -> None:
    show = await stage.show()
    order = order_of(show)
    done = [await (await buyer(stage, show)).do("order", **order) for _ in range(2)]
    assert [each["duplicate"] for each in done] == [False, False]
    assert done[0]["order"] != done[1]["order"]


@pytest.mark.parametrize("seen", [{"total_minor": 1980}, {"currency": "EUR"}])
async def test_order_at_another_price_or_currency_is_price_changed(
    stage: Stage, seen: dict[str, Any]
) -> None:
    show = await stage.show()
    lan = await buyer(stage, show)
    assert await lan.refusal("order", **order_of(show, **seen)) == "price_changed"
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR
    assert await stock_of(stage, show) == 1000


async def test_order_of_more_than_is_left_is_sold_out(stage: Stage) -> None:
    show = await stage.show(stock=3)
    lan = await buyer(stage, show)
    assert await lan.refusal("order", **order_of(show, 4)) == "sold_out"
    await lan.do("order", **order_of(show, 3))
    assert await lan.refusal("order", **order_of(show, 1)) == "sold_out"
    assert await stock_of(stage, show) == 0


async def test_last_piece_is_sold_to_one_of_many_buyers(stage: Stage) -> None:
    show = await stage.show(stock=1)
    buyers = [await buyer(stage, show) for _ in range(6)]
    answers = await asyncio.gather(*(each.ask("order", **order_of(show)) for each in buyers))
    assert sorted(answer.get("code", "paid") for answer in answers) == ["paid"] + ["sold_out"] * 5


async def test_order_the_wallet_does_not_hold_is_insufficient_funds(stage: Stage) -> None:
    show = await stage.show()
    lan = await buyer(stage, show, PRICE_MINOR - 1)
    assert await lan.refusal("order", **order_of(show)) == "insufficient_funds"
    assert await stage.balance(lan.user, "CNY") == PRICE_MINOR - 1
    assert await stock_of(stage, show) == 1000


async def test_order_over_the_limit_of_a_buyer_is_limit_exceeded(stage: Stage) -> None:
    show = await stage.show(limit_per_buyer=2)
    lan, bo = await buyer(stage, show), await buyer(stage, show)
    assert await lan.refusal("order", **order_of(show, 3)) == "limit_exceeded"
    await lan.do("order", **order_of(show, 1))
    assert await lan.refusal("order", **order_of(show, 2)) == "limit_exceeded"
    await lan.do("order", **order_of(show, 1))
    assert await lan.refusal("order", **order_of(show, 1)) == "limit_exceeded"
    await bo.do("order", **order_of(show, 2))


async def test_key_that_was_refused_stays_refused(stage: Stage) -> None:
    show = await stage.show()
    lan, order = await buyer(stage, show, 0), order_of(show, made_at_ms=now_ms())
    assert await lan.refusal("order", **order) == "insufficient_funds"
    await stage.fund(lan.user, "CNY", FUNDS_MINOR)
    assert await lan.refusal("order", **order) == "insufficient_funds"
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR
    await lan.do("order", **order_of(show))


@pytest.mark.parametrize("code", ["not_live", "not_found"])
async def test_key_that_was_refused_stays_refused_when_the_room_has_changed(
    stage: Stage, code: str
) -> None:
    show = await stage.show(live=code != "not_live")
    lan, pear = await buyer(stage, show), fresh("pear")
    order = order_of(show, lines=[{"offer": pear, "quantity": 1}])
    if code == "not_live":
        await stage.offer(show.room, show.token, offer=pear)
    assert await lan.refusal("order", **order) == code
    if code == "not_live":
        await show.host.do("start", room=show.room)
    else:
        await stage.offer(show.room, show.token, offer=pear)
    assert await lan.refusal("order", **order) == code
    await lan.do("order", **order | {"key": fresh("order")})


async def test_refused_key_with_other_content_is_conflict(stage: Stage) -> None:
    show = await stage.show(stock=1)
    lan, order = await buyer(stage, show), order_of(show, 2)
    assert await lan.refusal("order", **order) == "sold_out"
    fewer = order_of(show, 1, key=order["key"])
    assert await lan.refusal("order", **fewer) == "conflict"


@pytest.mark.parametrize("type", ["order", "gift"])
async def test_key_made_more_than_72_hours_ago_is_too_old(stage: Stage, type: str) -> None:
    show = await stage.show()
    lan = await buyer(stage, show)
    await stage.fund(lan.user, "COIN", 100)

    def fields(made_at_ms: int) -> dict[str, Any]:
        if type == "order":
            return order_of(show, made_at_ms=made_at_ms)
        return {
            "room": show.room,
            "gift": "rose",
            "key": fresh("c"),
            "count": 1,
            "made_at_ms": made_at_ms,
        }

    assert await lan.refusal(type, **fields(0)) == "too_old"
    assert await lan.refusal(type, **fields(now_ms() - KEY_WINDOW_MS - 1000)) == "too_old"
    await lan.do(type, **fields(now_ms() - KEY_WINDOW_MS + 60_000))


async def test_several_lines_are_one_order(stage: Stage) -> None:
    show = await stage.show(stock=10)
    pear = await stage.offer(show.room, show.token, price_minor=100, stock=5)
    lan = await buyer(stage, show)
    lines = [{"offer": show.offer, "quantity": 1}, {"offer": pear, "quantity": 3}]
    done = await lan.do("order", **order_of(show, lines=lines, total_minor=PRICE_MINOR + 300))
    assert done["balance_minor"] == FUNDS_MINOR - PRICE_MINOR - 300
    sold = await show.host.heard(show.room, "sold")
    assert sorted((each["offer"], each["quantity"], each["stock"]) for each in sold["lines"]) == (
        sorted([(show.offer, 1, 9), (pear, 3, 2)])
    )


async def test_order_with_one_line_that_cannot_be_sold_moves_nothing(stage: Stage) -> None:
    show = await stage.show(stock=10)
    pear = await stage.offer(show.room, show.token, price_minor=100, stock=2)
    lan = await buyer(stage, show)
    lines = [{"offer": show.offer, "quantity": 1}, {"offer": pear, "quantity": 3}]
    refusal = await lan.refusal("order", **order_of(show, lines=lines, total_minor=3290))
    assert refusal == "sold_out"
    assert await stock_of(stage, show) == 10
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR


async def test_offer_named_twice_never_sells_more_than_there_is(stage: Stage) -> None:
    show = await stage.show(stock=3, limit_per_buyer=3)
    lan = await buyer(stage, show)
    lines = [{"offer": show.offer, "quantity": 2}] * 2
    answer = await lan.ask("order", **order_of(show, lines=lines, total_minor=4 * PRICE_MINOR))
    assert answer["type"] == "error"
    assert answer["code"] in ("invalid", "sold_out", "limit_exceeded")
    assert await stock_of(stage, show) == 3
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR


async def test_order_of_what_is_not_on_sale_here_is_not_found(stage: Stage) -> None:
    show, elsewhere = await stage.show(), await stage.show()
    lan = await buyer(stage, show)
    for offer in (fresh("nothing"), elsewhere.offer):
        lines = [{"offer": offer, "quantity": 1}]
        assert await lan.refusal("order", **order_of(show, lines=lines)) == "not_found"
    order = order_of(show) | {"room": fresh("nowhere")}
    assert await lan.refusal("order", **order) == "not_found"


async def test_order_of_two_currencies_is_refused(stage: Stage) -> None:
    show = await stage.show()
    euro = await stage.offer(show.room, show.token, price_minor=100, currency="EUR")
    lan = await buyer(stage, show)
    lines = [{"offer": show.offer, "quantity": 1}, {"offer": euro, "quantity": 1}]
    answer = await lan.refused("order", **order_of(show, lines=lines, total_minor=3090))
    assert answer["code"] in ("price_changed", "invalid")
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR


async def test_order_of_more_than_the_largest_amount_is_refused(stage: Stage) -> None:
    show = await stage.show(price_minor=10**12, stock=10**9)
    lan = await buyer(stage, show)
    for quantity, total_minor in ((10_000, AMOUNT_MAX), (1126, AMOUNT_MAX), (1125, 1125 * 10**12)):
        answer = await lan.refused("order", **order_of(show, quantity, total_minor=total_minor))
        assert answer["code"] in ("invalid", "price_changed", "insufficient_funds")


def wrong_values(show: Show) -> dict[str, list[object]]:
    line = {"offer": show.offer, "quantity": 1}
    return {
        "key": ["", "a b", "k\n", "k\x00", "k" * 65, 7, None],
        "lines": [
            *([], [line] * 21, {}, "line", None, [5], [[]], [{}], [{"offer": show.offer}]),
            *([line | {"quantity": bad}] for bad in (0, -1, 10_001, 2**63, 1.0, True, "1", None)),
            *([line | {"offer": bad}] for bad in ("", "a b", "o\n", "o" * 65, 7, None)),
        ],
        "total_minor": [-1, 2**50 + 1, 2**63, 2**64 - 1, 1.0, True, "1", None],
        "currency": ["", "cny", "CN", "CNYY", "C\nY", 7, None],
        "made_at_ms": [-1, "now", 1.5, True, 2**63],
        "room": ["", "a b", "r\n", "r" * 65, 7, None],
        "payment": ["", "a b", "p" * 65, 7, None, "cash"],
        "promoter": ["", "a b", "p" * 65, 7, []],
        "private_price": ["", "a b", "p" * 65, 7, {}],
    }


@pytest.mark.parametrize(
    "field",
    [
        *("key", "lines", "total_minor", "currency", "made_at_ms", "room"),
        *("payment", "promoter", "private_price"),
    ],
)
async def test_ill_typed_field_of_an_order_is_invalid_and_moves_nothing(
    stage: Stage, field: str
) -> None:
    show = await stage.show()
    lan = await buyer(stage, show)
    for value in wrong_values(show)[field]:
        fields = order_of(show) | {field: value}
        assert await lan.refusal("order", **fields) == "invalid", value
    assert await stage.balance(lan.user, "CNY") == FUNDS_MINOR
    assert await stock_of(stage, show) == 1000


async def test_20_lines_are_taken(stage: Stage) -> None:
    show = await stage.show()
    offers = [await stage.offer(show.room, show.token, price_minor=10) for _ in range(20)]
    lan = await buyer(stage, show)
    lines = [{"offer": offer, "quantity": 1} for offer in offers]
    await lan.do("order", **order_of(show, lines=lines, total_minor=200))
