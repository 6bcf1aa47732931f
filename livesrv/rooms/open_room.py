"""A room with its members in this worker: gathers what arrives, flushes it, writes it in slices.

Knows neither bus nor ledger. What arrives is flushed at once when the room was quiet, and after a
window when it is busy. Invariants: a flush begins when the last slice of the one before has been
written; it reaches those who were members when it began and still are, each once.
"""

import asyncio
import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
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
from .tally import Tally
from .waterfall import Fall, Waterfall

SLICE_MEMBERS = 256
"""Written in one turn of the loop: one to two milliseconds, then others have theirs. Half as many
make each send some 5 % dearer: the readers catch up in the pauses, and have to be woken again."""
HURRIED_SLICE_MEMBERS = 32
"""The same while a command is under way: an order takes some eight turns of the loop. Always so
small, slices would make a fan-out a fifth longer."""

Part = tuple[BatchFrames, Encoding, Sequence[Member]]
"""Members who are written the same bytes."""


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
        self.members: defaultdict[Encoding, dict[Member, None]] = defaultdict(dict)
        """In the order in which they came: so they lie in memory, and so they are written to."""
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
        self._limits = SlowLimits(
            config.slow_skip_bytes, config.slow_close_bytes, config.slow_close_after_ms
        )
        self._pace = Pace(config.flush_window_ms, config.flush_window_max_ms)
        self._tally = tally
        self._is_hurried = is_hurried
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.Handle | None = None
        """The next flush or slice."""
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
        return sum(map(len, self.members.values()))

    @property
    def window_ms(self) -> float:
        """How long it gathers now while it is busy."""
        return self._pace.window_ms

    def spoke(self, member: Member) -> None:
        """From now on show a member its own comments even when they are shed."""
        if member.is_here:
            self._speakers.setdefault(member.user, set()).add(member)

    def add(self, member: Member) -> None:
        member.is_here = True
        self.members[member.encoding][member] = None

    def remove(self, member: Member) -> None:
        member.is_here = False
        self.members[member.encoding].pop(member, None)
        speaking = self._speakers.get(member.user)
        if speaking is not None:
            speaking.discard(member)
            if not speaking:
                del self._speakers[member.user]

    def _close(self, user: str) -> None:
        for group in self.members.values():
            for member in [member for member in group if member.user == user]:
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
        fall = self._waterfall.take(monotonic_ms())
        self.room.recall_comments(fall.comments)
        items, self._events = self.room.flush()
        if items or fall.comments or fall.folded or fall.shed or self._is_place_due:
            self._is_place_due = False
            self._tally.flushes += 1
            self._tally.comments_shed += fall.shed
            self._part(self.frames(items, fall.comments, fall.shed, fall.folded), fall)
            self._write_slice()
        else:
            self._finish()

    def frames(
        self,
        events: Sequence[Item],
        comments: Sequence[Item],
        shed: int,
        folded: Sequence[Item] = (),
    ) -> BatchFrames:
        return BatchFrames(
            room=self.name,
            epoch=self.room.epoch,
            seq=self.room.seq,
            events=events,
            comments=comments,
            folded=folded,
            shed=shed,
            at_ms=now_ms(),
        )

    def _part(self, frames: BatchFrames, fall: Fall) -> None:
        """Who is written what: a few their own comments too, all others the same."""
        own: list[Part] = []
        apart: set[Member] = set()
        for author, comments in fall.own.items():
            theirs = frames.with_own(comments)
            for member in self._speakers.get(author, ()):
                own.append((theirs, member.encoding, [member]))
                apart.add(member)
        for encoding, group in self.members.items():
            crowd = [member for member in group if member not in apart] if apart else [*group]
            for start in range(0, len(crowd), HURRIED_SLICE_MEMBERS):
                part = crowd[start : start + HURRIED_SLICE_MEMBERS]
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
