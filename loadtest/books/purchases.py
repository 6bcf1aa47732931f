"""What each gift and order of the schedule consists of, and what it costs. Pure.

Invariant: content depends on the number alone, so that sending an action again sends the same
content under the same key.
"""

from dataclasses import dataclass

CURRENCY = "CNY"
COINS = "COIN"
COMBO_LENGTH = 3
"""Gifts of one viewer that share a key, each with a higher running count."""
QUANTITY_MAX = 3


@dataclass(frozen=True)
class Offer:
    offer: str
    price_minor: int


@dataclass(frozen=True)
class Line:
    """The one line of an order. `total_minor` is what the buyer has to see."""

    offer: str
    quantity: int
    total_minor: int


OFFERS = (Offer("peach", 2_990), Offer("tea", 12_800), Offer("honey", 4_550))
"""Prices without a common divisor: a wrong sum cannot look right by accident."""
STOCK = 100_000_000
"""More than any run can sell: this harness measures sales, not refusals."""
LIMIT_PER_BUYER_MAX = 10_000
"""The highest limit that the wire allows."""


def order_line(number: int) -> Line:
    """Order `number` buys one to three pieces of one of the offers."""
    offer = OFFERS[number % len(OFFERS)]
    quantity = 1 + number // len(OFFERS) % QUANTITY_MAX
    return Line(offer.offer, quantity, quantity * offer.price_minor)


def order_key(run: str, number: int) -> str:
    return f"{run}-o{number}"


def combo_key(run: str, viewer: int, ordinal: int) -> str:
    """The combo of a viewer's gift: the first three share one, the next three another."""
    return f"{run}-g{viewer}-{ordinal // COMBO_LENGTH}"


def combo_count(ordinal: int) -> int:
    """The running total of its combo that a viewer's gift brings."""
    return ordinal % COMBO_LENGTH + 1


def orders_topup_minor(orders: int) -> int:
    """What pays for `orders` orders, whichever they turn out to be."""
    return orders * QUANTITY_MAX * max(offer.price_minor for offer in OFFERS)


def limit_per_buyer(orders: int) -> int | None:
    """A limit that `orders` orders of one buyer cannot reach, whichever they are; None without."""
    return LIMIT_PER_BUYER_MAX if orders * QUANTITY_MAX <= LIMIT_PER_BUYER_MAX else None
