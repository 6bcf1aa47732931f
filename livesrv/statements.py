"""What may be asked of the statements: whose, from when until when. Pure.

An account is asked for by a party's id (`mei`, `@platform`), which stands for all its accounts, or
by an account's own name with its colon (`wallet:lan`; `:paid_out` for a name that has none).
Knows nothing of how a statement is made and shown.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from livesrv.ledger.statement import party_accounts

_WORD = "[A-Za-z0-9_-]{1,64}"
PARTY_PATTERN = rf"^@?{_WORD}(?!\n)$"
ACCOUNT_PATTERN = rf"^(@?{_WORD}|:{_WORD}|{_WORD}(:@?{_WORD})+)(?!\n)$"
NAME_CHARS_MAX = 256
PLACE_MAX = 10**15 - 1
"""More lines than any journal has."""


class Period(NamedTuple):
    """From a moment until before another, in milliseconds since the epoch."""

    from_ms: int
    to_ms: int


def accounts_of(name: str) -> tuple[str, ...]:
    """The accounts a name stands for. Raises ValueError for what is no name."""
    if not re.match(ACCOUNT_PATTERN, name) or len(name) > NAME_CHARS_MAX:
        raise ValueError(
            f"found {name[:80]!r}; must be a party like mei or @platform, or an account "
            "like wallet:lan, orders:unsettled or :paid_out"
        )
    if ":" in name:
        return (name.removeprefix(":"),)
    return party_accounts(name)


def is_own(name: str, user: str) -> bool:
    """Whether a user may ask for it without being of the operations people."""
    return name == user or name in party_accounts(user)


def period(from_: str | None, to: str | None, now_ms: int) -> Period:
    """The period asked for: by default this month. Raises ValueError."""
    this_month = _moment(now_ms).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    next_month = (this_month + timedelta(days=31)).replace(day=1)
    begins = _ms(this_month) if from_ is None else moment_ms(from_)
    ends = _ms(next_month) if to is None else moment_ms(to)
    if begins >= ends:
        raise ValueError(f"the period ends at {iso(ends)}, which is not after {iso(begins)}")
    return Period(begins, ends)


def moment_ms(text: str) -> int:
    """A date, or a date with time, in UTC unless it says otherwise. Raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
        ms = _ms(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        ms = -1
    if ms < 0:
        raise ValueError(
            f"found {text[:40]!r}; must be a date like 2026-11-01, or 2026-11-01T18:30:00Z"
        )
    return ms


def iso(ms: int) -> str:
    """`2026-11-01T18:30:00.000Z`."""
    return _moment(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def _ms(moment: datetime) -> int:
    return (moment - _moment(0)) // timedelta(milliseconds=1)
