"""A recorded show: JSON lines of what happened when, as acts to be played again. Pure.

`livesrv record` writes such a file. Its first line is a header, `{"format": 1, …}`; each other
one is something that happened, `at_ms` after the recording began:

    {"at_ms": 1840, "what": "comment", "size": 24}       characters
    {"at_ms": 1850, "what": "shed", "count": 31}         comments that were not shown
    {"at_ms": 1850, "what": "like", "count": 12}         taps
    {"at_ms": 2210, "what": "gift", "added": 3}          of the same gift
    {"at_ms": 2490, "what": "order", "pieces": 2}
    {"at_ms": 3000, "what": "pin"}, and "unpin"
    {"at_ms": 3000, "what": "viewers", "count": 815}     for who reads it; not played

Comments that were shed happened too: they are played with the size of an average one, spread over
the time that a batch may have gathered. Invariant: every moment but theirs is as recorded.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from .model import BadScenario, Kind, Recording
from .table import did_you_mean, plain

FORMAT = 1
MOMENTS_MAX = 2_000_000
"""Two hours of a room as busy as any; each takes some 100 bytes until the schedule is made."""
AT_MS_MAX = 86_400_000
COMMENT_CHARACTERS_MAX = 200
TAPS_MAX = 100
"""Of one `like`; a room folds those of many people into one count."""
SIZE_DEFAULT = 20
"""Characters of a shed comment, where none was shown to take an average of."""
GATHERED_MS = 200
"""The longest that a room gathers before it says how many comments it shed."""

Moments = list[tuple[float, int]]
"""Milliseconds, and the size."""


@dataclass(frozen=True)
class _What:
    """A line's kind: what it is played as, and the number it carries."""

    kind: Kind | None
    key: str | None
    least: int = 0
    most: int = 10_000_000


_KNOWN = {
    "comment": _What(Kind.COMMENT, "size", 1, COMMENT_CHARACTERS_MAX),
    "shed": _What(Kind.COMMENT, "count"),
    "like": _What(Kind.LIKE, "count"),
    "gift": _What(Kind.GIFT, "added", 1, 99_999),
    "order": _What(Kind.ORDER, "pieces", 1, 200_000),
    "pin": _What(Kind.PIN, None),
    "unpin": _What(Kind.PIN, None),
    "viewers": _What(None, "count"),
}


@dataclass
class _Show:
    """What was read so far."""

    moments: dict[Kind, Moments] = field(default_factory=dict)
    shed: Moments = field(default_factory=list)
    count: int = 0

    def add(self, kind: Kind, at_ms: float, sizes: Iterable[int]) -> None:
        before = self.moments.setdefault(kind, [])
        length = len(before)
        before += zip(repeat(at_ms), sizes)
        self.count += len(before) - length


def parse(lines: Iterable[str], source: str) -> Mapping[Kind, Recording]:
    """What was done, by kind; kinds of which there was nothing are not in it.

    Raises `BadScenario`, whose message names the file and the line.
    """
    show = _Show()
    numbered = enumerate(lines, 1)
    _take_header(source, next(numbered, (1, "")))
    for number, line in numbered:
        if line.strip():
            _take(show, _Line(source, number, line))
    _play_shed(show)
    return {kind: _recording(source, moments) for kind, moments in show.moments.items()}


class _Line:
    """One line of the file, asked for its values."""

    def __init__(self, source: str, number: int, text: str) -> None:
        self._where = f"{source}:{number}"
        self.values = self._object(text)

    def bad(self, text: str) -> BadScenario:
        return BadScenario(f"{self._where}: {text}")

    def number(self, key: str, least: int, most: int) -> float:
        value = self.values.get(key)
        if isinstance(value, int | float) and value is not True and least <= value <= most:
            return value
        found = "is missing" if value is None else f"is {json.dumps(value)}"
        raise self.bad(f"{key} {found}; it must be a number from {plain(least)} to {plain(most)}")

    def _object(self, text: str) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except ValueError as error:
            raise self.bad(f"not JSON: {error}") from None
        if not isinstance(value, dict):
            raise self.bad('not an object; a line looks like {"at_ms": 1840, "what": "pin"}')
        return value


def _take_header(source: str, first: tuple[int, str]) -> None:
    header = _Line(source, *first) if first[1].strip() else None
    if header is None or "format" not in header.values:
        raise BadScenario(
            f'{source}:1: not a recorded show: the first line must be {{"format": {FORMAT}, …}}'
        )
    if header.values["format"] != FORMAT:
        found = json.dumps(header.values["format"])
        raise header.bad(f"format is {found}; this version reads {FORMAT}")


def _take(show: _Show, line: _Line) -> None:
    at_ms = line.number("at_ms", 0, AT_MS_MAX)
    word = line.values.get("what")
    what = _KNOWN.get(word) if isinstance(word, str) else None
    if what is None:
        hint = did_you_mean(word, _KNOWN) if isinstance(word, str) else ""
        there = hint or f"there are {', '.join(_KNOWN)}"
        raise line.bad(f"what is {json.dumps(word)}; {there}")
    size = 1 if what.key is None else int(line.number(what.key, what.least, what.most))
    if word == "shed":
        show.shed.append((at_ms, size))
        show.count += size
    elif what.kind is Kind.LIKE:
        show.add(Kind.LIKE, at_ms, _portions(size, TAPS_MAX))
    elif what.kind is not None:
        show.add(what.kind, at_ms, (size,))
    if show.count > MOMENTS_MAX:
        raise line.bad(f"more than {plain(MOMENTS_MAX)} things happened; record for a shorter time")


def _portions(whole: int, most: int) -> Iterator[int]:
    yield from repeat(most, whole // most)
    if whole % most:
        yield whole % most


def _play_shed(show: _Show) -> None:
    shown = [size for _, size in show.moments.get(Kind.COMMENT, ())]
    size = max(1, round(sum(shown) / len(shown))) if shown else SIZE_DEFAULT
    for at_ms, count in show.shed:
        from_ms = max(0.0, at_ms - GATHERED_MS)
        step_ms = (at_ms - from_ms) / max(count, 1)
        for number in range(count):
            show.add(Kind.COMMENT, from_ms + (number + 0.5) * step_ms, (size,))


def _recording(source: str, moments: Moments) -> Recording:
    moments.sort(key=lambda moment: moment[0])
    return Recording(
        source, tuple(at_ms / 1000 for at_ms, _ in moments), tuple(size for _, size in moments)
    )
