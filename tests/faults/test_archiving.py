"""The back office may die at any moment of archiving; archive and journal stay one."""

import asyncio
from functools import partial
from random import Random

from msgspec.structs import replace
from redis.asyncio import Redis

from livesrv import datadir, stores
from livesrv.ledger import journal
from livesrv.ledger.archive import Archive
from livesrv.ledger.entry import Entry
from tests.embedded import open_ledger
from tests.ledger.books import gift, topup
from tests.server import Serve
from tests.waiting import until, until_awaited

from .play import is_replaced

KILLS = 5
LINES_BETWEEN = 200
SEGMENT_LINES = 10
KEEP_LINES = 30


async def test_back_office_killed_while_it_archives_leaves_one_whole_journal(
    serve: Serve, seed: int
) -> None:
    rng = Random(seed)
    server = serve(archive_segment_lines=SEGMENT_LINES, journal_keep_lines=KEEP_LINES)
    archive = Archive(datadir.archive(server.data_dir))
    async with open_ledger(stores.embedded("ledger", server.data_dir).url) as ledger:
        await asyncio.gather(*(ledger.post(topup(number, 10_000)) for number in range(7)))
        for kill in range(KILLS):
            numbers = range(kill * LINES_BETWEEN, (kill + 1) * LINES_BETWEEN)
            await asyncio.gather(*(ledger.post(roomless(gift(number))) for number in numbers))
            more = len(archive.segments()) + rng.randint(1, 2 * LINES_BETWEEN // SEGMENT_LINES // 3)
            await until(partial(has_segments, archive, more))
            await is_replaced(server, "backoffice", server.kill("backoffice"))
        await until_awaited(lambda: is_archived(ledger.store))
        lines = journal.lines(ledger.store, archive, 0, journal.WHOLE)
        places = [line.place async for line in lines]
    assert places == list(range(1, len(places) + 1))
    assert len(places) > KILLS * LINES_BETWEEN
    server.audit()


def roomless(entry: Entry) -> Entry:
    """The same where no room hears of it: it is nothing that a client knows."""
    return replace(entry, room="")


def has_segments(archive: Archive, count: int) -> bool:
    return len(archive.segments()) >= count


async def is_archived(store: Redis) -> bool:
    """Whether only what must stay has stayed in the stream."""
    found = await journal.extent(store)
    left = found.end - found.first + 1
    return found.end - found.sealed < SEGMENT_LINES and left <= KEEP_LINES + SEGMENT_LINES
