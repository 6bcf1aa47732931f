"""Statements read whole, for tests to look at."""

from typing import Any, NamedTuple

from redis.asyncio import Redis

from livesrv.ledger.archive import Archive
from livesrv.ledger.reading import Asked, Reading
from livesrv.ledger.statement import Balance, StatementLine
from livesrv.ledger.store import BALANCES_KEY

EVER_MS = 2**53


class Told(NamedTuple):
    opening: dict[tuple[str, str], int]
    lines: list[StatementLine]
    closing: dict[tuple[str, str], int]
    next: int | None


async def tell(
    store: Redis,
    archive: Archive,
    *accounts: str,
    from_ms: int = 0,
    to_ms: int = EVER_MS,
    currency: str = "",
    behind: int = 0,
    lines_max: int = 0,
) -> Told:
    """A statement; every line of it has been checked against the balance it names."""
    asked = Asked(
        accounts=accounts,
        from_ms=from_ms,
        to_ms=to_ms,
        currency=currency,
        behind=behind,
        lines_max=lines_max,
    )
    async with Reading(store, archive, asked) as reading:
        opening = reading.opening
        lines = [line async for line in reading.lines()]
        told = Told(_by_pair(opening), lines, _by_pair(reading.closing), reading.next)
    _check(told)
    return told


async def balances(store: Redis) -> dict[tuple[str, str], int]:
    """Every balance of the store by account and asset."""
    found: Any = await store.hgetall(BALANCES_KEY)
    pairs = {tuple(name.decode().split(" ")): int(value) for name, value in found.items()}
    return {(account, asset): value for (account, asset), value in pairs.items()}


def _check(told: Told) -> None:
    standing = dict(told.opening)
    for line in told.lines:
        pair = (line.account, line.currency)
        standing[pair] = standing.get(pair, 0) + line.amount_minor
        assert standing[pair] == line.balance_minor, line
    assert standing == told.closing
    assert [line.at_ms for line in told.lines] == sorted(line.at_ms for line in told.lines)


def _by_pair(standing: list[Balance]) -> dict[tuple[str, str], int]:
    return {(each.account, each.currency): each.balance_minor for each in standing}
