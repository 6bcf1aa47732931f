"""Splits: exact to the last unit, fair to the last unit, for every card and every amount."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesrv.ledger.split import BPS_WHOLE, Due, Share, movements, split


@st.composite
def cards(draw: st.DrawFn) -> list[Share]:
    cuts = sorted(draw(st.lists(st.integers(0, BPS_WHOLE), max_size=7)))
    edges = [0, *cuts, BPS_WHOLE]
    return [
        Share(f"role{i}", f"party{i % 3}", high - low)
        for i, (low, high) in enumerate(pairwise(edges))
    ]


@given(st.integers(0, 2**50), cards())
def test_parts_sum_to_the_gross_and_none_is_off_by_a_whole_unit(
    gross: int, card: list[Share]
) -> None:
    parts = split(gross, card)
    assert sum(parts) == gross
    for share, part in zip(card, parts, strict=True):
        assert abs(part * BPS_WHOLE - gross * share.rate_bps) < BPS_WHOLE


@given(st.integers(0, 2**50), cards())
def test_movements_of_a_due_sum_to_zero(gross: int, card: list[Share]) -> None:
    moved = movements(Due("orders:unsettled", "CNY", gross, card))
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
