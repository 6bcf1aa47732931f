"""The waterfall's account: comments accepted x members in the room, against what arrived. Pure.

A comment is owed to the members its room had when it was sent and still has a while later: who
comes or leaves just then may or may not see it. The server may leave some out, but has to say how
many: `shed` in a batch, or a `gap`. Invariant: a comment that was never accepted is owed to
nobody, and its arrivals are counted apart, so that neither side of delivered / expected contains
what the other does not.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

STAY_MS = 2_000.0
"""Who leaves within this after a comment is owed nothing: several of the longest flush windows."""
_NEVER = -1.0


@dataclass(frozen=True)
class WaterfallAccount:
    """In deliveries (comments x members).

    `surplus` went to more members than were owed the comment, as happens while members come and
    go. `unacknowledged` belong to comments whose acceptance was never heard of.
    """

    expected: int
    delivered: int
    shed: int
    gap: int
    surplus: int
    unacknowledged: int

    @property
    def missing(self) -> int:
        """Owed, not delivered, and not announced."""
        return max(0, self.expected - self.delivered + self.surplus - self.shed - self.gap)


@dataclass
class Stays:
    """When members came into a room and when they went, by the clock of the run, both rising."""

    came_ms: "array[float]" = field(default_factory=lambda: array("d"))
    went_ms: "array[float]" = field(default_factory=lambda: array("d"))

    @property
    def members(self) -> int:
        return len(self.came_ms) - len(self.went_ms)

    def owed(self, sent_ms: float, closed_ms: float) -> int:
        """How many were there at a moment and did not leave within `STAY_MS`.

        Who left when the books were closed, `closed_ms`, was there to the end. Below 0 where more
        came after that moment and left soon; crews are added up before that is nobody.
        """
        came = bisect_right(self.came_ms, sent_ms)
        return came - bisect_left(self.went_ms, min(sent_ms + STAY_MS, closed_ms))


class Deliveries:
    """When each accepted comment was sent, in which room, and how often it arrived."""

    def __init__(self, comments: int) -> None:
        self.sent_ms = array("d", [_NEVER]) * comments
        self.rooms = array("I", bytes(4 * comments))
        self.arrived = array("I", bytes(4 * comments))
        self.arrived_total = 0
        self.shed = 0
        self.gap = 0

    def accept(self, number: int, room: int, sent_ms: float) -> None:
        """Comment `number`, sent to room number `room` at a moment, was accepted."""
        self.sent_ms[number], self.rooms[number] = sent_ms, room

    def arrive(self, number: int, members: int) -> None:
        """`members` members have received comment `number`."""
        self.arrived[number] += members
        self.arrived_total += members

    def merge(self, other: "Deliveries") -> None:
        """Add what another crew noted of the same comments; one of us heard of each acceptance."""
        for number, sent_ms in enumerate(other.sent_ms):
            if sent_ms != _NEVER:
                self.accept(number, other.rooms[number], sent_ms)
        self.arrived = array("I", map(sum, zip(self.arrived, other.arrived, strict=True)))
        self.arrived_total += other.arrived_total
        self.shed += other.shed
        self.gap += other.gap

    def account(self, stays: Sequence[Sequence[Stays]], closed_ms: float = inf) -> WaterfallAccount:
        """Compare; `stays` has, for each crew, those of its members by room."""
        pairs = list(zip(self._owed(stays, closed_ms), self.arrived, strict=True))
        return WaterfallAccount(
            expected=sum(owed for owed, _ in pairs if owed is not None),
            delivered=sum(arrived for owed, arrived in pairs if owed is not None),
            shed=self.shed,
            gap=self.gap,
            surplus=sum(max(0, arrived - owed) for owed, arrived in pairs if owed is not None),
            unacknowledged=sum(arrived for owed, arrived in pairs if owed is None),
        )

    def _owed(self, stays: Sequence[Sequence[Stays]], closed_ms: float) -> Iterator[int | None]:
        for sent_ms, room in zip(self.sent_ms, self.rooms, strict=True):
            if sent_ms == _NEVER:
                yield None
            else:
                yield max(0, sum(crew[room].owed(sent_ms, closed_ms) for crew in stays))
