"""The audit: clean on what the ledger wrote, and every number changed by hand is named."""

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from livesrv.ledger import journal
from livesrv.ledger.archive import Archive
from livesrv.ledger.audit import audit
from livesrv.ledger.entry import GIFTS_UNSETTLED, Entry, leg
from livesrv.ledger.split import Due, Portion
from livesrv.ledger.store import (
    BALANCES_KEY,
    JOURNAL_KEY,
    META_KEY,
    REGISTER_PREFIX,
    ROOMS_KEY,
    Ledger,
)

from . import books
from .books import HALVES, accountant, archiver, seal_whole

Tamper = Callable[[Redis], Awaitable[object]]


async def fill(ledger: Ledger) -> None:
    topup = [leg("world", "COIN", -100), leg("wallet:a", "COIN", 100)]
    await ledger.post(Entry(id="t", fingerprint="t", kind="topup", legs=topup))
    for i in range(5):
        due = Due(GIFTS_UNSETTLED, "COIN", (Portion(7, HALVES),))
        legs = [leg("wallet:a", "COIN", -7), leg(GIFTS_UNSETTLED, "COIN", 7)]
        await ledger.post(
            Entry(
                id=str(i), fingerprint=str(i), kind="gift", room="r", legs=legs, facts={"due": due}
            )
        )
    await accountant(ledger).settle()


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
        (lambda s: edit_line(s, 3, b"entry", b"[[7,", b"[[9,"), "commission of"),
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


# --- archive and journal as one


@pytest.fixture
async def sealed(ledger: Ledger, tmp_path: Path) -> Archive:
    """Three segments of 20 lines, of which the last is in the stream too; 10 lines only there."""
    archive = Archive(tmp_path / "archive")
    await books.fill(ledger, 70)
    await seal_whole(archiver(ledger, archive, keep_lines=30))
    assert (await journal.extent(ledger.store)).first == 41
    return archive


async def test_an_archived_ledger_is_clean_and_counted_as_one(
    ledger: Ledger, sealed: Archive
) -> None:
    report = await audit(ledger.store, sealed)
    assert report.breaches == []
    assert (report.lines, report.segments, report.sealed) == (70, 3, 60)
    await archiver(ledger, sealed).seal_all()
    await archiver(ledger, sealed, keep_lines=1).trim()
    again = await audit(ledger.store, sealed)
    assert again.breaches == []
    assert (again.lines, again.segments, again.accounts) == (70, 4, report.accounts)


def path_of(archive: Archive, number: int) -> Path:
    return archive.segments()[number].path


def rewrite(archive: Archive, number: int, old: bytes, new: bytes) -> None:
    """Change a segment's content, as somebody who can write gzip could."""
    path = path_of(archive, number)
    content = gzip.decompress(path.read_bytes())
    assert old in content
    path.write_bytes(gzip.compress(content.replace(old, new, 1)))


def flip(archive: Archive, number: int) -> None:
    """Change one byte of a file."""
    path = path_of(archive, number)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))


def swap(archive: Archive, one: int, other: int) -> None:
    first, second = path_of(archive, one), path_of(archive, other)
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)


def falsify_index(archive: Archive) -> None:
    segment = archive.segments()[1]
    path = segment.index_path
    raw = gzip.decompress(path.read_bytes())
    balance = archive.index(segment).balances["wallet:u3"]["COIN"]
    path.write_bytes(
        gzip.compress(raw.replace(b'"wallet:u3":{"COIN":%d' % balance, b'"wallet:u3":{"COIN":1'))
    )


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (lambda a: flip(a, 1), "journal-0000000000000021-0000000000000040.jsonl.gz is damaged"),
        (
            lambda a: rewrite(a, 0, b'"fingerprint":"t"', b'"fingerprint":"s"'),
            "0040.jsonl.gz follows a segment with SHA-256",
        ),
        (
            lambda a: rewrite(a, 2, b'"kind":"tip"', b'"kind":"top"'),
            "the segment up to place 60 has SHA-256",
        ),
        (lambda a: rewrite(a, 1, b'"-7"', b'"-6"'), "do not sum to zero"),
        (lambda a: path_of(a, 0).unlink(), "no segment with the places 1 to 20"),
        (lambda a: path_of(a, 1).unlink(), "no segment with the places 21 to 40"),
        (lambda a: path_of(a, 2).unlink(), "sealed up to place 60, the archive's segments to 40"),
        (lambda a: swap(a, 0, 1), "0020.jsonl.gz holds another segment: of place 21 on"),
        (lambda a: path_of(a, 1).write_bytes(b""), "0040.jsonl.gz is damaged: it ends too early"),
        (falsify_index, "0040.index.gz has wallet:u3 COIN at 1"),
    ],
)
async def test_an_archive_changed_by_hand_is_named(
    ledger: Ledger, sealed: Archive, tamper: Callable[[Archive], object], named: str
) -> None:
    tamper(sealed)
    report = await audit(ledger.store, sealed)
    assert any(named in breach for breach in report.breaches), report.breaches
    assert len(report.breaches) <= 5, "the fault is named and not all that follows from it"


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (lambda s: s.hincrby(BALANCES_KEY, "wallet:u3 COIN", 1), "wallet:u3 COIN is"),
        (lambda s: s.hset(META_KEY, "sealed", 40), "the segment up to place 40 has SHA-256"),
        (lambda s: s.hset(META_KEY, "sealed", 50), "sealed up to place 50, the archive's segme"),
        (lambda s: s.hset(META_KEY, "sealed_sha256", "ab"), "has sealed one with ab"),
        (lambda s: s.hdel(META_KEY, "sealed"), "place 1 is missing: the journal's stream holds 41"),
        (lambda s: s.xdel(JOURNAL_KEY, "45-0"), "place 45 is not in the store what it is in"),
        (lambda s: s.xdel(JOURNAL_KEY, "65-0"), "place 66 follows place 64"),
        (lambda s: s.xdel(JOURNAL_KEY, "70-0"), "the last place is 70 in the store, 69 by"),
        (lambda s: edit_line(s, 45, b"entry", b'"tip"', b'"top"'), "place 45 is not in the store"),
        (
            lambda s: s.xtrim(JOURNAL_KEY, minid="64-0", approximate=False),
            "place 61 is missing: the journal's stream holds 64 to 70",
        ),
        (lambda s: s.delete(JOURNAL_KEY), "the last place is 70 in the store, 60 by the journal"),
        (lambda s: s.flushall(), "the archive goes to place 60, the ledger only to 0"),
    ],
)
async def test_a_store_changed_by_hand_is_named_beside_its_archive(
    ledger: Ledger, sealed: Archive, tamper: Tamper, named: str
) -> None:
    await tamper(ledger.store)
    report = await audit(ledger.store, sealed)
    assert any(named in breach for breach in report.breaches), report.breaches


async def test_an_audit_while_lines_are_written_sealed_and_trimmed_is_clean(
    ledger: Ledger, tmp_path: Path
) -> None:
    archive = Archive(tmp_path / "archive")
    await books.fill(ledger, 70)
    is_over = False

    async def keep_posting() -> None:
        number = 1_000
        while not is_over:
            await ledger.post(books.topup(number))
            number += 1

    async def keep_archiving() -> None:
        while not is_over:
            await accountant(ledger).settle()
            await seal_whole(archiver(ledger, archive, keep_lines=1))
            await asyncio.sleep(0)

    working = [asyncio.create_task(keep_posting()), asyncio.create_task(keep_archiving())]
    reports = [await audit(ledger.store, archive) for _ in range(10)]
    is_over = True
    await asyncio.gather(*working)
    assert [report.breaches for report in reports] == [[]] * 10
    assert reports[-1].lines > reports[0].lines
    assert reports[-1].segments > 3


async def test_lines_that_are_trimmed_before_the_audit_reads_them_are_found_in_the_archive(
    ledger: Ledger, sealed: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, is_trimmed = journal.live_blocks, False

    async def trimmed_behind(store: Redis, after: int, upto: int) -> AsyncIterator[journal.Block]:
        nonlocal is_trimmed
        async for block in read(store, after, upto):
            yield block
            if block.last == 63 and not is_trimmed:
                is_trimmed = True
                await archiver(ledger, sealed).seal_all()
                await archiver(ledger, sealed, keep_lines=1).trim()

    monkeypatch.setattr(journal, "CHUNK_LINES", 3)
    monkeypatch.setattr(journal, "live_blocks", trimmed_behind)
    report = await audit(ledger.store, sealed)
    assert (report.breaches, report.lines, report.segments) == ([], 70, 4)
    assert (await journal.extent(ledger.store)).first == 70


def test_a_season_is_audited_as_a_process_and_a_balance_changed_by_hand_is_named(
    tmp_path: Path,
) -> None:
    """The short version of `python -m tests.ledger.million`."""
    sizes = ["--lines", "5000", "--segment-lines", "500", "--keep-lines", "700"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.ledger.million", *sizes, "--dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in 10 segments\nclean\n" in done.stdout
