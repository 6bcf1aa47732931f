"""The audit: clean on what the ledger wrote, and every number changed by hand is named."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from livesrv.ledger.accountant import Accountant
from livesrv.ledger.audit import audit
from livesrv.ledger.entry import GIFTS_UNSETTLED, Entry, leg
from livesrv.ledger.split import Due, Share
from livesrv.ledger.store import (
    BALANCES_KEY,
    JOURNAL_KEY,
    META_KEY,
    REGISTER_PREFIX,
    ROOMS_KEY,
    Ledger,
)

HALVES = [Share("platform", "@platform", 5000), Share("host", "h", 5000)]
Tamper = Callable[[Redis], Awaitable[object]]


async def fill(ledger: Ledger) -> None:
    topup = [leg("world", "COIN", -100), leg("wallet:a", "COIN", 100)]
    await ledger.post(Entry(id="t", fingerprint="t", kind="topup", legs=topup))
    for i in range(5):
        due = Due(GIFTS_UNSETTLED, "COIN", 7, HALVES)
        legs = [leg("wallet:a", "COIN", -7), leg(GIFTS_UNSETTLED, "COIN", 7)]
        await ledger.post(
            Entry(
                id=str(i), fingerprint=str(i), kind="gift", room="r", legs=legs, facts={"due": due}
            )
        )
    await Accountant(ledger).settle()


async def test_a_ledger_left_alone_is_clean(ledger: Ledger) -> None:
    await fill(ledger)
    report = await audit(ledger.store)
    assert report.breaches == []
    assert (report.lines, report.watermark, report.rooms, report.unsettled) == (7, 6, 1, 0)


async def test_an_empty_ledger_is_clean(ledger: Ledger) -> None:
    assert (await audit(ledger.store)).is_clean


async def edit_line(store: Redis, place: int, field: bytes, old: bytes, new: bytes) -> None:
    """Put the journal anew with one line changed, as somebody with the file could."""
    lines: Any = await store.xrange(JOURNAL_KEY)
    await store.delete(JOURNAL_KEY)
    for name, fields in lines:
        if name == f"{place}-0".encode():
            assert old in fields[field]
            fields[field] = fields[field].replace(old, new)
        await store.xadd(JOURNAL_KEY, fields, id=name)


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (
            lambda s: s.hincrby(BALANCES_KEY, "wallet:a COIN", 1),
            "wallet:a COIN is 66 in the store, 65",
        ),
        (lambda s: s.hset(BALANCES_KEY, "wallet:b COIN", 5), "wallet:b COIN is 5 in the store, 0"),
        (lambda s: s.hdel(BALANCES_KEY, "pending:h COIN"), "pending:h COIN is 0 in the store, 15"),
        (lambda s: s.hset(ROOMS_KEY, "r", 4), "room r stands at 4"),
        (lambda s: s.hset(META_KEY, "place", 9), "the last place"),
        (lambda s: s.set(REGISTER_PREFIX + "commission", "1 3"), "the watermark is 3"),
        (lambda s: s.xdel(JOURNAL_KEY, "3-0"), "place 4 follows place 2"),
        (lambda s: edit_line(s, 2, b"entry", b'"-7"', b'"-6"'), "do not sum to zero"),
        (lambda s: edit_line(s, 2, b"after", b"93", b"92"), "wallet:a COIN is 93, noted as 92"),
        (lambda s: edit_line(s, 3, b"seq", b"2", b"3"), "has number 3, not 2"),
        (lambda s: edit_line(s, 3, b"entry", b'"gross":7', b'"gross":9'), "commission of"),
        (lambda s: edit_line(s, 7, b"entry", b'"upto":6', b'"upto":5'), "commission of"),
        (lambda s: edit_line(s, 7, b"entry", b'"from":0', b'"from":1'), "starts at 1"),
    ],
)
async def test_a_number_changed_by_hand_is_named(
    ledger: Ledger, tamper: Tamper, named: str
) -> None:
    await fill(ledger)
    await tamper(ledger.store)
    report = await audit(ledger.store)
    assert any(named in breach for breach in report.breaches), report.breaches


async def test_an_overdrawn_account_in_the_journal_is_named(ledger: Ledger) -> None:
    await fill(ledger)
    await edit_line(ledger.store, 1, b"entry", b"100", b"10")
    report = await audit(ledger.store)
    assert any("wallet:a COIN falls to -4" in breach for breach in report.breaches)


async def test_an_audit_of_a_ledger_that_is_being_written_is_clean(ledger: Ledger) -> None:
    await fill(ledger)
    is_over = False

    async def keep_posting() -> int:
        count = 0
        while not is_over:
            legs = [leg("world", "CNY", -1), leg(f"wallet:{count % 50}", "CNY", 1)]
            name = f"w{count}"
            await ledger.post(Entry(id=name, fingerprint=name, kind="topup", room="r", legs=legs))
            count += 1
        return count

    writing = asyncio.create_task(keep_posting())
    reports = [await audit(ledger.store) for _ in range(5)]
    is_over = True
    assert await writing > 0
    assert [report.breaches for report in reports] == [[]] * 5
