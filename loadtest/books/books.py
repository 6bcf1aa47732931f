"""All that one process measures, in one place: what its clients note as they play. Pure.

Must not know sockets. Its clock is an argument and gives milliseconds of any origin, the same for
all processes of a run. Invariant: whatever a member took is noted here before the member does
anything else.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

from ..scenario.model import Kind
from ..scenario.schedule import Schedule
from .account import Account, user_of
from .batches import Batch, Memo, read_batch
from .deliveries import Deliveries, Stays
from .latency import Measure, ticks
from .purchases import combo_ordinals
from .receipts import Purchase
from .sequence import Step

Clock = Callable[[], float]
SETTLE_MS = 1_000
"""A batch is retired this long after it was first seen. One that reaches a slower member later is
decoded again, which costs time but counts the same."""
_Sale = tuple[str, str, str, int]
"""Room, user, offer, pieces."""


class Books:
    """The books of one run in one process. `start_ms` is when the schedule begins, by the clock."""

    def __init__(self, run: str, room_ids: Sequence[str], schedule: Schedule, clock: Clock) -> None:
        self.run = run
        self.clock = clock
        self.start_ms = clock()
        self.schedule = schedule
        self.room_ids = list(room_ids)
        self.numbers = {room: number for number, room in enumerate(room_ids)}
        self.memo = Memo()
        self.account = Account(
            run, [[Stays() for _ in room_ids]], Deliveries(schedule.count(Kind.COMMENT))
        )
        self.frames = 0
        self.bytes_in = 0
        self.known = self.memo.get
        self._ordered: dict[_Sale, deque[float]] = defaultdict(deque)

    def user(self, viewer: int) -> str:
        return user_of(self.run, viewer)

    def intended_ms(self, kind: Kind, number: int) -> float:
        """When an action was to happen, by the clock."""
        return self.start_ms + self.schedule.intended_ms(kind, number)

    def came(self, room: int) -> None:
        """A member is in a room from now on."""
        self.account.stays[0][room].came_ms.append(self.clock())

    def went(self, room: int) -> None:
        self.account.stays[0][room].went_ms.append(self.clock())

    def open(self, purchase: Purchase) -> None:
        """A gift or an order is about to be sent."""
        self.account.receipts.open(purchase)
        if purchase.kind is Kind.ORDER:
            self._ordered[self._sale(purchase)].append(purchase.intended_ms)

    def refuse(self, purchase: Purchase) -> None:
        self.account.receipts.refuse(purchase)
        if purchase.kind is Kind.ORDER:
            _forget(self._ordered[self._sale(purchase)], purchase.intended_ms)

    def read(self, frame: bytes, message: dict[str, Any]) -> Batch:
        """Take a batch whose bytes were not known, and know them from now on."""
        comments = len(self.account.deliveries.arrived)
        batch = read_batch(message, self.run, comments, self.clock())
        self.account.counts["frames_decoded"] += 1
        self.memo.put(frame, batch)
        if batch.room in self.numbers:
            for event in self.account.sightings.take(batch.room, batch.events):
                batch.moments += self._moments(batch.room, event)
        return batch

    def unreadable(self, frame: bytes) -> None:
        """A frame could not be made sense of; the first of them is kept for the report."""
        self.account.counts["unreadable"] += 1
        self.account.unreadable_first = self.account.unreadable_first or frame[:80].hex()

    def arrive(self, batch: Batch, step: Step) -> None:
        """A member received a batch, and took it or not."""
        self.frames += 1
        if step is Step.TAKE:
            now = ticks(self.clock())
            batch.arrivals[now] = batch.arrivals.get(now, 0) + 1

    def sweep(self, settle_ms: float = SETTLE_MS) -> None:
        """Account for the batches first seen longer ago than `settle_ms`."""
        for batch in self.memo.retire(self.clock() - settle_ms):
            self._retire(batch)

    def record(self, measure: Measure, since_ms: float) -> None:
        """Something that began at a moment, by the clock, has just ended."""
        self.account.latencies.record(measure, self.clock() - since_ms)

    def _retire(self, batch: Batch) -> None:
        members = sum(batch.arrivals.values())
        deliveries = self.account.deliveries
        deliveries.shed += batch.shed * members
        for number, late_ms in batch.comments:
            deliveries.arrive(number, members)
            intended_ms = self.intended_ms(Kind.COMMENT, number)
            self._tally(Measure.COMMENT_DELIVERED, intended_ms, batch)
            self._tally(Measure.COMMENT_SERVICE, intended_ms + late_ms, batch)
        for measure, intended_ms in batch.moments:
            self._tally(measure, intended_ms, batch)

    def _tally(self, measure: Measure, since_ms: float, batch: Batch) -> None:
        since = ticks(since_ms)
        tally = self.account.latencies.tally
        for arrived, members in batch.arrivals.items():
            tally(measure, arrived - since, members)

    def _moments(self, room: str, event: dict[str, Any]) -> list[tuple[Measure, float]]:
        """The intended moments of what an event shows, as far as this process knows them."""
        if event["type"] == "gift":
            return [(Measure.GIFT_EVENT, each) for each in self._gift_moments(event)]
        if event["type"] == "sold":
            sales = [
                (room, event["user"]["id"], line["offer"], line["quantity"])
                for line in event["lines"]
            ]
            moments = [self._ordered[sale].popleft() for sale in sales if self._ordered.get(sale)]
            return [(Measure.SOLD_EVENT, each) for each in moments]
        return []

    def _gift_moments(self, event: dict[str, Any]) -> list[float]:
        try:
            viewer, ordinals = combo_ordinals(event["combo"], event["count"], event["added"])
            moments = [self.schedule.gift_ms(viewer, ordinal) for ordinal in ordinals]
        except (ValueError, KeyError, IndexError):
            return []  # somebody else's gift
        return [self.start_ms + each for each in moments]

    def _sale(self, purchase: Purchase) -> _Sale:
        line = purchase.command["lines"][0]
        room, user = purchase.command["room"], self.user(purchase.viewer)
        return room, user, line["offer"], line["quantity"]


def _forget(moments: deque[float], intended_ms: float) -> None:
    """Take the moment of a refused order out, or the one of an order alike that was sold for it."""
    if intended_ms in moments:
        moments.remove(intended_ms)
    elif moments:
        moments.popleft()
