"""The back office's voice: tails the journal and relays each room's events to the bus.

May relay a line twice (after a restart, or when the bus has lost its memory) but never leaves one
out and never changes the order; the bus and the workers drop what they know by its number.
"""

import asyncio
import logging
from collections.abc import Sequence

from livesrv.ledger import journal
from livesrv.ledger.entry import Line
from livesrv.ledger.store import AWAY as LEDGER_AWAY
from livesrv.ledger.tail import Tail
from protocol.codec import Format

from .announce import event_of, pushes_of
from .bus import AWAY as BUS_AWAY
from .bus import Bus, Run, Told

log = logging.getLogger(__name__)

BLOCK_MS = 500
"""How long to wait for a line before looking whether the bus still has its memory."""
REWIND_MS = 120_000
REWIND_LINES_MAX = 50_000
"""How much of the journal is relayed again to a bus that has lost its memory."""
GATHER_S = 0.02
"""Between two looks: what is posted meanwhile goes out together. Rooms gather longer than that."""
RETRY_S = 0.1


class Publisher:
    """Relays the journal from where the bus says it was left."""

    def __init__(self, tail: Tail, bus: Bus) -> None:
        self._store = tail.store
        self._tail = tail
        self._bus = bus
        self.place = 0

    async def run(self) -> None:
        """Relay until cancelled; a store that is away is waited for."""
        is_placed = False
        while True:
            try:
                if not is_placed:
                    await self._find_place()
                is_placed = await self._step()
                await asyncio.sleep(GATHER_S)
            except (*LEDGER_AWAY, *BUS_AWAY) as error:
                log.warning("relaying waits: %s", error)
                is_placed = False
                await asyncio.sleep(RETRY_S)

    async def _find_place(self) -> None:
        cursor = await self._bus.cursor()
        if cursor is None:
            cursor = await self._rewound()
            await self._bus.begin(cursor)
        self.place = cursor
        log.info("relaying the journal from place %d", self.place)

    async def _rewound(self) -> int:
        seconds, _ = await self._store.time()
        at_ms = int(seconds) * 1000 - REWIND_MS
        return await journal.place_before(self._store, at_ms, lines_max=REWIND_LINES_MAX)

    async def _step(self) -> bool:
        """Relay the next lines. Returns False when the bus turns out to have lost its memory."""
        lines = await self._tail.next(self.place, block_ms=BLOCK_MS)
        if not lines:
            return await self._bus.cursor() is not None
        runs, told = announce(lines)
        if not await self._bus.relay(runs, told, lines[-1].place):
            return False
        self.place = lines[-1].place
        return True


def announce(lines: Sequence[Line]) -> tuple[list[tuple[str, Run]], Told]:
    """Fold lines into one run per room, and the pushes to single users. Pure."""
    runs: dict[str, Run] = {}
    told: Told = []
    for line in lines:
        if event := event_of(line):
            run = runs.setdefault(line.entry.room, Run(line.room_seq, []))
            run.events.append(Format.MSGPACK.encode(event))
        told += [(user, Format.MSGPACK.encode(push)) for user, push in pushes_of(line)]
    return list(runs.items()), told
