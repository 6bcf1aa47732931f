"""Tables of a scenario's file, asked for one value after the other. Pure.

Must not know what a scenario is. A value that cannot be is a problem, noted with its line, and a
possible one is answered in its stead, so that one reading finds all problems. Invariant: whoever
looks at more than one value asks `is_sound` first, so that no problem is the echo of another.
"""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any, TypeVar

from .lines import Place
from .model import BadScenario

PROBLEMS_MAX = 20
"""As many as a screen holds."""
Choice = TypeVar("Choice", bound=Enum)


class Problems:
    """What is wrong with one file."""

    def __init__(self, source: str, lines: Mapping[Place, int]) -> None:
        self._source = source
        self._lines = lines
        self._found: list[tuple[int, str]] = []
        self._places: list[Place] = []

    def add(self, place: Place, text: str) -> None:
        """Note a problem; one that lies at a missing key is shown at the table around it."""
        self._places.append(place)
        while place not in self._lines:
            place = place[:-1]
        self._found.append((self._lines[place], text))

    def is_sound(self, place: Place = ()) -> bool:
        """Whether nothing is wrong at this place or within it."""
        return not any(found[: len(place)] == place for found in self._places)

    def require_none(self) -> None:
        """Raise `BadScenario` with all of them, in the order of their lines."""
        if not self._found:
            return
        found = sorted(self._found, key=lambda problem: problem[0])
        shown = [f"{self._source}:{line}: {text}" for line, text in found[:PROBLEMS_MAX]]
        if len(found) > PROBLEMS_MAX:
            shown.append(f"and {len(found) - PROBLEMS_MAX} more")
        raise BadScenario("\n".join(shown))


class Table:
    """One table; what nobody asked for when `close` is called is a problem too."""

    def __init__(self, values: Mapping[str, Any], place: Place, problems: Problems) -> None:
        self.place = place
        self.problems = problems
        self._values = values
        self._asked: dict[str, None] = {}  # in the order asked

    @property
    def is_sound(self) -> bool:
        return self.problems.is_sound(self.place)

    def expect(self, *keys: str) -> None:
        """Make keys known, whether they are asked for or not."""
        self._asked |= dict.fromkeys(keys)

    def has(self, key: str) -> bool:
        self.expect(key)
        return key in self._values

    def wrong(self, key: str, must: str) -> None:
        """Note that a value cannot be: `key is VALUE; it must be …`."""
        value = self._values.get(key)
        found = "is missing" if value is None else f"is {shown(value)}"
        self.note(key, f"{found}; it must be {must}")

    def note(self, key: str, text: str) -> None:
        """Note a problem with a key of this table, or with the table when `key` is empty."""
        place = (*self.place, key) if key else self.place
        self.problems.add(place, f"{label(place)} {text}")

    def number(self, key: str, *, least: float, most: float, default: float | None = None) -> float:
        """A number within two limits, whole or not; required when there is no default."""
        return self._within(key, least, most, default, (int, float), "a number")

    def whole(self, key: str, *, least: int, most: int, default: int | None = None) -> int:
        return int(self._within(key, least, most, default, (int,), "a whole number"))

    def flag(self, key: str) -> bool:
        """False unless the file says otherwise."""
        value = self._get(key, False)
        if not isinstance(value, bool):
            self.wrong(key, "true or false")
        return value is True

    def text(self, key: str, *, length_max: int, default: str | None = None) -> str:
        value = self._get(key, default)
        if isinstance(value, str) and 1 <= len(value) <= length_max:
            return value
        self.wrong(key, f"a text of 1 to {length_max} characters")
        return default or "?"

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        """A member of an enumeration, written as its value."""
        known = {member.value: member for member in choices}
        value = self._get(key, None)
        if isinstance(value, str) and value in known:
            return known[value]
        hint = f" ({did_you_mean(value, known)})" if did_you_mean(value, known) else ""
        self.wrong(key, f"one of {', '.join(known)}{hint}")
        return next(iter(choices))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one alone may stand without brackets. Empty when it is not there."""
        value = self._get(key, [])
        values = [value] if isinstance(value, str) else value
        if isinstance(values, list) and all(isinstance(each, str) for each in values):
            return tuple(values)
        self.wrong(key, "a list of texts")
        return ()

    def numbers(self, key: str, *, least: float, most: float) -> list[float]:
        """A list of at least one number."""
        values = self._get(key, None)
        if isinstance(values, list) and values and all(_is_within(v, least, most) for v in values):
            return [float(value) for value in values]
        self.wrong(key, f"a list of numbers from {plain(least)} to {plain(most)}")
        return [least]

    def table(self, key: str) -> "Table | None":
        """The table of this key; None when it is not there, or is none."""
        value = self._get(key, None)
        if isinstance(value, dict):
            return Table(value, (*self.place, key), self.problems)
        if value is not None:
            self.wrong(key, "a table: { … }")
        return None

    def tables(self, key: str) -> "list[Table]":
        """The tables of a list; none when it is not there."""
        values = self._get(key, [])
        if isinstance(values, list) and all(isinstance(each, dict) for each in values):
            places = [(*self.place, key, number) for number in range(len(values))]
            return [Table(*pair, self.problems) for pair in zip(values, places, strict=True)]
        self.wrong(key, "a list of tables: [[…]], or [{ … }, { … }]")
        return []

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                hint = did_you_mean(key, self._asked) or f"there are {', '.join(self._asked)}"
                place = (*self.place, key)
                self.problems.add(place, f"{label(place)} is not known here; {hint}")

    def _get(self, key: str, default: Any) -> Any:
        self.expect(key)
        return self._values.get(key, default)

    def _within(
        self,
        key: str,
        least: float,
        most: float,
        default: float | None,
        kinds: tuple[type, ...],
        word: str,
    ) -> float:
        value = self._get(key, default)
        if _is_within(value, least, most, kinds):
            return float(value) if float in kinds else int(value)
        self.wrong(key, f"{word} from {plain(least)} to {plain(most)}")
        return least if default is None else default


def label(place: Place) -> str:
    """How a place is called in a message: `[[people]] orders.per_s`."""
    words = [part for part in place if isinstance(part, str)]
    if len(place) > 1 and isinstance(place[1], int) and len(words) > 1:
        return f"[[{words[0]}]] {'.'.join(words[1:])}"
    return f"[[{words[0]}]]" if len(place) > 1 else ".".join(words)


def shown(value: Any) -> str:
    """A value as TOML has it, as far as a message needs."""
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    return str(value)


def plain(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:g}"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`did you mean …?`, or nothing when nothing comes close."""
    close = get_close_matches(str(word), list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""


def _is_within(
    value: Any, least: float, most: float, kinds: tuple[type, ...] = (int, float)
) -> bool:
    is_number = isinstance(value, kinds) and not isinstance(value, bool)
    return is_number and bool(least <= value <= most)
