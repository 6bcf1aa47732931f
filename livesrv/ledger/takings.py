"""What each show has taken: sums that ride on the batches of commission. Pure.

A sale that belongs to a show says so in the fact `show`: (host, when it began). What a batch
settles is added to the ranking `takings:ROOM:STARTED_AT_MS`, whose members are names of sums and
whose scores the sums. Invariant: the entry that settles a sale is the one that counts it, so each
is counted once, and none before its commission is posted. Must not know of refunds: it is what was
taken in the show, whatever goes back later.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from .entry import GIFTS_UNSETTLED, Line, Rank
from .split import Due, earned

CLOSED = "closed"
"""Counted once the end of a show is behind the watermark, and so all that was sold in it."""
END = "end"
"""The kind of entry with which a show ends."""


class Show(NamedTuple):
    """A show's host, and the ranking of what it has taken."""

    host: str
    ranking: str


def takings_ranking(room: str, started_at_ms: int) -> str:
    return f"takings:{room}:{started_at_ms}"


class Takings:
    """What is added to the sums of the shows that a batch has to do with."""

    def __init__(self) -> None:
        self._sums: Counter[tuple[str, str]] = Counter()
        self._dues: Counter[tuple[Show, Due]] = Counter()
        """Sales repeat, and each has to be split only once."""

    def add(self, line: Line, due: Due | None) -> bool:
        """Count a line, with the money it leaves to be split; returns whether it counts."""
        show = _show_of(line)
        if show is None or (due is None and line.entry.kind != END):
            return False
        if due is None:
            self._sums[show.ranking, CLOSED] = 1
        else:
            self._dues[show, due] += 1
            for name, amount in _counts(line, due):
                self._sums[show.ranking, name] += amount
        return True

    def ranks(self) -> list[Rank]:
        """What raises the sums, in a fixed order."""
        sums = Counter(self._sums)
        for (show, due), count in self._dues.items():
            sums[show.ranking, f"earned {due.asset}"] += earned(due).get(show.host, 0) * count
        return [
            Rank(ranking, name, amount, is_raise=True)
            for (ranking, name), amount in sorted(sums.items())
            if amount
        ]


def _show_of(line: Line) -> Show | None:
    found = line.entry.facts.get("show")
    if found is None:
        return None
    host, started_at_ms = found
    return Show(host, takings_ranking(line.entry.room, started_at_ms))


def _counts(line: Line, due: Due) -> Iterator[tuple[str, int]]:
    facts = line.entry.facts
    if due.account == GIFTS_UNSETTLED:
        yield "gifts", facts["added"]
        yield "coins", due.gross
    else:
        yield "orders", 1
        yield "pieces", sum(quantity for _, quantity in facts["lines"])
        yield f"sales {due.asset}", due.gross
