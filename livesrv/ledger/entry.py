"""The ledger's vocabulary: accounts, assets, legs, entries, registers, journal lines.

An entry is a set of legs that sum to zero per asset, posted whole or refused whole. It may depend
on registers (small versioned documents) and replace them: it is accepted only if every register
it has read still stands at the version it has read. An entry without legs is a fact.

Pure: no clock, no store. The rules that `ledger.lua` enforces are told once more in Python by
`unbalanced`, `class_of` and `UNFLOORED`; the audit and the tests hold the two against each other.
"""

from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

WORLD = "world"
PLATFORM = "@platform"
"""The platform as a party. `@` cannot stand in a user's id, so nobody can be it."""
ORDERS_UNSETTLED = "orders:unsettled"
GIFTS_UNSETTLED = "gifts:unsettled"

UNFLOORED = frozenset({"world", "supplier", "pending", "available"})
"""Account classes that may go below zero: the outside world, what suppliers owe, and parties who
may come to owe us. Every other account is floored, so a new class is safe until it is listed."""


class Leg(NamedTuple):
    """A movement of `amount` units of `asset`; a zero leg reads the balance at its place.

    `floor` is the lowest balance the account may have afterwards. It is 0 unless told otherwise,
    and does not apply to the classes in `UNFLOORED`. Amounts travel as decimal strings because
    Lua's numbers are doubles.
    """

    account: str
    asset: str
    amount: str
    floor: str = "0"


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
    `forget_at_ms`: the id may be forgotten after that moment; 0 keeps it.
    """

    id: str
    fingerprint: str
    kind: str
    room: str = ""
    legs: list[Leg] = []
    reads: list[tuple[str, int]] = []
    writes: list[Write] = []
    ranks: list[Rank] = []
    facts: dict[str, Any] = {}
    refusal: str = ""
    forget_at_ms: int = 0


class Line(Struct, kw_only=True):
    """A line of the journal: an entry with its place, its number in its room and its moment.

    `after` holds the balance behind each leg, in the order of the legs.
    """

    place: int
    room_seq: int
    at_ms: int
    after: tuple[int, ...]
    entry: Entry


class Register(NamedTuple):
    """A versioned document. Version 0 does not exist yet."""

    version: int
    value: Any


ABSENT = Register(0, None)


def leg(account: str, asset: str, amount: int, floor: int = 0) -> Leg:
    return Leg(account, asset, str(amount), str(floor))


def class_of(account: str) -> str:
    return account.partition(":")[0]


def is_floored(account: str) -> bool:
    return class_of(account) not in UNFLOORED


def fingerprint(content: object) -> str:
    """A digest that is equal exactly where the content is equal."""
    return blake2b(msgspec.msgpack.encode(content, order="sorted"), digest_size=12).hexdigest()


def unbalanced(legs: list[Leg]) -> list[str]:
    """The assets whose legs do not sum to zero."""
    sums: dict[str, int] = {}
    for item in legs:
        sums[item.asset] = sums.get(item.asset, 0) + int(item.amount)
    return sorted(asset for asset, total in sums.items() if total)
