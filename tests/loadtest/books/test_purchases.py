"""What gifts and orders consist of."""

from loadtest.books.purchases import (
    LIMIT_PER_BUYER_MAX,
    OFFERS,
    combo_count,
    combo_key,
    limit_per_buyer,
    order_line,
    orders_topup_minor,
)
from loadtest.run.stage import Gift, topups_minor


def test_gifts_of_one_key_count_up_and_the_next_key_starts_over() -> None:
    gifts = [(combo_key("r", 5, ordinal), combo_count(ordinal)) for ordinal in range(4)]
    assert gifts == [("r-g5-0", 1), ("r-g5-0", 2), ("r-g5-0", 3), ("r-g5-1", 1)]


def test_an_order_costs_its_pieces() -> None:
    prices = {offer.offer: offer.price_minor for offer in OFFERS}
    for line in map(order_line, range(20)):
        assert line.total_minor == line.quantity * prices[line.offer]


def test_a_topup_pays_for_any_orders() -> None:
    assert all(order_line(number).total_minor <= orders_topup_minor(1) for number in range(50))


def test_a_limit_that_a_run_could_reach_is_not_set() -> None:
    assert limit_per_buyer(10) == LIMIT_PER_BUYER_MAX
    assert limit_per_buyer(LIMIT_PER_BUYER_MAX) is None


def test_only_viewers_that_buy_are_given_money() -> None:
    topups = topups_minor({1: 4}, {1: 1, 2: 1}, Gift("rose", 3))
    assert topups == {
        1: {"COIN": 12, "CNY": orders_topup_minor(1)},
        2: {"CNY": orders_topup_minor(1)},
    }
