"""Replay archive and journal as one and compare: does every number in the store follow from them?

Works while the server runs: a number of the store is read together with the journal's end at that
moment, and the replay catches up to it before the two are compared. Lines that the archiver moves
meanwhile are found where they have gone.
"""

from collections.abc import AsyncIterator, Iterator

import msgspec
from msgspec.json import Decoder
from redis.asyncio import Redis

from . import journal
from .accountant import marked
from .archive import Archive
from .audit_line import AuditLine
from .entry import WATERMARK_REGISTER
from .replay import Gap, Replay, Report
from .segment import ArchiveError, Chain, Segment
from .store import BALANCES_KEY, JOURNAL_KEY, META_KEY, REGISTER_PREFIX, ROOMS_KEY, parse_register

SCAN_COUNT = 1_000

_lines = Decoder(AuditLine)


async def audit(store: Redis, archive: Archive | None = None) -> Report:
    """Replay the whole journal and compare it with every balance, number and watermark.

    Without an archive all lines must still be in the store. A gap ends the replay, and then the
    report says what was found up to there.
    """
    auditor = Auditor(store, archive)
    try:
        await auditor.compare()
    except (ArchiveError, Gap) as gap:
        auditor.replay.breach(str(gap))
        auditor.replay.breach(f"what follows place {auditor.replay.place} could not be judged")
        return auditor.replay.summary()
    return auditor.replay.finish()


class Auditor:
    """One audit on its way. `replay` is as far as `chain` and the stream were read."""

    def __init__(self, store: Redis, archive: Archive | None) -> None:
        self.replay = Replay()
        self._store = store
        self._archive = archive
        self._chain = Chain()

    async def compare(self) -> None:
        """Replay everything, and name what differs. Raises `ArchiveError` and `Gap`."""
        last = self._archive.last_place() if self._archive else 0
        await self._read_archive()
        await self._catch_up(await journal.end(self._store))
        if last > self.replay.place:
            self.replay.breach(
                f"the archive goes to place {last}, the ledger only to {self.replay.place}"
            )
        names = {name async for name in self._names()} | self.replay.books.balances.keys()
        for chunk in _chunks(sorted(names)):
            await self._compare_balances(chunk)
        await self._compare_heads()
        await self._compare_copies()

    # --- reading

    async def _catch_up(self, upto: int) -> None:
        """Replay up to a place that the journal has reached."""
        while self.replay.place < upto:
            before = self.replay.place
            async for block in journal.live_blocks(self._store, before, upto):
                if block.first != self.replay.place + 1:
                    break
                self._feed(block.lines)
            if self.replay.place < upto and not await self._read_archive():
                found = await journal.extent(self._store)
                if self.replay.place == before:
                    raise Gap(journal.missing(before + 1, found))

    async def _read_archive(self) -> bool:
        """Replay what has been sealed since the last time; whether that brought us on."""
        found = await journal.extent(self._store)
        before = self.replay.place
        for segment in self._archive.segments() if self._archive else ():
            if self._chain.place < segment.last <= found.sealed:
                async for lines in journal.sealed_blocks(self._chain, segment):
                    self._feed(lines)
                self.replay.report.segments += 1
                self._compare_index(segment)
        if self._chain.place != found.sealed:
            raise ArchiveError(
                f"the ledger is sealed up to place {found.sealed}, "
                f"the archive's segments to {self._chain.place}"
            )
        if found.sealed and self._chain.sha256 != found.sealed_sha256:
            raise ArchiveError(
                f"the segment up to place {found.sealed} has SHA-256 {self._chain.sha256}, "
                f"the ledger has sealed one with {found.sealed_sha256}"
            )
        self.replay.report.sealed = found.sealed
        return self.replay.place > before

    def _feed(self, block: bytes) -> None:
        """Replay a block, but for what was replayed already."""
        feed, place = self.replay.feed, self.replay.place
        for line in _decoded(block, place):
            if line.place > place:
                feed(line)

    # --- comparing

    async def _names(self) -> AsyncIterator[tuple[str, str]]:
        async for name, _ in self._store.hscan_iter(BALANCES_KEY, count=SCAN_COUNT):
            account, _, asset = name.decode().partition(" ")
            yield account, asset

    async def _compare_balances(self, names: list[tuple[str, str]]) -> None:
        pipe = self._store.pipeline(transaction=True)
        pipe.hmget(BALANCES_KEY, [" ".join(name) for name in names])
        pipe.xrevrange(JOURNAL_KEY, count=1)
        values, newest = await pipe.execute()
        await self._catch_up(journal.newest(newest))
        for name, value in zip(names, values, strict=True):
            stored, told = int(value or 0), self.replay.books.balances.get(name, 0)
            if stored != told:
                self.replay.breach(
                    f"{' '.join(name)} is {stored} in the store, {told} by the journal"
                )

    async def _compare_heads(self) -> None:
        """The numbers of rooms, the last place, and the watermark."""
        pipe = self._store.pipeline(transaction=True)
        pipe.hgetall(ROOMS_KEY)
        pipe.get(REGISTER_PREFIX + WATERMARK_REGISTER)
        pipe.hget(META_KEY, "place")
        pipe.xrevrange(JOURNAL_KEY, count=1)
        rooms, watermark, place, newest = await pipe.execute()
        await self._catch_up(journal.newest(newest))
        breach, told, last = self.replay.breach, self.replay.rooms.seqs, self.replay.place
        if int(place or 0) != last:
            breach(f"the last place is {int(place or 0)} in the store, {last} by the journal")
        stored = {room.decode(): int(seq) for room, seq in rooms.items()}
        for room in sorted(stored.keys() | told.keys()):
            seq, number = stored.get(room, 0), told.get(room, 0)
            if seq != number:
                breach(f"room {room} stands at {seq} in the store, at {number} by the journal")
        mark, noted = marked(parse_register(watermark)), self.replay.commission.watermark
        if mark != noted:
            breach(f"the watermark is {mark} in the store, {noted} by the journal")

    def _compare_index(self, segment: Segment) -> None:
        """An index, where there is one, must say what the lines say."""
        assert self._archive is not None
        index = self._archive.stored_index(segment)
        if index is None or self.replay.place != segment.last:
            return
        for account, assets in index.balances.items():
            for asset, balance in assets.items():
                told = self.replay.books.balances.get((account, asset), 0)
                if told != balance:
                    self.replay.breach(
                        f"{segment.index_path.name} has {account} {asset} at {balance}, "
                        f"its segment ends with {told}; remove it, it will be made again"
                    )

    async def _compare_copies(self) -> None:
        """Sealed lines that are still in the stream must be what they are in the archive."""
        start = (await journal.extent(self._store)).first
        for segment in self._archive.segments() if self._archive else ():
            if start <= segment.last <= self._chain.place:
                place = segment.first
                async for lines in journal.sealed_blocks(Chain.before(segment), segment):
                    place = await self._compare_block(place, lines.splitlines(keepends=True))

    async def _compare_block(self, first: int, sealed: list[bytes]) -> int:
        """Compare lines from the place `first` on; the place behind them."""
        last = first + len(sealed) - 1
        pipe = self._store.pipeline(transaction=True)
        pipe.xrange(JOURNAL_KEY, count=1)
        pipe.xrange(JOURNAL_KEY, f"{first}-0", f"{last}-0")
        oldest, found = await pipe.execute()
        start = journal.place_of(oldest[0][0]) if oldest else last + 1
        live = {journal.place_of(line[0]): journal.archived_line(*line) for line in found}
        for place, line in enumerate(sealed, first):
            if place >= start and live.get(place) != line:
                self.replay.breach(f"place {place} is not in the store what it is in the archive")
        return last + 1


def _decoded(block: bytes, place: int) -> list[AuditLine]:
    """The lines of a block. Raises `Gap` and names the first that cannot be read."""
    try:
        return _lines.decode_lines(block)
    except (msgspec.MsgspecError, UnicodeError):
        pass
    for line in block.splitlines():
        try:
            place = _lines.decode(line).place
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise Gap(f"the line after place {place} cannot be read: {error}") from error
    return []


def _chunks(names: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for i in range(0, len(names), SCAN_COUNT):
        yield names[i : i + SCAN_COUNT]
