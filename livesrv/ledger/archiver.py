"""Moves the journal from the store's stream into the archive, segment by segment.

Written to disk first, then sealed in the store, then trimmed from the stream; a crash in between
leaves what the next run goes on from. Two at the same time change nothing: they take turns by the
archive's lock, and the store seals only from where the last seal ended. Invariant: a line is in the
stream until its segment is on disk and sealed, and for as long as somebody may still read it there.
A directory that is not the one which holds what is sealed is left alone: servers that share a
ledger share the archive too, or one of them archives and the others say that they cannot.
"""

import asyncio
import logging
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from . import journal
from .accountant import marked
from .archive import Archive, Draft
from .entry import WATERMARK_REGISTER
from .journal import Extent
from .segment import ArchiveError, Chain, Segment
from .store import AWAY, REGISTER_PREFIX, parse_register

log = logging.getLogger(__name__)

LOOK_S = 5.0
"""Between two looks at the journal."""
STOPPED_S = 30.0
"""Between two tries at an archive that a person has to look at."""
LOCK_WAIT_S = 60.0
LOCK_POLL_S = 0.05


class Archiver:
    """Seals segments of `segment_lines`, and keeps the last `keep_lines` in the stream."""

    def __init__(
        self, store: Redis, archive: Archive, *, segment_lines: int, keep_lines: int
    ) -> None:
        self._store = store
        self._archive = archive
        self._segment_lines = segment_lines
        self._keep_lines = keep_lines

    async def run(self) -> None:
        """Archive until cancelled; a store that is away is waited for, and so is a person."""
        while True:
            pause_s = LOOK_S
            try:
                while await self.seal(self._segment_lines):
                    continue
                await self.trim()
            except AWAY as error:
                log.warning("archiving waits: %s", error)
            except (ArchiveError, ResponseError) as error:
                log.error("archiving has stopped, trying again in %g s: %s", STOPPED_S, error)
                pause_s = STOPPED_S
            await asyncio.sleep(pause_s)

    async def seal(self, least: int) -> Segment | None:
        """Seal the next segment. None when fewer than `least` lines are not, or another is at it.

        Raises `ArchiveError` when the archive is not the one that this ledger has written.
        """
        found = await journal.extent(self._store)
        if found.end - found.sealed < least:
            return None
        with self._archive.locked() as is_ours:
            found = await journal.extent(self._store)
            if not is_ours or found.end - found.sealed < least:
                return None
            last = self._next_last(found)
            await asyncio.to_thread(_require_sealed, self._archive.segments(), found)
            return await self._seal(found, last)

    async def seal_all(self) -> int:
        """Seal all that is posted now; the last place that is sealed."""
        end = (await journal.extent(self._store)).end
        deadline_s = asyncio.get_running_loop().time() + LOCK_WAIT_S
        while (sealed := (await journal.extent(self._store)).sealed) < end:
            if await self.seal(1):
                continue
            if asyncio.get_running_loop().time() > deadline_s:
                raise ArchiveError(f"another archiver holds {self._archive.directory / 'lock'}")
            await asyncio.sleep(LOCK_POLL_S)
        return sealed

    async def trim(self) -> int:
        """Trim sealed lines from the stream; how many.

        What stays: `keep_lines` before the end, and all above the commission watermark, which the
        accountant has still to read.
        """
        register: Any = await self._store.get(REGISTER_PREFIX + WATERMARK_REGISTER)
        found = await journal.extent(self._store)
        upto = min(found.end - self._keep_lines, marked(parse_register(register)), found.sealed)
        if upto < found.first:
            return 0
        _require_end(self._archive.segments(), found)
        return int(await self._store.fcall("trim", 0, str(upto)))

    def _next_last(self, found: Extent) -> int:
        """Where the next segment ends: where one ends that was written and not sealed, if any."""
        segments = self._archive.segments()
        _require_end(segments, found)
        begun = [segment for segment in segments if segment.last > found.sealed]
        if not begun:
            return min(found.sealed + self._segment_lines, found.end)
        if len(begun) > 1 or begun[0].first != found.sealed + 1 or begun[0].last > found.end:
            raise ArchiveError(
                f"{begun[-1].path} is not this ledger's, which is at place {found.end} "
                f"and sealed up to {found.sealed}"
            )
        return begun[0].last

    async def _seal(self, found: Extent, last: int) -> Segment | None:
        with Draft(self._archive, found.sealed + 1, found.sealed_sha256) as draft:
            async for block in journal.live_blocks(self._store, found.sealed, last):
                await asyncio.to_thread(draft.add, block.lines)
            if draft.last != last:
                raise ArchiveError(journal.missing(draft.last + 1, found))
            segment, digest = await asyncio.to_thread(draft.publish)
        try:
            await self._store.fcall("seal", 0, str(found.sealed), str(last), digest)
        except ResponseError as error:
            if not str(error).startswith("STALE"):
                raise
            log.info("another archiver was first: %s", error)
            return None
        log.info("sealed the journal up to place %d", last)
        return segment


async def require_known(store: Redis, archive: Archive) -> None:
    """Raise `ArchiveError` when the archive holds lines that the ledger has never had, or lost."""
    last, end = archive.last_place(), (await journal.extent(store)).end
    if last > end:
        raise ArchiveError(
            f"the ledger is at place {end}, but the archive in {archive.directory} goes to {last}; "
            "put back the ledger it belongs to, or make it again with `livesrv rebuild`"
        )


def _require_end(segments: list[Segment], found: Extent) -> None:
    """The archive must reach to where the ledger is sealed; an empty mount does not."""
    ends = [segment.last for segment in segments if segment.last <= found.sealed]
    if max(ends, default=0) != found.sealed:
        raise ArchiveError(
            f"the ledger is sealed up to place {found.sealed}, but the archive ends at "
            f"{max(ends, default=0)}: is this its directory?"
        )


def _require_sealed(segments: list[Segment], found: Extent) -> None:
    """The last segment must be the very one that was sealed: the next names its hash."""
    for segment in segments:
        if segment.last == found.sealed:
            chain = Chain.before(segment)
            for _ in chain.blocks(segment):
                continue
            if chain.sha256 != found.sealed_sha256:
                raise ArchiveError(
                    f"{segment.path} is not the segment that was sealed, which has the SHA-256 "
                    f"{found.sealed_sha256}: is this the ledger's archive?"
                )
