"""The archive: what is sealed is on disk, as it was; a crash or a race leaves nothing else."""

import asyncio
import gzip
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from livesrv.ledger import journal
from livesrv.ledger.archive import Archive, Draft
from livesrv.ledger.archiver import Archiver, require_known
from livesrv.ledger.entry import Entry
from livesrv.ledger.segment import ArchiveError, Segment
from livesrv.ledger.store import JOURNAL_KEY, META_KEY, REGISTER_PREFIX, Ledger
from tests.embedded import RunningStore
from tests.waiting import until, until_awaited

from .books import archiver, fill, gift, seal_whole


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def spans(archive: Archive) -> list[tuple[int, int]]:
    return [(segment.first, segment.last) for segment in archive.segments()]


def content(segment: Segment) -> bytes:
    return gzip.decompress(segment.path.read_bytes())


def files(archive: Archive) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in archive.directory.iterdir()}


async def places(ledger: Ledger, archive: Archive, after: int = 0) -> list[int]:
    found = journal.lines(ledger.store, archive, after, journal.WHOLE)
    return [line.place async for line in found]


async def in_stream(ledger: Ledger) -> tuple[int, int]:
    found = await journal.extent(ledger.store)
    return found.first, found.end


async def test_whole_segments_are_sealed_and_what_nobody_reads_any_more_is_trimmed(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 70)
    await seal_whole(archiver(ledger, archive))
    assert spans(archive) == [(1, 20), (21, 40), (41, 60)]
    assert await in_stream(ledger) == (61, 70)


async def test_a_segment_holds_the_lines_as_they_were_and_names_the_one_before(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 50)
    stream: Any = await ledger.store.xrange(JOURNAL_KEY)
    await seal_whole(archiver(ledger, archive))
    first, second = map(content, archive.segments())
    head, *lines = map(json.loads, second.splitlines())
    previous = sha256(first).hexdigest()
    assert head == {"format": "livesrv journal 1", "first": 21, "previous": previous}
    for line, (name, fields) in zip(lines, stream[20:40], strict=True):
        assert f"{line['place']}-0".encode() == name
        assert (line["seq"], line["at"]) == (int(fields[b"seq"]), int(fields[b"at"]))
        assert ",".join(map(str, line["after"])).encode() == fields[b"after"]
        assert line["entry"] == json.loads(fields[b"entry"])
    sealed: Any = await ledger.store.hmget(META_KEY, ["sealed", "sealed_sha256"])
    assert sealed == [b"40", sha256(second).hexdigest().encode()]


async def test_the_same_lines_make_the_same_bytes(ledger: Ledger, archive: Archive) -> None:
    await fill(ledger, 40)
    await seal_whole(archiver(ledger, archive, keep_lines=40))
    made = files(archive)
    assert [s.path.read_bytes()[4:8] for s in archive.segments()] == [b"\0" * 4] * 2, "no moment"
    for path in archive.directory.iterdir():
        path.unlink()
    await ledger.store.hdel(META_KEY, "sealed", "sealed_sha256")
    await seal_whole(archiver(ledger, archive, keep_lines=40))
    assert files(archive) == made


async def test_lines_above_the_commission_watermark_stay_in_the_stream(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 30)
    for number in range(100, 140):
        await ledger.post(gift(number))
    await seal_whole(archiver(ledger, archive, keep_lines=0))
    watermark = (await ledger.read(["commission"]))["commission"].read(int)
    assert spans(archive)[-1] == (41, 60)
    assert await in_stream(ledger) == (watermark + 1, 70)


async def test_a_ledger_without_commission_is_sealed_and_not_trimmed(
    ledger: Ledger, archive: Archive
) -> None:
    for number in range(30):
        await ledger.post(Entry(id=str(number), fingerprint="f", kind="note"))
    await seal_whole(archiver(ledger, archive, keep_lines=0))
    assert spans(archive) == [(1, 20)]
    assert await in_stream(ledger) == (1, 30)


@pytest.mark.parametrize("after", [0, 1, 19, 20, 21, 45, 60, 64, 70])
async def test_lines_are_one_journal_wherever_they_lie(
    ledger: Ledger, archive: Archive, after: int
) -> None:
    await fill(ledger, 70)
    await seal_whole(archiver(ledger, archive))
    assert await places(ledger, archive, after) == list(range(after + 1, 71))


async def test_lines_read_while_they_are_sealed_and_trimmed_come_once_each(
    ledger: Ledger, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "CHUNK_LINES", 3)
    await fill(ledger, 90)
    seen = []
    async for line in journal.lines(ledger.store, archive, 0, journal.WHOLE):
        seen.append(line.place)
        if line.place in (5, 33):
            await archiver(ledger, archive, keep_lines=50 if line.place == 5 else 1).seal(20)
            await seal_whole(archiver(ledger, archive, keep_lines=50 if line.place == 5 else 1))
    assert seen == list(range(1, 91))


async def test_a_line_that_is_nowhere_is_told(ledger: Ledger, archive: Archive) -> None:
    await fill(ledger, 70)
    await seal_whole(archiver(ledger, archive))
    archive.segments()[1].path.unlink()
    with pytest.raises(ArchiveError, match="place 21 is missing: the journal's stream holds 61"):
        await places(ledger, archive)
    await ledger.store.xdel(JOURNAL_KEY, "65-0")
    with pytest.raises(ArchiveError, match="place 66 follows place 64"):
        await places(ledger, archive, 60)


# --- crashes and races


async def crash_at(step: str, broken: Archiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one attempt at a segment die before a step."""

    def die(*_: object, **__: object) -> None:
        raise ConnectionError("died")

    with monkeypatch.context() as patch:
        patch.setattr(
            *{"fsync": ("os.fsync", die), "link": ("os.link", die)}.get(
                step, ("livesrv.ledger.archive._write_index", die)
            )
        )
        with pytest.raises(ArchiveError, match="died"):
            await broken.seal(20)


@pytest.mark.parametrize("step", ["fsync", "link", "index"])
async def test_a_crash_while_a_segment_is_written_is_gone_on_from(
    ledger: Ledger, archive: Archive, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(ledger, 50)
    await crash_at(step, archiver(ledger, archive), monkeypatch)
    (archive.directory / ".draft-of-the-dead").write_bytes(b"half")
    assert (await journal.extent(ledger.store)).sealed == 0
    await seal_whole(archiver(ledger, archive))
    assert spans(archive) == [(1, 20), (21, 40)]
    assert not list(archive.directory.glob(".draft*"))
    assert await places(ledger, archive) == list(range(1, 51))


async def test_a_segment_that_was_written_and_not_sealed_is_sealed_as_it_is(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 50)
    await archiver(ledger, archive, segment_lines=13).seal(1)
    await ledger.store.hdel(META_KEY, "sealed", "sealed_sha256")
    await seal_whole(archiver(ledger, archive))
    assert spans(archive) == [(1, 13), (14, 33)]


async def test_a_segment_with_other_content_is_never_overwritten(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 50)
    await archiver(ledger, archive).seal(20)
    await ledger.store.hdel(META_KEY, "sealed", "sealed_sha256")
    (segment,) = archive.segments()
    foreign = content(segment).replace(b'"t3"', b'"t9"')
    segment.path.write_bytes(gzip.compress(foreign))
    before = segment.path.read_bytes()
    with pytest.raises(ArchiveError, match="holds other lines than this ledger"):
        await archiver(ledger, archive).seal(20)
    assert segment.path.read_bytes() == before
    assert (await journal.extent(ledger.store)).sealed == 0


async def test_segments_of_another_ledger_stop_the_archiving(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 50)
    await seal_whole(archiver(ledger, archive))
    await ledger.store.hset(META_KEY, mapping={"sealed": "20"})
    (archive.directory / "journal-0000000000000031-0000000000000041.jsonl.gz").touch()
    with pytest.raises(ArchiveError, match=r"0041\.jsonl\.gz is not this ledger's"):
        await archiver(ledger, archive).seal(20)


async def test_an_archive_that_ends_before_the_seal_stops_sealing_and_trimming(
    ledger: Ledger, archive: Archive, tmp_path: Path
) -> None:
    await fill(ledger, 70)
    await archiver(ledger, archive).seal(20)
    elsewhere = archiver(ledger, Archive(tmp_path / "unmounted"))
    for attempt in (elsewhere.seal(20), elsewhere.trim()):
        with pytest.raises(ArchiveError, match="sealed up to place 20, but the archive ends at 0"):
            await attempt
    assert await in_stream(ledger) == (1, 70)


async def test_a_directory_that_another_host_did_not_write_to_is_left_alone(
    ledger: Ledger, archive: Archive, tmp_path: Path
) -> None:
    """Two hosts with a directory each, for a moment both at work: one seals, by other lengths."""
    await fill(ledger, 70)
    before = await journal.extent(ledger.store)
    while await archiver(ledger, archive, segment_lines=10).seal(10):
        continue
    (tmp_path / "other").mkdir()
    other = archiver(ledger, Archive(tmp_path / "other"))
    late = before._replace(end=await sealed(ledger))
    assert await other._seal(late, late.end) is None
    for number in range(100, 130):
        await ledger.post(gift(number))
    with pytest.raises(ArchiveError, match="is not the segment that was sealed"):
        await other.seal(20)
    assert await archiver(ledger, archive).seal(20)


async def sealed(ledger: Ledger) -> int:
    return (await journal.extent(ledger.store)).sealed


async def test_archivers_racing_seal_each_line_once(ledger: Ledger, archive: Archive) -> None:
    await fill(ledger, 90)

    async def race(segment_lines: int) -> None:
        one = archiver(ledger, archive, segment_lines=segment_lines)
        while (await journal.extent(ledger.store)).sealed < 90:
            await one.seal(1)
            await one.trim()
            await asyncio.sleep(0)

    await asyncio.gather(race(7), race(20), race(11))
    assert await places(ledger, archive) == list(range(1, 91))
    ends = [0, *(last for _, last in spans(archive))]
    assert [first for first, _ in spans(archive)] == [end + 1 for end in ends[:-1]]


async def test_a_seal_from_where_the_journal_is_sealed_no_more_changes_nothing(
    ledger: Ledger, archive: Archive, tmp_path: Path
) -> None:
    """Two archivers with a directory each: the lock cannot help, the store decides."""
    await fill(ledger, 50)
    late = archiver(ledger, Archive(tmp_path / "other"))
    behind = await journal.extent(ledger.store)
    await archiver(ledger, archive, segment_lines=30).seal(20)
    late._archive.directory.mkdir()
    assert await late._seal(behind, 20) is None
    assert (await journal.extent(ledger.store)).sealed == 30


@pytest.mark.parametrize(
    ("place", "complaint"),
    [(1, "goes on at place 2 after 0"), (7, "at place 8 after 6"), (20, "place 20 is missing")],
)
async def test_a_hole_in_the_stream_is_never_sealed(
    ledger: Ledger, archive: Archive, place: int, complaint: str
) -> None:
    await fill(ledger, 50)
    await ledger.store.xdel(JOURNAL_KEY, f"{place}-0")
    with pytest.raises(ArchiveError, match=complaint):
        await archiver(ledger, archive).seal(20)
    assert spans(archive) == []


async def test_the_archiver_waits_for_a_directory_and_for_a_store(
    ledger_store: RunningStore,
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("livesrv.ledger.archiver.LOOK_S", 0.01)
    monkeypatch.setattr("livesrv.ledger.archiver.STOPPED_S", 0.01)
    await fill(ledger, 50)
    archive = Archive(tmp_path / "not" / "mounted")
    running = asyncio.create_task(archiver(ledger, archive).run())
    await until(lambda: "archiving has stopped, trying again in 0.01 s: cannot" in caplog.text)
    await ledger_store.kill()
    await until(lambda: "archiving waits" in caplog.text)
    (tmp_path / "not").mkdir()
    await ledger_store.start()
    await until(lambda: spans(archive) == [(1, 20), (21, 40)])
    await until_awaited(lambda: _is_trimmed(ledger, 41))
    running.cancel()


async def _is_trimmed(ledger: Ledger, first: int) -> bool:
    return (await journal.extent(ledger.store)).first == first


async def test_sealing_all_waits_for_nothing_but_the_end(ledger: Ledger, archive: Archive) -> None:
    await fill(ledger, 50)
    assert await archiver(ledger, archive).seal_all() == 50
    assert spans(archive) == [(1, 20), (21, 40), (41, 50)]
    assert await archiver(ledger, archive).seal_all() == 50


# --- reading segments


def raw_without_last(packed: bytes) -> bytes:
    return b"".join(gzip.decompress(packed).splitlines(keepends=True)[:-1])


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda raw: raw[:-20], "ends too early"),
        (lambda raw: raw[:300] + bytes([raw[300] ^ 1]) + raw[301:], "damaged"),
        (lambda raw: raw + b"x", "something follows its end"),
        (lambda raw: gzip.compress(gzip.decompress(raw)[:-1]), "ends within a line"),
        (lambda raw: gzip.compress(gzip.decompress(raw) * 2), "a line cannot be read"),
        (lambda raw: gzip.compress(gzip.decompress(raw)[1:]), "has no header"),
        (lambda raw: gzip.compress(raw_without_last(raw)), "holds 19 lines"),
        (
            lambda raw: gzip.compress(gzip.decompress(raw).replace(b"journal 1", b"journal 9", 1)),
            "is of format 'livesrv journal 9'",
        ),
    ],
)
async def test_a_damaged_segment_is_told(
    ledger: Ledger, archive: Archive, damage: Any, complaint: str
) -> None:
    await fill(ledger, 40)
    await seal_whole(archiver(ledger, archive, keep_lines=0))
    path = archive.segments()[0].path
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ArchiveError, match=complaint):
        await places(ledger, archive)


async def test_an_index_holds_what_the_segment_left_behind_and_is_made_again_when_lost(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 60)
    await seal_whole(archiver(ledger, archive))
    line_of = {
        line.place: line async for line in journal.lines(ledger.store, archive, 0, journal.WHOLE)
    }
    segment = archive.segments()[1]
    stored = archive.stored_index(segment)
    assert stored is not None
    moments = [line_of[place].at_ms for place in range(21, 41)]
    assert (stored.earliest_ms, stored.latest_ms) == (min(moments), max(moments))
    expected: dict[str, dict[str, int]] = {}
    for place in range(21, 41):
        line = line_of[place]
        for leg, balance in zip(line.entry.legs, line.after, strict=True):
            expected.setdefault(leg.account, {})[leg.asset] = balance
    assert stored.balances == expected
    segment.index_path.write_bytes(b"nonsense")
    assert archive.stored_index(segment) is None
    assert archive.index(segment) == stored == archive.stored_index(segment)


async def test_opening_balances_come_from_the_indexes_before_a_place(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 70)
    await seal_whole(archiver(ledger, archive))
    pairs = {("wallet:u3", "COIN"), ("pending:h", "COIN"), ("wallet:u3", "CNY")}
    balances: dict[tuple[str, str], int] = {}
    async for line in journal.lines(ledger.store, archive, 0, journal.WHOLE):
        if line.place == 41:
            break
        for leg, balance in zip(line.entry.legs, line.after, strict=True):
            balances[leg.account, leg.asset] = balance
    opening = archive.opening(pairs, 41)
    assert opening == {pair: balances.get(pair, 0) for pair in pairs}
    assert archive.opening(pairs, 55) == opening
    assert archive.opening(pairs, 1) == dict.fromkeys(pairs, 0)


async def test_an_archive_that_is_ahead_of_the_ledger_is_told(
    ledger: Ledger, archive: Archive
) -> None:
    await fill(ledger, 40)
    await seal_whole(archiver(ledger, archive))
    await require_known(ledger.store, archive)
    await ledger.store.delete(META_KEY, JOURNAL_KEY, REGISTER_PREFIX + "commission")
    with pytest.raises(ArchiveError, match="livesrv rebuild"):
        await require_known(ledger.store, archive)


def test_a_draft_that_is_given_up_leaves_nothing(archive: Archive) -> None:
    archive.directory.mkdir()
    with Draft(archive, 1, "") as draft:
        draft.add(b'{"place":1,"seq":0,"at":5,"after":[],"entry":{}}\n')
        assert draft.last == 1
    assert list(archive.directory.iterdir()) == []
