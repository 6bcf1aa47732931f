"""The commands `statement` and `take`: what moved an account, and what was taken where and when.

They only read, and work while a server runs. A worker runs them too, to answer over HTTP.
"""

import argparse
import re
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TypeVar

from livesrv.cli import archive_of, ledger_store, require_ledger
from livesrv.clock import now_ms
from livesrv.config import Config, ConfigError
from livesrv.ledger.archiver import require_known
from livesrv.ledger.entry import PLATFORM
from livesrv.ledger.reading import Asked, Reading
from livesrv.ledger.take import Take
from livesrv.statement_formats import FORMATS, STATEMENT_FORMATS, TAKE_FORMATS
from livesrv.statements import PARTY_PATTERN, Period, accounts_of, period

T = TypeVar("T")
V = TypeVar("V")

TAKEN_FROM = ("pending", "available")
"""The classes of the accounts of a party that earnings and refunds move."""
CURRENCY = re.compile(r"[A-Za-z0-9_:-]{1,200}")

STATED = """ACCOUNT is a party's id (mei, @platform, @tax), which stands for what is pending
and available to it and for its wallet; or one account by its name, which has a
colon: wallet:lan, orders:unsettled, clearing:pay, :paid_out, :tax_withheld.
Commission is told sale by sale. Amounts are in cents. Times are UTC; a period
begins with --from and ends before --to.
"""
TAKEN = """Its parts of orders and gifts, and what it gave back when buyers were refunded,
on the day each was posted, in UTC. What only passes from pending to available
is not counted again.
"""


async def statement(config: Config, flags: Namespace) -> int:
    """Print what moved an account, while it is read."""
    asked_period = _period(flags)
    told = STATEMENT_FORMATS[flags.format]()
    asked = Asked(
        accounts=_checked("ACCOUNT", accounts_of, flags.account),
        from_ms=asked_period.from_ms,
        to_ms=asked_period.to_ms,
        currency=_currency(flags.currency),
        behind=flags.behind,
        lines_max=flags.lines,
    )
    await require_ledger(config)
    archive = archive_of(config)
    async with ledger_store(config) as store:
        await require_known(store, archive)
        async with Reading(store, archive, asked) as reading:
            _print(told.head(flags.account, asked_period, reading.opening))
            async for line in reading.lines():
                _print(told.line(line))
            _print(told.tail(reading.closing, reading.next))
    sys.stdout.flush()
    return 0


async def take(config: Config, flags: Namespace) -> int:
    """Print what a party took, a day as soon as it is read."""
    asked_period = _period(flags)
    if not re.match(PARTY_PATTERN, flags.party):
        raise ConfigError(f"--party: found {flags.party!r}; must be a party like mei or @platform")
    asked = Asked(
        accounts=tuple(f"{class_}:{flags.party}" for class_ in TAKEN_FROM),
        from_ms=asked_period.from_ms,
        to_ms=asked_period.to_ms,
        currency=_currency(flags.currency),
    )
    await require_ledger(config)
    archive = archive_of(config)
    told, folded = TAKE_FORMATS[flags.format](), Take()
    async with ledger_store(config) as store:
        await require_known(store, archive)
        async with Reading(store, archive, asked) as reading:
            _print(told.head(flags.party, asked_period))
            async for line in reading.lines():
                for day in folded.feed(line):
                    _print(told.line(day))
            for day in folded.finish():
                _print(told.line(day))
            _print(told.tail())
    sys.stdout.flush()
    return 0


def add_statement_flags(added: argparse.ArgumentParser) -> None:
    added.description = f"{added.description}\n\n{STATED}"
    added.add_argument("account", metavar="ACCOUNT", help="whose, see above")
    _add_flags(added)
    added.add_argument(
        "--lines", type=_count, default=0, metavar="N", help="stop after about so many lines"
    )
    added.add_argument(
        "--behind", type=_count, default=0, metavar="PLACE", help="go on where another stopped"
    )


def add_take_flags(added: argparse.ArgumentParser) -> None:
    added.description = f"{added.description}\n\n{TAKEN}"
    added.add_argument("--party", default=PLATFORM, metavar="ID", help="whose (@platform)")
    _add_flags(added)


def _add_flags(added: argparse.ArgumentParser) -> None:
    for name, summary in (
        ("from", "2026-11-01, or 2026-11-01T18:30:00Z (default: when this month began)"),
        ("to", "the same; up to before then (default: when this month ends)"),
    ):
        added.add_argument(f"--{name}", dest=f"{name}_", metavar="DATE", help=summary)
    added.add_argument("--currency", default="", metavar="CODE", help="this one only, as CNY")
    added.add_argument("--format", choices=FORMATS, default="text", help="(default: text)")


def _period(flags: Namespace) -> Period:
    return _checked("--from, --to", lambda to: period(flags.from_, to, now_ms()), flags.to_)


def _currency(code: str) -> str:
    if code and not CURRENCY.fullmatch(code):
        raise ConfigError(f"--currency: found {code[:40]!r}; must be a code like CNY or COIN")
    return code


def _checked(flag: str, read: Callable[[V], T], value: V) -> T:
    try:
        return read(value)
    except ValueError as error:
        raise ConfigError(f"{flag}: {error}") from error


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"found {text[:20]!r}; must be a number, 0 or more")
    return int(text)


def _print(text: str) -> None:
    sys.stdout.write(text)
