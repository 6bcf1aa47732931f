"""When who does what: an open-loop schedule of intended moments. Pure.

Every moment is fixed before the run begins and never moves, whatever the server does; latency is
counted from it (no coordinated omission). Invariant: a kind with rate C gives exactly
round(C x duration) actions, one in each slot of 1/C seconds, so that seconds are equally full;
within its slot a moment is random, so that kinds and viewers do not beat in step.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import merge
from itertools import repeat
from random import Random


class Kind(Enum):
    """What a viewer does of its own accord."""

    COMMENT = "comment"
    GIFT = "gift"
    ORDER = "order"


@dataclass(frozen=True)
class Timetable:
    """All actions of one kind: number n is done at `intended_ms[n]` by `viewer(n)`.

    `turns` is a shuffled list of all viewers. They take turns in that order, which gives each of
    them the same rate.
    """

    kind: Kind
    intended_ms: Sequence[float]
    turns: Sequence[int]

    def __len__(self) -> int:
        return len(self.intended_ms)

    def viewer(self, number: int) -> int:
        return self.turns[number % len(self.turns)]

    def ordinal(self, number: int) -> int:
        """How many actions of this kind its viewer has before this one."""
        return number // len(self.turns)

    def counts(self) -> dict[int, int]:
        """Viewer to number of its actions, for viewers that have any."""
        rounds, rest = divmod(len(self), len(self.turns))
        return {
            viewer: rounds + (place < rest)
            for place, viewer in enumerate(self.turns)
            if rounds or place < rest
        }


def timetable(
    kind: Kind, *, rate_per_s: float, duration_s: float, viewers: int, random: Random
) -> Timetable:
    """Lay out round(rate x duration) moments over the duration, and who takes which."""
    turns = array("I", range(viewers))
    random.shuffle(turns)
    count = round(rate_per_s * duration_s)
    slot_ms = duration_s * 1000 / max(count, 1)
    moments = array("d", ((slot + random.random()) * slot_ms for slot in range(count)))
    return Timetable(kind, moments, turns)


def in_order(timetables: Sequence[Timetable]) -> Iterator[tuple[float, Kind, int]]:
    """All actions of all kinds as (intended_ms, kind, number), earliest first."""
    return merge(*map(_tagged, timetables), key=lambda action: action[0])


def _tagged(table: Timetable) -> Iterator[tuple[float, Kind, int]]:
    return zip(table.intended_ms, repeat(table.kind), range(len(table)), strict=False)
