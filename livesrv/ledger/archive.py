"""The archive: the journal's lines in files, one segment after the other, for ever.

    DIR/journal-FIRST-LAST.jsonl.gz     a header line, then the lines of the places FIRST to LAST
    DIR/journal-FIRST-LAST.index.gz     what the segment did, made from it and makeable again
    DIR/lock                            held by whoever writes here

A header names the SHA-256 of the segment before it, so nothing can be changed, taken out or put in
without breaking the chain. Knows files and lines, and no store. Invariant: a segment is whole, on
disk and never written again from the moment it has its name.
"""

import fcntl
import gzip
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from .segment import (
    FORMAT,
    NAME,
    ArchiveError,
    Chain,
    Header,
    Index,
    Segment,
    empty_index,
    note_block,
    unusable,
)

LEVEL = 3
"""Of gzip. 6 makes a seventh less of it, and takes more than twice the time."""
DRAFT_PREFIX = ".draft-"

_indexes = msgspec.json.Decoder(Index)


class Archive:
    """A directory of segments. It need not exist before something is written."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def segments(self) -> list[Segment]:
        """All segments there are, by their names, in order of place."""
        try:
            found = [(NAME.fullmatch(path.name), path) for path in self.directory.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unusable("read", self.directory, error) from error
        return sorted(Segment(int(m[1]), int(m[2]), path) for m, path in found if m)

    def last_place(self) -> int:
        """The last place in the archive, 0 when it is empty."""
        return max((segment.last for segment in self.segments()), default=0)

    def segment_of(self, place: int) -> Segment | None:
        """The segment that holds a place, None when there is none."""
        return next((s for s in self.segments() if s.first <= place <= s.last), None)

    # --- what the segments did

    def index(self, segment: Segment) -> Index:
        """The segment's index; made again from the segment where it is lost or damaged."""
        found = self.stored_index(segment)
        if found is None:
            found = empty_index(segment.first)
            for block in Chain.before(segment).blocks(segment):
                note_block(found, block)
            with suppress(OSError):  # it is whole without, and the directory may be read-only
                _write_index(segment, found)
        return found

    def stored_index(self, segment: Segment) -> Index | None:
        """The index as it lies beside the segment, None where it is lost or damaged."""
        with suppress(OSError, EOFError, zlib.error, msgspec.MsgspecError):
            found = _indexes.decode(gzip.decompress(segment.index_path.read_bytes()))
            if (found.first, found.last) == (segment.first, segment.last):
                return found
        return None

    def opening(self, pairs: set[tuple[str, str]], place: int) -> dict[tuple[str, str], int]:
        """The balance of each (account, asset) before the segment that holds `place`.

        For a place beyond the archive: at its end. Reads indexes, newest first, and no lines.
        """
        opening = dict.fromkeys(pairs, 0)
        missing = set(pairs)
        for segment in reversed([s for s in self.segments() if s.last < place]):
            if not missing:
                break
            balances = self.index(segment).balances
            for account, asset in list(missing):
                if asset in balances.get(account, {}):
                    opening[account, asset] = balances[account][asset]
                    missing.discard((account, asset))
        return opening

    # --- writing

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Make the directory and hold its lock; False when somebody else holds it.

        Two archivers on one machine take turns so. Whoever gets in finds no drafts of the dead.
        """
        try:
            self.directory.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        except OSError as error:
            raise unusable("write to", self.directory, error) from error
        try:
            is_ours = _locked(descriptor)
            for path in self.directory.glob(f"{DRAFT_PREFIX}*") if is_ours else ():
                path.unlink(missing_ok=True)
            yield is_ours
        finally:
            os.close(descriptor)

    def adopt(self, other: "Archive") -> None:
        """Copy another archive's segments here. Raises `ArchiveError` over segments not of it."""
        if self.directory.resolve() == other.directory.resolve():
            return
        strangers = {s.name for s in self.segments()} - {s.name for s in other.segments()}
        if strangers:
            raise ArchiveError(
                f"{self.directory / min(strangers)} is not in {other.directory}; "
                "move the archive that is there out of the way"
            )
        with self.locked() as is_ours:
            if not is_ours:
                raise ArchiveError(f"an archiver holds {self.directory / 'lock'}")
            for segment in other.segments():
                self._copy(segment)

    def _copy(self, segment: Segment) -> None:
        chain = Chain.before(segment)
        blocks = chain.blocks(segment)
        first = next(blocks)
        with Draft(self, segment.first, chain.sha256 or "") as draft:
            draft.add(first)
            for block in blocks:
                draft.add(block)
            draft.publish()


class Draft:
    """A segment while it is written, under a name nobody looks at. Use as a context manager."""

    def __init__(self, archive: Archive, first: int, previous: str) -> None:
        self._archive = archive
        self._index = empty_index(first)
        self._digest = sha256()
        try:
            descriptor, name = tempfile.mkstemp(dir=archive.directory, prefix=DRAFT_PREFIX)
        except OSError as error:
            raise unusable("write to", archive.directory, error) from error
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "wb")
        self._gzip = gzip.GzipFile("", "wb", LEVEL, self._file, mtime=0)
        self._write(msgspec.json.encode(Header(FORMAT, first, previous)) + b"\n")

    def __enter__(self) -> "Draft":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._gzip.close()
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)

    @property
    def last(self) -> int:
        """The last place in it so far."""
        return self._index.last

    def add(self, block: bytes) -> None:
        """Append whole lines, which must be the next ones."""
        note_block(self._index, block)
        self._write(block)

    def publish(self) -> tuple[Segment, str]:
        """Bring it to disk and give it its name; the segment, and the SHA-256 of its content.

        A file of that name with the same content is as good. Raises `ArchiveError` over one with
        other content, and leaves that alone.
        """
        first, last = self._index.first, self._index.last
        path = self._archive.directory / f"journal-{first:016}-{last:016}.jsonl.gz"
        segment = Segment(first, last, path)
        try:
            self._gzip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            with suppress(FileExistsError):
                os.link(self._path, path)
            _require_content(segment, self._digest.hexdigest())
            _sync_directory(path.parent)
            _write_index(segment, self._index)
        except OSError as error:
            raise unusable("write", path, error) from error
        return segment, self._digest.hexdigest()

    def _write(self, content: bytes) -> None:
        self._digest.update(content)
        try:
            self._gzip.write(content)
        except OSError as error:
            raise unusable("write to", self._archive.directory, error) from error


def _require_content(segment: Segment, digest: str) -> None:
    """Read back what is on disk under the segment's name; it must be what we meant to write."""
    chain = Chain.before(segment)
    for _ in chain.blocks(segment):
        continue
    if chain.sha256 != digest:
        raise ArchiveError(
            f"{segment.path} is there already and holds other lines than this ledger has: "
            f"its SHA-256 is {chain.sha256}, not {digest}; it is left alone"
        )


def _write_index(segment: Segment, index: Index) -> None:
    descriptor, name = tempfile.mkstemp(dir=segment.path.parent, prefix=DRAFT_PREFIX)
    with os.fdopen(descriptor, "wb") as file:
        file.write(gzip.compress(msgspec.json.encode(index), LEVEL, mtime=0))
    Path(name).replace(segment.index_path)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
