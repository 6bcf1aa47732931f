"""Goods of a manufacturer: only under a contract, and only from a host whom enough follow."""

import asyncio

import pytest

from livesrv.commerce import follows, parties
from livesrv.ledger.store import Ledger
from protocol.codes import ErrorCode

from .market import OPS, Market, person, refused
from .terms import NOW_MS, terms

DAY_MS = 86_400_000
FOLLOWERS_MIN = 3


@pytest.fixture
async def factory(ledger: Ledger) -> Market:
    """A room of mei's where factory's goods are on sale; three must follow her."""
    market = Market(ledger, terms(quick_order_followers_min=FOLLOWERS_MIN))
    await market.room()
    await market.party("factory", is_manufacturer=True)
    await market.consent("factory", "mei")
    await market.offer(seller="factory")
    await market.fund("lan", 100_000)
    return market


async def follow(market: Market, *users: str, is_following: bool = True) -> None:
    for user in users:
        await follows.follow(
            market.ledger, person(user), "mei", is_following=is_following, now_ms=market.now_ms
        )


@pytest.mark.parametrize(
    ("from_ms", "until_ms"),
    [(NOW_MS + 1, None), (NOW_MS + 1, NOW_MS + DAY_MS), (NOW_MS - DAY_MS, NOW_MS)],
    ids=["not yet", "not yet, with an end", "over"],
)
async def test_a_contract_that_does_not_hold_now_sells_nothing(
    factory: Market, from_ms: int, until_ms: int | None
) -> None:
    await follow(factory, "a", "b", "c")
    with refused(ErrorCode.NOT_ELIGIBLE, saying="factory has no contract"):
        await factory.buy()
    await factory.contract("factory", from_ms, until_ms)
    with refused(ErrorCode.NOT_ELIGIBLE, saying="factory has no contract"):
        await factory.buy()


@pytest.mark.parametrize(
    ("from_ms", "until_ms"), [(NOW_MS, None), (NOW_MS - DAY_MS, NOW_MS + 1)], ids=["open", "dated"]
)
async def test_a_contract_that_holds_and_enough_followers_sell(
    factory: Market, from_ms: int, until_ms: int | None
) -> None:
    await follow(factory, "a", "b", "c")
    await factory.contract("factory", from_ms, until_ms)
    await factory.buy()


async def test_a_revoked_contract_sells_nothing_until_another_is_signed(factory: Market) -> None:
    await follow(factory, "a", "b", "c")
    await factory.contract("factory", NOW_MS)
    await parties.revoke_contract(factory.ledger, OPS, "factory", NOW_MS + 5)
    await factory.buy()
    factory.now_ms += 5
    with refused(ErrorCode.NOT_ELIGIBLE, saying="no contract"):
        await factory.buy()
    await parties.revoke_contract(factory.ledger, OPS, "factory", NOW_MS + 9)
    await factory.contract("factory", NOW_MS)
    await factory.buy()


async def test_a_host_with_one_follower_too_few_sells_nothing(factory: Market) -> None:
    await factory.contract("factory", NOW_MS)
    await follow(factory, "a", "b")
    with refused(ErrorCode.NOT_ELIGIBLE, saying="too few followers"):
        await factory.buy(key="k")
    await follow(factory, "c")
    await factory.buy()
    with refused(ErrorCode.NOT_ELIGIBLE, saying="too few followers"):
        await factory.buy(key="k")
    await follow(factory, "c", is_following=False)
    with refused(ErrorCode.NOT_ELIGIBLE):
        await factory.buy()


async def test_following_twice_and_at_once_counts_once(factory: Market) -> None:
    await factory.contract("factory", NOW_MS)
    await asyncio.gather(*(follow(factory, user) for user in ("a", "a", "b", "a", "b")))
    with refused(ErrorCode.NOT_ELIGIBLE):
        await factory.buy()
    await follow(factory, "a", is_following=False)
    await follow(factory, "a", is_following=False)
    await follow(factory, "c")
    with refused(ErrorCode.NOT_ELIGIBLE):
        await factory.buy()


async def test_the_gate_stands_before_held_orders_and_private_prices_too(factory: Market) -> None:
    with refused(ErrorCode.NOT_ELIGIBLE):
        await factory.hold()
    await factory.deal(by="factory")
    with refused(ErrorCode.NOT_ELIGIBLE):
        await factory.buy("lan", ("peach", 3), total=2100, private_price="d")


async def test_other_goods_need_neither(factory: Market) -> None:
    await factory.offer("plum")
    await factory.buy("lan", ("plum", 1))


async def test_whoever_is_no_longer_a_manufacturer_sells_freely(factory: Market) -> None:
    with refused(ErrorCode.NOT_ELIGIBLE):
        await factory.buy()
    await factory.party("factory", is_manufacturer=False)
    await factory.buy()


@pytest.mark.parametrize("user", ["mei", "factory"])
async def test_agreements_are_for_ops_to_make_and_for_oneself_to_read(
    factory: Market, user: str
) -> None:
    new = parties.NewContract(reference="c", from_ms=NOW_MS)
    with refused(ErrorCode.FORBIDDEN):
        await parties.sign_contract(factory.ledger, person(user), "factory", new)
    with refused(ErrorCode.FORBIDDEN):
        await parties.revoke_contract(factory.ledger, person(user), "factory", NOW_MS)
    with refused(ErrorCode.NOT_FOUND):
        await parties.revoke_contract(factory.ledger, OPS, "factory", NOW_MS)
    if user == "factory":
        assert (await parties.read_one(factory.ledger, person(user), user)).is_manufacturer
    else:
        with refused(ErrorCode.FORBIDDEN):
            await parties.read_one(factory.ledger, person(user), "factory")
