"""Makes a ledger again from its archive, in an empty store.

Every line is applied as it was posted and must come to the balances it noted, so the books are
those of the archive's end: balances, rooms, registers with their versions, rankings, the outcomes
of all posted entries, the journal's newest lines. Not in the archive, and so forgotten: what was
posted after the last seal, and which keys were refused. A key that was refused for good may then be
accepted, once. The ledger gets a new epoch: to its clients it is another one.
"""

import asyncio
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from . import journal
from .archive import Archive
from .archiver import Archiver
from .segment import ArchiveError, Chain, Segment
from .store import META_KEY, install

RESTORE_LINES = 500
"""In one call: the store answers nobody else meanwhile."""


class _Line(Struct, gc=False):
    place: int
    seq: int
    at: int
    after: tuple[int, ...]
    entry: Raw


_lines = msgspec.json.Decoder(_Line)


class Rebuilt(Struct, frozen=True, kw_only=True):
    """What a rebuild has made."""

    segments: int
    lines: int


class NotEmpty(Exception):
    """A ledger is rebuilt only where there is nothing; the message is for a person."""


async def rebuild(store: Redis, archive: Archive, *, own: Archive, keep_lines: int) -> Rebuilt:
    """Rebuild the ledger into an empty store, whose last `keep_lines` lines stay in its stream.

    The segments are copied to `own`, where the ledger's server looks for them, before anything is
    written to the store: so no server takes half a ledger for a whole one.

    Raises `NotEmpty`, and `ArchiveError` where the archive is damaged: before the first line is
    applied, unless a line makes no sense to the ledger. What is half rebuilt has to be removed.
    """
    await _require_empty(store)
    segments = archive.segments()
    await _verify(segments)
    await asyncio.to_thread(own.adopt, archive)
    await store.delete(META_KEY)
    await install(store)
    archiver = Archiver(store, archive, segment_lines=1, keep_lines=keep_lines)
    chain = Chain()
    for segment in segments:
        sealed = chain.place
        async for block in journal.sealed_blocks(chain, segment):
            for arguments in _arguments(block):
                await _restore(store, arguments)
        assert chain.sha256 is not None  # it has read a segment to its end
        await store.fcall("seal", 0, str(sealed), str(segment.last), chain.sha256)
        await archiver.trim()
    return Rebuilt(segments=len(segments), lines=chain.place)


async def _require_empty(store: Redis) -> None:
    """Nothing may be there but what a server leaves that has started and done nothing."""
    pipe = store.pipeline(transaction=True)
    pipe.dbsize()
    pipe.hgetall(META_KEY)
    keys, meta = await pipe.execute()
    if keys - bool(meta) > 0 or meta.keys() - {b"epoch"}:
        place = int(meta.get(b"place", 0))
        raise NotEmpty(
            f"it holds {keys} keys, with a ledger at place {place}; "
            "a ledger is rebuilt only into an empty store"
        )


async def _verify(segments: list[Segment]) -> None:
    """Read the whole archive once. Raises `ArchiveError`."""
    if not segments:
        raise ArchiveError("there are no segments to rebuild a ledger from")
    chain = Chain()
    for segment in segments:
        async for _ in journal.sealed_blocks(chain, segment):
            continue


async def _restore(store: Redis, arguments: list[bytes | str]) -> None:
    try:
        await store.fcall("restore", 0, *arguments)
    except ResponseError as error:
        raise ArchiveError(f"the ledger does not accept the archive: {error}") from error


def _arguments(block: bytes) -> Iterator[list[bytes | str]]:
    """What `restore` is told of a block's lines, call by call."""
    try:
        lines = _lines.decode_lines(block)
    except msgspec.MsgspecError as error:
        raise ArchiveError(f"a line cannot be read: {error}") from error
    for first in range(0, len(lines), RESTORE_LINES):
        arguments: list[bytes | str] = []
        for line in lines[first : first + RESTORE_LINES]:
            after = ",".join(map(str, line.after))
            arguments += [str(line.place), str(line.seq), str(line.at), after, bytes(line.entry)]
        yield arguments
