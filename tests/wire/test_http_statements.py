"""HTTP: statements that add up to the last cent, for those they concern."""

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.server import Server
from tests.waiting import until_awaited

from .api import Answer
from .client import JSON
from .shapes import Message, currency, listed, nullable, record, text, uint
from .stage import PRICE_MINOR, Show, Stage, fresh, order_of

BALANCE = record(account=text, currency=currency, balance_minor=lambda value: type(value) is int)
LINE = record(
    at_ms=uint,
    place=uint,
    account=text,
    kind=text,
    reference=text,
    room=text,
    note=text,
    currency=currency,
    amount_minor=lambda value: type(value) is int and value != 0,
    balance_minor=lambda value: type(value) is int,
    sale_place=uint,
)
STATEMENT = record(
    account=text,
    from_ms=uint,
    to_ms=uint,
    opening=listed(BALANCE),
    lines=listed(LINE),
    closing=listed(BALANCE),
    next=nullable(text),
)
TAKE_LINE = record(
    day_ms=uint,
    room=text,
    currency=currency,
    orders_minor=uint,
    gifts_minor=uint,
    refunds_minor=lambda value: type(value) is int and value <= 0,
    take_minor=lambda value: type(value) is int,
)
COLUMNS = [
    *("at", "place", "account", "kind", "reference", "room", "note", "currency"),
    *("amount_minor", "balance_minor", "sale_place"),
]
SOLD = 3
EVER = {"from": "2020-01-01", "to": "2200-01-01T00:00:00Z"}


@pytest.fixture
async def stage(server: Server) -> Any:
    """One format is enough: HTTP is JSON."""
    async with Stage(server, JSON) as open_stage:
        yield open_stage


@pytest.fixture
async def show(stage: Stage) -> Show:
    """A show that has sold: three orders of one box, one of them refunded in part."""
    show = await stage.show()
    buyer = fresh("lan")
    await stage.fund(buyer, "CNY", 10 * PRICE_MINOR)
    for _ in range(SOLD):
        sold = await stage.http.post(
            f"/v1/rooms/{show.room}/orders", order_of(show), token=stage.server.token(buyer)
        )
    refund = {"key": "r1", "amount_minor": 1_000}
    await stage.http.post(f"/v1/orders/{sold['order']}/refunds", refund, token=show.token)

    async def is_settled() -> bool:
        lines = (await statement(stage, show.host.user, show.token))["lines"]
        return len({line["sale_place"] for line in lines if line["sale_place"]}) == SOLD

    await until_awaited(is_settled)
    return show


async def statement(stage: Stage, account: str, token: str, **query: str) -> Message:
    found = await stage.http.get(f"/v1/statements/{account}", token=token, **(EVER | query))
    assert STATEMENT(found), found
    standing = by_account(found["opening"])
    for line in found["lines"]:
        pair = (line["account"], line["currency"])
        standing[pair] = standing.get(pair, 0) + line["amount_minor"]
        assert standing[pair] == line["balance_minor"]
    assert standing == by_account(found["closing"])
    return found


def by_account(balances: list[Message]) -> dict[tuple[str, str], int]:
    return {(each["account"], each["currency"]): each["balance_minor"] for each in balances}


def ops(stage: Stage) -> str:
    return stage.server.token(fresh("ops"), "ops")


async def refused(stage: Stage, path: str, token: str | None, **query: str) -> Answer:
    return await stage.http.ask("GET", path, token=token, query=query)


async def test_statement_of_a_party_comes_to_its_earnings(stage: Stage, show: Show) -> None:
    earned = await stage.http.get("/v1/earnings", token=show.token)
    told = by_account((await statement(stage, show.host.user, show.token))["closing"])
    (earning,) = earned["earnings"]
    assert told["pending:" + show.host.user, "CNY"] == earning["pending_minor"]
    assert told["available:" + show.host.user, "CNY"] == earning["available_minor"]


async def test_statement_tells_each_sale_and_refund_with_its_order(
    stage: Stage, show: Show
) -> None:
    lines = (await statement(stage, show.host.user, show.token))["lines"]
    listed = await stage.http.get("/v1/orders", token=show.token, **{"as": "seller"})
    orders = {each["order"] for each in listed["orders"]}
    sales = [line for line in lines if line["kind"] == "commission"]
    assert {line["reference"] for line in sales} == {f"order:{order}" for order in orders}
    assert {line["room"] for line in sales} == {show.room}
    (refund,) = [line for line in lines if line["kind"] == "refund"]
    assert refund["reference"].split(":")[1] in orders
    assert refund["reference"].endswith(":r1")
    assert refund["amount_minor"] < 0
    assert refund["room"] == show.room


async def test_statement_of_a_buyer_tells_the_wallet(stage: Stage) -> None:
    user = fresh("lan")
    await stage.fund(user, "CNY", 7)
    await stage.fund(user, "COIN", 8)
    told = await statement(stage, user, stage.server.token(user), currency="CNY")
    assert [(line["kind"], line["amount_minor"]) for line in told["lines"]] == [("topup", 7)]
    assert by_account(told["closing"])[f"wallet:{user}", "CNY"] == 7
    own = await statement(stage, f"wallet:{user}", stage.server.token(user))
    assert [line["currency"] for line in own["lines"]] == ["CNY", "COIN"]


async def test_pages_chain_and_tell_what_the_whole_tells(stage: Stage, show: Show) -> None:
    whole = await statement(stage, show.host.user, show.token)
    assert whole["next"] is None
    pages = [await statement(stage, show.host.user, show.token, limit="1")]
    while pages[-1]["next"] is not None:
        page = await statement(
            stage, show.host.user, show.token, limit="1", cursor=pages[-1]["next"]
        )
        assert page["opening"] == pages[-1]["closing"]
        pages.append(page)
    assert [line for page in pages for line in page["lines"]] == whole["lines"]
    assert pages[-1]["closing"] == whole["closing"]
    assert len(pages) > 1


async def test_periods_chain_wherever_they_are_cut(stage: Stage, show: Show) -> None:
    whole = await statement(stage, show.host.user, show.token)
    for moment_ms in {line["at_ms"] for line in whole["lines"]}:
        cut = datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat()
        before = await statement(stage, show.host.user, show.token, to=cut)
        after = await statement(stage, show.host.user, show.token, **{"from": cut})
        assert before["closing"] == after["opening"]
        assert before["lines"] + after["lines"] == whole["lines"]
        assert after["lines"][0]["at_ms"] == after["from_ms"] == moment_ms


async def test_statement_is_of_this_month_unless_asked_otherwise(stage: Stage) -> None:
    user = fresh("lan")
    told = await stage.http.get(f"/v1/statements/{user}", token=stage.server.token(user))
    begins, ends = (datetime.fromtimestamp(told[name] / 1000, UTC) for name in ("from_ms", "to_ms"))
    assert (begins.day, ends.day) == (1, 1)
    assert begins <= datetime.now(UTC) < ends
    assert ends - begins <= timedelta(days=31)


async def test_csv_is_the_same_statement_as_a_table(stage: Stage, show: Show) -> None:
    told = await statement(stage, show.host.user, show.token)
    answer = await stage.http.ask(
        "GET",
        f"/v1/statements/{show.host.user}",
        token=show.token,
        query=EVER | {"format": "csv"},
    )
    assert (answer.status, answer.content_type) == (200, "text/csv")
    assert answer.body.endswith("\r\n")
    header, *rows = csv.reader(io.StringIO(answer.body, newline=""))
    assert header == COLUMNS
    table = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    middle = [row for row in table if row["kind"] not in ("opening", "closing")]
    assert [int(row["amount_minor"]) for row in middle] == [
        line["amount_minor"] for line in told["lines"]
    ]
    closing = {
        (row["account"], row["currency"]): int(row["balance_minor"])
        for row in table
        if row["kind"] == "closing"
    }
    assert closing == by_account(told["closing"])


async def test_a_csv_page_names_the_cursor_of_the_next(stage: Stage, show: Show) -> None:
    first = await statement(stage, show.host.user, show.token, limit="1")
    query = EVER | {"format": "csv", "limit": "1"}
    path = f"/v1/statements/{show.host.user}"
    answer = await stage.http.ask("GET", path, token=show.token, query=query)
    last = answer.body.splitlines()[-1].split(",")
    assert (last[3], last[1]) == ("carried_forward", first["next"])


async def test_ops_read_any_account_and_what_left_it_is_what_came_elsewhere(
    stage: Stage, show: Show
) -> None:
    token = ops(stage)
    for account in ("@platform", "orders:unsettled", ":paid_out", f"pending:{show.host.user}"):
        await statement(stage, account, token)
    unsettled = await statement(stage, "orders:unsettled", token)
    platform = await statement(stage, "@platform", token)
    host = await statement(stage, show.host.user, token)
    for sale in {line["sale_place"] for line in host["lines"]} - {0}:
        parts = [
            line["amount_minor"]
            for line in (*platform["lines"], *host["lines"])
            if line["sale_place"] == sale
        ]
        (left,) = [
            line["amount_minor"] for line in unsettled["lines"] if line["sale_place"] == sale
        ]
        assert sum(parts) == -left == PRICE_MINOR


async def test_take_is_what_the_platform_kept_of_a_room(stage: Stage, show: Show) -> None:
    token = ops(stage)
    take = await stage.http.get("/v1/take", token=token, **EVER)
    assert listed(TAKE_LINE)(take["lines"]), take
    assert take["party"] == "@platform"
    told = (await statement(stage, "@platform", token))["lines"]
    of_room = [line["amount_minor"] for line in told if line["room"] == show.room]
    taken = [line for line in take["lines"] if line["room"] == show.room]
    assert sum(line["take_minor"] for line in taken) == sum(of_room) > 0
    assert all(line["day_ms"] % 86_400_000 == 0 for line in taken)
    hosts = await stage.http.get("/v1/take", token=token, party=show.host.user, **EVER)
    assert {line["room"] for line in hosts["lines"]} == {show.room}
    answer = await stage.http.ask("GET", "/v1/take", token=token, query=EVER | {"format": "csv"})
    assert answer.content_type == "text/csv"
    assert len(answer.body.splitlines()) == 1 + len(take["lines"])


@pytest.mark.parametrize("account", ["somebody", "@platform", "orders:unsettled", "wallet:lan"])
async def test_what_is_not_ones_own_is_forbidden(stage: Stage, account: str) -> None:
    for roles in (("viewer",), ("host",), ("moderator",)):
        answer = await refused(
            stage, f"/v1/statements/{account}", stage.server.token(fresh("eve"), *roles)
        )
        assert (answer.status, answer.code) == (403, "forbidden")


async def test_take_is_for_ops_and_nobody_reads_without_a_token(stage: Stage) -> None:
    eve = stage.server.token(fresh("eve"), "host", "moderator")
    assert (await refused(stage, "/v1/take", eve)).code == "forbidden"
    for path in ("/v1/take", "/v1/statements/mei"):
        assert (await refused(stage, path, None)).code == "unauthenticated"


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "1969-12-31"},
        {"from": "2026-13-01"},
        {"to": "2026-01-01T25:00:00"},
        {"from": "2026-02-01", "to": "2026-02-01"},
        {"from": "2026-02-02", "to": "2026-02-01"},
        {"currency": "cny"},
        {"currency": "C*"},
        {"format": "pdf"},
        {"limit": "0"},
        {"limit": "10001"},
        {"limit": "-1"},
        {"cursor": "x"},
        {"cursor": "-3"},
        {"cursor": "9" * 30},
    ],
)
async def test_a_senseless_question_is_invalid(stage: Stage, query: dict[str, str]) -> None:
    answer = await refused(stage, "/v1/statements/@platform", ops(stage), **query)
    assert (answer.status, answer.code) == (400, "invalid")


@pytest.mark.parametrize(
    "account", ["a b", "a*", "@", ":", "a::b", "a:", "@a:b", "x" * 65, "--help", "a%0Ab"]
)
async def test_what_is_no_account_is_invalid(stage: Stage, account: str) -> None:
    answer = await refused(stage, f"/v1/statements/{account}", ops(stage))
    if account == "--help":  # an id like any other
        assert answer.body["lines"] == []
    else:
        assert (answer.status, answer.code) == (400, "invalid")


async def test_one_user_has_one_statement_at_a_time_and_others_their_turn(stage: Stage) -> None:
    user = fresh("lan")
    token = stage.server.token(user)
    same = await asyncio.gather(
        *(refused(stage, f"/v1/statements/{user}", token) for _ in range(6))
    )
    assert {answer.status for answer in same} == {200, 429}
    assert {each.code for each in same if each.status != 200} == {"rate_limited"}
    names = [fresh("mo") for _ in range(20)]
    crowd = await asyncio.gather(
        *(refused(stage, f"/v1/statements/{mo}", stage.server.token(mo)) for mo in names)
    )
    assert {answer.status for answer in crowd} == {200, 503}
    assert {each.code for each in crowd if each.status != 200} == {"busy"}
    assert (await refused(stage, f"/v1/statements/{user}", token)).status == 200


async def test_statement_while_the_ledger_is_away_is_busy(stage: Stage) -> None:
    user = fresh("lan")
    with stage.server.paused("ledger"):
        answer = await refused(stage, f"/v1/statements/{user}", stage.server.token(user))
    assert (answer.status, answer.code) == (503, "busy")
    await statement(stage, user, stage.server.token(user))
