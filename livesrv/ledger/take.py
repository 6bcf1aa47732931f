"""What a party took, by room and UTC day: its parts of orders and gifts, less what it gave back.

Pure: folds the lines of a statement, which come in order of time. Invariant: over the same lines,
the takes sum to all that the party has earned and given back; what only passes from pending to
available, or is paid out, is no take.
"""

from collections.abc import Iterator

from msgspec import Struct

from .about import BATCH
from .statement import StatementLine

DAY_MS = 86_400_000


class TakeLine(Struct, kw_only=True):
    """One day of one room in one currency. `refunds_minor` is below zero where money went back."""

    day_ms: int
    room: str
    currency: str
    orders_minor: int = 0
    gifts_minor: int = 0
    refunds_minor: int = 0
    take_minor: int = 0


class Take:
    """Folds a statement's lines; holds one day."""

    def __init__(self) -> None:
        self._day_ms = 0
        self._rooms: dict[tuple[str, str], TakeLine] = {}

    def feed(self, line: StatementLine) -> Iterator[TakeLine]:
        """Take in the next line; gives the days that are over."""
        day_ms = line.at_ms - line.at_ms % DAY_MS
        if day_ms != self._day_ms:
            yield from self.finish()
            self._day_ms = day_ms
        name = _column(line)
        if name is None:
            return
        found = self._rooms.setdefault(
            (line.room, line.currency),
            TakeLine(day_ms=day_ms, room=line.room, currency=line.currency),
        )
        setattr(found, name, getattr(found, name) + line.amount_minor)
        found.take_minor += line.amount_minor

    def finish(self) -> Iterator[TakeLine]:
        """What is left: the last day, by room and currency."""
        yield from (self._rooms[key] for key in sorted(self._rooms))
        self._rooms.clear()


def _column(line: StatementLine) -> str | None:
    """Where a line counts; None where it is no take."""
    if line.kind == BATCH:
        return "gifts_minor" if line.reference.startswith("gift:") else "orders_minor"
    return "refunds_minor" if line.kind in ("refund", "cancel") else None
