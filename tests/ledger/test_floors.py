"""Floors: which balances an entry may leave behind, and what it is told when it may not."""

import pytest

from livesrv.ledger.entry import Entry, Leg, leg
from livesrv.ledger.store import Ledger, Outcome, Status
from tests.ledger.model import AMOUNT_MAX


async def post(ledger: Ledger, entry_id: str, *legs: Leg, unrecorded: str = "") -> Outcome:
    return await ledger.post(
        Entry(id=entry_id, fingerprint="f", kind="x", legs=[*legs], unrecorded=unrecorded)
    )


async def fill(ledger: Ledger, account: str, amount: int) -> None:
    name = f"fill {account} {amount}".replace(" ", "-")
    outcome = await post(ledger, name, leg("world", "CNY", -amount), leg(account, "CNY", amount))
    assert outcome.status is Status.POSTED


@pytest.mark.parametrize("account", ["world", "supplier:p", "clearing:c", "pending:h"])
async def test_units_may_leave_an_account_of_a_class_without_floor(
    ledger: Ledger, account: str
) -> None:
    outcome = await post(ledger, "x", leg(account, "CNY", -5), leg("wallet:a", "CNY", 5))
    assert outcome.after == (-5, 5)


@pytest.mark.parametrize("account", ["wallet:a", "stock:p", "orders:unsettled", "of-a-new-class"])
async def test_units_may_not_leave_an_account_of_any_other_class_below_zero(
    ledger: Ledger, account: str
) -> None:
    await fill(ledger, account, 5)
    outcome = await post(ledger, "x", leg(account, "CNY", -6), leg("world", "CNY", 6))
    assert outcome.why == f"floor {account} CNY"


async def test_a_floor_that_a_leg_names_holds_in_a_class_without_one(ledger: Ledger) -> None:
    legs = leg("available:h", "CNY", -5, floor=0), leg("paid_out", "CNY", 5)
    assert (await post(ledger, "x", *legs)).why == "floor available:h CNY"


async def test_a_floor_that_a_leg_names_holds_where_nothing_moves(ledger: Ledger) -> None:
    await fill(ledger, "wallet:a", 4)
    assert (await post(ledger, "x", leg("wallet:a", "CNY", 0, floor=5))).status is Status.REFUSED
    assert (await post(ledger, "y", leg("wallet:a", "CNY", 0, floor=4))).status is Status.POSTED


async def test_a_floor_that_a_leg_names_holds_where_units_come_in(ledger: Ledger) -> None:
    await post(ledger, "debt", leg("available:h", "CNY", -10), leg("world", "CNY", 10))
    legs = leg("world", "CNY", -3), leg("available:h", "CNY", 3, floor=0)
    assert (await post(ledger, "x", *legs)).why == "floor available:h CNY"


async def test_units_may_come_into_an_account_that_stays_below_zero(ledger: Ledger) -> None:
    quota = leg("quota:p:a", "Q", -2, floor=-2)
    assert (await post(ledger, "x", quota, leg("quota:p", "Q", 2))).after == (-2, 2)
    back = leg("quota:p:a", "Q", 1), leg("quota:p", "Q", -1)
    assert (await post(ledger, "y", *back)).after == (-1, 1)


async def test_each_leg_is_held_against_the_balance_at_its_place(ledger: Ledger) -> None:
    spend, fund = leg("wallet:a", "CNY", -5), leg("wallet:a", "CNY", 5)
    assert (await post(ledger, "x", fund, spend)).after == (5, 0)
    assert (await post(ledger, "y", spend, fund)).status is Status.REFUSED


async def test_an_entry_that_is_short_leaves_no_record_and_may_be_posted_again(
    ledger: Ledger,
) -> None:
    legs = leg("stock:p", "CNY", -1), leg("sold:p", "CNY", 1)
    short = await post(ledger, "x", *legs, unrecorded="stock")
    assert (short.status, short.why) == (Status.SHORT, "floor stock:p CNY")
    await fill(ledger, "stock:p", 1)
    again = await post(ledger, "x", *legs, unrecorded="stock")
    assert (again.status, again.is_repeat) == (Status.POSTED, False)


async def test_only_the_named_class_makes_an_entry_short(ledger: Ledger) -> None:
    legs = leg("wallet:a", "CNY", -1), leg("sold:p", "CNY", 1)
    assert (await post(ledger, "x", *legs, unrecorded="stock")).status is Status.REFUSED
    assert (await post(ledger, "x", *legs, unrecorded="stock")).is_repeat


async def test_legs_whose_sum_leaves_the_exact_range_are_refused(ledger: Ledger) -> None:
    legs = [leg(f"wallet:{i}", "CNY", AMOUNT_MAX) for i in range(5)]
    legs += [leg(f"clearing:{i}", "CNY", -AMOUNT_MAX) for i in range(5)]
    assert (await post(ledger, "x", *legs)).why == "range wallet:4 CNY"
    assert await ledger.balances([("wallet:0", "CNY")]) == [0]
