"""What gifts and orders consist of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.books.purchases import (
    OFFERS,
    combo_count,
    combo_key,
    combo_ordinals,
    order_line,
    orders_topup_minor,
)


def test_gifts_of_one_key_count_up_and_the_next_key_starts_over() -> None:
    gifts = [(combo_key("r", 5, ordinal), combo_count(ordinal)) for ordinal in range(4)]
    assert gifts == [("r-g5-0", 1), ("r-g5-0", 2), ("r-g5-0", 3), ("r-g5-1", 1)]


@given(st.integers(0, 10**6), st.integers(0, 1_000), st.integers(0, 3))
def test_an_event_shows_the_gifts_that_it_adds(viewer: int, ordinal: int, more: int) -> None:
    count = combo_count(ordinal)
    added = min(count, 1 + more)
    whose, shown = combo_ordinals(combo_key("r", viewer, ordinal), count, added)
    assert whose == viewer
    assert list(shown) == list(range(ordinal - added + 1, ordinal + 1))


@pytest.mark.parametrize("key", ["", "of somebody else", "r-g5", "r-gx-1"])
def test_a_combo_of_somebody_else_is_an_error(key: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        combo_ordinals(key, 1, 1)


def test_an_order_costs_its_pieces() -> None:
    prices = {offer.offer: offer.price_minor for offer in OFFERS}
    for line in map(order_line, range(20)):
        assert line.total_minor == line.quantity * prices[line.offer]


def test_an_order_of_a_given_quantity_has_it() -> None:
    assert {order_line(number, OFFERS, 2).quantity for number in range(20)} == {2}


def test_a_topup_pays_for_any_orders() -> None:
    assert all(order_line(number).total_minor <= orders_topup_minor(1) for number in range(50))
