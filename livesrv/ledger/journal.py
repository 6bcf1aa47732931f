"""Reading the journal: every entry ever posted, in order of place."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from redis.asyncio import Redis

from .entry import Entry, Line
from .store import JOURNAL_KEY

CHUNK_LINES = 500

_entries = msgspec.json.Decoder(Entry)


async def wait(store: Redis, after: int, *, block_ms: int) -> list[Line]:
    """The next lines behind a place, waiting for the first of them up to `block_ms`."""
    found: Any = await store.xread({JOURNAL_KEY: f"{after}-0"}, count=CHUNK_LINES, block=block_ms)
    return [parse_line(*line) for line in found[0][1]] if found else []


async def walk(store: Redis, after: int, upto: int | None = None) -> AsyncIterator[Line]:
    """All lines behind one place, up to and with another, or up to today's end."""
    end = "+" if upto is None else f"{upto}-0"
    while True:
        found: Any = await store.xrange(JOURNAL_KEY, f"({after}-0", end, count=CHUNK_LINES)
        for line in found:
            yield parse_line(*line)
        if len(found) < CHUNK_LINES:
            return
        after = int(found[-1][0].partition(b"-")[0])


async def place_before(store: Redis, at_ms: int, *, lines_max: int) -> int:
    """The last place that is older than a moment, at most `lines_max` lines back."""
    last = b"+"
    for _ in range(lines_max // CHUNK_LINES + 1):
        found: Any = await store.xrevrange(JOURNAL_KEY, last, "-", count=CHUNK_LINES)
        if not found:
            return 0
        for name, fields in found:
            if int(fields[b"at"]) < at_ms:
                return int(name.partition(b"-")[0])
        last = b"(" + found[-1][0]
    return int(found[-1][0].partition(b"-")[0]) - 1


async def end(store: Redis) -> int:
    """The place of the last line, 0 for an empty journal."""
    found: Any = await store.xrevrange(JOURNAL_KEY, count=1)
    return int(found[0][0].partition(b"-")[0]) if found else 0


def parse_line(name: bytes, fields: dict[bytes, bytes]) -> Line:
    after = fields[b"after"]
    return Line(
        place=int(name.partition(b"-")[0]),
        room_seq=int(fields[b"seq"]),
        at_ms=int(fields[b"at"]),
        after=tuple(map(int, after.split(b","))) if after else (),
        entry=_entries.decode(fields[b"entry"]),
    )
