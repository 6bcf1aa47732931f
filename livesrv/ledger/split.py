"""Splitting money by a rate card, to the last unit, and taking it back. Pure; integers only.

A rate card is a list of shares in basis points (1/10,000) that sum to 10,000. It is frozen on the
gift or order it applies to, so what a party gets never depends on a card changed later.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from .entry import PLATFORM

BPS_WHOLE = 10_000
SELLER = "seller"

Movements = dict[tuple[str, str], int]
"""What moves, by (account, asset)."""


class Share(NamedTuple):
    """What one party gets: a role, who plays it, and the rate."""

    role: str
    party: str
    rate_bps: int


class Portion(NamedTuple):
    """Money under one card. `carriage` is the part that goes to the seller before the split."""

    gross: int
    card: tuple[Share, ...]
    carriage: int = 0


class Due(Struct, frozen=True):
    """Money that stands unsettled in an account until each portion is split by its card."""

    account: str
    asset: str
    portions: tuple[Portion, ...]

    @property
    def gross(self) -> int:
        return sum(portion.gross for portion in self.portions)


def split(gross: int, card: Sequence[Share]) -> list[int]:
    """Split `gross` by the card; the parts stand in the card's order and sum to `gross` exactly.

    Largest remainder (Hamilton's method), ties by the order of the parties. Raises ValueError for
    a card that does not sum to 10,000 or a negative gross.
    """
    rates_bps = [share.rate_bps for share in card]
    if gross < 0 or min(rates_bps, default=-1) < 0 or sum(rates_bps) != BPS_WHOLE:
        raise ValueError(f"cannot split {gross} by rates {rates_bps}; they must sum to {BPS_WHOLE}")
    parts = [gross * rate_bps // BPS_WHOLE for rate_bps in rates_bps]
    remainders = [gross * rate_bps % BPS_WHOLE for rate_bps in rates_bps]
    by_remainder = sorted(range(len(parts)), key=lambda i: -remainders[i])
    for i in by_remainder[: gross - sum(parts)]:
        parts[i] += 1
    return parts


def earned(due: Due) -> dict[str, int]:
    """What each party gets of a due; somebody who plays two roles gets both parts."""
    parties: dict[str, int] = {}
    for gross, card, carriage in due.portions:
        for share, part in zip(card, split(gross - carriage, card), strict=True):
            own = part + carriage if share.role == SELLER else part
            parties[share.party] = parties.get(share.party, 0) + own
    return parties


def movements(due: Due) -> Movements:
    """The balanced movements that settle a due into what parties earn."""
    return {
        (due.account, due.asset): -due.gross,
        **{(f"pending:{party}", due.asset): part for party, part in earned(due).items()},
    }


def given_back(due: Due, refunded: int) -> dict[str, int]:
    """What each party has given back when `refunded` of the gross has gone back to the buyer.

    Each gives `floor(part x refunded / gross)`, the platform the rest. So any sequence of refunds
    that ends at the gross ends at exactly the part of each. Raises ValueError outside 0..gross.
    """
    gross = due.gross
    if not 0 <= refunded <= gross:
        raise ValueError(f"cannot give back {refunded} of {gross}")
    parts = earned(due)
    back = {party: part * refunded // gross for party, part in parts.items() if party != PLATFORM}
    return {PLATFORM: refunded - sum(back.values()), **back}


def reversal(due: Due, *, before: int, after: int, earnings: str, to: str) -> Movements:
    """The movements of a refund that raises what was refunded from `before` to `after`.

    Each party gives back out of its account in the class `earnings` (`pending`, or `available` once
    released); the money goes to the account `to`.
    """
    was, now = given_back(due, before), given_back(due, after)
    moved = {(f"{earnings}:{party}", due.asset): was[party] - now[party] for party in now}
    return {**moved, (to, due.asset): after - before}


def release(due: Due, refunded: int) -> Movements:
    """The movements that make available what refunds have left of a due."""
    parts, back = earned(due), given_back(due, refunded)
    moved: Movements = {}
    for party in back:
        left = parts.get(party, 0) - back[party]
        moved[f"pending:{party}", due.asset] = -left
        moved[f"available:{party}", due.asset] = left
    return moved
