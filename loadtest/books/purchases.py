"""What each gift and order of the schedule consists of, and what it costs. Pure.

Invariant: content depends on the number alone, so that sending an action again sends the same
content under the same key.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..scenario.model import OFFERS_DEFAULT, Offer

CURRENCY = "CNY"
COINS = "COIN"
COMBO_LENGTH = 3
"""Gifts of one viewer that share a key, each with a higher running count."""
QUANTITY_MAX = 3
_COMBO, _STREAK = "g", "s"
OFFERS = OFFERS_DEFAULT


@dataclass(frozen=True)
class Line:
    """The one line of an order. `total_minor` is what the buyer has to see."""

    offer: str
    quantity: int
    total_minor: int


def order_line(number: int, offers: Sequence[Offer] = OFFERS, quantity: int | None = None) -> Line:
    """Order `number` buys `quantity`, or one to three pieces, of one of the offers."""
    offer = offers[number % len(offers)]
    pieces = quantity or 1 + number // len(offers) % QUANTITY_MAX
    return Line(offer.offer, pieces, pieces * offer.price_minor)


def order_key(run: str, number: int) -> str:
    return f"{run}-o{number}"


def combo_key(run: str, viewer: int, ordinal: int) -> str:
    """The combo of a viewer's gift: the first three share one, the next three another."""
    return f"{run}-{_COMBO}{viewer}-{ordinal // COMBO_LENGTH}"


def streak_key(run: str, viewer: int, ordinal: int) -> str:
    """A combo of its own for a gift that was recorded with its count."""
    return f"{run}-{_STREAK}{viewer}-{ordinal}"


def combo_count(ordinal: int) -> int:
    """The running total of its combo that a viewer's gift brings."""
    return ordinal % COMBO_LENGTH + 1


def combo_ordinals(key: str, count: int, added: int) -> tuple[int, range]:
    """Whose combo it is, and which of its gifts an event shows. Raises `ValueError`."""
    _, whose, block = key.split("-")
    kind, viewer, place = whose[0], int(whose[1:]), int(block)
    if kind == _STREAK:
        return viewer, range(place, place + 1)
    if kind != _COMBO:
        raise ValueError(f"{key!r} is not one of our combos")
    first = place * COMBO_LENGTH
    return viewer, range(first + max(0, count - added), first + count)


def orders_topup_minor(
    orders: int, offers: Sequence[Offer] = OFFERS, most: int = QUANTITY_MAX
) -> int:
    """What pays for `orders` orders of at most `most` pieces, whichever they turn out to be."""
    return orders * most * max(offer.price_minor for offer in offers)
