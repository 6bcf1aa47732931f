"""One frame to many connections.

Per member and flush: one look at what is still unsent, and one write of bytes that all members of a
encoding share. A member who reads too slowly first misses waterfall (and is told how much by a
`gap`), and is given up when the reliable lane is stuck too. Nobody waits for anybody.
"""

from asyncio import WriteTransport
from collections.abc import Callable, Sequence
from typing import NamedTuple

from protocol.codec import Encoding, Item
from protocol.messages import Batch, Gap

from .tally import Tally


class SlowLimits(NamedTuple):
    """When a member counts as slow, and when as lost."""

    skip_bytes: int
    close_bytes: int
    close_after_ms: int


class Member:
    """A session in a room, as the fan-out sees it."""

    __slots__ = (
        "close",
        "encoding",
        "has_spoken",
        "is_here",
        "saver_piece",
        "shed",
        "slow_since_ms",
        "transport",
        "user",
    )

    def __init__(
        self,
        user: str,
        transport: WriteTransport,
        encoding: Encoding,
        close: Callable[[int], None],
    ) -> None:
        self.user = user
        self.transport = transport
        self.encoding = encoding
        self.close = close
        self.is_here = False
        """Still, or not: a batch that is on its way to it ends here."""
        self.has_spoken = False
        self.saver_piece: int | None = None
        """For one who asked for less: the first piece gathered for those that it is told."""
        self.shed = 0
        self.slow_since_ms = 0


class BatchFrames:
    """A batch's finished frames, each built when the first member needs it and then shared."""

    def __init__(
        self,
        *,
        room: str,
        epoch: str,
        seq: int,
        events: Sequence[Item],
        comments: Sequence[Item],
        folded: Sequence[Item],
        shed: int,
        at_ms: int,
    ) -> None:
        self.room = room
        self.events = events
        self.comments = comments
        self.shed = shed
        self._folded = folded
        self._head = {"room": room, "epoch": epoch, "seq": seq}
        self._at_ms = at_ms
        self._full: dict[Encoding, bytes] = {}
        self._reliable: dict[Encoding, bytes] = {}

    def with_own(self, own: Sequence[Item]) -> "BatchFrames":
        """The same batch for the author of shed comments, who sees them behind the others'."""
        frames = BatchFrames(
            **self._head,  # type: ignore[arg-type]
            events=self.events,
            comments=[*self.comments, *own],
            folded=self._folded,
            shed=self.shed - len(own),
            at_ms=self._at_ms,
        )
        frames._reliable = self._reliable
        return frames

    def without_events(self, seq: int) -> "BatchFrames":
        """The waterfall alone, for one who is at `seq` and is told the events in another way."""
        return BatchFrames(
            **self._head | {"seq": seq},  # type: ignore[arg-type]
            events=[],
            comments=self.comments,
            folded=self._folded,
            shed=self.shed,
            at_ms=self._at_ms,
        )

    @property
    def missed(self) -> int:
        """Waterfall items that one misses who is not written the full batch."""
        return len(self.comments) + len(self._folded) + self.shed

    def full(self, encoding: Encoding) -> bytes:
        if encoding not in self._full:
            waterfall = [*self.comments, *self._folded]
            self._full[encoding] = self._frame(encoding, waterfall, self.shed)
        return self._full[encoding]

    def reliable(self, encoding: Encoding) -> bytes:
        """The batch without its waterfall."""
        if encoding not in self._reliable:
            self._reliable[encoding] = self._frame(encoding, [], 0)
        return self._reliable[encoding]

    def _frame(self, encoding: Encoding, waterfall: list[Item], shed: int) -> bytes:
        batch = Batch(
            **self._head,  # type: ignore[arg-type]
            events=[item.raw(encoding.format) for item in self.events],
            waterfall=[item.raw(encoding.format) for item in waterfall],
            shed=shed,
            at_ms=self._at_ms,
        )
        return encoding.frame(batch)


def fan_out(
    members: Sequence[Member],
    encoding: Encoding,
    frames: BatchFrames,
    limits: SlowLimits,
    now_ms: int,
    tally: Tally,
) -> list[Member]:
    """Write a batch to members of an encoding; returns those who are too slow to be kept."""
    frame, skip_bytes = frames.full(encoding), limits.skip_bytes
    slow: list[Member] = []
    gone = 0
    for member in members:
        transport = member.transport
        if not member.is_here:
            gone += 1
        elif member.slow_since_ms or transport.get_write_buffer_size() > skip_bytes:
            slow.append(member)
        else:
            try:
                transport.write(frame)
            except RuntimeError:  # uvloop's word for a transport that has closed under us
                gone += 1
    written = len(members) - gone - len(slow)
    tally.frames += written
    tally.comments_delivered += written * len(frames.comments)
    return [each for each in slow if not _write_slowly(each, frames, limits, now_ms, tally)]


def _write_slowly(
    member: Member, frames: BatchFrames, limits: SlowLimits, now_ms: int, tally: Tally
) -> bool:
    """Serve a member who was slow or is. Returns False for one who is lost."""
    if member.transport.is_closing():
        return True  # its session is about to leave
    unsent_bytes = member.transport.get_write_buffer_size()
    if unsent_bytes <= limits.skip_bytes:
        _catch_up(member, frames, tally)
        return True
    member.slow_since_ms = member.slow_since_ms or now_ms
    member.shed += frames.missed
    if frames.events:
        unsent_bytes += len(frames.reliable(member.encoding))
    is_late = now_ms - member.slow_since_ms > limits.close_after_ms
    if unsent_bytes > limits.close_bytes or is_late:
        return False
    if frames.events:
        member.transport.write(frames.reliable(member.encoding))
        tally.frames += 1
    return True


def _catch_up(member: Member, frames: BatchFrames, tally: Tally) -> None:
    """Tell a member who is quick again what it has missed, and go on."""
    if member.shed:
        gap = Gap(room=frames.room, shed=member.shed)
        member.transport.write(member.encoding.frame(gap))
        tally.frames += 1
        tally.gap_items += member.shed
    member.shed, member.slow_since_ms = 0, 0
    member.transport.write(frames.full(member.encoding))
    tally.frames += 1
    tally.comments_delivered += len(frames.comments)
