"""What a room's members are sent by one worker: one stream of bytes, decoded once. Pure.

All members get the same frames, so whoever is ahead extends the stream, and the others are compared
with it. Must not know members. Invariants: the stream consists of whole batches, each checked when
it came (S + R = T, epoch, no comment twice); `trim` forgets the front, but the frames that carried
comments of ours stay in `told` with the milliseconds of their arrivals. `frames_read` counts frames
times members.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgpack

from .script import Script

KEPT_FRAMES = 128
"""Kept behind the slowest member, so that a frame told twice is recognised."""
STREAM_BYTES_MAX = 64 << 20
EVENTS_REMEMBERED_MAX = 20_000
EXAMPLES_MAX = 10


class Faults:
    """What was not as the wire demands: a count a kind, and the first few in words."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: list[str] = []

    def note(self, kind: str, example: str) -> None:
        self.counts[kind] += 1
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(f"{kind}: {example}")


@dataclass(slots=True)
class Frame:
    """A batch that all members get. `arrivals`: members by the millisecond they had it in whole."""

    end: int
    size: int
    seq: int
    event_count: int
    comments: tuple[int, ...]
    shed: int
    at_ms: int
    arrivals: dict[int, int] = field(default_factory=dict)


class Reference:
    """One room as one worker tells it. Positions and indices count from its very beginning."""

    def __init__(self, room: str, script: Script, faults: Faults) -> None:
        self.room = room
        self.stream = bytearray()
        self.base = 0
        self.frames: list[Frame] = []
        self.first = 0
        self.epoch = ""
        self.seq = 0
        self.at_ms = -1
        self.told: list[Frame] = []
        self.frames_read = 0
        self._script = script
        self._faults = faults
        self._seen = bytearray()
        self._digests: dict[int, bytes] = {}

    @property
    def next(self) -> int:
        """The index that the next frame will have."""
        return self.first + len(self.frames)

    @property
    def end(self) -> int:
        return self.base + len(self.stream)

    def start_of(self, index: int) -> int:
        """Where a frame begins; the end for the one that is still to come."""
        if index >= self.next:
            return self.end
        frame = self.frames[index - self.first]
        return frame.end - frame.size

    def seq_before(self, index: int) -> int:
        """The room's place when all frames before `index` have been taken."""
        if index >= self.next:
            return self.seq
        frame = self.frames[index - self.first]
        return frame.seq - frame.event_count

    def at_ms_before(self, index: int) -> int:
        """The moment of the frame before `index`; -1 when it is forgotten."""
        place = index - self.first - 1
        return self.frames[place].at_ms if place >= 0 else -1

    def find(self, frame: bytes, from_index: int) -> int | None:
        """The index of a frame with exactly these bytes, at `from_index` or behind."""
        at = self.stream.find(frame, self.start_of(max(from_index, self.first)) - self.base)
        if at < 0:
            return None
        place = bisect_left(self.frames, self.base + at + len(frame), key=lambda each: each.end)
        is_whole = self.frames[place].end - self.frames[place].size == self.base + at
        return self.first + place if is_whole else None

    def extend(self, frame: bytes, message: dict[str, Any]) -> int:
        """Add a batch that somebody was sent first; its index."""
        events, seq = message["events"], message["seq"]
        if self.epoch:
            self._check(message, events, seq)
        self.epoch, self.seq, self.at_ms = message["epoch"], seq, message["at_ms"]
        self._remember(events)
        comments = self.comments(message)
        self._note_doubled(comments)
        self.stream += frame
        end, size = self.end, len(frame)
        shed = message["shed"]
        added = Frame(end, size, seq, len(events), comments, shed, self.at_ms)
        self.frames.append(added)
        if comments or shed:
            self.told.append(added)
        return self.next - 1

    def comments(self, message: dict[str, Any]) -> tuple[int, ...]:
        """Our comments in a batch; none, and a fault, where one was altered."""
        try:
            return self._script.numbers(message)
        except ValueError as error:
            self._faults.note("altered", str(error))
            return ()

    def check_events(self, events: list[dict[str, Any]]) -> None:
        """Events that one member was told by itself must be those that all are told."""
        for event in events:
            known = self._digests.get(event["seq"])
            if known is not None and known != msgpack.packb(event):
                self._faults.note("altered", f"event {event['seq']} has two contents")

    def trim(self, slowest: int) -> None:
        """Forget what all members have behind them, given the index the slowest one waits for."""
        count = min(slowest - KEPT_FRAMES, self.next) - self.first
        if count <= 0:
            return
        end = self.frames[count - 1].end
        del self.stream[: end - self.base]
        del self.frames[:count]
        self.base, self.first = end, self.first + count

    def _check(self, message: dict[str, Any], events: list[dict[str, Any]], seq: int) -> None:
        if message["epoch"] != self.epoch or self.seq + len(events) != seq:
            self._faults.note(
                "hole", f"{self.room} at {self.seq}: {len(events)} events that end at {seq}"
            )
        places = range(seq - len(events) + 1, seq + 1)
        if any(event["seq"] != place for event, place in zip(events, places, strict=True)):
            self._faults.note("misnumbered", f"{self.room}: the events that end at {seq}")

    def _remember(self, events: list[dict[str, Any]]) -> None:
        self._digests.update((event["seq"], msgpack.packb(event)) for event in events)
        while len(self._digests) > EVENTS_REMEMBERED_MAX:
            del self._digests[next(iter(self._digests))]

    def _note_doubled(self, comments: tuple[int, ...]) -> None:
        self._seen.extend(bytes(self._script.sent - len(self._seen)))
        for number in comments:
            if self._seen[number]:
                self._faults.note("doubled", f"comment {number} was shown twice in {self.room}")
            self._seen[number] = 1
