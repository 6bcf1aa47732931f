"""Rebuilding: from the archive alone comes a ledger whose numbers are all those of the first."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from livesrv import stores
from livesrv.clock import now_ms
from livesrv.ledger import journal
from livesrv.ledger.archive import Archive
from livesrv.ledger.audit import audit
from livesrv.ledger.entry import Entry, Write
from livesrv.ledger.rebuild import NotEmpty, rebuild
from livesrv.ledger.segment import ArchiveError
from livesrv.ledger.store import META_KEY, REGISTER_PREFIX, Ledger, Status, install
from tests.embedded import RunningStore, open_ledger, running

from .books import accountant, archiver, fill, gift, seal_whole

DAY_MS = 86_400_000


@pytest.fixture
async def archive(ledger: Ledger, tmp_path: Path) -> Archive:
    """The archive of a ledger with 70 lines, sealed to its end; registers that pass among them."""
    archive = Archive(tmp_path / "archive")
    await fill(ledger, 60)
    for number, forget_at_ms in enumerate((1, *[now_ms() + DAY_MS] * 3)):
        name = f"passing:{number % 2}"
        register = (await ledger.read([name]))[name]
        await ledger.post(
            Entry(
                id=f"p{number}",
                fingerprint="p",
                kind="note",
                reads=[(name, register.version)],
                writes=[Write(name, str(number), forget_at_ms)],
                forget_at_ms=forget_at_ms,
            )
        )
    for number in range(100, 105):
        await ledger.post(gift(number))
    await accountant(ledger).settle()
    await seal_whole(archiver(ledger, archive, keep_lines=15))
    await archiver(ledger, archive).seal_all()
    return archive


@pytest.fixture
async def empty_store(tmp_path: Path) -> AsyncIterator[RunningStore]:
    async with running("ledger", tmp_path / "new") as store:
        yield store


@pytest.fixture
async def empty(empty_store: RunningStore) -> AsyncIterator[Redis]:
    client = stores.connect(empty_store.url)
    yield client
    await client.aclose()


async def everything(store: Redis) -> dict[bytes, Any]:
    """All that a store holds, but for the epoch; strings with the moment they are forgotten."""
    found: dict[bytes, Any] = {}
    keys: Any = await store.keys()
    for key in keys:
        match await store.type(key):
            case b"string":
                found[key] = (await store.get(key), await store.pexpiretime(key))
            case b"hash":
                answer: Any = store.hgetall(key)
                found[key] = await answer
            case b"zset":
                found[key] = await store.zrange(key, 0, -1, withscores=True)
            case b"stream":
                found[key] = await store.xrange(key)
    found[META_KEY.encode()].pop(b"epoch")
    return found


async def test_a_rebuilt_ledger_holds_what_the_first_one_held(
    ledger: Ledger, archive: Archive, empty: Redis
) -> None:
    done = await rebuild(empty, archive, own=archive, keep_lines=15)
    assert (done.lines, done.segments) == (70, 4)
    assert await everything(empty) == await everything(ledger.store)


async def test_its_audit_is_that_of_the_first_one_and_its_epoch_is_new(
    ledger: Ledger, archive: Archive, empty: Redis
) -> None:
    await install(empty)
    epochs = {await ledger.epoch(), await Ledger(empty).epoch()}
    await rebuild(empty, archive, own=archive, keep_lines=15)
    first, again = await audit(ledger.store, archive), await audit(empty, archive)
    assert first.breaches == []
    assert again == first
    assert await Ledger(empty).epoch() not in epochs


async def test_a_rebuilt_ledger_goes_on(
    archive: Archive, empty_store: RunningStore, empty: Redis
) -> None:
    """Known keys have their first outcomes; new entries, commission and segments follow."""
    await rebuild(empty, archive, own=archive, keep_lines=15)
    async with open_ledger(empty_store.url) as again:
        repeated = await again.post(gift(3))
        assert (repeated.status, repeated.is_repeat) == (Status.POSTED, True)
        for number in range(200, 230):
            await again.post(gift(number))
        await accountant(again).settle()
        await seal_whole(archiver(again, archive))
        report = await audit(again.store, archive)
    assert (report.breaches, report.lines, report.sealed) == ([], 101, 90)


async def test_a_register_that_passed_and_began_again_stands_at_the_version_it_had(
    ledger: Ledger, archive: Archive, empty: Redis
) -> None:
    await rebuild(empty, archive, own=archive, keep_lines=15)
    names = [REGISTER_PREFIX + "passing:0", REGISTER_PREFIX + "passing:1"]
    assert await ledger.store.mget(names) == [b"1 2", b"2 3"]
    assert await empty.mget(names) == [b"1 2", b"2 3"]


async def test_refused_keys_are_forgotten(
    ledger: Ledger, archive: Archive, empty_store: RunningStore, empty: Redis
) -> None:
    poor = Entry(id="poor", fingerprint="p", kind="note", refusal="not_found")
    assert (await ledger.post(poor)).status is Status.REFUSED
    await rebuild(empty, archive, own=archive, keep_lines=15)
    async with open_ledger(empty_store.url) as again:
        rich = Entry(id="poor", fingerprint="p", kind="note")
        assert (await again.post(rich)).status is Status.POSTED


@pytest.mark.parametrize("is_ledger", [True, False])
async def test_nothing_is_rebuilt_where_something_is(
    ledger: Ledger, archive: Archive, empty: Redis, is_ledger: bool
) -> None:
    store = ledger.store if is_ledger else empty
    await store.set("something", "else")
    before = await store.dbsize()
    with pytest.raises(NotEmpty, match="with a ledger at place 70" if is_ledger else "1 keys"):
        await rebuild(store, archive, own=archive, keep_lines=15)
    assert await store.dbsize() == before


async def test_a_damaged_archive_is_told_before_anything_is_written(
    archive: Archive, empty: Redis, tmp_path: Path
) -> None:
    own = Archive(tmp_path / "own")
    archive.segments()[3].path.write_bytes(b"")
    with pytest.raises(ArchiveError, match=r"0070\.jsonl\.gz is damaged"):
        await rebuild(empty, archive, own=own, keep_lines=15)
    with pytest.raises(ArchiveError, match="there are no segments"):
        await rebuild(empty, own, own=own, keep_lines=15)
    assert await empty.dbsize() == 0
    assert not own.directory.exists()


async def test_the_segments_are_copied_to_where_the_server_looks_for_them(
    archive: Archive, empty: Redis, tmp_path: Path
) -> None:
    own = Archive(tmp_path / "own")
    await rebuild(empty, archive, own=own, keep_lines=15)
    copies = {path.name: path.read_bytes() for path in own.directory.iterdir()}
    assert copies == {path.name: path.read_bytes() for path in archive.directory.iterdir()}
    assert (await audit(empty, own)).is_clean


async def test_segments_of_something_else_are_not_mixed_with_the_copies(
    archive: Archive, empty: Redis, tmp_path: Path
) -> None:
    own = Archive(tmp_path / "own")
    own.directory.mkdir()
    (own.directory / archive.segments()[1].name).write_bytes(b"another")
    (own.directory / "journal-0000000000000071-0000000000000080.jsonl.gz").touch()
    with pytest.raises(ArchiveError, match="move the archive that is there out of the way"):
        await rebuild(empty, archive, own=own, keep_lines=15)
    (own.directory / "journal-0000000000000071-0000000000000080.jsonl.gz").unlink()
    with pytest.raises(ArchiveError, match=r"0040\.jsonl\.gz is damaged"):
        await rebuild(empty, archive, own=own, keep_lines=15)
    assert await empty.dbsize() == 0


def arguments(entry: bytes, *, place: int = 1, seq: int = 0, after: str = "") -> list[str]:
    return [str(place), str(seq), "1700000000000", after, entry.decode()]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (arguments(b'{"id":"a","fingerprint":"f"}', place=2), "the line says posted 2 0 , here it"),
        (arguments(b'{"id":"a","fingerprint":"f","room":"r"}'), "here it is posted 1 1"),
        (
            arguments(b'{"id":"a","fingerprint":"f","legs":[["w","C","0",""]]}', after="5"),
            "the line says posted 1 0 5, here it is posted 1 0 0",
        ),
        (
            arguments(b'{"id":"a","fingerprint":"f","legs":[["w","C","1",""]]}', after="1"),
            "place 1: invalid sum of C",
        ),
        (
            arguments(b'{"id":"a","fingerprint":"f","legs":[["w","C","x",""]]}', after="1"),
            "place 1: invalid amount in leg 1",
        ),
    ],
)
async def test_a_line_that_makes_no_sense_restores_nothing(
    ledger_store: RunningStore, ledger: Ledger, line: list[str], complaint: str
) -> None:
    with pytest.raises(ResponseError, match=f"INVALID .*{complaint}"):
        await ledger.store.fcall("restore", 0, *line)
    assert await ledger.store.keys() == [META_KEY.encode()]
    assert await journal.end(ledger.store) == 0
