"""What a host must have earned, worked out once more from the rule alone. Pure.

Largest remainder, ties by the order of the parties, every sale split by itself. The host of these
tests is also the seller, so all that is not the platform's is the host's.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from tests.wire.shapes import Message

ORDER_CARD_BPS = {"platform": 333, "host": 1250}
GIFT_CARD_BPS = {"platform": 3333, "host": 6667}
"""Rates under which hardly any amount comes out even."""
BPS_WHOLE = 10_000


def of_orders(totals_minor: Iterable[int]) -> int:
    """What the host earns from orders with these totals."""
    rest_bps = BPS_WHOLE - sum(ORDER_CARD_BPS.values())
    card_bps = [*ORDER_CARD_BPS.values(), rest_bps]
    return sum(total - split(total, card_bps)[0] for total in totals_minor)


def of_gifts(charges: Iterable[int]) -> int:
    """What the host earns from gifts of so many coins each."""
    card_bps = [*GIFT_CARD_BPS.values()]
    return sum(coins - split(coins, card_bps)[0] for coins in charges)


def split(gross: int, card_bps: list[int]) -> list[int]:
    exact = [Fraction(gross * rate_bps, BPS_WHOLE) for rate_bps in card_bps]
    parts = [int(part) for part in exact]
    neediest = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in neediest[: gross - sum(parts)]:
        parts[i] += 1
    return parts


def earned(earnings: Message) -> Mapping[str, int]:
    """The answer of `GET /v1/earnings` by currency, pending and available together."""
    return {
        each["currency"]: each["pending_minor"] + each["available_minor"]
        for each in earnings["earnings"]
    }
