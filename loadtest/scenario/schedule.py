"""When who does what: an open-loop schedule of intended moments. Pure.

Every moment is fixed before the run begins and never moves, whatever the server does; latency is
counted from it (no coordinated omission). Invariant: a curve gives exactly as many actions as its
integral says, one in each slot of equal content, so that seconds are as full as they should be;
within its slot a moment is random, so that kinds and viewers do not beat in step. Equal seeds give
equal schedules, in whichever process they are laid out.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from itertools import repeat
from random import Random

from .model import Act, Curve, Kind, Recording
from .shapes import moments_ms


@dataclass(frozen=True)
class Timetable:
    """All actions of one group and kind: number n is done at `intended_ms[n]` by `viewer(n)`.

    `turns` is a shuffled list of the group's people. They take turns in that order, which gives
    each of them the same rate. `first` is the number of the first action among all of its kind.
    """

    kind: Kind
    intended_ms: Sequence[float]
    turns: Sequence[int]
    act: Act | None = None
    first: int = 0

    def __len__(self) -> int:
        return len(self.intended_ms)

    def viewer(self, number: int) -> int:
        return self.turns[number % len(self.turns)]

    def ordinal(self, number: int) -> int:
        """How many actions of this kind its viewer has before this one."""
        return number // len(self.turns)

    def number(self, viewer: int, ordinal: int) -> int:
        """The number of a viewer's action. Raises `KeyError` for who is not of the group."""
        return ordinal * len(self.turns) + self._places[viewer]

    def counts(self) -> dict[int, int]:
        """Viewer to number of its actions, for viewers that have any."""
        rounds, rest = divmod(len(self), len(self.turns))
        return {
            viewer: rounds + (place < rest)
            for place, viewer in enumerate(self.turns)
            if rounds or place < rest
        }

    @cached_property
    def _places(self) -> dict[int, int]:
        return {viewer: place for place, viewer in enumerate(self.turns)}


class Schedule:
    """All timetables of a run. Actions of a kind are numbered through, table by table."""

    def __init__(self, tables: Sequence[Timetable] = ()) -> None:
        self.tables = tables

    def of(self, kind: Kind) -> list[Timetable]:
        return [table for table in self.tables if table.kind is kind]

    def count(self, kind: Kind) -> int:
        return sum(map(len, self.of(kind)))

    def table(self, kind: Kind, number: int) -> Timetable:
        """The table of action `number` of a kind. Raises `IndexError`."""
        for table in self.of(kind):
            if table.first <= number < table.first + len(table):
                return table
        raise IndexError(f"there is no {kind.value} {number}")

    def intended_ms(self, kind: Kind, number: int) -> float:
        """After the begin of the show."""
        table = self.table(kind, number)
        return table.intended_ms[number - table.first]

    def gift_ms(self, viewer: int, ordinal: int) -> float:
        """When a viewer was to give its gift number `ordinal`. Raises `KeyError`."""
        for table in self.of(Kind.GIFT):
            if viewer in table._places:
                return table.intended_ms[table.number(viewer, ordinal)]
        raise KeyError(viewer)

    def in_order(self) -> Iterator[tuple[float, Timetable, int]]:
        """All actions as (intended_ms, table, number in it), earliest first."""
        return merge(*map(_tagged, self.tables), key=lambda action: action[0])


def timetable(
    kind: Kind,
    when: Curve | Recording,
    people: Sequence[int],
    *,
    duration_s: float,
    random: Random,
    act: Act | None = None,
    first: int = 0,
) -> Timetable:
    """Lay out the moments of a curve or a recording, and who takes which."""
    turns = array("I", people)
    random.shuffle(turns)
    return Timetable(kind, moments_ms(when, duration_s, random), turns, act, first)


def _tagged(table: Timetable) -> Iterator[tuple[float, Timetable, int]]:
    return zip(table.intended_ms, repeat(table), range(len(table)), strict=False)
