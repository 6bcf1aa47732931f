"""The rooms that have members in this worker: opened, fed from the bus, flushed, healed, closed.

A room costs only the workers that hold members of it. What arrives is flushed at once when the room
was quiet, and gathered for one flush window when it is busy.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from livesrv.clock import now_ms
from livesrv.config import Config
from livesrv.ledger.store import Unavailable
from livesrv.refusal import Refused
from protocol.codec import Format, Item
from protocol.codes import CloseCode, ErrorCode
from protocol.messages import Banned, Since

from .bus import AWAY, Bus, Run, Wave
from .fanout import BatchFrames, Member, SlowLimits, fan_out
from .room import Head, Room
from .waterfall import Waterfall

log = logging.getLogger(__name__)

CATCH_UP_S = 2.0
"""How long an opening room waits for the bus to reach the ledger's place."""
HEAL_PAUSE_S = 0.1
HEAL_S = 10.0
"""How long a hole may take to be filled from the bus before the room starts anew."""
CENSUS_S = 1.0
LINGER_CENSUSES = 30
"""An empty room is kept for so many censuses, for those who come right back."""

LoadHead = Callable[[str], Awaitable[Head]]


class OpenRoom:
    """A room with its members in this worker."""

    def __init__(self, name: str, room: Room, config: Config) -> None:
        self.name = name
        self.room = room
        self.members: dict[Format, set[Member]] = {format_: set() for format_ in Format}
        self.waterfall = Waterfall(config.waterfall_items_max)
        self.heal_task: asyncio.Task[None] | None = None
        self.empty_censuses = 0
        self._limits = SlowLimits(
            config.slow_skip_bytes, config.slow_close_bytes, config.slow_close_after_ms
        )
        self._window_s = config.flush_window_ms / 1000
        self._loop = asyncio.get_running_loop()
        self._flush_handle: asyncio.Handle | None = None
        self._flushed_at_s = 0.0
        self._reached = asyncio.Event()
        self._told_viewers = -1

    @property
    def member_count(self) -> int:
        return sum(map(len, self.members.values()))

    def touch(self) -> None:
        """Something has arrived: flush at once when quiet, at the window's end when busy."""
        if self._flush_handle is not None:
            return
        wait_s = self._flushed_at_s + self._window_s - self._loop.time()
        if wait_s <= 0:
            self._flush_handle = self._loop.call_soon(self.flush)
        else:
            self._flush_handle = self._loop.call_later(wait_s, self.flush)

    def flush(self) -> None:
        """Send members what has gathered."""
        self._flush_handle = None
        self._flushed_at_s = self._loop.time()
        items, events = self.room.flush()
        drops, shed = self.waterfall.take()
        if items or drops or shed:
            self._send(items, drops, shed)
        for event in events:
            if isinstance(event, Banned):
                self._close(event.user)
        self._reached.set()
        self._reached = asyncio.Event()

    def resend_place(self) -> None:
        """Tell members where the room stands; who is elsewhere joins anew."""
        self._send([], [], 0)

    def _send(self, events: list[Item], drops: list[Item], shed: int) -> None:
        frames = self.frames(events, drops, shed)
        for member in fan_out(self.members, frames, self._limits, now_ms()):
            self.remove(member)
            member.close(CloseCode.TOO_SLOW)

    def frames(self, events: list[Item], drops: list[Item], shed: int) -> BatchFrames:
        room = self.room
        return BatchFrames(
            room=self.name,
            epoch=room.epoch,
            seq=room.seq,
            events=events,
            waterfall=drops,
            shed=shed,
            at_ms=now_ms(),
        )

    def _close(self, user: str) -> None:
        for group in self.members.values():
            for member in [member for member in group if member.user == user]:
                group.discard(member)
                member.close(CloseCode.BANNED)

    def remove(self, member: Member) -> None:
        self.members[member.format].discard(member)

    async def reach(self, seq: int, timeout_s: float) -> bool:
        """Wait until the room has flushed up to a place."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.room.seq < seq:
                    await self._reached.wait()
        return self.room.seq >= seq

    def hear_comments(self, wave: Wave) -> None:
        items = [Item(comment) for comment in wave.comments]
        self.room.recall_comments(items)
        self.waterfall.comment(items, wave.shed)
        if wave.likes:
            self.room.state.likes = max(self.room.state.likes, wave.likes_total)
            self.waterfall.like(wave.likes, wave.likes_total)

    def hear_viewers(self, count: int) -> None:
        self.room.state.viewers = count
        if count != self._told_viewers:
            self._told_viewers = count
            self.waterfall.viewers(count)
            self.touch()


class Hall:
    """All open rooms of one worker. Needs the bus listened to, and `census` run."""

    def __init__(
        self, worker: str, epoch: str, bus: Bus, load_head: LoadHead, config: Config
    ) -> None:
        self._worker = worker
        self._epoch = epoch
        self._bus = bus
        self._load_head = load_head
        self._config = config
        self._rooms: dict[str, OpenRoom] = {}
        self._opening: dict[str, asyncio.Task[OpenRoom]] = {}
        self._early: dict[str, list[Run | Wave]] = {}

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
            opened = OpenRoom(name, await self._begin(name, head), self._config)
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

        A member may come from a worker that was ahead of this one; wait for its place then.
        """
        if since is None:
            return None
        if since.epoch == opened.room.epoch and since.seq > opened.room.seq:
            await opened.reach(since.seq, CATCH_UP_S)
        return opened.room.since(since)

    # --- hearing

    async def on_connect(self, rooms: list[str]) -> None:
        """They are heard again: what was published meanwhile must be asked for."""
        for name in rooms:
            if opened := self._rooms.get(name):
                self._heal(opened)

    def on_room(self, name: str, message: Run | Wave) -> None:
        if opened := self._rooms.get(name):
            self._hear(opened, message)
        elif name in self._early:
            self._early[name].append(message)

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
        first = memory.last - len(memory.events) + 1
        return opened.room.accept(first, memory.events)

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

    async def _close_empty(self) -> None:
        for name, opened in list(self._rooms.items()):
            opened.empty_censuses = 0 if opened.member_count else opened.empty_censuses + 1
            if opened.empty_censuses > LINGER_CENSUSES:
                del self._rooms[name]
                with suppress(*AWAY):
                    await self._bus.unsubscribe(name)
