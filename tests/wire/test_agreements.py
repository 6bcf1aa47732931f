"""What people have agreed on: cards, contracts, joint sales, coin rates; and what is paid out."""

import time
from typing import Any

import pytest

from tests.waiting import until_awaited

from .shop import Shop
from .stage import PRICE_MINOR, Show, fresh, order_of

NOW_MS = int(time.time() * 1000)


async def buy(shop: Shop, show: Show, **fields: Any) -> str:
    lan = await shop.buyer(show)
    return str((await lan.do("order", **order_of(show, **fields)))["order"])


async def until_earned(shop: Shop, user: str, wanted: int, currency: str = "CNY") -> None:
    """Wait for the commission, which comes a little later; it must be exactly that much."""

    async def has_come() -> bool:
        return sum(await shop.earned(user, currency)) >= wanted

    await until_awaited(has_come)
    assert sum(await shop.earned(user, currency)) == wanted


async def follow(shop: Shop, show: Show, count: int) -> None:
    for _ in range(count):
        path = f"/v1/follows/{show.host.user}"
        await shop.http.do("PUT", path, token=shop.token(fresh("fan")))


# --- cards


async def test_the_most_specific_card_holds_and_versions_count(shop: Shop) -> None:
    show = await shop.show(category="fruit")
    host = {"subject": show.host.user}
    first = await shop.card("host", {"platform": 1000}, **host)
    assert first == {
        "scope": f"host:{show.host.user}",
        "rates_bps": {"platform": 1000},
        "version": 1,
    }
    assert (await shop.card("host", {"platform": 1000}, **host))["version"] == 1
    assert (await shop.card("host", {"platform": 2000}, **host))["version"] == 2
    await buy(shop, show)
    await until_earned(shop, show.host.user, PRICE_MINOR - PRICE_MINOR // 5)
    await shop.card("offer", {"platform": 10_000}, subject=show.offer, room=show.room)
    order = await buy(shop, show)
    (portion,) = (await shop.read(order, show.token))["portions"]
    assert portion[0] == PRICE_MINOR
    assert portion[1][0][0] == "platform"
    assert portion[1][0][2] == 10_000


async def test_promoter_and_agency_get_their_part(shop: Shop) -> None:
    show, pia, star = await shop.show(), fresh("pia"), fresh("star")
    await shop.card("host", {"promoter": 1000, "agency": 500}, subject=show.host.user)
    party = await shop.http.do(
        "PUT", f"/v1/parties/{show.host.user}", {"agency": star}, token=shop.ops
    )
    assert party["agency"] == star
    await buy(shop, show, promoter=pia)
    await until_earned(shop, pia, 299)
    await until_earned(shop, star, 150)
    lan = await shop.buyer(show)
    assert await lan.refusal("order", **order_of(show, promoter=lan.user)) == "invalid"


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "all", "rates_bps": {}},
        {"scope": "host", "rates_bps": {}},
        {"scope": "offer", "rates_bps": {}, "subject": "o"},
        {"scope": "default", "rates_bps": {"platform": 10_001}},
        {"scope": "default", "rates_bps": {"platform": -1}},
        {"scope": "default", "rates_bps": {"seller": 1}},
        {"scope": "default", "rates_bps": {"platform": 6000, "host": 6000}},
        {"scope": "default"},
    ],
)
async def test_a_card_that_makes_no_sense_is_invalid(shop: Shop, wrong: dict[str, object]) -> None:
    answer = await shop.http.ask("PUT", "/v1/cards", wrong, token=shop.ops)
    assert (answer.status, answer.code) == (400, "invalid")


# --- manufacturers


async def test_goods_of_a_manufacturer_need_a_contract_and_a_following(few: Shop) -> None:
    shop = few
    show, maker = await shop.show(), fresh("maker")
    mine, contract = f"/v1/consents/{show.host.user}", f"/v1/contracts/{maker}"
    await shop.http.do("PUT", f"/v1/parties/{maker}", {"is_manufacturer": True}, token=shop.ops)
    await shop.http.do("PUT", mine, token=shop.token(maker))
    offer = await shop.offer(show.room, show.token, seller=maker)
    lan = await shop.buyer(show)

    async def refused() -> str:
        lines = [{"offer": offer, "quantity": 1}]
        answer = await lan.ask("order", **order_of(show, lines=lines))
        return "" if answer["type"] == "ordered" else f"{answer['code']}: {answer['message']}"

    await follow(shop, show, 2)
    assert "not_eligible" in await refused()
    signed = await shop.http.do(
        "PUT", contract, {"reference": "2026-7", "from_ms": NOW_MS - 1}, token=shop.ops
    )
    assert signed["contract"]["reference"] == "2026-7"
    assert await refused() == ""
    await shop.http.do("DELETE", contract, token=shop.ops)
    assert "contract" in await refused()
    await shop.http.do(
        "PUT", contract, {"reference": "2026-8", "from_ms": NOW_MS - 1}, token=shop.ops
    )
    assert await refused() == ""
    own = await shop.http.get(f"/v1/parties/{maker}", token=shop.token(maker))
    assert own["is_manufacturer"] is True


async def test_a_host_with_too_few_followers_sells_no_manufacturers_goods(few: Shop) -> None:
    show, maker = await few.show(), fresh("maker")
    await few.http.do("PUT", f"/v1/parties/{maker}", {"is_manufacturer": True}, token=few.ops)
    await few.http.do(
        "PUT",
        f"/v1/contracts/{maker}",
        {"reference": "c", "from_ms": NOW_MS - 1},
        token=few.ops,
    )
    await few.http.do("PUT", f"/v1/consents/{show.host.user}", token=few.token(maker))
    offer = await few.offer(show.room, show.token, seller=maker)
    lan = await few.buyer(show)
    lines = [{"offer": offer, "quantity": 1}]
    await follow(few, show, 1)
    answer = await lan.refused("order", **order_of(show, lines=lines))
    assert (answer["code"], "followers" in answer["message"]) == ("not_eligible", True)
    await follow(few, show, 1)
    await lan.do("order", **order_of(show, lines=lines))


async def test_a_party_is_shown_whole(shop: Shop) -> None:
    path = f"/v1/parties/{fresh('sam')}"
    changed = await shop.http.do("PUT", path, {}, token=shop.ops)
    assert (changed["is_manufacturer"], changed["agency"], changed["contract"]) == (
        False,
        None,
        None,
    )
    assert await shop.http.get(path, token=shop.ops) == changed


# --- joint sales


async def test_a_joint_sale_shares_the_hosts_part_once_all_have_agreed(shop: Shop) -> None:
    sam, bo = fresh("sam"), fresh("bo")
    show = await shop.show()
    await shop.http.do("PUT", f"/v1/consents/{show.host.user}", token=shop.token(sam))
    offer = await shop.offer(show.room, show.token, seller=sam, price_minor=1000)
    sale = f"/v1/rooms/{show.room}/joint-sale"
    shares = {"shares_bps": {show.host.user: 7000, bo: 3000}}
    proposed = await shop.http.do("PUT", sale, shares, token=show.token)
    assert (proposed["number"], proposed["agreed"]) == (1, [show.host.user])
    wrong = await shop.http.ask("POST", f"{sale}/agreement", {"number": 2}, token=shop.token(bo))
    assert wrong.code == "conflict"
    other = await shop.http.ask("POST", f"{sale}/agreement", {"number": 1}, token=shop.token(sam))
    assert other.code == "forbidden"
    agreed = await shop.http.post(f"{sale}/agreement", {"number": 1}, token=shop.token(bo))
    assert set(agreed["agreed"]) == {show.host.user, bo}
    lan = await shop.buyer(show)
    order = order_of(show, lines=[{"offer": offer, "quantity": 1}], total_minor=1000)
    await lan.do("order", **order)
    await until_earned(shop, bo, 30)
    await until_earned(shop, show.host.user, 70)
    await until_earned(shop, sam, 850)


@pytest.mark.parametrize("shares", [{}, {"nobody": 10_000}, {"a b": 1}])
async def test_shares_that_make_no_sense_are_invalid(shop: Shop, shares: dict[str, int]) -> None:
    show = await shop.show()
    path = f"/v1/rooms/{show.room}/joint-sale"
    answer = await shop.http.ask("PUT", path, {"shares_bps": shares}, token=show.token)
    assert (answer.status, answer.code) == (400, "invalid")
    other = await shop.show()
    whole = {"shares_bps": {other.host.user: 10_000}}
    assert (await shop.http.ask("PUT", path, whole, token=other.token)).code == "forbidden"


# --- payouts


async def test_what_is_available_is_paid_out_less_the_tax(short_shop: Shop) -> None:
    shop = short_shop
    show = await shop.show()
    order = await buy(shop, show)
    await shop.move(order, "ship", show.token)
    earned = PRICE_MINOR - 150

    async def is_available() -> bool:
        return (await shop.earned(show.host.user)) == (0, earned)

    await until_awaited(is_available)
    body = {"key": fresh("out"), "amount_minor": 1001, "currency": "CNY"}
    done = await shop.http.post("/v1/payouts", body, token=show.token)
    assert done == {
        "payout": {
            "payout": body["key"],
            "taken_minor": 1001,
            "taken_currency": "CNY",
            "gross_minor": 1001,
            "tax_minor": 100,
            "net_minor": 901,
            "currency": "CNY",
        },
        "available_minor": earned - 1001,
        "duplicate": False,
    }
    again = await shop.http.post("/v1/payouts", body, token=show.token)
    assert (again["payout"], again["duplicate"]) == (done["payout"], True)
    for wrong, code in (
        ({"amount_minor": 5}, "conflict"),
        ({"key": fresh("out"), "amount_minor": earned}, "insufficient_funds"),
        ({"key": fresh("out"), "amount_minor": 0}, "invalid"),
        ({"key": fresh("out"), "into": "CNY"}, "invalid"),
        ({"key": fresh("out"), "currency": "COIN"}, "invalid"),
    ):
        answer = await shop.http.ask("POST", "/v1/payouts", body | wrong, token=show.token)
        assert answer.code == code, wrong


async def test_a_refund_after_settlement_blocks_payouts_until_it_is_earned_back(
    short_shop: Shop,
) -> None:
    shop = short_shop
    show = await shop.show()
    order = await buy(shop, show)
    await shop.move(order, "ship", show.token)
    earned = PRICE_MINOR - 150

    async def has(wanted: int) -> bool:
        return (await shop.earned(show.host.user)) == (0, wanted)

    await until_awaited(lambda: has(earned))
    body = {"key": fresh("out"), "amount_minor": earned, "currency": "CNY"}
    await shop.http.post("/v1/payouts", body, token=show.token)
    refund = await shop.move(order, "refunds", show.token, {"key": "k"})
    assert refund["status"] == "refunded"
    assert await shop.earned(show.host.user) == (0, -earned)
    second = await buy(shop, show)
    await shop.move(second, "ship", show.token)
    await until_awaited(lambda: has(0))
    answer = await shop.http.ask(
        "POST", "/v1/payouts", body | {"key": "x", "amount_minor": 1}, token=show.token
    )
    assert answer.code == "insufficient_funds"


async def test_gift_coins_ripen_and_turn_into_money_by_a_dated_rate(short_shop: Shop) -> None:
    shop = short_shop
    show = await shop.show()
    lan = await shop.member(show)
    await shop.fund(lan.user, "COIN", 1000)
    await lan.do("gift", room=show.room, gift="rocket", key=fresh("c"), count=1)
    rate = {"currency": "CNY", "from_ms": NOW_MS - 1, "minor_per_1000": 70_000}
    rates = (await shop.http.post("/v1/coin-rates", rate, token=shop.ops))["rates"]
    assert rate in rates
    later = rate | {"from_ms": NOW_MS + 10**9, "minor_per_1000": 1}
    await shop.http.post("/v1/coin-rates", later, token=shop.ops)
    clash = await shop.http.ask(
        "POST", "/v1/coin-rates", rate | {"minor_per_1000": 1}, token=shop.ops
    )
    assert clash.code == "conflict"

    async def is_ripe() -> bool:
        return (await shop.earned(show.host.user, "COIN")) == (0, 500)

    await until_awaited(is_ripe)
    body = {"key": fresh("out"), "amount_minor": 100, "currency": "COIN", "into": "CNY"}
    done = (await shop.http.post("/v1/payouts", body, token=show.token))["payout"]
    assert (done["taken_minor"], done["gross_minor"], done["tax_minor"]) == (100, 7000, 700)
    none = await shop.http.ask(
        "POST", "/v1/payouts", body | {"key": "e", "into": "EUR"}, token=show.token
    )
    assert none.code == "not_eligible"


# --- who may


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/cards", {"scope": "default", "rates_bps": {}}),
        ("PUT", "/v1/parties/somebody", {"is_manufacturer": True}),
        ("PUT", "/v1/contracts/somebody", {"reference": "c", "from_ms": 1}),
        ("DELETE", "/v1/contracts/somebody", None),
        ("POST", "/v1/coin-rates", {"currency": "CNY", "from_ms": 1, "minor_per_1000": 1}),
        ("GET", "/v1/parties/somebody", None),
    ],
)
async def test_agreements_are_for_ops(shop: Shop, method: str, path: str, body: object) -> None:
    for role in ("viewer", "host", "moderator"):
        answer = await shop.http.ask(method, path, body, token=shop.token(fresh("eve"), role))
        assert (answer.status, answer.code) == (403, "forbidden")
    assert (await shop.http.ask(method, path, body)).code == "unauthenticated"
