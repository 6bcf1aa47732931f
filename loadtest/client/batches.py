"""Batches, each decoded once however many members receive it. Pure.

All members of a room on one worker receive byte-identical frames, so a frame's bytes are the key
to what it says, and per arrival only a counter moves. Must not know viewers or histograms: it
says what was in a frame and how many arrived in which millisecond. Invariant: every arrival that
was noted is handed out by `retire` exactly once; a frame that comes again after it was retired
is decoded again and simply starts another count.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

MEMO_FRAMES_MAX = 4_096
"""Rooms x workers x batches of a second: 4 x 2 x 20 in the reference run. At 4 KB each, 16 MB."""
MARK = "#"
"""A comment of ours starts with this, the run's id, and its number: `#k3v9x2.1042 so sweet`."""


@dataclass(slots=True)
class Batch:
    """What a frame says, as far as it is counted, and when it arrived.

    `misplaced` events are not numbered as their place in the batch demands. `arrivals` maps a
    millisecond of the run to the number of members that took the batch in it.
    """

    room: str
    epoch: str
    seq: int
    shed: int
    comments: tuple[int, ...]
    events: tuple[dict[str, Any], ...]
    misplaced: int
    decoded_ms: float
    event_count: int = field(init=False)
    arrivals: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.event_count = len(self.events)


def mark(run: str, number: int) -> str:
    return f"{MARK}{run}.{number} "


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
        comments=tuple(_numbers(message["waterfall"], f"{MARK}{run}.", comments)),
        events=events,
        misplaced=_misplaced(events, seq),
        decoded_ms=now_ms,
    )


def _numbers(waterfall: list[dict[str, Any]], prefix: str, comments: int) -> list[int]:
    texts = (item["text"] for item in waterfall if item["type"] == "comment")
    numbers = [
        int(text.split(" ", 1)[0].removeprefix(prefix)) for text in texts if text.startswith(prefix)
    ]
    if any(not 0 <= number < comments for number in numbers):
        raise ValueError(f"a comment is numbered {max(numbers)}, we sent {comments}")
    return numbers


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
