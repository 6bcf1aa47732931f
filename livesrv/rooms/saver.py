"""What a room gathers for members who asked for less: told rarely, and with few comments. Pure.

Knows neither members nor frames; time and chance are arguments. Each flush of the room is caught. A
cut ends a piece, so that who enters or leaves there is owed whole pieces; the others are told all
pieces at once. Invariant: the pieces from a member's first one on are all that was flushed since
it entered or was last told: each event once and in order, of comments shown + shed.
"""

from collections.abc import Callable, Container, Sequence
from math import ceil
from typing import NamedTuple

from protocol.codec import Item

from .waterfall import Fall, Waterfall, in_a_row


class Piece(NamedTuple):
    """What was flushed between two cuts, as it is told."""

    events: list[Item]
    fall: Fall


class Saver:
    """Gathers flushes for `window_ms` and chooses of them `comments_per_s` comments a second.

    `comments_max` is what a batch carries of them. There is a piece a flush at most, so the window
    bounds their number, and that of events.
    """

    def __init__(
        self,
        *,
        window_ms: int,
        comments_per_s: int,
        comments_max: int,
        present: Container[str],
        randbytes: Callable[[int], bytes],
        now_ms: int,
    ) -> None:
        self._window_ms = window_ms
        self._per_ms = comments_per_s / 1000
        self._tokens_max = self._tokens = min(max(1.0, window_ms * self._per_ms), comments_max)
        self._refilled_ms = now_ms
        self._told_ms = now_ms - window_ms
        self._waterfall = Waterfall(
            comments_per_s=0,
            comments_max=ceil(self._tokens_max),
            present=present,
            randbytes=randbytes,
            now_ms=now_ms,
        )
        self._first = 0
        """The number of the first piece; those before it have been told."""
        self._pieces: list[Piece] = []
        self._events: list[Item] = []
        self._is_begun = False
        """Whether there is anything behind the last cut."""

    def catch(self, events: Sequence[Item], fall: Fall) -> None:
        """Take in what all others are told now."""
        self._events += events
        self._waterfall.catch(fall)
        self._is_begun = True

    def cut(self, now_ms: int) -> int:
        """End the piece under way; the number of the one that will be next."""
        if self._is_begun:
            self._tokens += max(0, now_ms - self._refilled_ms) * self._per_ms
            self._tokens = min(self._tokens, self._tokens_max)
            self._refilled_ms = now_ms
            fall = self._waterfall.take(now_ms, int(self._tokens))
            self._tokens -= len(fall.comments)
            self._pieces.append(Piece(self._events, fall))
            self._events, self._is_begun = [], False
        return self._first + len(self._pieces)

    def owed(self, first: int) -> Piece | None:
        """The pieces from number `first` on, up to the last cut, as one; None where there are none.

        Of those told before, none is owed.
        """
        pieces = self._pieces[max(0, first - self._first) :]
        if not pieces:
            return None
        events = [event for piece in pieces for event in piece.events]
        return Piece(events, in_a_row([piece.fall for piece in pieces]))

    def group(self, first: int) -> int:
        """The same for all who are owed the same pieces."""
        return max(first, self._first)

    def told(self, now_ms: int) -> None:
        """Everybody has been told what was owed up to the last cut."""
        self._first += len(self._pieces)
        self._pieces = []
        self._told_ms = now_ms

    @property
    def due_ms(self) -> int | None:
        """When to tell; None while there is nothing."""
        return self._told_ms + self._window_ms if self._pieces or self._is_begun else None
