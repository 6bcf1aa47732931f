"""The ledger's vocabulary: accounts, assets, legs, entries, registers, journal lines.

An entry is a set of legs that sum to zero per asset, posted whole or refused whole. It may depend
on registers (small versioned documents) and replace them: it is accepted only if every register
it has read still stands at the version it has read. An entry without legs is a fact.

Pure: no clock, no store. The rules that `ledger.lua` enforces are told once more in Python by
`unbalanced` and `breaks_floor`; the audit and the tests hold the two against each other.
"""

from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

WORLD = "world"
PLATFORM = "@platform"
"""The platform as a party. `@` cannot stand in a user's id, so nobody can be it."""
ORDERS_UNSETTLED = "orders:unsettled"
GIFTS_UNSETTLED = "gifts:unsettled"
WATERMARK_REGISTER = "commission"
"""Holds the place up to which commission is posted."""
DUE_RANKING = "due"
"""What the clock must look at, by the moment when: names of registers and rankings."""

UNFLOORED = frozenset({"world", "supplier", "clearing", "pending", "available"})
"""Account classes that may go below zero: the outside world, what suppliers and payment providers
owe, and parties who may come to owe us. Every other account is floored, so a new class is safe
until it is listed."""


class Leg(NamedTuple):
    """A movement of `amount` units of `asset`; a zero leg reads the balance at its place.

    `floor`, when given, is the lowest balance the account may have afterwards, whatever its class
    and whichever way the units move. Else an account that units leave may not fall below 0, except
    in the classes of `UNFLOORED`. Amounts travel as decimal strings because Lua's numbers are
    doubles.
    """

    account: str
    asset: str
    amount: str
    floor: str = ""


class Write(NamedTuple):
    """A register's new value. It is forgotten after `forget_at_ms`, never when that is 0."""

    register: str
    value: str
    forget_at_ms: int = 0


class Rank(NamedTuple):
    """A member's place in a ranking: set to `score` (0 takes it out), or raised by it."""

    ranking: str
    member: str
    score: int
    is_raise: bool = False


class Entry(Struct, kw_only=True, omit_defaults=True):
    """What is posted. `id` makes it happen once; `fingerprint` tells a repeat from a conflict.

    `refusal`, when set, is the code under which this id is to be refused from now on.
    `unrecorded` is a class of accounts: when the floor of one would break, the answer is `short`
    and the id stays free, so that the caller may make room and post again. A `short` is no end: a
    call that was sent twice may still be posted late, so what is done next must use the same id or
    a register that the entry reads.
    `forget_at_ms`: the id may be forgotten after that moment; 0 keeps it. `facts` are for those who
    read the journal; the ledger itself does not look into them, and relies on their coming last.
    """

    id: str
    fingerprint: str
    kind: str
    room: str = ""
    legs: list[Leg] = []
    reads: list[tuple[str, int]] = []
    writes: list[Write] = []
    ranks: list[Rank] = []
    refusal: str = ""
    unrecorded: str = ""
    forget_at_ms: int = 0
    facts: dict[str, Any] = {}


class Line(Struct, kw_only=True, rename={"room_seq": "seq", "at_ms": "at"}):
    """A line of the journal: an entry with its place, its number in its room and its moment.

    `after` holds the balance behind each leg, in the order of the legs. As JSON it stands in the
    archive.
    """

    place: int
    room_seq: int
    at_ms: int
    after: tuple[int, ...]
    entry: Entry


T = TypeVar("T")


class Register:
    """A versioned document. Version 0 does not exist yet; its document is `null`.

    What `read` returns is kept and shared between readers, so the types read must be immutable.
    """

    __slots__ = ("_document", "_read", "version")

    def __init__(self, version: int, document: bytes) -> None:
        self.version = version
        self._document = document
        self._read: tuple[Any, Any] = (None, None)

    def read(self, type_: type[T]) -> T:
        """The document as a type."""
        if self._read[0] is not type_:
            self._read = (type_, msgspec.json.decode(self._document, type=type_))
        return self._read[1]  # type: ignore[no-any-return]


ABSENT = Register(0, b"null")


class Unread(Exception):
    """A register was looked at that has not been read."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Registers(dict[str, Register]):
    """The registers that an entry is composed from. Raises `Unread` for any other."""

    def __missing__(self, name: str) -> Register:
        raise Unread(name)


def leg(account: str, asset: str, amount: int, floor: int | None = None) -> Leg:
    return Leg(account, asset, str(amount), "" if floor is None else str(floor))


def class_of(account: str) -> str:
    return account.partition(":")[0]


def breaks_floor(leg: Leg, balance: int) -> bool:
    """Whether the leg may not leave that balance behind."""
    if leg.floor:
        return balance < int(leg.floor)
    return int(leg.amount) < 0 and balance < 0 and class_of(leg.account) not in UNFLOORED


def fingerprint(content: object) -> str:
    """A digest that is equal exactly where the content is equal."""
    return blake2b(msgspec.msgpack.encode(content, order="sorted"), digest_size=12).hexdigest()


def unbalanced(legs: list[Leg]) -> list[str]:
    """The assets whose legs do not sum to zero."""
    sums: dict[str, int] = {}
    for item in legs:
        sums[item.asset] = sums.get(item.asset, 0) + int(item.amount)
    return sorted(asset for asset, total in sums.items() if total)
