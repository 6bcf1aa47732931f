"""What a line of the journal is about, as people want to read it: which order, gift, payout. Pure.

Knows the facts of the kinds that move money; any other kind goes by its entry's id.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct, field

BATCH = "commission"


class Mismatch(Exception):
    """The journal contradicts itself; one sentence for a person."""


class Unopened(Struct, gc=False):
    """A line of the journal with its entry undecoded: most are looked at and passed over."""

    place: int
    at: int
    after: tuple[int, ...]
    entry: Raw

    def names(self, names: Sequence[bytes]) -> bool:
        """Whether one of these stands in the entry, quotes and all, as accounts and parties do."""
        content = bytes(self.entry)
        return any(name in content for name in names)


class PostedEntry(Struct, gc=False):
    """As much of an entry as a statement tells. A leg is (account, asset, amount, floor)."""

    id: str
    kind: str
    room: str = ""
    legs: tuple[tuple[str, str, str, str], ...] = ()
    writes: Raw = Raw(b"[]")
    facts: Raw = Raw(b"{}")


class Posted(NamedTuple):
    """A line of the journal, its entry decoded."""

    place: int
    after: tuple[int, ...]
    entry: PostedEntry


UNOPENED = msgspec.json.Decoder(Unopened)
_entries = msgspec.json.Decoder(PostedEntry)


def opened(line: Unopened) -> Posted:
    """Decode a line's entry. Raises `Mismatch`."""
    return Posted(line.place, line.after, _decoded(line, line.entry, _entries))


class About(NamedTuple):
    """What a movement is about, for people."""

    reference: str
    room: str
    note: str


def bounds(line: Posted) -> tuple[int, int] | None:
    """Behind which place and up to which the sales are that a commission batch settles.

    None for any other line.
    """
    if line.entry.kind != BATCH:
        return None
    facts = _decoded(line, line.entry.facts, _batch_facts)
    if not facts.start <= facts.upto < line.place:
        raise Mismatch(f"place {line.place} settles sales of {facts.start} to {facts.upto}")
    return facts.start, facts.upto


def is_sale(line: Posted) -> bool:
    """Whether the line leaves money to be split."""
    return b'"due":{' in bytes(line.entry.facts)


def due_of(sale: Posted) -> bytes:
    """The JSON of the `Due` of a sale."""
    return bytes(_decoded(sale, sale.entry.facts, _sale_facts).due)


class _BatchFacts(Struct):
    start: int = field(name="from")
    upto: int


class _SaleFacts(Struct):
    due: Raw


class _User(Struct):
    id: str


class _OrderFacts(Struct):
    order: str
    lines: tuple[tuple[str, int], ...] = ()
    refund: str = ""
    before: int = 0
    refunded: int = 0


class _GiftFacts(Struct):
    user: _User
    gift: str
    combo: str
    added: int


class _Payout(Struct):
    taken_minor: int
    taken_currency: str
    gross_minor: int
    tax_minor: int
    net_minor: int
    currency: str


class _Rate(Struct):
    minor_per_1000: int


class _PayoutFacts(Struct):
    payout: _Payout
    tax_bps: int = 0
    rate: _Rate | None = None


class _MaturityFacts(Struct):
    ripe_ms: int


class _Sheet(Struct):
    """As much of an order's document as is told of it."""

    room: str


_batch_facts = msgspec.json.Decoder(_BatchFacts)
_sale_facts = msgspec.json.Decoder(_SaleFacts)
_order_facts = msgspec.json.Decoder(_OrderFacts)
_gift_facts = msgspec.json.Decoder(_GiftFacts)
_payout_facts = msgspec.json.Decoder(_PayoutFacts)
_maturity_facts = msgspec.json.Decoder(_MaturityFacts)
_writes = msgspec.json.Decoder(list[tuple[Any, ...]])
_sheets = msgspec.json.Decoder(_Sheet)


def _decoded(
    line: Posted | Unopened, document: Raw | str, decoder: "msgspec.json.Decoder[Any]"
) -> Any:
    try:
        return decoder.decode(document)
    except msgspec.MsgspecError as error:
        raise Mismatch(f"place {line.place} cannot be read: {error}") from error


def _order(line: Posted) -> About:
    facts = _decoded(line, line.entry.facts, _order_facts)
    pieces = ", ".join(f"{offer} x {quantity}" for offer, quantity in facts.lines)
    return About(f"order:{facts.order}", line.entry.room or _room_of(line), pieces)


def _refund(line: Posted) -> About:
    facts = _decoded(line, line.entry.facts, _order_facts)
    note = f"{facts.refunded - facts.before} of the order given back, {facts.refunded} in all"
    return About(f"refund:{facts.order}:{facts.refund}", _room_of(line), note)


def _gift(line: Posted) -> About:
    facts = _decoded(line, line.entry.facts, _gift_facts)
    note = f"{facts.gift} x {facts.added}"
    return About(f"gift:{facts.user.id}:{facts.combo}", line.entry.room, note)


def _payout(line: Posted) -> About:
    facts = _decoded(line, line.entry.facts, _payout_facts)
    payout = facts.payout
    worth = f"{payout.taken_minor} {payout.taken_currency}"
    if facts.rate is not None:
        worth += f" at {facts.rate.minor_per_1000} per 1000"
    tax = f"tax {payout.tax_minor} ({facts.tax_bps} bps)"
    note = f"{worth}: gross {payout.gross_minor} {payout.currency}, {tax}, net {payout.net_minor}"
    return About(line.entry.id, "", note)


def _maturity(line: Posted) -> About:
    facts = _decoded(line, line.entry.facts, _maturity_facts)
    return About(f"ripening:{facts.ripe_ms}", "", "")


def _other(line: Posted) -> About:
    return About(line.entry.id, line.entry.room, "")


_ABOUT: dict[str, Callable[[Posted], About]] = {
    "order": _order,
    "pay": _order,
    "cancel": _order,
    "settle": _order,
    "refund": _refund,
    "gift": _gift,
    "payout": _payout,
    "maturity": _maturity,
}
"""What is said of a line, by its kind; any other goes by its id."""


def about(line: Posted) -> About:
    """What the line is about. Raises `Mismatch`."""
    return _ABOUT.get(line.entry.kind, _other)(line)


def _room_of(line: Posted) -> str:
    """The room of the order that the line writes down anew."""
    for register, value, *_ in _decoded(line, line.entry.writes, _writes):
        if register.startswith("order:"):
            room: str = _decoded(line, value, _sheets).room
            return room
    return ""
