"""Scenarios from TOML files. Reads files; what is in them is looked at in pure modules.

Must not know servers. Invariant: a scenario that was read can be played as it stands; for every
other one `BadScenario` names the file and the line of each problem, and what would be right.

    title = "Flash sale"
    duration_s = 60
    objectives = ["reliable.lost == 0", "order.p99_ms <= 500"]

    [[rooms]]
    name = "main"
    offers = [{ offer = "peach", price_minor = 2990, stock = 100 }]

    [[people]]
    role = "buyer"
    count = 10_000
    arrive = { shape = "ramp", over_s = 20 }
    orders = { shape = "spike", at_s = 30, within_s = 2, total = 10_000 }

    [[incidents]]
    trouble = "drop"
    at_s = 40
    within_s = 1

Every key is explained in docs/scenarios.md.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from ..record.figures import UnknownFigure
from . import groups, replay
from .curves import DURATION_S_MAX
from .limits import exceeded
from .lines import lines_of
from .model import (
    BadScenario,
    Incident,
    Kind,
    Objective,
    People,
    Recording,
    Role,
    RoomGroup,
    Scenario,
)
from .objectives import BadObjective, parse
from .table import Problems, Table, did_you_mean

SEED_MAX = 2**53
TITLE_LENGTH_MAX = 200
FILE_BYTES_MAX = 1_000_000
"""A scenario is written by a person."""
_SYNTAX = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|.*)\)")


def names() -> list[str]:
    """The scenarios that are shipped."""
    return sorted(
        each.name.removesuffix(".toml")
        for each in _shipped().iterdir()
        if each.name.endswith(".toml")
    )


def titles() -> dict[str, str]:
    """Name to title of each shipped scenario."""
    return {name: load(name).title for name in names()}


def load(name_or_path: str | Path) -> Scenario:
    """A shipped scenario by its name, or one of a file. Raises `BadScenario`."""
    name = str(name_or_path)
    if name in names():
        text = _shipped().joinpath(f"{name}.toml").read_text()
        return read(text, f"{name}.toml", Path())
    path = Path(name_or_path)
    if not path.is_file():
        hint = did_you_mean(name, names()) or f"there are {', '.join(names())}"
        raise BadScenario(f"{name}: neither a file nor a shipped scenario; {hint}")
    return read(_text(path), name, path.parent)


def read(text: str, source: str, folder: Path) -> Scenario:
    """The scenario in a file's text. `source` is its name, `folder` where it looks for others.

    Raises `BadScenario`.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(_syntax(source, text, error)) from None
    problems = Problems(source, lines_of(text))
    read = _scenario(Table(values, (), problems), Path(source).stem, folder)
    if problems.is_sound():
        for problem in exceeded(read):
            problems.add((), problem)
    problems.require_none()
    return replace(read, text=text)


def _shipped() -> Traversable:
    return resources.files("loadtest.scenario.shipped")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadScenario(f"{path}: more than {FILE_BYTES_MAX:,} bytes; not a scenario")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadScenario(f"{path}: not UTF-8 from byte {error.start} on") from None
    except OSError as error:
        raise BadScenario(f"{path}: {error.strerror}") from None


def _syntax(source: str, text: str, error: tomllib.TOMLDecodeError) -> str:
    found = _SYNTAX.fullmatch(str(error))
    if found is None:
        return f"{source}: {error}"
    if found["line"] is None:
        return f"{source}:{max(1, len(text.splitlines()))}: {found['what']} at the file's end"
    return f"{source}:{found['line']}: {found['what']} (column {found['column']})"


def _scenario(table: Table, name: str, folder: Path) -> Scenario:
    duration_s = table.number("duration_s", least=1, most=DURATION_S_MAX)
    if not table.problems.is_sound(("duration_s",)):
        duration_s = DURATION_S_MAX  # so that nothing seems to end behind it
    room_groups = _rooms(table)
    people = _people(table, room_groups, duration_s, folder)
    scenario = Scenario(
        name=name,
        title=table.text("title", length_max=TITLE_LENGTH_MAX),
        duration_s=duration_s,
        rooms=tuple(room_groups),
        people=people,
        incidents=_incidents(table, room_groups, people, duration_s),
        objectives=_objectives(table),
        seed=table.whole("seed", least=0, most=SEED_MAX, default=1),
    )
    table.close()
    return scenario


def _rooms(table: Table) -> list[RoomGroup]:
    tables = table.tables("rooms")
    if not tables and table.problems.is_sound(("rooms",)):
        table.note("rooms", "is missing; at least one group is needed: [[rooms]]")
    room_groups = [groups.rooms(each) for each in tables]
    _require_unique(tables, [group.name for group in room_groups])
    return room_groups


def _people(
    table: Table, room_groups: Sequence[RoomGroup], duration_s: float, folder: Path
) -> tuple[People, ...]:
    def recorded(file: str) -> Mapping[Kind, Recording]:
        return _recorded(folder / file, file)

    tables = table.tables("people")
    known = {group.name: group for group in room_groups}
    people = [groups.people(each, known, duration_s, recorded) for each in tables]
    people = _named(people)
    _require_unique(tables, [group.name for group in people])
    if table.problems.is_sound(("people",)) and all(each.role is Role.HOST for each in people):
        table.note("people", "is missing; somebody must come: [[people]]")
    return tuple(people)


def _named(people: Iterable[People]) -> list[People]:
    """Those without a name are called by their role; the second such one is `viewer-2`."""
    named: list[People] = []
    unnamed: Counter[Role] = Counter()
    for group in people:
        if not group.name:
            unnamed[group.role] += 1
            number = unnamed[group.role]
            word = group.role.value
            group = replace(group, name=word if number == 1 else f"{word}-{number}")
        named.append(group)
    return named


def _require_unique(tables: Sequence[Table], found: Sequence[str]) -> None:
    for number, (table, name) in enumerate(zip(tables, found, strict=True)):
        if name in found[:number] and table.problems.is_sound((*table.place, "name")):
            table.note("name", f'"{name}" is there twice; each needs a name of its own')


def _incidents(
    table: Table, room_groups: Sequence[RoomGroup], people: Sequence[People], duration_s: float
) -> tuple[Incident, ...]:
    incidents: list[Incident] = []
    for each in table.tables("incidents"):
        incident = groups.incident(each, duration_s)
        found = [group.name for group in people if group.role is not Role.HOST]
        for name in incident.people:
            if name not in found:
                each.note("people", f'"{name}" is no group of people; there are {", ".join(found)}')
        rooms = [group.name for group in room_groups]
        if incident.to is not None and incident.to not in rooms and each.is_sound:
            each.wrong("to", f"the name of one of [[rooms]]: {', '.join(rooms)}")
        incidents.append(incident)
    return tuple(incidents)


def _objectives(table: Table) -> tuple[Objective, ...]:
    objectives: list[Objective] = []
    for number, text in enumerate(table.texts("objectives")):
        try:
            objectives.append(parse(text))
        except (BadObjective, UnknownFigure) as error:
            table.problems.add(("objectives", number), f'objective "{text}": {error}')
    return tuple(objectives)


def _recorded(path: Path, shown: str) -> Mapping[Kind, Recording]:
    try:
        with path.open(encoding="utf-8") as lines:
            return replay.parse(lines, shown)
    except UnicodeDecodeError as error:
        raise BadScenario(f"{shown}: not UTF-8 from byte {error.start} on") from None
    except OSError as error:
        raise BadScenario(f"{shown}: {error.strerror}") from None
