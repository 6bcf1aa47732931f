"""Batches, each decoded once however many members receive it. Pure.

All members of a room on one worker receive byte-identical frames, so a frame's bytes are the key
to what it says, and per arrival only a counter moves. Must not know viewers or histograms: it
says what was in a frame and how many arrived in which tick. Invariant: every arrival that
was noted is handed out by `retire` exactly once; a frame that comes again after it was retired
is decoded again and simply starts another count.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .latency import Measure

MEMO_FRAMES_MAX = 16_384
"""Rooms x workers x batches of a second: 400 x 2 x 20. At 1 KB each, 16 MB."""
MARK = "#"
"""A comment of ours starts with this, the run's id, its number, and how late it was sent, in tenths
of a millisecond: `#k3v9x2.1042.3 so sweet`. Whoever receives it can tell both its response time
and its service time, in whichever process it was sent."""
_LATE_PER_MS = 10


@dataclass(slots=True)
class Batch:
    """What a frame says, as far as it is counted, and when it arrived.

    `misplaced` events are not numbered as their place in the batch demands. `arrivals` maps a
    tick to the number of members that took the batch in it; `moments` says what else its arrival
    is timed from. `comments` has the number of each and how late it was sent, in milliseconds.
    """

    room: str
    epoch: str
    seq: int
    shed: int
    comments: tuple[tuple[int, float], ...]
    events: tuple[dict[str, Any], ...]
    misplaced: int
    decoded_ms: float
    event_count: int = field(init=False)
    arrivals: dict[int, int] = field(default_factory=dict)
    moments: list[tuple[Measure, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.event_count = len(self.events)


def mark(run: str, number: int, late_ms: float) -> str:
    return f"{MARK}{run}.{number}.{round(late_ms * _LATE_PER_MS)} "


def read_batch(message: dict[str, Any], run: str, comments: int, now_ms: float) -> Batch:
    """Turn a decoded `batch` push into what we count; our comments are numbered below `comments`.

    Raises `KeyError`, `TypeError` or `ValueError` for what is not a batch, or not one of ours.
    """
    events = tuple(message["events"])
    seq = message["seq"]
    return Batch(
        room=message["room"],
        epoch=message["epoch"],
        seq=seq,
        shed=message["shed"],
        comments=tuple(_marks(message["waterfall"], f"{MARK}{run}.", comments)),
        events=events,
        misplaced=_misplaced(events, seq),
        decoded_ms=now_ms,
    )


def _marks(
    waterfall: list[dict[str, Any]], prefix: str, comments: int
) -> Iterator[tuple[int, float]]:
    for item in waterfall:
        if item["type"] != "comment" or not item["text"].startswith(prefix):
            continue
        number, late = map(int, item["text"].split(" ", 1)[0].removeprefix(prefix).split("."))
        if not 0 <= number < comments:
            raise ValueError(f"a comment is numbered {number}, we sent {comments}")
        yield number, late / _LATE_PER_MS


def _misplaced(events: tuple[dict[str, Any], ...], seq: int) -> int:
    first = seq - len(events) + 1
    return sum(event["seq"] != first + place for place, event in enumerate(events))


class Memo:
    """Frames seen lately, by their bytes."""

    def __init__(self) -> None:
        self._batches: dict[bytes, Batch] = {}
        self._ages: deque[bytes] = deque()
        self._overflow: list[Batch] = []
        self.get = self._batches.get

    def __len__(self) -> int:
        return len(self._batches)

    def put(self, frame: bytes, batch: Batch) -> None:
        if len(self._batches) >= MEMO_FRAMES_MAX:
            self._overflow.append(self._oldest())
        self._batches[frame] = batch
        self._ages.append(frame)

    def retire(self, before_ms: float) -> list[Batch]:
        """Forget and return all batches first seen before a moment, with their arrivals."""
        retired, self._overflow = self._overflow, []
        while self._ages and self._batches[self._ages[0]].decoded_ms < before_ms:
            retired.append(self._oldest())
        return retired

    def _oldest(self) -> Batch:
        return self._batches.pop(self._ages.popleft())
