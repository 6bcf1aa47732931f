"""Reads what a statement tells out of the archive and the store's stream, in bounded memory.

A period begins at the first line that is not older than its beginning, and ends before the first
that is not older than its end; so periods that follow each other share no line and leave none out,
whatever the store's clock did. Segments that end before the period, or that moved none of the
accounts, are not read: their indexes tell the balances.
"""

import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from typing import Any, Self

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from . import journal
from .about import UNOPENED, Mismatch, Posted, Unopened, bounds, is_sale, opened
from .archive import Archive
from .segment import ArchiveError, Chain, Segment
from .statement import PARTY_CLASSES, Balance, Pair, Statement, StatementLine
from .store import BALANCES_KEY, RANK_PREFIX

FAR_LINES = 20_000
"""From here on it is cheaper to find a place anew than to read up to it."""
SCAN_COUNT = 10_000
HEAD_BYTES = 4_096
"""Of an index; its times stand before its balances."""

_latest = re.compile(rb'"latest_ms":(\d+)')


class Asked(Struct, frozen=True, kw_only=True):
    """Which accounts, and from when until when; both in milliseconds since the epoch.

    `currency` "" is all of them. `behind` is a place: the statement goes on after its lines.
    `lines_max` is where it stops, once the entry it is at is told; 0 does not stop it.
    """

    accounts: tuple[str, ...]
    from_ms: int
    to_ms: int
    currency: str = ""
    behind: int = 0
    lines_max: int = 0


class Reading:
    """One statement on its way: `async with` finds its beginning, then read `lines` to their end.

    Both raise `ArchiveError` where lines are missing or damaged, and `Mismatch`.
    """

    def __init__(self, store: Redis, archive: Archive, asked: Asked) -> None:
        self.opening: list[Balance] = []
        """The balances before the first line."""
        self.next: int | None = None
        """Behind which place another statement goes on when this one has stopped at `lines_max`."""
        self._store = store
        self._archive = archive
        self._asked = asked
        self._statement = Statement(asked.accounts, asked.currency, {})
        self._reached_ms = 0
        self._touching = self._touching_lines()
        self._first: tuple[Posted, int] | None = None
        self._sales = _Sales(store, archive, asked.accounts)

    async def __aenter__(self) -> Self:
        asked = self._asked
        async for line, at_ms in self._touching:
            if at_ms >= asked.from_ms and line.place > asked.behind:
                self._first = line, at_ms
                break
            self._statement.pass_over(line)
        self.opening = self.closing
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._touching.aclose()
        await self._sales.close()

    @property
    def closing(self) -> list[Balance]:
        """The balances behind the last line that was read."""
        return self._statement.standing()

    async def lines(self) -> AsyncIterator[StatementLine]:
        """The statement's lines."""
        told, last = 0, 0
        async for line, at_ms in self._from_first():
            if self._asked.lines_max and told >= self._asked.lines_max:
                self.next = last
                return
            wanted = bounds(line)
            sales = await self._sales.between(*wanted) if wanted else ()
            for each in self._statement.tell(line, at_ms, sales):
                told += 1
                yield each
            last = line.place

    async def _from_first(self) -> AsyncIterator[tuple[Posted, int]]:
        if self._first is not None:
            yield self._first
            async for line, at_ms in self._touching:
                yield line, at_ms

    async def _touching_lines(self) -> AsyncGenerator[tuple[Posted, int], None]:
        """The lines up to the period's end that touch the accounts, each with its moment."""
        names = [_quoted(account) for account in self._asked.accounts]
        async with aclosing(self._blocks()) as blocks:
            async for block in blocks:
                for line in block:
                    self._reached_ms = max(self._reached_ms, line.at)
                    if self._reached_ms >= self._asked.to_ms:
                        return
                    if line.names(names) and self._statement.touches(posted := opened(line)):
                        yield posted, self._reached_ms

    async def _blocks(self) -> AsyncGenerator[list[Unopened], None]:
        """The lines from shortly before the period on, but for segments that touch no account."""
        segments = self._archive.segments()
        place = 0
        while segments and self._is_before(segments[0]):
            place = segments.pop(0).last
        opening = self._archive.opening(await self._pairs(), place + 1)
        self._statement.balances.update(opening)
        for segment in segments:
            if self._reached_ms >= self._asked.to_ms:
                return
            if segment.first != place + 1:
                raise ArchiveError(f"the archive has no segment that starts at place {place + 1}")
            if self._touches(segment):
                async with aclosing(journal.sealed_blocks(Chain.before(segment), segment)) as found:
                    async for block in found:
                        yield _unopened(block, segment.first - 1)
            place = segment.last
        async with aclosing(_live_blocks(self._store, self._archive, place)) as live:
            async for lines in live:
                yield lines

    def _touches(self, segment: Segment) -> bool:
        index = self._archive.index(segment)
        if index.balances.keys().isdisjoint(self._asked.accounts):
            self._reached_ms = max(self._reached_ms, index.latest_ms)
            return False
        return True

    def _is_before(self, segment: Segment) -> bool:
        """Whether nothing of the segment is told."""
        reached_ms = max(self._reached_ms, _latest_ms(self._archive, segment))
        is_before = reached_ms < self._asked.from_ms or segment.last <= self._asked.behind
        if is_before:
            self._reached_ms = reached_ms
        return is_before

    async def _pairs(self) -> set[Pair]:
        """The accounts with each asset they have ever held."""
        accounts, currency = self._asked.accounts, self._asked.currency
        if currency:
            return {(account, currency) for account in accounts}
        return {(account, asset) for account in accounts for asset in await self._assets(account)}

    async def _assets(self, account: str) -> list[str]:
        class_, _, owner = account.partition(":")
        if class_ in PARTY_CLASSES:
            ranked = "pending" if class_ == "available" else class_
            name = f"{RANK_PREFIX}assets:{ranked}:{owner}"
            ranked_assets: Any = await self._store.zrange(name, 0, -1)
            return [asset.decode() for asset in ranked_assets]
        held = self._store.hscan_iter(BALANCES_KEY, match=f"{account} *", count=SCAN_COUNT)
        return [name.decode().partition(" ")[2] async for name, _ in held]


class _Sales:
    """Follows the journal at the watermark, so that a backlog of sales need not be kept.

    Gives only those that have a part for the accounts: the others do not name them, or the party.
    """

    def __init__(self, store: Redis, archive: Archive, accounts: Sequence[str]) -> None:
        self._store = store
        self._archive = archive
        self._names = [_quoted(_earner(account)) for account in accounts]
        self._place = 0
        self._lines: AsyncGenerator[Unopened, None] | None = None

    async def between(self, behind: int, upto: int) -> list[Posted]:
        """The sales behind one place, up to and with another."""
        if self._lines is None or not 0 <= behind - self._place < FAR_LINES:
            await self.close()
            self._lines = _lines(self._store, self._archive, behind)
            self._place = behind
        found = []
        while self._place < upto:
            line = await anext(self._lines, None)
            if line is None:
                raise Mismatch(f"commission goes up to place {upto}, the journal ends before")
            self._place = line.place
            if line.place > behind and line.names(self._names):
                posted = opened(line)
                if is_sale(posted):
                    found.append(posted)
        return found

    async def close(self) -> None:
        if self._lines is not None:
            await self._lines.aclose()


def _earner(account: str) -> str:
    """Who is named in a sale that comes to move an account: a party, or the account itself."""
    class_, _, party = account.partition(":")
    return party if class_ in PARTY_CLASSES else account


def _quoted(name: str) -> bytes:
    return f'"{name}"'.encode()


async def _lines(store: Redis, archive: Archive, place: int) -> AsyncGenerator[Unopened, None]:
    async with aclosing(_live_blocks(store, archive, place)) as blocks:
        async for block in blocks:
            for line in block:
                yield line


async def _live_blocks(
    store: Redis, archive: Archive, place: int
) -> AsyncGenerator[list[Unopened], None]:
    """All lines behind a place up to today's end, from wherever they are by now."""
    async for block in journal.blocks(store, archive, place):
        if lines := _unopened(block, place):
            if lines[0].place != place + 1:
                raise ArchiveError(f"place {lines[0].place} follows place {place}")
            place = lines[-1].place
            yield lines


def _unopened(block: bytes, place: int) -> list[Unopened]:
    """The lines of a block that are behind a place."""
    try:
        found = UNOPENED.decode_lines(block)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise ArchiveError(f"behind place {place} a line cannot be read: {error}") from error
    return found if found[0].place > place else [line for line in found if line.place > place]


def _latest_ms(archive: Archive, segment: Segment) -> int:
    """When the segment's newest line was posted, from the first bytes of its index."""
    with suppress(OSError, zlib.error):
        with segment.index_path.open("rb") as file:
            packed = file.read(HEAD_BYTES)
        head = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(packed, HEAD_BYTES)
        if found := _latest.search(head):
            return int(found[1])
    return archive.index(segment).latest_ms
