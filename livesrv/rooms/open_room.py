"""A room with its members in this worker: gathers what arrives, flushes it, writes it in slices.

Knows neither bus nor ledger. What arrives is flushed at once when the room was quiet, and after a
window when it is busy. Members who asked for less, the savers, are told of several flushes at once.
Invariants: a flush begins when the last slice of the one before has been written; it reaches those
who were members when it began and still are, each once: at once, or among what a saver is owed.
"""

import asyncio
import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from time import monotonic

from livesrv.clock import monotonic_ms, now_ms
from livesrv.config import Config
from protocol.codec import Encoding, Item
from protocol.codes import CloseCode
from protocol.messages import AnyEvent, Banned

from .bus import Wave
from .fanout import BatchFrames, Member, SlowLimits, fan_out
from .pace import Pace
from .room import Room
from .saver import Saver
from .tally import Tally
from .waterfall import Fall, Waterfall, in_a_row

SLICE_MEMBERS = 256
"""Written in one turn of the loop: one to two milliseconds, then others have theirs. Half as many
make each send some 5 % dearer: the readers catch up in the pauses, and have to be woken again."""
HURRIED_SLICE_MEMBERS = 32
"""The same while a command is under way: an order takes some eight turns of the loop. Always so
small, slices would make a fan-out a fifth longer."""

Part = tuple[BatchFrames, Encoding, Sequence[Member]]
"""Members who are written the same bytes."""
Crowd = defaultdict[Encoding, dict[Member, None]]
"""Members in the order in which they came: so they lie in memory, and so they are written to."""


class OpenRoom:
    """The members of a room, and what is on its way to them."""

    def __init__(
        self,
        name: str,
        room: Room,
        config: Config,
        tally: Tally,
        is_hurried: Callable[[], bool] = bool,
    ) -> None:
        """`is_hurried` says whether somebody waits for an answer; by default, nobody does."""
        self.name = name
        self.room = room
        self._members: Crowd = defaultdict(dict)
        self._savers: Crowd = defaultdict(dict)
        self._saver: Saver | None = None
        """There while there are savers."""
        self.heal_task: asyncio.Task[None] | None = None
        self.backfill_task: asyncio.Task[None] | None = None
        self.empty_censuses = 0
        self._speakers: dict[str, set[Member]] = {}
        self._waterfall = Waterfall(
            comments_per_s=config.waterfall_comments_per_s,
            comments_max=config.waterfall_items_max,
            present=self._speakers,
            randbytes=secrets.token_bytes,
            now_ms=monotonic_ms(),
        )
        self._config = config
        self._limits = SlowLimits(
            config.slow_skip_bytes, config.slow_close_bytes, config.slow_close_after_ms
        )
        self._pace = Pace(config.flush_window_ms, config.flush_window_max_ms)
        self._tally = tally
        self._is_hurried = is_hurried
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.Handle | None = None
        """The next flush or slice."""
        self._saver_handle: asyncio.Handle | None = None
        """The flush in which savers are due, should nothing else happen before."""
        self._is_stirred = False
        self._is_place_due = False
        self._due_s = self._flushed_s = 0.0
        self._lag_ms = 0.0
        self._parts: deque[Part] = deque()
        self._events: list[AnyEvent] = []
        self._reached = asyncio.Event()
        self._told_viewers = -1

    # --- who is here

    @property
    def member_count(self) -> int:
        return sum(map(len, (*self._members.values(), *self._savers.values())))

    @property
    def window_ms(self) -> float:
        """How long it gathers now while it is busy."""
        return self._pace.window_ms

    def spoke(self, member: Member) -> None:
        """From now on show a member its own comments even when they are shed."""
        if member.is_here:
            member.has_spoken = True
            self._speakers.setdefault(member.user, set()).add(member)

    def add(self, member: Member, *, is_saver: bool = False) -> None:
        """Let a member in; from here on it is told what is flushed."""
        member.is_here = True
        if is_saver:
            now_ms = monotonic_ms()
            self._saver = self._saver or self._new_saver(now_ms)
            member.saver_piece = self._saver.cut(now_ms)
        self._crowd_of(member)[member.encoding][member] = None

    def _crowd_of(self, member: Member) -> Crowd:
        return self._members if member.saver_piece is None else self._savers

    def _new_saver(self, now_ms: int) -> Saver:
        return Saver(
            window_ms=self._config.saver_window_ms,
            comments_per_s=self._config.saver_comments_per_s,
            comments_max=self._config.waterfall_items_max,
            present=self._speakers,
            randbytes=secrets.token_bytes,
            now_ms=now_ms,
        )

    def settle(self, member: Member, *, is_resuming: bool) -> None:
        """Tell a member who is about to join anew what it is still owed.

        One who goes on from its place is told the events from there, and here only the waterfall.
        """
        unsent = [frames for frames, _, members in self._parts if member in members]
        unsent += self._owed_to(member)
        if is_resuming:
            place = self.room.seq - sum(len(frames.events) for frames in unsent)
            unsent = [frames.without_events(place) for frames in unsent]
        for frames in unsent:
            self._write(frames, member.encoding, [member])

    def _owed_to(self, member: Member) -> list[BatchFrames]:
        """What a saver would be told when it is due."""
        if self._saver is None or member.saver_piece is None:
            return []
        self._saver.cut(monotonic_ms())
        owed = self._saver.owed(member.saver_piece)
        if owed is None:
            return []
        frames = self._frames_of(owed.events, owed.fall)
        own = owed.fall.own.get(member.user) if member.has_spoken else None
        return [frames.with_own(own) if own else frames]

    def remove(self, member: Member) -> None:
        member.is_here = False
        self._crowd_of(member)[member.encoding].pop(member, None)
        if not any(self._savers.values()):
            self._saver = None
        speaking = self._speakers.get(member.user)
        if speaking is not None:
            speaking.discard(member)
            if not speaking:
                del self._speakers[member.user]

    def _close(self, user: str) -> None:
        for group in (*self._members.values(), *self._savers.values()):
            for member in [member for member in group if member.user == user]:
                self.settle(member, is_resuming=False)
                self.remove(member)
                member.close(CloseCode.BANNED)

    # --- what arrives

    def hear_comments(self, wave: Wave) -> None:
        self._waterfall.comment(wave.comments, wave.shed)
        if wave.likes:
            self.room.state.likes = max(self.room.state.likes, wave.likes_total)
            self._waterfall.like(wave.likes, wave.likes_total)

    def hear_viewers(self, count: int) -> None:
        self.room.state.viewers = count
        if count != self._told_viewers:
            self._told_viewers = count
            self._waterfall.viewers(count)
            self.touch()

    def resend_place(self) -> None:
        """Tell members where the room stands; who is elsewhere joins anew."""
        self._is_place_due = True
        self.touch()

    async def reach(self, seq: int, timeout_s: float) -> bool:
        """Wait until the room has flushed up to a place."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.room.seq < seq:
                    await self._reached.wait()
        return self.room.seq >= seq

    # --- what leaves

    def touch(self) -> None:
        """Something has arrived: flush at once when quiet, at the window's end when busy."""
        self._is_stirred = True
        if self._handle is not None:
            return
        now_s = monotonic()
        self._due_s = max(now_s, self._flushed_s + self._pace.window_ms / 1000)
        if self._due_s <= now_s:
            self._handle = self._loop.call_soon(self.flush)
        else:
            self._handle = self._loop.call_later(self._due_s - now_s, self.flush)

    def flush(self) -> None:
        """Begin to send members what has gathered. The others' turn comes after each slice."""
        self._flushed_s = monotonic()
        self._lag_ms = max(0.0, self._flushed_s - self._due_s) * 1000
        self._is_stirred = False
        at_ms = monotonic_ms()
        fall = self._waterfall.take(at_ms)
        self.room.recall_comments(fall.comments)
        items, self._events = self.room.flush()
        is_place_due, self._is_place_due = self._is_place_due, False
        is_any = bool(items) or is_place_due or not fall.is_empty
        if is_any:
            self._tally.flushes += 1
            self._tally.comments_shed += fall.shed
            self._part(self._frames_of(items, fall), fall, self._members)
        if self._saver is not None:
            if is_any:
                self._saver.catch(items, fall)
            self._tell_savers(self._saver, at_ms, is_at_once=is_place_due)
        if is_any or self._parts:
            self._write_slice()
        else:
            self._finish()

    def missed(self, events: Sequence[Item]) -> BatchFrames:
        """The batch of the latest events, for one who has missed them."""
        return self._frames_of(events, in_a_row([]))

    def _frames_of(self, events: Sequence[Item], fall: Fall) -> BatchFrames:
        return BatchFrames(
            room=self.name,
            epoch=self.room.epoch,
            seq=self.room.seq,
            events=events,
            comments=fall.comments,
            folded=fall.folded,
            shed=fall.shed,
            at_ms=now_ms(),
        )

    def _tell_savers(self, saver: Saver, at_ms: int, *, is_at_once: bool) -> None:
        """Part what they are owed when it is due, and else see to it that it will be."""
        due_ms = saver.due_ms
        if due_ms is None:
            return
        if at_ms < due_ms and not is_at_once:
            if self._saver_handle is None:
                self._saver_handle = self._loop.call_later((due_ms - at_ms) / 1000, self._wake)
            return
        saver.cut(at_ms)
        for piece, crowd in self._savers_by_piece(saver).items():
            if owed := saver.owed(piece):
                self._part(self._frames_of(owed.events, owed.fall), owed.fall, crowd)
        saver.told(at_ms)
        if self._saver_handle is not None:
            self._saver_handle.cancel()
            self._saver_handle = None

    def _wake(self) -> None:
        self._saver_handle = None
        if self._saver is not None:
            self.touch()

    def _savers_by_piece(self, saver: Saver) -> dict[int, Crowd]:
        """Those who came since the others were told are owed less: by the first piece of theirs."""
        crowds: defaultdict[int, Crowd] = defaultdict(lambda: defaultdict(dict))
        for encoding, group in self._savers.items():
            for first, run in groupby(group, key=attrgetter("saver_piece")):
                crowds[saver.group(first)][encoding].update(dict.fromkeys(run))
        return crowds

    def _part(self, frames: BatchFrames, fall: Fall, crowd: Crowd) -> None:
        """Who of a crowd is written what: a few their own comments too, all others the same."""
        own: list[Part] = []
        apart: set[Member] = set()
        for author, comments in fall.own.items():
            theirs = frames.with_own(comments)
            for member in self._speakers.get(author, ()):
                if member in crowd[member.encoding]:
                    own.append((theirs, member.encoding, [member]))
                    apart.add(member)
        for encoding, group in crowd.items():
            rest = [member for member in group if member not in apart] if apart else [*group]
            for start in range(0, len(rest), HURRIED_SLICE_MEMBERS):
                part = rest[start : start + HURRIED_SLICE_MEMBERS]
                self._parts.append((frames, encoding, part))
        self._parts.extend(own)

    def _write_slice(self) -> None:
        """Write a slice; the next one, or the end, comes when the loop has had its turn."""
        if not self._parts:
            self._measure()
            return self._finish()
        self._handle = self._loop.call_soon(self._write_slice)
        size, enough = 0, HURRIED_SLICE_MEMBERS if self._is_hurried() else SLICE_MEMBERS
        while self._parts and size < enough:
            frames, encoding, members = self._parts.popleft()
            size += len(members)
            self._write(frames, encoding, members)
        return None

    def _write(self, frames: BatchFrames, encoding: Encoding, members: Sequence[Member]) -> None:
        for member in fan_out(members, encoding, frames, self._limits, now_ms(), self._tally):
            self._tally.slow_closed += 1
            self.remove(member)
            member.close(CloseCode.TOO_SLOW)

    def _measure(self) -> None:
        """The loop has come round: what was written is out, as far as it could go."""
        fan_out_ms = (monotonic() - self._flushed_s) * 1000
        self._pace.measured(fan_out_ms, self._lag_ms)
        self._tally.fan_out_ms, self._tally.flush_lag_ms = fan_out_ms, self._lag_ms

    def _finish(self) -> None:
        """All members have been written; what has arrived meanwhile is next."""
        self._handle = None
        for event in self._events:
            if isinstance(event, Banned):
                self._close(event.user)
        self._events = []
        self._reached.set()
        self._reached = asyncio.Event()
        if self._is_stirred:
            self.touch()
