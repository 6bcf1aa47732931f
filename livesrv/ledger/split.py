"""Splitting money by a rate card, to the last unit. Pure; integers only.

A rate card is a list of shares in basis points (1/10,000) that sum to 10,000. It is frozen on the
gift or order it applies to, so what a party gets never depends on a card changed later.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

BPS_WHOLE = 10_000


class Share(NamedTuple):
    """What one party gets: a role, who plays it, and the rate."""

    role: str
    party: str
    rate_bps: int


class Due(Struct):
    """Money that stands unsettled in an account until it is split by the card."""

    account: str
    asset: str
    gross: int
    card: list[Share]


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


def movements(due: Due) -> dict[tuple[str, str], int]:
    """The balanced movements, by (account, asset), that settle a due into what parties earn."""
    moved = {(due.account, due.asset): -due.gross}
    for share, part in zip(due.card, split(due.gross, due.card), strict=True):
        account = (f"pending:{share.party}", due.asset)
        moved[account] = moved.get(account, 0) + part
    return moved
