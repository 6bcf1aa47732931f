"""One member's place in what its room was told. Pure: bytes in, what is meant for it alone out.

The fast way is one comparison with the reference; it proves every byte. Whatever differs is taken
frame by frame: replies and pings, and batches of one's own, which a server may give in place of the
shared one. Invariant: `missing` (comments in shared frames that did not come) equals what own
frames and gaps made up for, when nothing was lost or doubled; the reliable lane is checked at every
step away from the shared stream and back (S + R = T).
"""

from collections.abc import Callable
from typing import Any

from . import wire
from .reference import Faults, Reference

CARRY_BYTES_MAX = 4 << 20
"""A member that holds this much which nobody else was sent is stuck."""


class Witness:
    """A sampled member's own reading of each batch, independent of the comparison."""

    __slots__ = ("comments", "holes", "seq", "shed")

    def __init__(self) -> None:
        self.seq: int | None = None
        self.comments = self.shed = self.holes = 0

    def take(self, message: dict[str, Any]) -> None:
        if self.seq is not None and self.seq + len(message["events"]) != message["seq"]:
            self.holes += 1
        self.seq = message["seq"]
        self.comments += sum(item["type"] == "comment" for item in message["waterfall"])
        self.shed += message["shed"]


class Member:
    """A connection in a room.

    `leads`: may extend the reference; who writes comments may not, since it may be sent frames of
    its own. `on_message` gets everything that is not a batch, `on_frames` the indices of shared
    frames just passed. Who has a frame that cannot be judged before the reference has grown puts
    itself into `holding`.
    """

    __slots__ = (
        "_carry",
        "_held_at",
        "_held_ms",
        "_holding",
        "_pos",
        "_seq",
        "became",
        "epoch",
        "faults",
        "gap",
        "is_stuck",
        "leads",
        "missing",
        "next",
        "number",
        "on_frames",
        "on_message",
        "own_comments",
        "own_frames",
        "own_shed",
        "reference",
        "session",
        "witness",
    )

    def __init__(
        self,
        number: int,
        on_message: Callable[["Member", dict[str, Any]], None],
        faults: Faults,
        holding: "set[Member]",
        *,
        leads: bool = True,
    ) -> None:
        self.number = number
        self._holding = holding
        self._held_at = self._held_ms = 0
        self.on_message = on_message
        self.on_frames: Callable[[int, int], None] | None = None
        self.faults = faults
        self.leads = leads
        self.witness: Witness | None = None
        self.reference: Reference | None = None
        self.session = ""
        self.became = 0
        self.next = -1
        self._pos = -1
        self._seq: int | None = None
        self.epoch = ""
        self._carry = b""
        self.own_frames = self.own_comments = self.own_shed = self.gap = self.missing = 0
        self.is_stuck = False

    @property
    def is_placed(self) -> bool:
        return self.next >= 0

    @property
    def seq(self) -> int | None:
        """Its place in the reliable lane; None before the first `joined`."""
        if self._seq is None and self.reference is not None and self.is_placed:
            return self.reference.seq_before(self.next)
        return self._seq

    @property
    def needs(self) -> int:
        """The first index of the reference that it may still need."""
        assert self.reference is not None  # only members of a room are asked
        return self.next if self.is_placed else self.became

    def enter(self, reference: Reference) -> None:
        """It asks to join: what it is sent comes from here."""
        self.reference = reference
        self.became = reference.next

    def leave(self) -> dict[str, Any] | None:
        """The connection is gone; the `since` of the next join."""
        since = None if self.seq is None else {"epoch": self.epoch, "seq": self.seq}
        self._seq = self.seq
        self.next = self._pos = -1
        self._carry = b""
        return since

    def take(self, chunk: memoryview, now_ms: int) -> None:
        """Take what was read from its socket."""
        reference = self.reference
        if (
            reference is not None
            and not self._carry
            and self.witness is None
            and self.next >= 0
            and reference.stream.startswith(chunk, self._pos - reference.base)
        ):
            self._advance(reference, self._pos + len(chunk), now_ms)
        else:
            self._take_slowly(bytes(chunk), now_ms)

    def retry(self) -> None:
        """Judge what was held, if the reference has grown; it arrived when it came, not now."""
        if self.reference is None or not self._carry:
            self._holding.discard(self)
        elif self.reference.next > self._held_at:
            self._holding.discard(self)
            self._take_slowly(b"", self._held_ms)

    # --- the fast way

    def _advance(self, reference: Reference, pos: int, now_ms: int) -> None:
        """Pass all frames that end at `pos` or before."""
        self._pos = pos
        frames, place = reference.frames, self.next - reference.first
        began = place
        while place < len(frames) and frames[place].end <= pos:
            arrivals = frames[place].arrivals
            arrivals[now_ms] = arrivals.get(now_ms, 0) + 1
            place += 1
        self.next = place + reference.first
        reference.frames_read += place - began
        if self.on_frames is not None and place > began:
            self.on_frames(began + reference.first, self.next)

    # --- the slow way

    def _take_slowly(self, chunk: bytes, now_ms: int) -> None:
        stream = self._unfinished() + chunk
        at = 0
        while (bounds := wire.frame_at(stream, at)) is not None:
            payload_at, end = bounds
            if not self._take_frame(stream[at:end], payload_at - at, now_ms):
                self._hold(now_ms)
                break
            at = end
        self._keep(stream[at:])

    def _hold(self, now_ms: int) -> None:
        assert self.reference is not None  # only a batch of a room is held
        self._held_at, self._held_ms = self.reference.next, now_ms
        self._holding.add(self)

    def _unfinished(self) -> bytes:
        """The bytes of a frame that is not whole yet, whether held or passed in the reference."""
        carry, self._carry = self._carry, b""
        if carry or self.reference is None or not self.is_placed:
            return carry
        reference = self.reference
        start = reference.start_of(self.next)
        passed = bytes(reference.stream[start - reference.base : self._pos - reference.base])
        self._pos = start
        return passed

    def _keep(self, rest: bytes) -> None:
        reference = self.reference
        if (
            reference is not None
            and self.is_placed
            and self.witness is None
            and reference.stream.startswith(rest, self._pos - reference.base)
        ):
            self._pos += len(rest)
            return
        self._carry = rest
        if len(rest) > CARRY_BYTES_MAX:
            self.is_stuck, self._carry = True, b""

    def _take_frame(self, frame: bytes, payload_at: int, now_ms: int) -> bool:
        """Returns False for a frame that cannot be judged before the reference has grown."""
        reference = self.reference
        is_shared = (
            reference is not None
            and self.is_placed
            and reference.stream.startswith(frame, self._pos - reference.base)
        )
        if is_shared and self.witness is None and reference is not None:
            self._advance(reference, self._pos + len(frame), now_ms)
            return True
        if self._is_ahead(frame, payload_at):
            return False
        message = wire.decode(frame, payload_at)
        if message["type"] == "batch":
            return self._take_batch(frame, message, now_ms)
        if message["type"] == "joined":
            self._join(message)
        elif message["type"] == "gap":
            self.gap += message["shed"]
        self.on_message(self, message)
        return True

    def _is_ahead(self, frame: bytes, payload_at: int) -> bool:
        """Whether it is a batch that nobody who leads has been sent yet: not worth decoding now."""
        reference = self.reference
        return (
            reference is not None
            and self.next == reference.next > 0
            and (not self.leads or self.witness is not None)
            and wire.is_batch(frame, payload_at)
        )

    def _join(self, message: dict[str, Any]) -> None:
        self.epoch = message["epoch"]
        if message["recovered"] and message["seq"] != self._seq:
            self.faults.note("hole", f"recovered at {message['seq']}, asked for {self._seq}")
        self._seq = message["seq"]

    def _take_batch(self, frame: bytes, message: dict[str, Any], now_ms: int) -> bool:
        reference = self.reference
        if reference is None:
            self.faults.note("stray", "a batch came before a room was joined")
            return True
        index = reference.find(frame, self.next if self.is_placed else reference.first)
        if index is None and self._may_extend(reference):
            index = reference.extend(frame, message)
        if index is None and message["at_ms"] > reference.at_ms:
            return False
        if index is None:
            self._take_own(reference, frame, message)
        else:
            self._take_shared(reference, index, now_ms)
        if self.witness is not None:
            self.witness.take(message)
        return True

    def _may_extend(self, reference: Reference) -> bool:
        is_at_end = self.is_placed and self.next == reference.next
        return self.leads and self.witness is None and (is_at_end or not reference.next)

    def _take_shared(self, reference: Reference, index: int, now_ms: int) -> None:
        """Go on from a frame of the reference, passing over what did not come."""
        before = reference.seq_before(index)
        if self.seq is not None and before != self.seq:
            self._note_step(self.seq, before)
        if self.is_placed:
            self._miss(reference, index)
        else:
            self.became = index
        self._seq, self.next = None, index
        self._pos = reference.start_of(index)
        end = self._pos + reference.frames[index - reference.first].size
        self._advance(reference, end, now_ms)

    def _take_own(self, reference: Reference, frame: bytes, message: dict[str, Any]) -> None:
        """A batch that nobody else was sent; or one that was here before, which is a fault."""
        if reference.find(frame, reference.first) is not None:
            self.faults.note("doubled", f"member {self.number} was sent a frame out of its order")
        if self.is_placed and message["at_ms"] < reference.at_ms_before(self.next):
            self.faults.note("reordered", f"member {self.number} was sent an older batch")
        events = message["events"]
        before = message["seq"] - len(events)
        if self.seq is not None and (before != self.seq or message["epoch"] != self.epoch):
            self._note_step(self.seq, before)
        reference.check_events(events)
        self._seq = message["seq"]
        self.own_frames += 1
        self.own_comments += len(reference.comments(message))
        self.own_shed += message["shed"]
        if self.is_placed:
            self._pass_over(reference, message["at_ms"])

    def _pass_over(self, reference: Reference, at_ms: int) -> None:
        """What all were sent until then, the frame of that very moment included, does not come."""
        index = self.next
        while index < reference.next and reference.frames[index - reference.first].at_ms <= at_ms:
            index += 1
        self._miss(reference, index)
        before = reference.seq_before(index)
        if self._seq is not None and before != self._seq:
            self._note_step(self._seq, before)
        self._seq, self.next, self._pos = None, index, reference.start_of(index)

    def _miss(self, reference: Reference, until: int) -> None:
        for skipped in reference.frames[self.next - reference.first : until - reference.first]:
            self.missing += len(skipped.comments) + skipped.shed

    def _note_step(self, seq: int, before: int) -> None:
        kind = "hole" if before > seq else "doubled"
        self.faults.note(kind, f"member {self.number} at {seq} got events from {before + 1} on")
