"""The rooms that have members in this worker: opened, fed from the bus, healed, closed.

A room costs only the workers that hold members of it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from livesrv.clock import now_ms
from livesrv.config import Config
from livesrv.ledger.store import Unavailable
from livesrv.refusal import Refused
from protocol.codec import Item
from protocol.codes import ErrorCode
from protocol.messages import Since

from .bus import AWAY, Bus, Memory, Run, Wave
from .open_room import OpenRoom
from .room import Head, Room
from .tally import Tally

log = logging.getLogger(__name__)

CATCH_UP_S = 2.0
"""How long an opening room waits for the bus to reach the ledger's place, and one who comes back
for a bus that is being told again what it had lost."""
HEAL_PAUSE_S = 0.1
HEAL_S = 10.0
"""How long a hole may take to be filled from the bus before the room starts anew."""
CENSUS_S = 1.0
LINGER_CENSUSES = 30
"""An empty room is kept for so many censuses, for those who come right back."""

EARLY_WAVES_MAX = 1_000
"""Waterfall kept for a room while it is being opened."""

LoadHead = Callable[[str], Awaitable[Head]]


class Hall:
    """All open rooms of one worker. Needs the bus listened to, and `census` run."""

    def __init__(
        self,
        worker: str,
        epoch: str,
        bus: Bus,
        load_head: LoadHead,
        config: Config,
        is_hurried: Callable[[], bool] = bool,
    ) -> None:
        """`is_hurried` says whether somebody waits for an answer of this worker."""
        self._worker = worker
        self._epoch = epoch
        self._bus = bus
        self._load_head = load_head
        self._config = config
        self._is_hurried = is_hurried
        self._rooms: dict[str, OpenRoom] = {}
        self._opening: dict[str, asyncio.Task[OpenRoom]] = {}
        self._early: dict[str, list[Run | Wave]] = {}
        self.tally = Tally()

    def find(self, room: str) -> OpenRoom | None:
        return self._rooms.get(room)

    # --- entering

    async def open(self, name: str) -> OpenRoom:
        """The open room of that name, opened now if need be.

        Raises `Refused` `not_found`, and `busy` while the stores are away.
        """
        if opened := self._rooms.get(name):
            opened.empty_censuses = 0  # not closed under one who is about to enter
            return opened
        if name not in self._opening:
            self._opening[name] = asyncio.create_task(self._open(name))
        try:
            return await asyncio.shield(self._opening[name])
        except (*AWAY, Unavailable):
            raise Refused(ErrorCode.BUSY, "the room cannot be opened now", 500) from None

    async def _open(self, name: str) -> OpenRoom:
        """Listen before reading what the bus remembers: nothing can fall between."""
        try:
            head = await self._load_head(name)
            self._early[name] = []
            await self._bus.subscribe(name)
            opened = await self._made(name, head)
            self._rooms[name] = opened
            for message in self._early[name]:
                self._hear(opened, message)
            await opened.reach(head.seq, CATCH_UP_S)
            return opened
        finally:
            self._opening.pop(name, None)
            if self._early.pop(name, None) is not None and name not in self._rooms:
                with suppress(*AWAY):
                    await self._bus.unsubscribe(name)

    async def _made(self, name: str, head: Head) -> OpenRoom:
        room = await self._begin(name, head)
        return OpenRoom(name, room, self._config, self.tally, self._is_hurried)

    async def _begin(self, name: str, head: Head) -> Room:
        memory = await self._bus.memory(name, now_ms())
        room = Room(
            head,
            epoch=self._epoch,
            history_max=self._config.history_events,
            recent_max=self._config.recent_comments,
        )
        if memory.last >= 0:
            room.remember(memory.last, memory.events)
        room.recall_comments([Item(comment) for comment in memory.comments])
        room.state.likes, room.state.viewers = memory.likes, memory.viewers
        return room

    async def missed(self, opened: OpenRoom, since: Since | None) -> list[Item] | None:
        """The events a returning member has missed; None where the snapshot must do.

        A member may come from a worker that was ahead of this one; wait for its place then. Or from
        one that had a longer history; ask the bus for it then.
        """
        if since is None:
            return None
        if since.epoch == opened.room.epoch and since.seq > opened.room.seq:
            await opened.reach(since.seq, CATCH_UP_S)
        missed = opened.room.since(since)
        if missed is None and since.epoch == opened.room.epoch and since.seq < opened.room.seq:
            if opened.backfill_task is None:
                opened.backfill_task = asyncio.create_task(self._backfill(opened))
            await asyncio.shield(opened.backfill_task)  # one for all who come back now
            missed = opened.room.since(since)
        return missed

    async def _backfill(self, opened: OpenRoom) -> None:
        """Lengthen a room's history from a bus that knows, or will know in time, as much as it."""
        try:
            async with asyncio.timeout(CATCH_UP_S):
                while not await self._backfilled(opened):
                    await asyncio.sleep(HEAL_PAUSE_S)
        except TimeoutError:
            log.warning("the bus has not caught up with room %s", opened.name)
        finally:
            opened.backfill_task = None

    async def _backfilled(self, opened: OpenRoom) -> bool:
        try:
            memory = await self._bus.memory(opened.name, now_ms())
        except AWAY:
            return False
        opened.room.backfill(_first(memory), memory.events)
        return memory.last >= opened.room.seq

    # --- hearing

    async def on_connect(self, rooms: list[str]) -> None:
        """They are heard again: what was published meanwhile must be asked for."""
        for name in rooms:
            if opened := self._rooms.get(name):
                self._heal(opened)

    def on_room(self, name: str, message: Run | Wave) -> None:
        """Hear what the bus says; what this worker said itself, it has heard already."""
        if isinstance(message, Run) or message.worker != self._worker:
            self.hear(name, message)

    def hear(self, name: str, message: Run | Wave) -> None:
        """Take in what a room says."""
        if opened := self._rooms.get(name):
            self._hear(opened, message)
        elif name in self._early:
            early = self._early[name]
            if isinstance(message, Run) or len(early) < EARLY_WAVES_MAX:
                early.append(message)

    def _hear(self, opened: OpenRoom, message: Run | Wave) -> None:
        if isinstance(message, Wave):
            opened.hear_comments(message)
        elif not opened.room.accept(message.first, message.events):
            self._heal(opened)
        opened.touch()

    def _heal(self, opened: OpenRoom) -> None:
        if opened.heal_task is None:
            opened.heal_task = asyncio.create_task(self._fill(opened))

    async def _fill(self, opened: OpenRoom) -> None:
        """Fill a hole from the bus's history; start the room anew when that cannot be done."""
        try:
            async with asyncio.timeout(HEAL_S):
                while not await self._filled(opened):
                    await asyncio.sleep(HEAL_PAUSE_S)
        except TimeoutError:
            log.error("room %s could not be healed and starts anew", opened.name)
            await self._restart(opened)
        finally:
            opened.heal_task = None
        opened.touch()

    async def _filled(self, opened: OpenRoom) -> bool:
        try:
            await self._bus.subscribe(opened.name)
            memory = await self._bus.memory(opened.name, now_ms())
        except AWAY:
            return False
        return opened.room.accept(_first(memory), memory.events)

    async def _restart(self, opened: OpenRoom) -> None:
        """Go on from the ledger's place. Members see the jump in `seq` and join anew."""
        try:
            head = await self._load_head(opened.name)
            opened.room = await self._begin(opened.name, head)
        except (*AWAY, Unavailable, Refused) as error:
            log.error("room %s cannot start anew yet: %s", opened.name, error)
            return
        opened.resend_place()

    # --- counting

    async def census(self) -> None:
        """Count viewers over all workers until cancelled, and close rooms that stay empty."""
        while True:
            await asyncio.sleep(CENSUS_S)
            counts = {name: opened.member_count for name, opened in self._rooms.items()}
            with suppress(*AWAY):
                sums = await self._bus.count_viewers(self._worker, counts, now_ms())
                for name, viewers in sums.items():
                    if opened := self._rooms.get(name):
                        opened.hear_viewers(viewers)
            await self._close_empty()
            self._take_stock()

    def _take_stock(self) -> None:
        opened = self._rooms.values()
        self.tally.rooms = len(opened)
        self.tally.members = sum(each.member_count for each in opened)
        self.tally.window_ms = {each.name: each.window_ms for each in opened}

    async def _close_empty(self) -> None:
        for name, opened in list(self._rooms.items()):
            opened.empty_censuses = 0 if opened.member_count else opened.empty_censuses + 1
            if opened.empty_censuses > LINGER_CENSUSES:
                del self._rooms[name]
                with suppress(*AWAY):
                    await self._bus.unsubscribe(name)


def _first(memory: Memory) -> int:
    """The number of the oldest event that the bus remembers."""
    return memory.last - len(memory.events) + 1
