"""Splits: exact to the last unit, fair to the last unit, for every card and every amount."""

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesrv.ledger.split import BPS_WHOLE, Due, Portion, Share, movements, split
from tests.seeding import ROUNDS, SEED

SPLITS = 10_000
GROSS_MAX = 2**50


@st.composite
def cards(draw: st.DrawFn) -> list[Share]:
    cuts = sorted(draw(st.lists(st.integers(0, BPS_WHOLE), max_size=7)))
    edges = [0, *cuts, BPS_WHOLE]
    return [
        Share(f"role{i}", f"party{i % 3}", high - low)
        for i, (low, high) in enumerate(pairwise(edges))
    ]


def random_card(rng: Random) -> list[Share]:
    """One to eight parties; some get nothing, some the same, as real cards have it."""
    step = rng.choice([1, 1, 50, 500, 2_500])
    cuts = sorted(rng.randrange(0, BPS_WHOLE + 1, step) for _ in range(rng.randrange(8)))
    edges = [0, *cuts, BPS_WHOLE]
    return [Share("role", f"p{i}", high - low) for i, (low, high) in enumerate(pairwise(edges))]


def test_random_splits_are_exact_and_odd_units_go_to_the_largest_remainders_in_order(
    record_property: Callable[[str, object], None],
) -> None:
    rng = Random(SEED)
    record_property("rounds", SPLITS * ROUNDS)
    for _ in range(SPLITS * ROUNDS):
        gross, card = rng.randrange(rng.choice([3, 100, 10**6, GROSS_MAX])), random_card(rng)
        parts = split(gross, card)
        assert sum(parts) == gross, (gross, card)
        exact = [gross * share.rate_bps for share in card]
        odd = [part - whole // BPS_WHOLE for part, whole in zip(parts, exact, strict=True)]
        assert set(odd) <= {0, 1}, (gross, card)
        by_need = sorted(range(len(card)), key=lambda i: (-(exact[i] % BPS_WHOLE), i))
        assert {i for i, extra in enumerate(odd) if extra} == set(by_need[: sum(odd)])
        assert all(exact[i] % BPS_WHOLE for i, extra in enumerate(odd) if extra), (gross, card)


@given(st.integers(0, 2**50), cards())
def test_movements_of_a_due_sum_to_zero(gross: int, card: list[Share]) -> None:
    moved = movements(Due("orders:unsettled", "CNY", (Portion(gross, tuple(card)),)))
    assert sum(moved.values()) == 0
    assert moved["orders:unsettled", "CNY"] == -gross


def test_ties_go_to_the_first_parties_of_the_card() -> None:
    card = [
        Share("a", "a", 2500),
        Share("b", "b", 2500),
        Share("c", "c", 2500),
        Share("d", "d", 2500),
    ]
    assert split(2, card) == [1, 1, 0, 0]


def test_largest_remainder_goes_first() -> None:
    card = [Share("a", "a", 100), Share("b", "b", 9900)]
    assert split(1, card) == [0, 1]
    assert split(99, card) == [1, 98]


@pytest.mark.parametrize(
    ("gross", "rates"), [(-1, [10_000]), (1, [9_999]), (1, []), (1, [-1, 10_001])]
)
def test_what_is_no_card_is_refused_with_its_numbers(gross: int, rates: list[int]) -> None:
    with pytest.raises(ValueError, match="must sum to 10000"):
        split(gross, [Share("r", "p", rate) for rate in rates])
