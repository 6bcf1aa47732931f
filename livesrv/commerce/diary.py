"""A host's diary: which shows there were lately, and what each has taken.

The entries that begin and end a show write it down, in the host's own register. What it took is
counted by the commission's batches, so reading a diary is two reads, whatever was sold.
"""

from collections.abc import Mapping

from msgspec import Struct

from livesrv.ledger.entry import Register
from livesrv.ledger.store import Ledger
from livesrv.ledger.takings import CLOSED, takings_ranking

SHOWS_KEPT = 20
SUMS_MAX = 100
"""Of one show; more than there are currencies that somebody sells in."""


class Page(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One show. The title is the one it ended with."""

    room: str
    title: str
    started_at_ms: int
    ended_at_ms: int | None = None


class Amount(Struct):
    currency: str
    amount_minor: int


class ShowView(Struct, kw_only=True):
    """A show with what it took: paid orders and their pieces, gifts and their coins.

    `earned` is what came of it to its host before any refund. All follow the commission, which is
    a moment behind; `is_final` when the show has ended and nothing that was paid in it is missing.
    """

    room: str
    title: str
    started_at_ms: int
    ended_at_ms: int | None
    orders: int
    pieces: int
    sales: list[Amount]
    gifts: int
    coins: int
    earned: list[Amount]
    is_final: bool


def diary_register(host: str) -> str:
    return f"shows:{host}"


def read_diary(register: Register) -> tuple[Page, ...]:
    """The shows, the latest first."""
    return register.read(tuple[Page, ...]) if register.version else ()


def noted(diary: tuple[Page, ...], page: Page) -> tuple[Page, ...]:
    """The diary with a show as it stands now; the oldest makes room."""
    others = [each for each in diary if not _is_same(each, page)]
    return tuple(sorted([page, *others], key=lambda each: -each.started_at_ms)[:SHOWS_KEPT])


def _is_same(one: Page, other: Page) -> bool:
    return (one.room, one.started_at_ms) == (other.room, other.started_at_ms)


async def list_shows(ledger: Ledger, host: str) -> list[ShowView]:
    """A host's last shows, the latest first."""
    name = diary_register(host)
    diary = read_diary((await ledger.read([name]))[name])
    rankings = [takings_ranking(page.room, page.started_at_ms) for page in diary]
    found = await ledger.tops(rankings, SUMS_MAX)
    return [view(page, dict(sums)) for page, sums in zip(diary, found, strict=True)]


def view(page: Page, sums: Mapping[str, int]) -> ShowView:
    """A show with what was counted of it, by name."""
    return ShowView(
        room=page.room,
        title=page.title,
        started_at_ms=page.started_at_ms,
        ended_at_ms=page.ended_at_ms,
        orders=sums.get("orders", 0),
        pieces=sums.get("pieces", 0),
        sales=_amounts("sales", sums),
        gifts=sums.get("gifts", 0),
        coins=sums.get("coins", 0),
        earned=_amounts("earned", sums),
        is_final=page.ended_at_ms is not None and CLOSED in sums,
    )


def _amounts(word: str, sums: Mapping[str, int]) -> list[Amount]:
    """The sums of a name in each currency."""
    pairs = [(name.partition(" "), amount) for name, amount in sums.items()]
    return [Amount(asset, amount) for (first, _, asset), amount in sorted(pairs) if first == word]
