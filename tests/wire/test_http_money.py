"""HTTP: orders, wallets, earnings and follows."""

import asyncio
import time
from typing import Any

import jwt
import pytest

from tests.server import Serve, Server
from tests.waiting import until_awaited

from .client import JSON
from .shapes import AMOUNT_MAX, ORDERED, Message, amount, currency, ident, record
from .stage import PRICE_MINOR, Show, Stage, fresh, order_of

PLACED = record(
    order=ORDERED["order"],
    room=ORDERED["order"],
    buyer=ident,
    status=ORDERED["status"],
    lines=lambda value: isinstance(value, list) and len(value) > 0,
    total_minor=amount,
    currency=currency,
    at_ms=amount,
)

NO_TOPUPS: dict[str, list[object]] = {
    "amount_minor": [0, -1, AMOUNT_MAX + 1, 2**63, 1.0, True, "1", None],
    "currency": ["", "cny", "C\nY", "CNYX", 7],
    "key": ["", "a b", "k" * 65, 7, None],
}


@pytest.fixture
async def stage(server: Server) -> Any:
    """One format is enough: HTTP is JSON."""
    async with Stage(server, JSON) as open_stage:
        yield open_stage


@pytest.fixture
async def show(stage: Stage) -> Show:
    return await stage.show()


class Buyer:
    """A user with money who never opens a connection."""

    def __init__(self, stage: Stage) -> None:
        self.user = fresh("lan")
        self.token = stage.server.token(self.user)


@pytest.fixture
async def buyer(stage: Stage) -> Buyer:
    buyer = Buyer(stage)
    await stage.fund(buyer.user, "CNY", 10_000)
    return buyer


def orders(show: Show) -> str:
    return f"/v1/rooms/{show.room}/orders"


async def test_order_over_http_is_paid_like_one_over_the_wire(
    stage: Stage, show: Show, buyer: Buyer
) -> None:
    done = await stage.http.post(orders(show), order_of(show, 2), token=buyer.token)
    assert record(**ORDERED)(done), done
    assert (done["status"], done["total_minor"]) == ("paid", 2 * PRICE_MINOR)
    assert (done["balance_minor"], done["duplicate"]) == (10_000 - 2 * PRICE_MINOR, False)
    sold = await show.host.heard(show.room, "sold")
    assert sold["user"]["id"] == buyer.user


async def test_key_may_come_as_a_header(stage: Stage, show: Show, buyer: Buyer) -> None:
    order = order_of(show)
    key = order.pop("key")
    headers = {"Idempotency-Key": key}
    first = await stage.http.do("POST", orders(show), order, token=buyer.token, headers=headers)
    again = await stage.http.do("POST", orders(show), order, token=buyer.token, headers=headers)
    in_body = await stage.http.post(orders(show), order | {"key": key}, token=buyer.token)
    assert [each["duplicate"] for each in (first, again, in_body)] == [False, True, True]
    assert first["order"] == again["order"] == in_body["order"]


async def test_key_is_one_over_http_and_the_wire(stage: Stage, show: Show, buyer: Buyer) -> None:
    order = order_of(show)
    first = await stage.http.post(orders(show), order, token=buyer.token)
    lan = await stage.member(show, buyer.user)
    again = await lan.do("order", **order)
    assert (again["order"], again["duplicate"]) == (first["order"], True)


@pytest.mark.parametrize("key", [None, "a b", "k" * 65])
async def test_order_without_a_usable_key_is_invalid(
    stage: Stage, show: Show, buyer: Buyer, key: str | None
) -> None:
    order = order_of(show)
    del order["key"]
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await stage.http.ask("POST", orders(show), order, token=buyer.token, headers=headers)
    assert (answer.status, answer.code) == (400, "invalid")


async def test_order_with_a_key_used_for_other_content_is_conflict(
    stage: Stage, show: Show, buyer: Buyer
) -> None:
    order = order_of(show)
    await stage.http.post(orders(show), order, token=buyer.token)
    other = order | {"lines": [{"offer": show.offer, "quantity": 2}]}
    answer = await stage.http.ask("POST", orders(show), other, token=buyer.token)
    assert (answer.status, answer.code) == (409, "conflict")


async def test_refused_order_is_a_problem_document_with_its_code(
    stage: Stage, show: Show, buyer: Buyer
) -> None:
    few = await stage.offer(show.room, show.token, stock=1, price_minor=10)
    dear = await stage.offer(show.room, show.token, price_minor=10_001)
    one_each = await stage.offer(show.room, show.token, price_minor=10, limit_per_buyer=1)
    wanted = {
        "sold_out": order_of(show, lines=[{"offer": few, "quantity": 2}], total_minor=20),
        "insufficient_funds": order_of(
            show, lines=[{"offer": dear, "quantity": 1}], total_minor=10_001
        ),
        "limit_exceeded": order_of(
            show, lines=[{"offer": one_each, "quantity": 2}], total_minor=20
        ),
        "price_changed": order_of(show, total_minor=1),
        "too_old": order_of(show, made_at_ms=1),
        "not_found": order_of(show, lines=[{"offer": fresh("none"), "quantity": 1}]),
        "invalid": order_of(show, lines=[]),
    }
    for code, order in wanted.items():
        answer = await stage.http.ask("POST", orders(show), order, token=buyer.token)
        assert answer.code == code
        assert 400 <= answer.status < 500, answer
    assert await stage.balance(buyer.user, "CNY") == 10_000


async def test_order_in_a_room_that_is_not_live_is_not_live(stage: Stage, buyer: Buyer) -> None:
    show = await stage.show(live=False)
    answer = await stage.http.ask("POST", orders(show), order_of(show), token=buyer.token)
    assert answer.code == "not_live"


async def test_order_without_a_token_is_unauthenticated(stage: Stage, show: Show) -> None:
    answer = await stage.http.ask("POST", orders(show), order_of(show))
    assert (answer.status, answer.code) == (401, "unauthenticated")


async def test_order_is_shown_to_its_buyer_the_host_and_ops_only(
    stage: Stage, show: Show, buyer: Buyer
) -> None:
    done = await stage.http.post(orders(show), order_of(show, 2), token=buyer.token)
    path = f"/v1/orders/{done['order']}"
    ops = stage.server.token(fresh("ops"), "ops")
    for token in (buyer.token, show.token, ops):
        placed = await stage.http.get(path, token=token)
        assert PLACED(placed), placed
        assert (placed["order"], placed["room"]) == (done["order"], show.room)
        assert (placed["status"], placed["total_minor"]) == ("paid", 2 * PRICE_MINOR)
        line = placed["lines"][0]
        assert (line["offer"], line["quantity"]) == (show.offer, 2)
        assert placed["buyer"] == buyer.user
    other_host = await stage.show()
    for token in (
        other_host.token,
        stage.server.token(fresh("eve")),
        stage.server.token(fresh("mod"), "moderator"),
    ):
        assert (await stage.http.ask("GET", path, token=token)).code in ("forbidden", "not_found")
    assert (await stage.http.ask("GET", path)).code == "unauthenticated"


async def test_order_that_does_not_exist_is_not_found(stage: Stage, buyer: Buyer) -> None:
    path = f"/v1/orders/{fresh('or')}"
    assert (await stage.http.ask("GET", path, token=buyer.token)).code == "not_found"


async def test_topup_adds_once_for_each_key(stage: Stage) -> None:
    user, ops = fresh("lan"), stage.server.token("ops", "ops")
    path = f"/v1/wallets/{user}/topups"
    body = {"amount_minor": 500, "currency": "CNY", "key": fresh("t")}
    first = await stage.http.post(path, body, token=ops)
    again = await stage.http.post(path, body, token=ops)
    assert (first["balance_minor"], first["duplicate"]) == (500, False)
    assert again["duplicate"] is True
    other = await stage.http.ask("POST", path, body | {"amount_minor": 501}, token=ops)
    assert (other.status, other.code) == (409, "conflict")
    assert await stage.balance(user, "CNY") == 500


async def test_topups_sent_at_once_with_one_key_add_once(stage: Stage) -> None:
    user, ops = fresh("lan"), stage.server.token("ops", "ops")
    body = {"amount_minor": 500, "currency": "COIN", "key": fresh("t")}
    path = f"/v1/wallets/{user}/topups"
    done = await asyncio.gather(*(stage.http.post(path, body, token=ops) for _ in range(8)))
    assert sorted(each["duplicate"] for each in done) == [False] + [True] * 7
    assert await stage.balance(user, "COIN") == 500


@pytest.mark.parametrize("role", ["viewer", "host", "moderator"])
async def test_topup_is_for_ops_only(stage: Stage, role: str) -> None:
    user = fresh("lan")
    body = {"amount_minor": 500, "currency": "CNY", "key": fresh("t")}
    token = stage.server.token(user, role)
    answer = await stage.http.ask("POST", f"/v1/wallets/{user}/topups", body, token=token)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert (await stage.http.ask("POST", f"/v1/wallets/{user}/topups", body)).status == 401


async def test_ill_typed_topup_is_invalid(stage: Stage) -> None:
    ops, path = stage.server.token("ops", "ops"), f"/v1/wallets/{fresh('lan')}/topups"
    for field, values in NO_TOPUPS.items():
        for value in values:
            body = {"amount_minor": 500, "currency": "CNY", "key": fresh("t"), field: value}
            answer = await stage.http.ask("POST", path, body, token=ops)
            assert (answer.status, answer.code) == (400, "invalid"), body


async def test_wallet_that_would_hold_too_much_is_refused(stage: Stage) -> None:
    user, ops = fresh("rich"), stage.server.token("ops", "ops")
    path = f"/v1/wallets/{user}/topups"
    most = {"amount_minor": AMOUNT_MAX, "currency": "JPY", "key": fresh("t")}
    await stage.http.post(path, most, token=ops)
    answer = await stage.http.ask("POST", path, most | {"key": fresh("t")}, token=ops)
    assert answer.status == 200 or answer.code in ("limit_exceeded", "invalid")
    assert AMOUNT_MAX <= await stage.balance(user, "JPY") <= 2 * AMOUNT_MAX


async def test_wallet_holds_each_currency_by_itself(stage: Stage, buyer: Buyer) -> None:
    await stage.fund(buyer.user, "COIN", 5)
    balances = (await stage.http.get("/v1/wallet", token=buyer.token))["balances"]
    assert {each["currency"]: each["balance_minor"] for each in balances} == {
        "CNY": 10_000,
        "COIN": 5,
    }


async def test_earnings_of_a_gift_and_an_order_come_to_the_host(
    stage: Stage, show: Show, buyer: Buyer
) -> None:
    await stage.fund(buyer.user, "COIN", 1000)
    lan = await stage.member(show, buyer.user)
    await lan.do("gift", room=show.room, gift="rocket", key=fresh("c"), count=1)
    await stage.http.post(orders(show), order_of(show), token=buyer.token)

    async def earned() -> dict[str, int]:
        found: list[Message] = (await stage.http.get("/v1/earnings", token=show.token))["earnings"]
        shape = record(currency=currency, pending_minor=amount, available_minor=amount)
        assert all(map(shape, found)), found
        return {each["currency"]: each["pending_minor"] + each["available_minor"] for each in found}

    async def both_came() -> bool:
        return {"COIN", "CNY"} <= (await earned()).keys()

    await until_awaited(both_came)
    amounts = await earned()
    assert 0 < amounts["COIN"] <= 1000
    assert 0 < amounts["CNY"] <= PRICE_MINOR


async def test_follow_and_unfollow_may_be_repeated(stage: Stage, buyer: Buyer) -> None:
    path = f"/v1/follows/{fresh('mei')}"
    for method, following in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        done = await stage.http.do(method, path, token=buyer.token)
        assert done == {"user": path.rpartition("/")[2], "following": following}
        assert (await stage.http.ask(method, path)).code == "unauthenticated"


@pytest.mark.parametrize("path", ["/v1/wallet", "/v1/earnings", "/v1/orders/o1"])
async def test_what_is_a_users_needs_a_token_that_holds(stage: Stage, path: str) -> None:
    forged = jwt.encode({"sub": "a", "roles": ["ops"], "exp": time.time() + 60}, "x" * 40)
    unsigned = jwt.encode(
        {"sub": "a", "roles": ["ops"], "exp": time.time() + 60}, None, algorithm="none"
    )
    expired = stage.server.token("a", "ops", ttl_s=-60)
    for token in (None, "nonsense", forged, unsigned, expired):
        assert (await stage.http.ask("GET", path, token=token)).code == "unauthenticated"
    headers = {"Authorization": f"Basic {stage.server.token('a')}"}
    assert (await stage.http.ask("GET", path, headers=headers)).code == "unauthenticated"


async def test_server_whose_ledger_is_away_lives_and_is_not_ready(serve: Serve) -> None:
    async with Stage(serve(), JSON) as stage:
        with stage.server.paused("ledger"):
            answer = await stage.http.ask("GET", "/readyz")
            assert answer.status == 503
            assert (await stage.http.ask("GET", "/livez")).status == 200

        async def is_ready() -> bool:
            return (await stage.http.ask("GET", "/readyz")).status == 200

        await until_awaited(is_ready)
