"""Which rehearsals are given an audience. Pure.

Invariants: at most `AUDIENCES_MAX` have one at once; no show is given a second one, be the first
one gone; none has one longer than `seconds_max` from its beginning.
"""

from collections.abc import Iterable
from typing import NamedTuple

AUDIENCES_MAX = 4
"""Each is a process with 30 connections; whoever comes later practises without, or waits."""


class Show(NamedTuple):
    """A room from its `start` to its `end`."""

    room: str
    started_at_ms: int


class Part(NamedTuple):
    """An audience to begin, and how long it may stay."""

    show: Show
    seconds: float


class Casting:
    """Who plays where. Told what is live, it says what to begin."""

    def __init__(self, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._playing: set[Show] = set()
        self._played: set[Show] = set()

    def begin(self, live: Iterable[Show], now_ms: int) -> list[Part]:
        """What to begin now that these are live; whoever has waited longest comes first."""
        shows = sorted(live, key=lambda show: show.started_at_ms)
        self._played &= set(shows)
        parts = [Part(show, self._left_s(show, now_ms)) for show in shows if self._is_new(show)]
        parts = [part for part in parts if part.seconds > 0][: self._free]
        self._playing |= {part.show for part in parts}
        return parts

    def ended(self, show: Show) -> None:
        """An audience that was begun has left."""
        self._playing.discard(show)
        self._played.add(show)

    @property
    def _free(self) -> int:
        return max(0, AUDIENCES_MAX - len(self._playing))

    def _is_new(self, show: Show) -> bool:
        return show not in self._playing and show not in self._played

    def _left_s(self, show: Show, now_ms: int) -> float:
        return self._seconds_max - (now_ms - show.started_at_ms) / 1000
