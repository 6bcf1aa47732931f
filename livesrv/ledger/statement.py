"""Statements: every movement of some accounts, and their balances before and behind it. Pure.

A line of the journal moves an account by its legs. A commission batch moves it by one leg for
thousands of sales, so that leg is told apart again, into the part of each sale. Knows legs, dues
and the facts that people want to read; no store, no files, no clock. Invariant: the balance before
a line and the amounts told for it come to the balance that the journal notes behind it, and the
parts of a batch to its leg. Where they do not, `Mismatch` is raised and that leg is not told.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
from msgspec import Struct

from .about import BATCH, About, Mismatch, Posted, about, due_of
from .split import SELLER, Due, movements

PARTY_CLASSES = ("pending", "available", "wallet")
"""The accounts of a party: earned, earned for good, and what was paid in to spend."""
CACHED_DUES_MAX = 4_096
"""Sales repeat: the same gift to the same host, the same piece at the same price."""

Pair = tuple[str, str]
"""An account and an asset."""

_dues = msgspec.json.Decoder(Due)


class StatementLine(Struct, frozen=True, kw_only=True):
    """One movement of one account.

    `at_ms` never falls from one line to the next: where the store's clock has stepped back, it is
    the moment of the line before. `place` is where the journal has it; `sale_place`, for a part of
    a commission batch, where it has the sale, else 0. `currency` is any asset. `note` says how the
    amount came about, in ids and numbers alone.
    """

    at_ms: int
    place: int
    account: str
    kind: str
    reference: str
    room: str
    note: str
    currency: str
    amount_minor: int
    balance_minor: int
    sale_place: int = 0


class Balance(Struct, frozen=True):
    account: str
    currency: str
    balance_minor: int


class Movement(NamedTuple):
    """A leg of a line, and the balance before it."""

    line: Posted
    at_ms: int
    account: str
    asset: str
    amount: int
    before: int


def party_accounts(party: str) -> tuple[str, ...]:
    return tuple(f"{class_}:{party}" for class_ in PARTY_CLASSES)


class Statement:
    """Some accounts, followed from line to line. `balances` holds those behind the last one.

    `currency` leaves all others out; "" leaves none out.
    """

    def __init__(
        self, accounts: Collection[str], currency: str, balances: Mapping[Pair, int]
    ) -> None:
        self.balances = dict(balances)
        self._accounts = frozenset(accounts)
        self._order = {account: number for number, account in enumerate(accounts)}
        self._currency = currency

    def touches(self, line: Posted) -> bool:
        """Whether the line has a leg for us."""
        return any(leg[0] in self._accounts for leg in line.entry.legs)

    def pass_over(self, line: Posted) -> None:
        """Take in a line without telling it."""
        for account, asset, amount, after in self._legs(line):
            self._move(line, (account, asset), amount, after)

    def tell(
        self, line: Posted, at_ms: int, sales: Sequence[Posted] = ()
    ) -> Iterator[StatementLine]:
        """Take in a line and tell what it moves. `sales`: see `bounds`. Raises `Mismatch`."""
        for account, asset, amount, after in self._legs(line):
            before = self.balances.get((account, asset), 0)
            self._move(line, (account, asset), amount, after)
            moved = Movement(line, at_ms, account, asset, amount, before)
            if line.entry.kind == BATCH:
                yield from _parts(moved, sales)
            elif amount:
                yield _told(moved, about(line), amount, after)

    def standing(self) -> list[Balance]:
        """The balances, by account as asked for and by currency."""
        pairs = sorted(self.balances, key=lambda pair: (self._order[pair[0]], pair[1]))
        return [Balance(*pair, self.balances[pair]) for pair in pairs]

    def _legs(self, line: Posted) -> Iterator[tuple[str, str, int, int]]:
        entry = line.entry
        if len(entry.legs) != len(line.after):
            raise Mismatch(f"place {line.place} has {len(entry.legs)} legs, {len(line.after)} sums")
        for (account, asset, amount, _), after in zip(entry.legs, line.after, strict=True):
            if account in self._accounts and self._currency in ("", asset):
                yield account, asset, int(amount), after

    def _move(self, line: Posted, pair: Pair, amount: int, after: int) -> None:
        before = self.balances.get(pair, 0)
        if before + amount != after:
            raise Mismatch(
                f"place {line.place} moves {' '.join(pair)} by {amount} from {before}, and the "
                f"journal notes {after} behind it; `livesrv audit` tells more"
            )
        self.balances[pair] = after


def _parts(moved: Movement, sales: Sequence[Posted]) -> list[StatementLine]:
    """What each sale has put into the batch's leg."""
    parts, balance = [], moved.before
    for sale in sales:
        asset, part, rates = _part(due_of(sale), moved.account)
        if part and asset == moved.asset:
            balance += part
            what = about(sale)
            note = "; ".join(filter(None, (what.note, rates)))
            parts.append(_told(moved, what._replace(note=note), part, balance, sale.place))
    if balance != moved.before + moved.amount:
        raise Mismatch(
            f"place {moved.line.place} moves {moved.account} {moved.asset} by {moved.amount}, and "
            f"the sales it settles come to {balance - moved.before}; `livesrv audit` tells more"
        )
    return parts


def _told(
    moved: Movement, what: About, amount: int, balance: int, sale_place: int = 0
) -> StatementLine:
    return StatementLine(
        at_ms=moved.at_ms,
        place=moved.line.place,
        account=moved.account,
        kind=moved.line.entry.kind,
        reference=what.reference,
        room=what.room,
        note=what.note,
        currency=moved.asset,
        amount_minor=amount,
        balance_minor=balance,
        sale_place=sale_place,
    )


@lru_cache(CACHED_DUES_MAX)
def _part(document: bytes, account: str) -> tuple[str, int, str]:
    """By how much settling a due moves an account, of which asset, and by which rates."""
    due = _dues.decode(document)
    part = movements(due).get((account, due.asset), 0)
    class_, _, party = account.partition(":")
    return due.asset, part, _rates(due, party) if class_ == "pending" else ""


def _rates(due: Due, party: str) -> str:
    """`host 1000 bps of 2990`, for each portion and role of a party."""
    said = []
    for gross, card, carriage in due.portions:
        for role, player, rate_bps in card:
            if player == party:
                extra = f" and carriage {carriage}" if carriage and role == SELLER else ""
                said.append(f"{role} {rate_bps} bps of {gross - carriage}{extra}")
    return ", ".join(said)
