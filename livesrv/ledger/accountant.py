"""Commission in batches: what gifts and orders left unsettled becomes what parties have earned.

The watermark is a register, and the batch that moves it has read it. So a batch is accepted only
if it starts where the last one ended: killing the accountant anywhere, or running two, changes
nothing.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import msgspec

from .entry import (
    GIFTS_UNSETTLED,
    WATERMARK_REGISTER,
    Entry,
    Line,
    Rank,
    Register,
    Write,
    fingerprint,
    leg,
)
from .maturity import Ripening
from .split import Due, movements
from .store import AWAY, Ledger, Unavailable
from .tail import Tail
from .takings import Takings

log = logging.getLogger(__name__)

BATCH_LINES_MAX = 5_000
"""Dues from which no more lines are read for a batch."""
PAUSE_S = 0.2
"""Between two looks at the journal: the longest that a settled sale waits for its commission."""


def due_of(line: Line) -> Due | None:
    """The money a line leaves to be split, if any."""
    due = line.entry.facts.get("due")
    return None if due is None else msgspec.convert(due, Due)


def marked(watermark: Register) -> int:
    """The place up to which commission is posted."""
    return watermark.read(int) if watermark.version else 0


def batch_entry(
    watermark: Register,
    upto: int,
    dues: Sequence[Due],
    ripening: Ripening | None = None,
    takings: Takings | None = None,
) -> Entry:
    """One entry that settles the dues and moves the watermark to `upto`.

    Pure. Thousands of dues fold into one leg per account and asset, in a fixed order, so the same
    lines always make the same entry. What gifts have earned is noted to become available later,
    and what shows have taken is counted.
    """
    totals: defaultdict[tuple[str, str], int] = defaultdict(int)
    for due, count in Counter(dues).items():
        for account, amount in movements(due).items():
            totals[account] += amount * count
    legs = [leg(account, asset, totals[account, asset]) for account, asset in sorted(totals)]
    ranks = [Rank(f"assets:{account}", asset, 1) for account, asset in sorted(totals)]
    facts = {"from": marked(watermark), "upto": upto, "lines": len(dues)}
    if ripening is not None:
        gifts = [due for due in dues if due.account == GIFTS_UNSETTLED]
        ranks += ripening.ranks(gifts)
        facts["ripe_ms"] = ripening.ripe_ms
    if takings is not None:
        ranks += takings.ranks()
    identity = f"commission:{marked(watermark)}-{upto}"
    return Entry(
        id=identity,
        fingerprint=fingerprint([identity, legs]),
        kind="commission",
        legs=legs,
        reads=[(WATERMARK_REGISTER, watermark.version)],
        writes=[Write(WATERMARK_REGISTER, str(upto))],
        ranks=ranks,
        facts=facts,
    )


class Accountant:
    """Settles what the journal holds behind the watermark."""

    def __init__(
        self, ledger: Ledger, tail: Tail, gift_window_ms: int, clock_ms: Callable[[], int]
    ) -> None:
        self._ledger = ledger
        self._tail = tail
        self._gift_window_ms = gift_window_ms
        self._clock_ms = clock_ms
        self._seen = 0
        """Up to here nothing is due; spares reading the same lines at every look."""
        self.place = 0
        """Up to here the commission is posted."""

    async def settle(self) -> int:
        """Post the next batch; returns how many dues it settled, 0 when there are none.

        The end of a show is worth a batch of its own: it tells that what the show took is whole.
        """
        watermark = (await self._ledger.read([WATERMARK_REGISTER]))[WATERMARK_REGISTER]
        place = max(marked(watermark), self._seen)
        dues: list[Due] = []
        takings = Takings()
        upto = 0
        while len(dues) < BATCH_LINES_MAX and (lines := await self._tail.next(place)):
            place = lines[-1].place
            for line in lines:
                due = due_of(line)
                is_counted = takings.add(line, due)
                if due is not None:
                    dues.append(due)
                if due is not None or is_counted:
                    upto = line.place
        if upto:
            ripening = Ripening.at(self._clock_ms(), self._gift_window_ms)
            await self._ledger.post(batch_entry(watermark, upto, dues, ripening, takings))
        else:
            self._seen = place
        self.place = upto or place
        return len(dues)

    async def run(self) -> None:
        """Settle until cancelled; a store that is away is waited for."""
        while True:
            try:
                is_behind = await self.settle() >= BATCH_LINES_MAX
            except (Unavailable, *AWAY) as error:
                log.warning("commission waits: %s", error)
                is_behind = False
            if not is_behind:
                await asyncio.sleep(PAUSE_S)
