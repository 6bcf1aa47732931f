"""Which line of a TOML text each of its keys stands on. Pure.

`tomllib` reads values but forgets where they stood. This looks only at the structure of a text
that `tomllib` takes, never at what it means. Invariant: every key, table and element of an array
that `tomllib` reads has a line.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping

Place = tuple[str | int, ...]
"""Keys and, in arrays, numbers from 0: `("people", 1, "orders", "per_s")`."""

_GAP = re.compile(r"(?:[\s,]|#[^\n]*)*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_PART = r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'"""
_KEY = re.compile(rf"(?:{_PART})(?:[ \t]*\.[ \t]*(?:{_PART}))*")
_PARTS = re.compile(_PART)
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|[^,\]}\n#]+",
    re.DOTALL,
)


def lines_of(text: str) -> Mapping[Place, int]:
    """Place to line, from 1. `text` must be TOML that `tomllib` takes."""
    return _Scan(text).places


class _Scan:
    def __init__(self, text: str) -> None:
        self.places: dict[Place, int] = {(): 1}
        self._text = text
        self._at = 0
        self._newlines = [found.start() for found in re.finditer("\n", text)]
        self._last: dict[Place, int] = {}  # of each array of tables, the number of its last one
        table: Place = ()
        while self._next():
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)

    def _next(self) -> str:
        """The next character that is not between things; empty at the end."""
        self._skip(_GAP)
        return self._text[self._at : self._at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found.group() if found else ""

    def _note(self, place: Place) -> None:
        self.places.setdefault(place, bisect_left(self._newlines, self._at) + 1)

    def _key(self) -> list[str]:
        return [_unquoted(part) for part in _PARTS.findall(self._skip(_KEY))]

    def _header(self) -> Place:
        """`[table]` or `[[array]]`: the place of what stands below it."""
        start, is_array = self._at, self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        self._next()
        *above, last = self._key()
        end, self._at = self._at, start
        place: Place = ()
        for part in above:
            place = self._inside((*place, part))
        place = (*place, last)
        self._note(place)
        if is_array:
            self._last[place] = self._last.get(place, -1) + 1
        place = self._inside(place)
        self._note(place)
        self._at = end
        self._at = self._text.index("]]" if is_array else "]", end) + (2 if is_array else 1)
        return place

    def _inside(self, place: Place) -> Place:
        self._note(place)
        return (*place, self._last[place]) if place in self._last else place

    def _pair(self, table: Place) -> None:
        start, place = self._at, table
        parts = self._key()
        end, self._at = self._at, start
        for part in parts:
            place = (*place, part)
            self._note(place)
        self._at = end
        self._skip(_EQUALS)
        self._value(place)

    def _value(self, place: Place) -> None:
        opening = self._text[self._at]
        if opening == "[":
            self._array(place)
        elif opening == "{":
            self._inline_table(place)
        else:
            self._skip(_SCALAR)

    def _array(self, place: Place) -> None:
        self._at += 1
        number = 0
        while self._next() != "]":
            self._note((*place, number))
            self._value((*place, number))
            number += 1
        self._at += 1

    def _inline_table(self, place: Place) -> None:
        self._at += 1
        while self._next() != "}":
            self._pair(place)
        self._at += 1


def _unquoted(part: str) -> str:
    return next(iter(tomllib.loads(f"{part} = 0"))) if part[0] in "\"'" else part
