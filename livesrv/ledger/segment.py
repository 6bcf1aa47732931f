"""A segment: a file of the archive, how it is read, and what ties it to the one before.

A header line, then a line of JSON for each line of the journal: {"place", "seq", "at", "after",
"entry"}; gzip around it. Knows nothing of the directory and of how a segment comes to be.
Invariant: whoever reads a segment through a `Chain` to its end has read what was sealed.
"""

import re
import zlib
from collections.abc import Generator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

FORMAT = "livesrv journal 1"
READ_BYTES = 1 << 16
BLOCK_BYTES = 1 << 20
"""Unpacked bytes at a time: what a pass through a segment holds in memory, a few times over."""
LINE_BYTES_MAX = 1 << 26

NAME = re.compile(r"journal-(\d{16})-(\d{16})\.jsonl\.gz")


class ArchiveError(Exception):
    """The archive is not what it should be, or cannot be used; one sentence for a person."""


class Segment(NamedTuple):
    """A file that holds the lines of the places `first` to `last`."""

    first: int
    last: int
    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def index_path(self) -> Path:
        return self.path.with_name(self.name.replace(".jsonl.gz", ".index.gz"))


class Header(Struct, frozen=True):
    """The first line of a segment. `previous` is "" in the first one."""

    format: str
    first: int
    previous: str


class Index(Struct):
    """What a segment did: when, and the balance of every account it moved, at its end.

    `balances` maps an account to its assets and these to amounts.
    """

    first: int
    last: int
    earliest_ms: int
    latest_ms: int
    balances: dict[str, dict[str, int]]

    def note(self, line: "_Line") -> None:
        """Take in the next line. Raises `ArchiveError` when it is not the next one."""
        if line.place != self.last + 1:
            raise ArchiveError(f"the journal goes on at place {line.place} after {self.last}")
        self.last = line.place
        self.earliest_ms = min(self.earliest_ms, line.at) if self.earliest_ms else line.at
        self.latest_ms = max(self.latest_ms, line.at)
        for leg, balance in zip(line.entry.legs, line.after, strict=True):
            self.balances.setdefault(leg[0], {})[leg[1]] = balance


class _Entry(Struct, gc=False):
    legs: list[tuple[str, str, str, str]] = []


class _Line(Struct, gc=False):
    place: int
    at: int
    after: list[int]
    entry: _Entry


_headers = msgspec.json.Decoder(Header)
_lines = msgspec.json.Decoder(_Line)


class Chain:
    """Follows segments in order and refuses whatever does not fit to what came before.

    `place` and `sha256` are those of the last segment it has read to its end; the hash is None
    where it is not known, and the next header is then believed.
    """

    def __init__(self, place: int = 0, digest: str | None = "") -> None:
        self.place = place
        self.sha256 = digest
        self._name = "the beginning"

    @classmethod
    def before(cls, segment: Segment) -> "Chain":
        """A chain that starts at a segment without having seen those before."""
        return cls(segment.first - 1, None)

    def blocks(self, segment: Segment) -> Generator[bytes, None, None]:
        """The segment's lines, many whole ones at a time. Raises `ArchiveError`."""
        if segment.first != self.place + 1:
            raise ArchiveError(
                f"the archive has no segment with the places {self.place + 1} "
                f"to {segment.first - 1}: {segment.name} follows {self._name}"
            )
        digest, count, is_header = sha256(), 0, True
        for block in _whole_lines(segment):
            digest.update(block)
            if is_header:
                head, _, block = block.partition(b"\n")
                self._check_header(segment, head)
                is_header = False
            count += block.count(b"\n")
            yield block
        if count != segment.last - segment.first + 1:
            raise ArchiveError(f"{segment.name} holds {count} lines")
        self.place, self.sha256, self._name = segment.last, digest.hexdigest(), segment.name

    def _check_header(self, segment: Segment, line: bytes) -> None:
        try:
            header = _headers.decode(line)
        except msgspec.MsgspecError as error:
            raise ArchiveError(f"{segment.name} has no header: {error}") from error
        if header.format != FORMAT:
            raise ArchiveError(f"{segment.name} is of format {header.format!r}, not {FORMAT!r}")
        if header.first != segment.first:
            raise ArchiveError(f"{segment.name} holds another segment: of place {header.first} on")
        if self.sha256 is None:
            self.sha256 = header.previous
        if header.previous != self.sha256:
            raise ArchiveError(
                f"{segment.name} follows a segment with SHA-256 {header.previous or 'none'}, "
                f"but that of {self._name} is {self.sha256 or 'none'}"
            )


def _whole_lines(segment: Segment) -> Iterator[bytes]:
    rest = b""
    for block in _unpacked(segment):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
        if len(rest) > LINE_BYTES_MAX:
            raise ArchiveError(f"{segment.name} has a line of more than {LINE_BYTES_MAX} bytes")
    if rest:
        raise ArchiveError(f"{segment.name} ends within a line")


def _unpacked(segment: Segment) -> Iterator[bytes]:
    """The file's content, at most `BLOCK_BYTES` at a time. gzip's module takes twice as long."""
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        with segment.path.open("rb") as file:
            while not unpack.eof:
                packed = unpack.unconsumed_tail or file.read(READ_BYTES)
                block = unpack.decompress(packed, BLOCK_BYTES)
                if not (packed or block or unpack.eof):
                    raise ArchiveError(f"{segment.name} is damaged: it ends too early")
                yield block
            if unpack.unused_data or file.read(1):
                raise ArchiveError(f"{segment.name} is damaged: something follows its end")
    except OSError as error:
        raise unusable("read", segment.path, error) from error
    except zlib.error as error:
        raise ArchiveError(f"{segment.name} is damaged: {error}") from error


def empty_index(first: int) -> Index:
    return Index(first=first, last=first - 1, earliest_ms=0, latest_ms=0, balances={})


def note_block(index: Index, block: bytes) -> None:
    try:
        for line in _lines.decode_lines(block):
            index.note(line)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ArchiveError(f"a line after place {index.last} cannot be read: {error}") from error


def unusable(what: str, path: Path, error: OSError) -> ArchiveError:
    return ArchiveError(f"cannot {what} {path}: {error.strerror or error}")
