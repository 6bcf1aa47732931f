"""Maturity of gifts: what they have earned becomes available when their window has passed.

Commission batches gather what gifts have earned in baskets by the time they ripen: rankings
`ripening:RIPE_MS` whose members are "PARTY ASSET" and whose scores are amounts. A ripe basket is
emptied by entries that have read the commission's watermark: if a batch has put something into the
basket meanwhile, they are stale and are made again. (Orders ripen one by one: see their own life.)
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from .entry import (
    DUE_RANKING,
    WATERMARK_REGISTER,
    Entry,
    Leg,
    Rank,
    Registers,
    Write,
    fingerprint,
    leg,
)
from .split import Due, earned
from .store import Ledger

MATURITY_REGISTER = "maturity"
HOUR_MS = 3_600_000
BASKETS_PER_WINDOW = 24
BASKET_MIN_MS = 1_000
PARTIES_PER_ENTRY_MAX = 500


class Ripening(NamedTuple):
    """The basket that what is earned now goes into."""

    ripe_ms: int

    @classmethod
    def at(cls, now_ms: int, window_ms: int) -> "Ripening":
        """Baskets close every hour, more often where the window is short."""
        basket_ms = min(HOUR_MS, max(BASKET_MIN_MS, window_ms // BASKETS_PER_WINDOW))
        return cls((now_ms // basket_ms + 1) * basket_ms + window_ms)

    @property
    def ranking(self) -> str:
        return f"ripening:{self.ripe_ms}"

    def ranks(self, dues: Sequence[Due]) -> list[Rank]:
        """What puts the earnings of these dues into the basket, and the basket on the clock."""
        if not dues:
            return []
        amounts: Counter[str] = Counter()
        for due, count in Counter(dues).items():
            for party, part in earned(due).items():
                amounts[f"{party} {due.asset}"] += part * count
        raises = [
            Rank(self.ranking, member, amounts[member], is_raise=True) for member in sorted(amounts)
        ]
        return [*raises, Rank(DUE_RANKING, self.ranking, self.ripe_ms)]


async def mature(ledger: Ledger, ripening: Ripening) -> None:
    """Make available what is in a ripe basket, as far as one entry carries."""
    registers = Registers(await ledger.read([WATERMARK_REGISTER, MATURITY_REGISTER]))
    found = await ledger.top(ripening.ranking, 0, PARTIES_PER_ENTRY_MAX)
    taken = found[:PARTIES_PER_ENTRY_MAX]
    legs: list[Leg] = []
    for member, amount in taken:
        party, _, asset = member.partition(" ")
        legs.append(leg(f"pending:{party}", asset, -amount))
        legs.append(leg(f"available:{party}", asset, amount))
    ranks = [Rank(ripening.ranking, member, 0) for member, _ in taken]
    if len(found) == len(taken):
        ranks.append(Rank(DUE_RANKING, ripening.ranking, 0))
    version = registers[MATURITY_REGISTER].version
    identity = f"maturity:{version}"
    await ledger.post(
        Entry(
            id=identity,
            fingerprint=fingerprint([identity, legs]),
            kind="maturity",
            legs=legs,
            reads=[(name, register.version) for name, register in registers.items()],
            writes=[Write(MATURITY_REGISTER, str(ripening.ripe_ms))],
            ranks=ranks,
            facts={"ripe_ms": ripening.ripe_ms},
        )
    )
