"""The back office's voice: tails the journal and relays each room's events to the bus.

Every lane of the bus has a place of its own in the journal: one whose node is away, or has lost its
memory, is caught up later and holds up no other. May relay a line twice (after a restart, or to a
lane that has lost its memory) but never leaves one out and never changes the order within a lane;
the bus and the workers drop what they know by its number.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from livesrv.ledger import journal
from livesrv.ledger.entry import Line
from livesrv.ledger.store import AWAY as LEDGER_AWAY
from livesrv.ledger.tail import Tail
from protocol.codec import Format

from .announce import event_of, pushes_of
from .bus import AWAY as BUS_AWAY
from .bus import Bus, Parcel, Run
from .lanes import LANES, lane_of, lane_of_user

log = logging.getLogger(__name__)

BLOCK_MS = 500
"""How long to wait for a line before looking whether the bus still has its memory."""
LOOK_S = 0.5
"""Between two looks at all lanes; those that had nothing to be told note the place then."""
REWIND_MS = 120_000
REWIND_LINES_MAX = 50_000
"""How much of the journal is relayed again to a lane that has lost its memory. Where it had missed
more than that, more; but never more lines."""
GATHER_S = 0.02
"""Between two looks: what is posted meanwhile goes out together. Rooms gather longer than that."""
RETRY_S = 0.1


class Publisher:
    """Relays the journal from where the lanes of the bus say it was left."""

    def __init__(self, tail: Tail, bus: Bus) -> None:
        self._store = tail.store
        self._tail = tail
        self._bus = bus
        self._places: dict[int, int] = {}
        """How far each lane is told, of those that are there."""
        self._noted: dict[int, int] = {}
        """What is noted of it in the bus: not later than its place, with nothing between."""
        self._find_at_s = self._look_at_s = 0.0

    @property
    def place(self) -> int:
        """How far the lanes in front are told."""
        return max(self._places.values(), default=0)

    async def run(self) -> None:
        """Relay until cancelled; a store that is away is waited for."""
        while True:
            try:
                await self._find_lanes()
                await self._step()
                await self._look()
                await asyncio.sleep(GATHER_S)
            except (*LEDGER_AWAY, *BUS_AWAY) as error:
                log.warning("relaying waits: %s", error)
                await asyncio.sleep(RETRY_S)

    # --- lanes that come and go

    async def _find_lanes(self) -> None:
        """Ask lanes of which nothing is known where they stand; those without memory begin anew."""
        now_s = asyncio.get_running_loop().time()
        missing = [lane for lane in range(LANES) if lane not in self._places]
        if not missing or now_s < self._find_at_s:
            return
        self._find_at_s = now_s + RETRY_S
        found = await self._bus.cursors(missing)
        if empty := [lane for lane, cursor in found.items() if cursor is None]:
            await self._bus.begin(await self._rewound(empty))
            found |= await self._bus.cursors(empty)
        self._places |= {lane: cursor for lane, cursor in found.items() if cursor is not None}
        self._noted |= {lane: self._places[lane] for lane in found if lane in self._places}
        if found:
            _log_found(len(found), len(empty), self._places)

    async def _rewound(self, lanes: Iterable[int]) -> dict[int, int]:
        """From where lanes without memory are told again: what is lately, and what they missed."""
        seconds, _ = await self._store.time()
        at_ms = int(seconds) * 1000 - REWIND_MS
        lately = await journal.place_before(self._store, at_ms, lines_max=REWIND_LINES_MAX)
        least = await journal.end(self._store) - REWIND_LINES_MAX
        return {lane: min(lately, max(self._noted.get(lane, lately), least)) for lane in lanes}

    # --- relaying

    async def _step(self) -> None:
        """Relay the next lines, first to lanes that are behind, so that they join the others."""
        front = self.place
        if behind := self._standing(lambda place: place < front):
            lines = await self._tail.next(min(behind.values()))
            within = [line for line in lines if line.place <= front]
            upto = within[-1].place if within else front  # older ones are archived, and not told
            if lines:
                await self._relay(behind, within, upto)
        if ahead := self._standing(lambda place: place >= front):
            lines = await self._tail.next(front, block_ms=self._block_ms)
            if lines:
                await self._relay(ahead, lines, lines[-1].place)

    @property
    def _block_ms(self) -> int:
        """None while a lane is away or behind: it is to be looked after meanwhile."""
        places = set(self._places.values())
        return BLOCK_MS if len(self._places) == LANES and len(places) == 1 else 0

    def _standing(self, is_there: Callable[[int], bool]) -> dict[int, int]:
        return {lane: place for lane, place in self._places.items() if is_there(place)}

    async def _relay(self, places: Mapping[int, int], lines: Sequence[Line], upto: int) -> None:
        """Tell lanes what the lines have for them; where that is nothing, they are told so far."""
        parcels = announce(lines, places, self._noted, upto)
        self._places |= {lane: max(place, upto) for lane, place in places.items()}
        if parcels:
            self._note(parcels, await self._told(parcels))

    async def _look(self) -> None:
        """Have all lanes note where they are, and find those that have lost their memory."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._look_at_s and self._places:
            self._look_at_s = now_s + LOOK_S
            parcels = {
                lane: Parcel(self._noted[lane], place) for lane, place in self._places.items()
            }
            self._note(parcels, await self._told(parcels))

    async def _told(self, parcels: Mapping[int, Parcel]) -> dict[int, int]:
        """How far lanes stand after they were told; nothing is known of any where all are away."""
        try:
            return await self._bus.relay(parcels)
        except BUS_AWAY:
            self._places.clear()
            raise

    def _note(self, parcels: Mapping[int, Parcel], cursors: Mapping[int, int]) -> None:
        """Go on where lanes now stand. Those that do not stand there are asked where they do."""
        for lane, parcel in parcels.items():
            cursor = cursors.get(lane, -1)
            if cursor >= parcel.known:
                self._noted[lane] = cursor
            else:
                del self._places[lane]


def announce(
    lines: Sequence[Line], places: Mapping[int, int], noted: Mapping[int, int], upto: int
) -> dict[int, Parcel]:
    """Fold lines into what each lane is told: a run per room, and the pushes to single users. Pure.

    Leaves out lanes without a place, and what lies before a lane's place.
    """
    parcels: dict[int, Parcel] = {}

    def parcel_of(lane: int) -> Parcel:
        if lane not in parcels:
            parcels[lane] = Parcel(noted[lane], upto, {}, [])
        return parcels[lane]

    for line in lines:
        room = line.entry.room
        if room and places.get(lane_of(room), line.place) < line.place:
            event = event_of(line)
            runs = parcel_of(lane_of(room)).runs
            run = runs.setdefault(room, Run(line.room_seq, []))
            run.events.append(Format.MSGPACK.encode(event))
        for user, push in pushes_of(line):
            lane = lane_of_user(user)
            if places.get(lane, line.place) < line.place:
                parcel_of(lane).told.append((user, Format.MSGPACK.encode(push)))
    return parcels


def _log_found(found: int, empty: int, places: Mapping[int, int]) -> None:
    log.info(
        "relaying the journal to %d lanes of the bus, %d of which knew nothing; from place %d on",
        found,
        empty,
        min(places.values()),
    )
