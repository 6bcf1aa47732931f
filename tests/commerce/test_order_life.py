"""The life of an order: every move of the table happens and moves what it must; no other does."""

from collections.abc import Awaitable, Callable

import pytest

from livesrv.commerce import order_life, shows
from livesrv.commerce.order_states import MOVES, STATES
from livesrv.commerce.terms import HOUR_MS
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode

from .market import Market, person, refused
from .terms import terms

HOLD_MS = 60_000
Move = Callable[[Market, str], Awaitable[object]]


async def brought_to(market: Market, status: str) -> str:
    """An order of two limited peaches, paid at the provider, in that state."""
    await market.change(limit_per_buyer=2)
    order = await market.hold("lan", ("peach", 2))
    path: dict[str, list[Move]] = {
        "held": [],
        "expired": [expire],
        "cancelled": [cancel],
        "paid": [pay],
        "refunded": [pay, refund],
        "shipped": [pay, ship],
        "delivered": [pay, ship, deliver],
        "settled": [pay, ship, deliver, settle],
    }
    for step in path[status]:
        await step(market, order)
    await market.settle()
    assert await market.status(order) == status
    return order


async def pay(market: Market, order: str) -> None:
    await market.paid(order)


async def expire(market: Market, order: str) -> None:
    await market.pass_ms(HOLD_MS)


async def settle(market: Market, order: str) -> None:
    await market.pass_ms(market.terms.return_window_ms)


async def cancel(market: Market, order: str) -> None:
    await market.cancel(order)


async def refund(market: Market, order: str) -> None:
    await market.refund(order)


async def ship(market: Market, order: str) -> None:
    await market.ship(order, carrier="SF", tracking="1")


async def deliver(market: Market, order: str) -> None:
    await market.deliver(order)


BY_PEOPLE: dict[str, Move] = {
    "cancel": cancel,
    "refund": refund,
    "ship": ship,
    "deliver": deliver,
}
SAME_AGAIN = {("shipped", "ship"), ("delivered", "deliver"), ("cancelled", "cancel")}
"""Doing it again in the same way is no move at all."""


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("move", BY_PEOPLE)
async def test_a_move_leads_where_the_table_says_and_one_that_is_not_in_it_is_conflict(
    market: Market, status: str, move: str
) -> None:
    order = await brought_to(market, status)
    before = await market.order(order)
    if move in MOVES[status]:
        await BY_PEOPLE[move](market, order)
        assert await market.status(order) == MOVES[status][move]
    elif (status, move) in SAME_AGAIN:
        await BY_PEOPLE[move](market, order)
        assert await market.order(order) == before
    else:
        with refused(ErrorCode.CONFLICT, saying=f"the order is {status}; {move} is not possible"):
            await BY_PEOPLE[move](market, order)
        assert await market.order(order) == before


@pytest.mark.parametrize("status", STATES)
async def test_money_is_taken_where_the_table_says_and_sent_back_elsewhere(
    market: Market, status: str
) -> None:
    order = await brought_to(market, status)
    owed = await market.balance("returns:pay")
    taken = await market.paid(order, "another")
    assert taken.returned == ("pay" not in MOVES[status])
    assert taken.status == MOVES[status].get("pay", status)
    assert await market.balance("returns:pay") == owed + (2000 if taken.returned else 0)


@pytest.mark.parametrize("status", STATES)
async def test_a_payment_that_failed_ends_a_hold_and_nothing_else(
    market: Market, status: str
) -> None:
    order = await brought_to(market, status)
    taken = await market.failed(order, "another")
    assert taken.status == MOVES[status].get("expire", status)
    assert taken.status == await market.status(order)


@pytest.mark.parametrize("status", STATES)
async def test_the_clock_moves_on_only_what_waits_for_time(market: Market, status: str) -> None:
    order = await brought_to(market, status)
    await market.pass_ms(1000 * 24 * HOUR_MS)
    ends = {"held": "expired", "shipped": "delivered", "delivered": "settled"}
    assert await market.status(order) == ends.get(status, status)
    await market.pass_ms(1000 * 24 * HOUR_MS)
    assert (await market.order(order)).due_ms is None


@pytest.mark.parametrize(
    ("status", "wait_ms"),
    [("held", HOLD_MS), ("shipped", 240 * HOUR_MS), ("delivered", 168 * HOUR_MS)],
)
async def test_the_clock_waits_until_the_moment_and_not_longer(
    market: Market, status: str, wait_ms: int
) -> None:
    order = await brought_to(market, status)
    assert (await market.order(order)).due_ms == market.now_ms + wait_ms
    await market.pass_ms(wait_ms - 1)
    assert await market.status(order) == status
    await market.pass_ms(1)
    assert await market.status(order) != status


async def test_a_look_at_an_order_before_its_moment_changes_nothing(market: Market) -> None:
    order = await market.hold()
    for now_ms, status in (
        (market.now_ms + HOLD_MS - 1, "held"),
        (market.now_ms + HOLD_MS, "expired"),
    ):
        await order_life.tick(market.ledger, order, terms=market.terms, now_ms=now_ms)
        assert await market.status(order) == status


@pytest.mark.parametrize(
    ("status", "stock", "quota"),
    [
        *(("held", 8, 0), ("paid", 8, 0), ("shipped", 8, 0), ("settled", 8, 0)),
        *(("refunded", 8, 0), ("expired", 10, 2), ("cancelled", 10, 2)),
    ],
)
async def test_pieces_and_quota_go_back_when_an_order_is_undone_and_only_then(
    market: Market, status: str, stock: int, quota: int
) -> None:
    await brought_to(market, status)
    assert await market.stock() == stock
    if quota:
        await market.buy("lan", ("peach", quota))
    else:
        with refused(ErrorCode.LIMIT_EXCEEDED):
            await market.buy()


async def test_a_cancelled_order_from_the_wallet_leaves_no_trace_in_any_balance(
    market: Market,
) -> None:
    accounts = [("wallet:lan", "CNY"), ("stock:r:peach", "SKU:r:peach"), ("pending:mei", "CNY")]
    before = await market.ledger.balances(accounts)
    early, late = (await market.buy()).order, (await market.buy()).order
    await market.cancel(early)
    await market.settle()
    await market.cancel(late)
    assert await market.ledger.balances(accounts) == before
    assert await market.balance("orders:unsettled") == 0


async def test_what_is_left_goes_back_when_a_partly_refunded_order_is_cancelled(
    market: Market,
) -> None:
    order = await market.hold()
    await market.paid(order)
    await market.refund(order, 333, key="cancel")
    assert (await market.cancel(order)).refunded_minor == 1000
    owed = await market.ledger.upto("returns", market.now_ms, 10)
    assert len(owed) == 2
    assert await market.balance("returns:pay") == 1000
    await market.settle()
    assert await market.earned("@platform", "mei") == [0, 0]


async def test_settling_makes_available_what_refunds_have_left(market: Market) -> None:
    order = (await market.buy()).order
    await market.settle()
    await market.refund(order, 400)
    await market.through_life(order)
    assert await market.earned("@platform", "mei") == [0, 0]
    assert await market.earned("@platform", "mei", of="available") == [30, 570]


async def test_an_order_may_settle_before_its_commission_is_posted(ledger: Ledger) -> None:
    market = Market(ledger, terms(return_window_h=0, deliver_after_h=0))
    await market.room()
    await market.offer()
    await market.fund("lan", 1000)
    order = (await market.buy()).order
    await market.ship(order)
    await market.pass_ms(0)
    assert await market.status(order) == "settled"
    assert await market.earned("mei") == [-950]
    await market.settle()
    assert await market.earned("mei") == [0]
    assert await market.earned("mei", of="available") == [950]
    assert await market.breaches() == []


async def test_an_order_lives_on_after_its_show_has_ended(market: Market) -> None:
    held, paid = await market.hold(), (await market.buy()).order
    cancelled = (await market.buy()).order
    await shows.end(market.ledger, person("mei"), "r", market.now_ms)
    await market.paid(held)
    await market.cancel(cancelled, by="lan")
    await market.through_life(paid)
    assert (await market.status(held), await market.status(paid)) == ("paid", "settled")


# --- who may


WHO: dict[str, dict[str, ErrorCode | None]] = {
    "ship": {"lan": ErrorCode.FORBIDDEN, "mei": None, "sam": None, "olga": None},
    "deliver": {"lan": None, "mei": None, "sam": None, "olga": None},
    "cancel": {"lan": None, "mei": None, "sam": None, "olga": None},
    "refund": {"lan": ErrorCode.FORBIDDEN, "mei": None, "sam": None, "olga": None},
}


@pytest.mark.parametrize("move", WHO)
@pytest.mark.parametrize("by", ["lan", "mei", "sam", "olga", "eve", "pia", "bo"])
async def test_a_move_is_for_those_whose_order_it_is(market: Market, move: str, by: str) -> None:
    for owner, seller in (("sam", "bo"), ("bo", "mei")):
        await market.consent(owner, seller)
    await market.offer("plum", seller="sam", broker="bo")
    order = (await market.buy("lan", ("plum", 1), promoter="pia")).order
    if move == "deliver":
        await market.ship(order)
    try:
        await getattr(market, move)(order, by=by)
        code = None
    except Refused as refusal:
        code = refusal.code
    assert code == WHO[move].get(by, ErrorCode.NOT_FOUND)


async def test_an_order_that_does_not_exist_is_not_found(market: Market) -> None:
    for move in WHO:
        with refused(ErrorCode.NOT_FOUND):
            await getattr(market, move)("nothing")


async def test_another_parcel_for_what_is_shipped_is_conflict_and_the_same_changes_nothing(
    market: Market,
) -> None:
    order = (await market.buy()).order
    first = await market.ship(order, carrier="SF", tracking="1")
    market.now_ms += 1
    assert await market.ship(order, carrier="SF", tracking="1") == first
    with refused(ErrorCode.CONFLICT):
        await market.ship(order, carrier="SF", tracking="2")
