"""Rate cards: the most specific one holds and is frozen on the order; every cent has an owner."""

import pytest

from livesrv.commerce.cards import TAX
from livesrv.ledger.entry import PLATFORM
from livesrv.ledger.split import Portion, Share
from livesrv.ledger.store import Ledger
from protocol.codes import ErrorCode

from .market import Market, refused
from .terms import terms


async def earned_by(market: Market, *parties: str) -> list[int]:
    """What they have of one peach for 1000, in the currency's smallest unit."""
    await market.buy()
    await market.settle()
    return await market.earned(*parties)


async def portions(market: Market, order: str) -> tuple[Portion, ...]:
    return (await market.order(order)).portions


# --- which holds


SCOPES = [
    ("default", None),
    ("category", "fruit"),
    ("host", "mei"),
    ("seller", "sam"),
    ("offer", "r/plum"),
]
"""From the most general to the most specific."""


async def test_the_most_specific_card_holds(market: Market) -> None:
    await market.consent("sam", "mei")
    await market.offer("plum", seller="sam", category="fruit")
    for number, (scope, subject) in enumerate(SCOPES, 1):
        await market.card(scope, subject, platform=100 * number)
        placed = await market.buy("lan", ("plum", 1))
        (portion,) = await portions(market, placed.order)
        assert portion.card[0] == Share("platform", PLATFORM, 100 * number), scope


async def test_cards_of_others_do_not_hold(market: Market) -> None:
    await market.offer("plum", category="fruit")
    for scope, subject in (
        *(("category", "fish"), ("host", "bo"), ("seller", "bo"), ("offer", "r/plum")),
        *(("gifts", None), ("gifts_of", "mei")),
    ):
        await market.card(scope, subject, platform=9000)
    assert await earned_by(market, PLATFORM, "mei") == [50, 950]


async def test_lines_under_different_cards_are_split_apart(market: Market) -> None:
    await market.offer("plum", price_minor=101)
    await market.card("offer", "r/plum", platform=5000)
    placed = await market.buy("lan", ("peach", 1), ("plum", 1))
    gross = {
        portion.gross: portion.card[0].rate_bps for portion in await portions(market, placed.order)
    }
    assert gross == {1000: 500, 101: 5000}
    await market.settle()
    assert await market.earned(PLATFORM, "mei") == [50 + 51, 950 + 50]


async def test_lines_under_one_card_are_split_as_one(market: Market) -> None:
    await market.offer("plum", price_minor=1)
    placed = await market.buy("lan", ("peach", 1), ("plum", 9))
    assert [portion.gross for portion in await portions(market, placed.order)] == [1009]


# --- versions


async def test_a_card_counts_its_versions_and_the_same_again_is_none(market: Market) -> None:
    for rate, version in ((100, 1), (100, 1), (200, 2), (100, 3)):
        assert await market.card("host", "mei", platform=rate) == version


async def test_a_changed_card_changes_no_order_placed_before(market: Market, rival: Market) -> None:
    await market.card("default", platform=1000)
    before = await market.buy()
    held = await market.hold()
    await rival.card("default", platform=9000)
    await market.paid(held)
    after = await market.buy()
    rates = [(await portions(market, each))[0].card[0].rate_bps for each in (before.order, held)]
    assert rates == [1000, 1000]
    assert (await portions(market, after.order))[0].card[0].rate_bps == 9000
    await market.settle()
    assert await market.earned(PLATFORM) == [100 + 100 + 900]


# --- who plays which role


async def test_a_role_that_nobody_plays_falls_to_the_seller(market: Market) -> None:
    await market.card(
        "default", platform=500, host=1000, broker=300, agency=400, promoter=600, tax=200
    )
    assert await earned_by(market, PLATFORM, TAX, "mei") == [50, 20, 930]


async def test_everybody_who_plays_a_role_gets_its_rate(market: Market) -> None:
    await market.card(
        "default", platform=500, host=1000, broker=300, agency=400, promoter=600, tax=200
    )
    await market.party("mei", agency="star")
    for owner, seller in (("sam", "bo"), ("bo", "mei")):
        await market.consent(owner, seller)
    await market.offer("plum", seller="sam", broker="bo")
    await market.buy("lan", ("plum", 1), promoter="pia")
    await market.settle()
    parties = [PLATFORM, "mei", "bo", "star", "pia", TAX, "sam"]
    assert await market.earned(*parties) == [50, 100, 30, 40, 60, 20, 700]


async def test_who_plays_two_roles_gets_both_parts(market: Market) -> None:
    await market.card("default", platform=500, host=1000, promoter=600)
    await market.buy(promoter="mei")
    await market.settle()
    assert await market.earned(PLATFORM, "mei") == [50, 950]


async def test_the_agency_that_counts_is_the_hosts_at_the_time_of_the_order(
    market: Market,
) -> None:
    await market.card("default", agency=1000)
    for agency in ("one", "two", None):
        await market.party("mei", agency=agency)
        await market.buy()
    await market.settle()
    assert await market.earned("one", "two", "mei") == [100, 100, 2800]


async def test_who_buys_cannot_be_the_own_promoter(market: Market) -> None:
    await market.card("default", promoter=1000)
    with refused(ErrorCode.INVALID, saying="promoter"):
        await market.buy(promoter="lan")


async def test_a_host_may_buy_from_the_own_show_and_gets_the_sellers_part_back(
    market: Market,
) -> None:
    await market.fund("mei", 1000)
    placed = await market.buy("mei")
    await market.settle()
    assert await market.earned(PLATFORM, "mei") == [50, 950]
    await market.refund(placed.order)
    assert await market.earned(PLATFORM, "mei") == [0, 0]
    assert await market.balance("wallet:mei") == 1000


async def test_a_seller_may_buy_the_own_goods_and_cancel_as_either(market: Market) -> None:
    await market.consent("sam", "mei")
    await market.offer("plum", seller="sam")
    await market.fund("sam", 2000)
    first, second = [await market.buy("sam", ("plum", 1)) for _ in range(2)]
    await market.cancel(first.order, by="sam")
    await market.refund(second.order, by="sam")
    await market.settle()
    assert await market.earned(PLATFORM, "mei", "sam") == [0, 0, 0]
    assert await market.balance("wallet:sam") == 2000


async def test_a_party_whose_part_is_nothing_leaves_no_leg(market: Market) -> None:
    await market.offer("seed", price_minor=1)
    placed = await market.buy("lan", ("seed", 1))
    await market.settle()
    assert await market.earned(PLATFORM, "mei") == [0, 1]
    assert (await market.refund(placed.order)).status == "refunded"
    assert await market.earned(PLATFORM, "mei") == [0, 0]


async def test_a_card_that_gives_all_away_leaves_the_seller_nothing(market: Market) -> None:
    await market.card("default", platform=4000, tax=6000)
    assert await earned_by(market, PLATFORM, TAX, "mei") == [400, 600, 0]


# --- gifts


async def test_a_gift_is_under_the_hosts_own_card_else_under_everybodys(ledger: Ledger) -> None:
    market = Market(ledger, terms(gift_card_bps={"platform": 5000, "host": 5000}))
    await market.room()
    await market.party("mei", agency="star")
    await market.fund("lan", 300, "COIN")
    await market.give("lan", 100)
    await market.card("gifts", platform=2000, agency=1000)
    await market.give("lan", 100)
    await market.card("gifts_of", "mei", platform=1000)
    await market.give("lan", 100)
    await market.settle()
    earned = await market.earned(PLATFORM, "star", "mei", asset="COIN")
    assert earned == [50 + 20 + 10, 10, 50 + 70 + 90]


# --- who may, and what is none


@pytest.mark.parametrize(
    ("scope", "subject", "rates", "said"),
    [
        ("default", None, {"seller": 1}, "unknown role seller"),
        ("gifts", None, {"promoter": 1}, "unknown role promoter"),
        ("default", None, {"platform": 6000, "host": 4001}, "sum to 10001"),
        ("default", "mei", {}, "has no `subject`"),
        ("host", None, {}, "needs `subject`"),
        ("offer", "plum", {}, "needs `room`"),
        ("host", "r/mei", {}, "has no `room`"),
    ],
)
async def test_rates_that_make_no_card_are_invalid(
    market: Market, scope: str, subject: str | None, rates: dict[str, int], said: str
) -> None:
    with refused(ErrorCode.INVALID, saying=said):
        await market.card(scope, subject, **rates)


async def test_a_card_of_an_offer_needs_the_offer(market: Market) -> None:
    with refused(ErrorCode.NOT_FOUND):
        await market.card("offer", "r/nothing", platform=1)
