"""The clock: does what is due when its moment has come.

The ranking `due` holds names by that moment; the name says what to look at:
`order:ORDER` a hold that ends, a parcel that counts as delivered, a return window that closes;
`offer:ROOM:OFFER` a price or a sale that begins or ends; `ripening:RIPE_MS` earnings of gifts.
Every step is an entry that happens once, and takes the name out or sets its next moment; so the
clock may be killed anywhere, and two may run.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from livesrv.ledger.entry import DUE_RANKING
from livesrv.ledger.maturity import Ripening, mature
from livesrv.ledger.store import AWAY, Ledger, Unavailable

from . import catalog, order_life
from .terms import Terms

log = logging.getLogger(__name__)

LOOK_S = 0.1
AT_ONCE_MAX = 200
SKIPPED_MS = 60_000
"""How long a thing is left alone after it failed: our bug must not keep the others waiting."""


class Clockwork:
    """Does what is due. `clock_ms` is the time in milliseconds since the epoch."""

    def __init__(self, ledger: Ledger, terms: Terms, clock_ms: Callable[[], int]) -> None:
        self._ledger = ledger
        self._terms = terms
        self._clock_ms = clock_ms
        self._skipped: dict[str, int] = {}

    async def run(self) -> None:
        """Do what is due until cancelled; a store that is away is waited for."""
        while True:
            try:
                done = await self.look()
            except (Unavailable, *AWAY) as error:
                log.warning("the clock waits: %s", error)
                done = 0
            if done < AT_ONCE_MAX:
                await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """Do what is due now, together, so that it shares the disk; returns how much it was."""
        now_ms = self._clock_ms()
        self._skipped = {name: ms for name, ms in self._skipped.items() if ms > now_ms}
        names = await self._ledger.upto(DUE_RANKING, now_ms, AT_ONCE_MAX + len(self._skipped))
        due = [name for name in names if name not in self._skipped]
        await asyncio.gather(*(self._see_to(name, now_ms) for name in due))
        return len(due)

    async def _see_to(self, name: str, now_ms: int) -> None:
        try:
            await self._step(name, now_ms)
        except (Unavailable, *AWAY):
            raise
        except Exception:
            log.exception("%s is due and could not be seen to", name)
            self._skipped[name] = now_ms + SKIPPED_MS

    def _step(self, name: str, now_ms: int) -> Awaitable[None]:
        kind, _, rest = name.partition(":")
        match kind:
            case "order":
                return order_life.tick(self._ledger, rest, terms=self._terms, now_ms=now_ms)
            case "offer":
                room, _, offer = rest.partition(":")
                return catalog.announce_terms(self._ledger, room, offer, now_ms)
            case "ripening":
                return mature(self._ledger, Ripening(int(rest)))
            case _:
                raise ValueError(f"nothing is known of {name}")
