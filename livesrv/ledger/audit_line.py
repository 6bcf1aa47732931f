"""A journal line as the audit reads it: as much of it as is checked. Pure."""

from collections.abc import Callable

from msgspec import Raw, Struct, field

Breach = Callable[[str], None]
"""Notes one thing that is wrong, in a sentence."""


class AuditFacts(Struct, frozen=True, gc=False):
    """The facts that checks read; the others are skipped unread. `due` is the JSON of a `Due`."""

    due: Raw = Raw()
    start: int = field(default=-1, name="from")
    upto: int = -1
    order: str = ""
    before: int = -1
    refunded: int = -1
    ripe_ms: int = -1


class AuditEntry(Struct, frozen=True, gc=False):
    """As much of an entry as is checked. A leg is (account, asset, amount, floor)."""

    id: str
    kind: str
    room: str = ""
    legs: tuple[tuple[str, str, str, str], ...] = ()
    facts: AuditFacts = AuditFacts()


class AuditLine(Struct, frozen=True, gc=False):
    """A line of the journal, read several times as fast as a whole `Line`."""

    place: int
    seq: int
    at: int
    after: tuple[int, ...]
    entry: AuditEntry
