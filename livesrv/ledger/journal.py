"""Reading the journal: every entry ever posted, in order of place.

Its newest lines are in the store's stream, all that are sealed in the archive, and some in both.
`wait` and `walk` look at the stream alone; `blocks` and `lines` make one of the two.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec.json import Decoder
from redis.asyncio import Redis

from .archive import Archive
from .entry import Entry, Line
from .segment import ArchiveError, Chain, Segment
from .store import JOURNAL_KEY, META_KEY

CHUNK_LINES = 500


class Placed(Protocol):
    place: int


T = TypeVar("T", bound=Placed)

_entries = msgspec.json.Decoder(Entry)
WHOLE = Decoder(Line)
"""Makes the lines of a block whole `Line`s."""


class Extent(NamedTuple):
    """How far the journal goes: `first` is the first place in the stream, `end` the last of all.

    An empty stream starts behind its end. `sealed_sha256` is that of the segment `sealed` ends.
    """

    first: int
    end: int
    sealed: int
    sealed_sha256: str


class Block(NamedTuple):
    """Lines from the stream as a segment holds them, from a place to a place."""

    first: int
    last: int
    lines: bytes


async def extent(store: Redis) -> Extent:
    """The extent at one moment."""
    pipe = store.pipeline(transaction=True)
    pipe.xrange(JOURNAL_KEY, count=1)
    pipe.hmget(META_KEY, ["place", "sealed", "sealed_sha256"])
    found, (place, sealed, digest) = await pipe.execute()
    last = int(place or 0)
    first = place_of(found[0][0]) if found else last + 1
    return Extent(first, last, int(sealed or 0), (digest or b"").decode())


async def wait(store: Redis, after: int, *, block_ms: int) -> list[Line]:
    """The next lines behind a place, waiting for the first of them up to `block_ms`."""
    found: Any = await store.xread({JOURNAL_KEY: f"{after}-0"}, count=CHUNK_LINES, block=block_ms)
    return [parse_line(*line) for line in found[0][1]] if found else []


async def some(store: Redis, after: int) -> list[Line]:
    """The next lines behind a place, as many as are read at a time."""
    found: Any = await store.xrange(JOURNAL_KEY, f"({after}-0", count=CHUNK_LINES)
    return [parse_line(*line) for line in found]


async def walk(store: Redis, after: int) -> AsyncIterator[Line]:
    """All lines behind a place, up to today's end."""
    while found := await some(store, after):
        for line in found:
            yield line
        after = found[-1].place


async def live_blocks(store: Redis, after: int, upto: int) -> AsyncIterator[Block]:
    """The stream's lines behind one place, up to and with another."""
    while after < upto:
        found: Any = await store.xrange(JOURNAL_KEY, f"({after}-0", f"{upto}-0", count=CHUNK_LINES)
        if not found:
            return
        after = place_of(found[-1][0])
        lines = b"".join(archived_line(*line) for line in found)
        yield Block(place_of(found[0][0]), after, lines)


async def sealed_blocks(chain: Chain, segment: Segment) -> AsyncGenerator[bytes, None]:
    """A segment's lines as `chain` reads them, one block ahead of the reader, in a thread."""
    reading = chain.blocks(segment)
    coming = asyncio.create_task(asyncio.to_thread(next, reading, b""))
    try:
        while lines := await coming:
            coming = asyncio.create_task(asyncio.to_thread(next, reading, b""))
            yield lines
    finally:
        with suppress(Exception):
            await coming  # a thread cannot be cancelled, and holds the file
        reading.close()


async def blocks(store: Redis, archive: Archive, after: int) -> AsyncIterator[bytes]:
    """All lines behind a place up to today's end, many whole ones at a time.

    From the stream where it has them, else from the archive; the first block may start earlier.
    Raises `ArchiveError` when a line is in neither of them, or a segment is damaged.
    """
    while after < (found := await extent(store)).end:
        if after + 1 < found.first:
            segment = archive.segment_of(after + 1)
            if segment is None:
                raise ArchiveError(missing(after + 1, found))
            async for lines in sealed_blocks(Chain.before(segment), segment):
                yield lines
            after = segment.last
            continue
        async for block in live_blocks(store, after, found.end):
            if block.first != after + 1:
                break
            yield block.lines
            after = block.last
        if after < found.end and (await extent(store)).first <= after + 1:
            raise ArchiveError(missing(after + 1, found))


async def lines(
    store: Redis, archive: Archive, after: int, decoder: Decoder[T]
) -> AsyncGenerator[T, None]:
    """All lines behind a place up to today's end, in order, none left out and none twice.

    `decoder` says as what: `WHOLE`, or one of a type that names only what is wanted and `place`,
    which is several times as fast. Raises `ArchiveError`.
    """
    async for block in blocks(store, archive, after):
        try:
            found = decoder.decode_lines(block)
        except msgspec.MsgspecError as error:
            raise ArchiveError(f"behind place {after} a line cannot be read: {error}") from error
        for line in found:
            if line.place <= after:
                continue
            if line.place != after + 1:
                raise ArchiveError(f"place {line.place} follows place {after}")
            after = line.place
            yield line


def missing(place: int, found: Extent) -> str:
    """How to say that a line is nowhere."""
    return (
        f"place {place} is missing: the journal's stream holds {found.first} to {found.end} "
        f"without it, and the archive is sealed up to {found.sealed}"
    )


def place_of(name: bytes) -> int:
    return int(name.partition(b"-")[0])


def archived_line(name: bytes, fields: dict[bytes, bytes]) -> bytes:
    """A line of the stream as it stands in a segment; the entry's JSON is taken as it is."""
    return b'{"place":%d,"seq":%b,"at":%b,"after":[%b],"entry":%b}\n' % (
        place_of(name),
        fields[b"seq"],
        fields[b"at"],
        fields[b"after"],
        fields[b"entry"],
    )


async def place_before(store: Redis, at_ms: int, *, lines_max: int) -> int:
    """The last place that is older than a moment, at most `lines_max` lines back."""
    last = b"+"
    for _ in range(lines_max // CHUNK_LINES + 1):
        found: Any = await store.xrevrange(JOURNAL_KEY, last, "-", count=CHUNK_LINES)
        if not found:
            return 0
        for name, fields in found:
            if int(fields[b"at"]) < at_ms:
                return place_of(name)
        last = b"(" + found[-1][0]
    return place_of(found[-1][0]) - 1


async def end(store: Redis) -> int:
    """The place of the stream's last line, 0 for an empty one."""
    return newest(await store.xrevrange(JOURNAL_KEY, count=1))


def newest(found: Any) -> int:
    """The place in the answer of an XREVRANGE for one line, 0 for an empty stream."""
    return place_of(found[0][0]) if found else 0


def parse_line(name: bytes, fields: dict[bytes, bytes]) -> Line:
    after = fields[b"after"]
    return Line(
        place=place_of(name),
        room_seq=int(fields[b"seq"]),
        at_ms=int(fields[b"at"]),
        after=tuple(map(int, after.split(b","))) if after else (),
        entry=_entries.decode(fields[b"entry"]),
    )
