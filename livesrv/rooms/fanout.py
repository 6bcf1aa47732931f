"""One frame to many connections.

Per member and flush: one look at what is still unsent, and one write of bytes that all members of a
format share. A member who reads too slowly first misses waterfall (and is told how much by a
`gap`), and is given up when the reliable lane is stuck too. Nobody waits for anybody.
"""

from asyncio import WriteTransport
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from protocol.codec import Format, Item
from protocol.messages import Batch, Gap


class SlowLimits(NamedTuple):
    """When a member counts as slow, and when as lost."""

    skip_bytes: int
    close_bytes: int
    close_after_ms: int


class Member:
    """A session in a room, as the fan-out sees it."""

    __slots__ = ("close", "format", "shed", "slow_since_ms", "transport", "user")

    def __init__(
        self, user: str, transport: WriteTransport, format_: Format, close: Callable[[int], None]
    ) -> None:
        self.user = user
        self.transport = transport
        self.format = format_
        self.close = close
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
        events: list[Item],
        waterfall: list[Item],
        shed: int,
        at_ms: int,
    ) -> None:
        self.room = room
        self.events = events
        self.waterfall = waterfall
        self.shed = shed
        self._head = {"room": room, "epoch": epoch, "seq": seq}
        self._at_ms = at_ms
        self._full: dict[Format, bytes] = {}
        self._reliable: dict[Format, bytes] = {}

    def full(self, format_: Format) -> bytes:
        if format_ not in self._full:
            self._full[format_] = self._frame(format_, self.waterfall, self.shed)
        return self._full[format_]

    def reliable(self, format_: Format) -> bytes:
        """The batch without its waterfall."""
        if format_ not in self._reliable:
            self._reliable[format_] = self._frame(format_, [], 0)
        return self._reliable[format_]

    def _frame(self, format_: Format, waterfall: list[Item], shed: int) -> bytes:
        batch = Batch(
            **self._head,  # type: ignore[arg-type]
            events=[item.raw(format_) for item in self.events],
            waterfall=[item.raw(format_) for item in waterfall],
            shed=shed,
            at_ms=self._at_ms,
        )
        return format_.frame(batch)


Members = Mapping[Format, Collection[Member]]


def fan_out(members: Members, frames: BatchFrames, limits: SlowLimits, now_ms: int) -> list[Member]:
    """Write a batch to every member; returns those who are too slow to be kept."""
    lost: list[Member] = []
    for format_, group in members.items():
        frame = frames.full(format_) if group else b""
        for member in group:
            if member.transport.is_closing():
                continue  # its session is about to leave
            unsent_bytes = member.transport.get_write_buffer_size()
            if unsent_bytes <= limits.skip_bytes and not member.slow_since_ms:
                member.transport.write(frame)
            elif not _write_slowly(member, unsent_bytes, frames, limits, now_ms):
                lost.append(member)
    return lost


def _write_slowly(
    member: Member, unsent_bytes: int, frames: BatchFrames, limits: SlowLimits, now_ms: int
) -> bool:
    """Serve a member who was slow or is. Returns False for one who is lost."""
    if unsent_bytes <= limits.skip_bytes:
        if member.shed:
            gap = Gap(room=frames.room, shed=member.shed)
            member.transport.write(member.format.frame(gap))
        member.shed, member.slow_since_ms = 0, 0
        member.transport.write(frames.full(member.format))
        return True
    member.slow_since_ms = member.slow_since_ms or now_ms
    member.shed += len(frames.waterfall) + frames.shed
    is_late = now_ms - member.slow_since_ms > limits.close_after_ms
    if unsent_bytes > limits.close_bytes or is_late:
        return False
    if frames.events:
        member.transport.write(frames.reliable(member.format))
    return True
