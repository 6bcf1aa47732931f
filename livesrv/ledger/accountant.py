"""Commission in batches: what gifts and orders left unsettled becomes what parties have earned.

The watermark is a register, and the batch that moves it has read it. So a batch is accepted only
if it starts where the last one ended: killing the accountant anywhere, or running two, changes
nothing.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from . import journal
from .entry import Entry, Line, Rank, Register, Write, fingerprint, leg
from .split import Due, movements
from .store import AWAY, Ledger, Unavailable

log = logging.getLogger(__name__)

WATERMARK_REGISTER = "commission"
BATCH_LINES_MAX = 5_000
PAUSE_S = 0.2
"""Between two looks at the journal: the longest that a settled sale waits for its commission."""


def due_of(line: Line) -> Due | None:
    """The money a line leaves to be split, if any."""
    due = line.entry.facts.get("due")
    return None if due is None else msgspec.convert(due, Due)


def batch_entry(watermark: Register, upto: int, dues: Sequence[Due]) -> Entry:
    """One entry that settles the dues and moves the watermark to `upto`.

    Pure. Thousands of dues fold into one leg per account and asset, in a fixed order, so the same
    lines always make the same entry.
    """
    totals: defaultdict[tuple[str, str], int] = defaultdict(int)
    for due in dues:
        for account, amount in movements(due).items():
            totals[account] += amount
    legs = [leg(account, asset, totals[account, asset]) for account, asset in sorted(totals)]
    identity = f"commission:{watermark.value or 0}-{upto}"
    return Entry(
        id=identity,
        fingerprint=fingerprint([identity, legs]),
        kind="commission",
        legs=legs,
        reads=[(WATERMARK_REGISTER, watermark.version)],
        writes=[Write(WATERMARK_REGISTER, str(upto))],
        ranks=[Rank(f"assets:{account}", asset, 1) for account, asset in sorted(totals)],
        facts={"from": watermark.value or 0, "upto": upto, "lines": len(dues)},
    )


class Accountant:
    """Settles what the journal holds behind the watermark."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen = 0
        """Up to here nothing is due; spares reading the same lines at every look."""

    async def settle(self) -> int:
        """Post the next batch; returns how many dues it settled, 0 when there are none."""
        watermark = (await self._ledger.read([WATERMARK_REGISTER]))[WATERMARK_REGISTER]
        dues, last, upto = [], 0, 0
        async for line in journal.walk(self._ledger.store, max(watermark.value or 0, self._seen)):
            last = line.place
            if due := due_of(line):
                dues.append(due)
                upto = line.place
            if len(dues) >= BATCH_LINES_MAX:
                break
        if dues:
            await self._ledger.post(batch_entry(watermark, upto, dues))
        elif last:
            self._seen = last
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
