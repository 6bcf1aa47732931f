"""How statements and takes are written down: as text for people, as CSV, as JSON. Pure.

Each format gives a head, a piece for each line, and a tail, so that a statement of any length can
be written while it is read. Amounts are integers in the currency's smallest unit. CSV is that of
RFC 4180; a cell that a spreadsheet would take for a formula is quoted with an apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from livesrv.ledger.statement import Balance, StatementLine
from livesrv.ledger.take import TakeLine

from .statements import Period, iso

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula (OWASP, CSV injection)."""
STATEMENT_COLUMNS = ("at", *StatementLine.__struct_fields__[1:])
TAKE_COLUMNS = ("day", *TakeLine.__struct_fields__[1:])


class StatementView(Struct, kw_only=True):
    """A statement as JSON. `next` is the cursor of the page behind this one, null on the last.

    `opening` holds the balances before the first line, `closing` those behind the last.
    """

    account: str
    from_ms: int
    to_ms: int
    opening: list[Balance]
    lines: list[StatementLine]
    closing: list[Balance]
    next: str | None


class TakeView(Struct, kw_only=True):
    """What a party took, as JSON; `day_ms` is the beginning of a day in UTC."""

    party: str
    from_ms: int
    to_ms: int
    lines: list[TakeLine]


class StatementFormat(Protocol):
    """One way to write a statement; for one statement."""

    def head(self, name: str, period: Period, opening: Sequence[Balance]) -> str: ...

    def line(self, line: StatementLine) -> str: ...

    def tail(self, closing: Sequence[Balance], following: int | None) -> str:
        """`following`: behind which place the next page goes on, None where there is none."""


class TakeFormat(Protocol):
    """One way to write a take; for one take."""

    def head(self, party: str, period: Period) -> str: ...

    def line(self, line: TakeLine) -> str: ...

    def tail(self) -> str: ...


# --- JSON


class JsonStatement:
    """A `StatementView`."""

    def __init__(self) -> None:
        self._count = 0

    def head(self, name: str, period: Period, opening: Sequence[Balance]) -> str:
        head = {"account": name, **period._asdict(), "opening": opening}
        return _json(head).removesuffix("}") + ',"lines":['

    def line(self, line: StatementLine) -> str:
        self._count += 1
        return _listed(line, self._count)

    def tail(self, closing: Sequence[Balance], following: int | None) -> str:
        tail = {"closing": closing, "next": None if following is None else str(following)}
        return "\n]," + _json(tail).removeprefix("{") + "\n"


class JsonTake:
    """A `TakeView`."""

    def __init__(self) -> None:
        self._count = 0

    def head(self, party: str, period: Period) -> str:
        return _json({"party": party, **period._asdict()}).removesuffix("}") + ',"lines":['

    def line(self, line: TakeLine) -> str:
        self._count += 1
        return _listed(line, self._count)

    def tail(self) -> str:
        return "\n]}\n"


def _listed(line: Struct, number: int) -> str:
    return (",\n" if number > 1 else "\n") + _json(line)


def _json(document: object) -> str:
    return msgspec.json.encode(document).decode()


# --- CSV


class CsvStatement:
    """A row for each line, between rows of kind `opening` and `closing` for the balances.

    A page that does not end the statement ends with rows of kind `carried_forward`, whose place is
    the cursor of the next.
    """

    def __init__(self) -> None:
        self._period = Period(0, 0)

    def head(self, name: str, period: Period, opening: Sequence[Balance]) -> str:
        self._period = period
        rows = [_balance_row(period.from_ms, "", "opening", each) for each in opening]
        return _csv([STATEMENT_COLUMNS, *rows])

    def line(self, line: StatementLine) -> str:
        cells = msgspec.structs.astuple(line)
        return _csv([(iso(line.at_ms), *cells[1:-1], line.sale_place or "")])

    def tail(self, closing: Sequence[Balance], following: int | None) -> str:
        at_ms, kind, place = self._period.to_ms, "closing", ""
        if following is not None:
            kind, place = "carried_forward", str(following)
        return _csv(_balance_row(at_ms, place, kind, each) for each in closing)


class CsvTake:
    def head(self, party: str, period: Period) -> str:
        return _csv([TAKE_COLUMNS])

    def line(self, line: TakeLine) -> str:
        cells = msgspec.structs.astuple(line)
        return _csv([(iso(line.day_ms)[:10], *cells[1:])])

    def tail(self) -> str:
        return ""


def _balance_row(at_ms: int, place: str, kind: str, balance: Balance) -> tuple[object, ...]:
    account, currency, amount = msgspec.structs.astuple(balance)
    return (iso(at_ms), place, account, kind, "", "", "", currency, "", amount, "")


def _csv(rows: Iterable[Sequence[object]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([_cell(cell) for cell in row] for row in rows)
    return written.getvalue()


def _cell(cell: Any) -> object:
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return "'" + cell
    return cell


# --- text


class TextStatement:
    """For people: amounts to the left, in line with each other."""

    def head(self, name: str, period: Period, opening: Sequence[Balance]) -> str:
        title = f"statement of {name} from {iso(period.from_ms)} until {iso(period.to_ms)}\n\n"
        columns = f"{'at (UTC)':<19}  {'amount':>16}  {'balance':>16}       account, what for\n"
        return title + columns + "".join(self._standing("opening", each) for each in opening)

    def line(self, line: StatementLine) -> str:
        at = iso(line.at_ms)[:19].replace("T", " ")
        money = f"{line.amount_minor:>16,}  {line.balance_minor:>16,}  {line.currency:<4}"
        what = " ".join(filter(None, (line.account, line.kind, line.reference, line.room)))
        note = f": {line.note}" if line.note else ""
        return f"{at}  {money} {what}{note}\n"

    def tail(self, closing: Sequence[Balance], following: int | None) -> str:
        end = "closing" if following is None else f"more behind {following}"
        return "".join(self._standing(end, each) for each in closing)

    def _standing(self, what: str, balance: Balance) -> str:
        amount = f"{balance.balance_minor:>16,}  {balance.currency:<4}"
        return f"{what:<19}  {'':>16}  {amount} {balance.account}\n"


class TextTake:
    """For people."""

    def head(self, party: str, period: Period) -> str:
        title = f"what {party} took from {iso(period.from_ms)} until {iso(period.to_ms)}\n\n"
        names = "".join(f"{name:>16}" for name in ("orders", "gifts", "refunds", "take"))
        return f"{title}{'day (UTC)':<10}{names}       room\n"

    def line(self, line: TakeLine) -> str:
        amounts = (line.orders_minor, line.gifts_minor, line.refunds_minor, line.take_minor)
        money = "".join(f"{amount:>16,}" for amount in amounts)
        return f"{iso(line.day_ms)[:10]}{money}  {line.currency:<4} {line.room}\n"

    def tail(self) -> str:
        return ""


STATEMENT_FORMATS: dict[str, type[StatementFormat]] = {
    "text": TextStatement,
    "csv": CsvStatement,
    "json": JsonStatement,
}
TAKE_FORMATS: dict[str, type[TakeFormat]] = {"text": TextTake, "csv": CsvTake, "json": JsonTake}
FORMATS = tuple(STATEMENT_FORMATS)
