"""Refunds: whatever the card, the price and the parts, every party ends at exactly nothing."""

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesrv.ledger.entry import ORDERS_UNSETTLED, PLATFORM
from livesrv.ledger.split import (
    BPS_WHOLE,
    Due,
    Movements,
    Portion,
    Share,
    earned,
    given_back,
    movements,
    release,
    reversal,
)
from tests.seeding import ROUNDS, SEED

SEQUENCES = 10_000
ROLES = ("platform", "host", "broker", "agency", "promoter", "tax", "cohost", "seller")
BUYER = "wallet:lan"


def random_card(rng: Random) -> tuple[Share, ...]:
    """Some roles, always the seller; now and then one person plays several."""
    roles = [*rng.sample(ROLES[:-1], rng.randrange(len(ROLES))), "seller"]
    cuts = sorted(rng.randrange(BPS_WHOLE + 1) for _ in roles[1:])
    edges = [0, *cuts, BPS_WHOLE]
    people = [PLATFORM if role == "platform" else rng.choice([role, "mei"]) for role in roles]
    rates = [high - low for low, high in itertools.pairwise(edges)]
    return tuple(Share(*each) for each in zip(roles, people, rates, strict=True))


def random_due(rng: Random) -> Due:
    """One to three portions of anything from a cent to the largest price."""
    most = rng.choice([2, 10, 1_000, 10**12])
    portions = []
    for _ in range(rng.randint(1, 3)):
        gross = rng.randint(1, most)
        portions.append(Portion(gross, random_card(rng), rng.choice([0, 0, rng.randint(0, gross)])))
    return Due(ORDERS_UNSETTLED, "CNY", tuple(portions))


def random_parts(rng: Random, gross: int) -> list[int]:
    """How much goes back at a time, until all has."""
    parts: list[int] = []
    while gross and len(parts) < 12:
        parts.append(rng.randint(1, rng.choice([1, 3, gross, gross])) if gross > 1 else 1)
        parts[-1] = min(parts[-1], gross)
        gross -= parts[-1]
    return [*parts, gross] if gross else parts


def apply(books: dict[str, int], moved: Movements) -> None:
    assert sum(moved.values()) == 0
    for (account, _), amount in moved.items():
        books[account] = books.get(account, 0) + amount


def test_random_refunds_of_random_orders_end_at_nothing_for_everybody() -> None:
    rng = Random(SEED)
    for _ in range(SEQUENCES * ROUNDS):
        due = random_due(rng)
        books = {ORDERS_UNSETTLED: due.gross}
        apply(books, movements(due))
        refunded = 0
        for part in random_parts(rng, due.gross):
            apply(
                books,
                reversal(due, before=refunded, after=refunded + part, earnings="pending", to=BUYER),
            )
            refunded += part
            assert books[BUYER] == refunded
            held = [n for name, n in books.items() if name not in (BUYER, f"pending:{PLATFORM}")]
            assert min(held) >= 0, (due, refunded, books)
        assert refunded == due.gross
        assert {n for name, n in books.items() if name != BUYER} == {0}, (due, books)


def test_random_refunds_around_the_settlement_leave_each_party_what_it_keeps() -> None:
    rng = Random(SEED)
    for _ in range(SEQUENCES * ROUNDS // 10):
        due = random_due(rng)
        books = {ORDERS_UNSETTLED: due.gross}
        apply(books, movements(due))
        before = rng.randint(0, due.gross)
        after = rng.randint(before, due.gross)
        apply(books, reversal(due, before=0, after=before, earnings="pending", to=BUYER))
        apply(books, release(due, before))
        assert {n for name, n in books.items() if name.startswith("pending:")} == {0}
        apply(books, reversal(due, before=before, after=after, earnings="available", to=BUYER))
        parts, back = earned(due), given_back(due, after)
        for party in back:
            assert books[f"available:{party}"] == parts.get(party, 0) - back[party]
        assert books[BUYER] == after


@given(st.randoms(use_true_random=False), st.data())
def test_two_refunds_take_what_one_of_their_sum_takes(rng: Random, data: st.DataObject) -> None:
    due = random_due(rng)
    between = data.draw(st.integers(0, due.gross))
    whole: dict[str, int] = {}
    apply(whole, reversal(due, before=0, after=due.gross, earnings="pending", to=BUYER))
    halves: dict[str, int] = {}
    for before, after in ((0, between), (between, due.gross)):
        apply(halves, reversal(due, before=before, after=after, earnings="pending", to=BUYER))
    assert whole == halves


def test_each_gives_back_its_part_rounded_down_and_the_platform_the_rest() -> None:
    card = (
        Share("platform", PLATFORM, 1000),
        Share("host", "mei", 3000),
        Share("seller", "s", 6000),
    )
    due = Due(ORDERS_UNSETTLED, "CNY", (Portion(99, card),))
    assert earned(due) == {PLATFORM: 10, "mei": 30, "s": 59}
    assert given_back(due, 1) == {PLATFORM: 1, "mei": 0, "s": 0}
    assert given_back(due, 50) == {PLATFORM: 6, "mei": 15, "s": 29}
    assert given_back(due, 99) == earned(due)


def test_carriage_is_the_sellers_before_anything_is_split() -> None:
    card = (Share("platform", PLATFORM, 5000), Share("seller", "s", 5000))
    due = Due(ORDERS_UNSETTLED, "CNY", (Portion(110, card, 10),))
    assert earned(due) == {PLATFORM: 50, "s": 60}


@pytest.mark.parametrize("refunded", [-1, 100])
def test_no_more_is_given_back_than_there_was(refunded: int) -> None:
    due = Due(ORDERS_UNSETTLED, "CNY", (Portion(99, (Share("seller", "s", BPS_WHOLE),)),))
    with pytest.raises(ValueError, match=f"cannot give back {refunded} of 99"):
        given_back(due, refunded)
