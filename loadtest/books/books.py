"""All that a run measures, in one place: what viewers note and what the report reads. Pure.

Must not know sockets. Its clock is an argument and gives milliseconds of any origin, the same for
all. Invariant: whatever a member took is noted here before the member does anything else.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ..client.batches import Batch, Memo, read_batch
from ..client.sequence import Step, Tally
from ..crew.schedule import Kind, Timetable
from .deliveries import Deliveries
from .latency import Latencies, Measure
from .receipts import Receipts
from .rooms import Room

Clock = Callable[[], float]
SETTLE_MS = 1_000
"""A batch is retired this long after it was first seen. One that reaches a slower member later is
decoded again, which costs time but counts the same."""


class Books:
    """The counters of one run. `start_ms` is when the schedule begins, by the clock."""

    def __init__(
        self, run: str, room_ids: list[str], tables: Mapping[Kind, Timetable], clock: Clock
    ) -> None:
        self.run = run
        self.clock = clock
        self.start_ms = clock()
        self.tables = tables
        self.rooms = {room: Room(room) for room in room_ids}
        self.memo = Memo()
        self.tally = Tally()
        self.latencies = Latencies()
        self.deliveries = Deliveries(len(tables[Kind.COMMENT]))
        self.receipts = Receipts()
        self.sent: Counter[Kind] = Counter()
        self.comments: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.close_codes: Counter[int] = Counter()
        self.entry_failures: Counter[str] = Counter()
        self.frames = 0
        self.frames_decoded = 0
        self.reconnects = 0
        self.retries = 0
        self.resent = 0
        self.late = 0
        self.unreadable_count = 0
        self.unreadable_first = ""
        self.known = self.memo.get

    def intended_ms(self, kind: Kind, number: int) -> float:
        """When an action was to happen, by the clock."""
        return self.start_ms + self.tables[kind].intended_ms[number]

    def user(self, viewer: int) -> str:
        return f"{self.run}-v{viewer}"

    def read(self, frame: bytes, message: dict[str, Any]) -> Batch:
        """Take a batch whose bytes were not known, and know them from now on."""
        batch = read_batch(message, self.run, len(self.tables[Kind.COMMENT]), self.clock())
        self.frames_decoded += 1
        self.memo.put(frame, batch)
        if room := self.rooms.get(batch.room):
            for event in room.sight(batch.events):
                self._note_event(batch.room, event)
        return batch

    def unreadable(self, frame: bytes) -> None:
        """A frame could not be made sense of; the first of them is kept for the report."""
        self.unreadable_count += 1
        self.unreadable_first = self.unreadable_first or frame[:80].hex()

    def arrive(self, batch: Batch, step: Step) -> None:
        """A member received a batch, and took it or not."""
        self.frames += 1
        if step is Step.TAKE:
            now_ms = int(self.clock()) + 1
            batch.arrivals[now_ms] = batch.arrivals.get(now_ms, 0) + 1

    def sweep(self, settle_ms: float = SETTLE_MS) -> None:
        """Account for the batches first seen longer ago than `settle_ms`."""
        for batch in self.memo.retire(self.clock() - settle_ms):
            self._account(batch)

    def answered(self, measure: Measure, intended_ms: float) -> None:
        self.latencies.record(measure, self.clock() - intended_ms)

    def _note_event(self, room: str, event: dict[str, Any]) -> None:
        if event["type"] == "sold":
            self.receipts.see_sold(room, event["user"]["id"], event["lines"])
        elif event["type"] == "gift":
            self.receipts.see_gift(event["combo"], event["count"], event["added"])

    def _account(self, batch: Batch) -> None:
        members = sum(batch.arrivals.values())
        self.deliveries.shed += batch.shed * members
        for number in batch.comments:
            self.deliveries.arrive(number, members)
            self._tally(Measure.COMMENT_DELIVERED, self.intended_ms(Kind.COMMENT, number), batch)
        for event in batch.events:
            for intended_ms in self._gift_moments(event):
                self._tally(Measure.GIFT_EVENT, intended_ms, batch)

    def _gift_moments(self, event: dict[str, Any]) -> list[float]:
        if event["type"] != "gift":
            return []
        return self.receipts.gift_moments(event["combo"], event["count"], event["added"])

    def _tally(self, measure: Measure, intended_ms: float, batch: Batch) -> None:
        floor_ms = int(intended_ms)
        for arrived_ms, members in batch.arrivals.items():
            self.latencies.tally(measure, arrived_ms - floor_ms, members)
