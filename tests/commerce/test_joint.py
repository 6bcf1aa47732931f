"""Joint sales: what a host earns is shared as all have agreed, to the last unit."""

from typing import Any

import pytest

from livesrv.ledger.entry import PLATFORM
from protocol.codes import ErrorCode

from .market import Market, refused


@pytest.fixture
async def sale(market: Market) -> Market:
    """Goods of sam's in mei's room; of 10% for the host, mei, bo and jun are to share."""
    await market.consent("sam", "mei")
    await market.offer("plum", seller="sam", price_minor=999)
    await market.propose(mei=3334, bo=3333, jun=3333)
    return market


async def sell(market: Market) -> list[int]:
    await market.buy("lan", ("plum", 1))
    await market.settle()
    return await market.earned(PLATFORM, "mei", "bo", "jun", "sam")


async def test_shares_hold_from_when_the_last_has_agreed(sale: Market) -> None:
    assert await sell(sale) == [50, 100, 0, 0, 849]
    assert not (await sale.agree("bo", 1)).is_agreed
    assert await sell(sale) == [100, 200, 0, 0, 1698]
    assert (await sale.agree("jun", 1)).is_agreed
    assert await sell(sale) == [150, 234, 33, 33, 2547]


async def test_what_the_hosts_share_is_exactly_what_one_host_would_have_earned(
    sale: Market,
) -> None:
    for user in ("bo", "jun"):
        await sale.agree(user, 1)
    shared = await sell(sale)
    assert shared[1] + shared[2] + shared[3] in (99, 100)
    assert sum(shared) == 999


async def test_gifts_are_shared_too(sale: Market) -> None:
    for user in ("bo", "jun"):
        await sale.agree(user, 1)
    await sale.fund("lan", 100, "COIN")
    await sale.give("lan", 100)
    await sale.settle()
    assert await sale.earned(PLATFORM, "mei", "bo", "jun", asset="COIN") == [50, 17, 17, 16]


async def test_a_new_proposal_needs_everybody_again_and_the_old_one_holds_till_then(
    sale: Market,
) -> None:
    for user in ("bo", "jun"):
        await sale.agree(user, 1)
    again = await sale.propose(mei=5000, bo=5000)
    assert (again.number, again.agreed) == (2, ("mei",))
    assert await sell(sale) == [50, 34, 33, 33, 849]
    with refused(ErrorCode.CONFLICT, saying="number 2"):
        await sale.agree("bo", 1)
    with refused(ErrorCode.FORBIDDEN):
        await sale.agree("jun", 2)
    await sale.agree("bo", 2)
    assert await sell(sale) == [100, 84, 83, 33, 1698]


async def test_the_same_proposal_again_keeps_what_was_agreed(sale: Market) -> None:
    await sale.agree("bo", 1)
    again = await sale.propose(jun=3333, bo=3333, mei=3334)
    assert (again.number, again.agreed) == (1, ("mei", "bo"))
    assert (await sale.agree("bo", 1)).agreed == ("mei", "bo")


async def test_a_host_alone_takes_all_again_at_once(sale: Market) -> None:
    for user in ("bo", "jun"):
        await sale.agree(user, 1)
    assert (await sale.propose(mei=10_000)).is_agreed
    assert await sell(sale) == [50, 100, 0, 0, 849]


async def test_an_order_keeps_the_shares_of_its_moment(sale: Market) -> None:
    held = await sale.hold("lan", ("plum", 1))
    for user in ("bo", "jun"):
        await sale.agree(user, 1)
    await sale.paid(held)
    await sale.settle()
    assert await sale.earned("mei", "bo", "jun") == [100, 0, 0]


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"mei": 9999}, "sum to 9999"),
        ({"mei": 5000, "bo": 5001}, "sum to 10001"),
        ({"bo": 10_000}, "mei must have a share"),
    ],
)
async def test_shares_that_are_no_whole_or_leave_the_host_out_are_invalid(
    market: Market, shares: dict[str, Any], said: str
) -> None:
    with refused(ErrorCode.INVALID, saying=said):
        await market.propose(**shares)


async def test_a_joint_sale_is_for_the_host_to_propose(market: Market) -> None:
    with refused(ErrorCode.FORBIDDEN):
        await market.propose("bo", bo=10_000)
    with refused(ErrorCode.NOT_FOUND):
        await market.agree("bo", 1)
    with refused(ErrorCode.NOT_FOUND):
        await market.propose(room="nowhere", mei=10_000)
