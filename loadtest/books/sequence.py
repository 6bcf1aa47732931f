"""One member's place in one room's reliable lane, and what was lost on the way. Pure.

The rule is the wire's: at S, a batch of R events that ends at T is complete exactly when
S + R = T. Invariant, once `settle` was called for every member:
`delivered + lost == expected` (doubled and reordered events count in none of them).

What a member does on a batch that does not fit is also the wire's: drop it and ask again with
`since`. A hole that was told again is `holes`, not a loss; a loss is an event that the member can
no longer get, or had not got when the run was settled.
"""

from dataclasses import dataclass, fields
from enum import Enum
from typing import Any


@dataclass(slots=True)
class Tally:
    """Sums over all members: events, except `holes` and `resnapshots`, which count occasions."""

    expected: int = 0
    delivered: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    holes: int = 0
    resnapshots: int = 0

    def add(self, other: "Tally") -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class Step(Enum):
    """What a member is to do with a batch."""

    TAKE = "take"
    DROP = "drop"
    REJOIN = "rejoin"


class Place:
    """Where a member is. Out of the room until the first `joined`, and from `leave` to `joined`."""

    __slots__ = ("_base", "_tally", "epoch", "is_awaiting", "is_in", "seq")

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._base = 0
        self.epoch: str | None = None
        self.seq = 0
        self.is_in = False
        self.is_awaiting = False

    def since(self) -> dict[str, Any] | None:
        """The `since` of the next join: none before the first."""
        return None if self.epoch is None else {"epoch": self.epoch, "seq": self.seq}

    def leave(self) -> None:
        self.is_in = self.is_awaiting = False

    def joined(self, epoch: str, seq: int, recovered: bool) -> None:
        """Take a `joined` reply. After a recovery the events that were missed are still to come."""
        if self.epoch is None:
            self.epoch, self.seq, self._base = epoch, seq, seq
        elif not recovered:
            self._start_over(epoch, seq)
        self.is_in, self.is_awaiting = True, False

    def take(self, epoch: str, seq: int, events: int, misplaced: int) -> Step:
        """Judge a batch of `events` events ending at `seq`, `misplaced` of them out of order."""
        if not self.is_in:
            return Step.DROP
        if seq - events != self.seq or epoch != self.epoch:
            return self._misfit(epoch, seq, events)
        if self.is_awaiting:
            self._tally.reordered += events
            return Step.DROP
        self._tally.reordered += misplaced
        self._tally.delivered += events
        self.seq = seq
        return Step.TAKE

    def settle(self, epoch: str, last_seq: int) -> None:
        """Close the account: the room's lane ends at `last_seq`. No batch may follow."""
        if self.epoch != epoch:
            last_seq = self.seq
        self._tally.lost += max(0, last_seq - self.seq)
        self._tally.expected += max(last_seq, self.seq) - self._base

    def _start_over(self, epoch: str, seq: int) -> None:
        tally = self._tally
        tally.resnapshots += 1
        missed = max(0, seq - self.seq) if epoch == self.epoch else 0
        tally.lost += missed
        tally.expected += self.seq + missed - self._base
        self.epoch, self.seq, self._base = epoch, seq, seq

    def _misfit(self, epoch: str, seq: int, events: int) -> Step:
        if self.is_awaiting:
            return Step.DROP
        if epoch == self.epoch and seq - events < self.seq:
            self._count_repeated(seq, events)
        else:
            self._tally.holes += 1
        self.is_awaiting = True
        return Step.REJOIN

    def _count_repeated(self, seq: int, events: int) -> None:
        first = seq - events + 1
        if events:
            self._tally.doubled += min(self.seq, seq) - first + 1
        else:
            self._tally.reordered += 1
