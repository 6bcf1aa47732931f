"""Who plays: every person of a scenario by number, with role and room, and when they move. Pure.

Invariant: the cast follows from the scenario alone, so that every process has the same; person n
is played by crew n modulo the number of crews. Hosts come first: the host of room n is person n.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

from .model import Incident, Kind, Offer, People, Role, Scenario, Trouble
from .schedule import Schedule, Timetable, timetable
from .shapes import moments_ms

Span = range
"""Numbers of people, or of rooms."""


class Move(Enum):
    """What happens to a person's presence."""

    COME = "come"
    GO = "go"
    DROP = "drop"
    RAID = "raid"


@dataclass(frozen=True, slots=True)
class Movement:
    """At a moment after the begin. `room` is where a raid goes."""

    at_ms: float
    person: int
    move: Move
    room: int = -1


@dataclass(frozen=True)
class Group:
    """The people of one kind: their numbers, and the rooms they are spread over."""

    people: People
    numbers: Span
    rooms: Span


class Cast:
    """All people and rooms of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._rooms = _room_spans(scenario)
        self.room_count = sum(map(len, self._rooms.values()))
        self.groups = _groups(scenario, self._rooms, self.room_count)
        self.size = max((group.numbers.stop for group in self.groups), default=self.room_count)
        self.schedule = Schedule(list(_tables(self)))

    def group_of(self, person: int) -> Group | None:
        """None for a host."""
        for group in self.groups:
            if group.people.role is not Role.HOST and person in group.numbers:
                return group
        return None

    def room_of(self, person: int) -> int:
        """The number of the room a person begins in."""
        group = self.group_of(person)
        if group is None:
            return person
        return group.rooms[(person - group.numbers.start) % len(group.rooms)]

    def offers(self, room: int) -> tuple[Offer, ...]:
        for each in self.scenario.rooms:
            if room in self._rooms[each.name]:
                return each.offers
        raise IndexError(f"there is no room {room}")

    def all_offers(self) -> tuple[Offer, ...]:
        """Of all rooms: a raid may lead anyone anywhere."""
        return tuple(offer for group in self.scenario.rooms for offer in group.offers)

    def is_host(self, person: int) -> bool:
        return person < self.room_count

    def is_there_first(self, person: int) -> bool:
        """Whether somebody is in before the show begins."""
        group = self.group_of(person)
        return group is None or group.people.arrive is None

    def movements(self) -> list[Movement]:
        """Everything that happens to people's presence after the begin, earliest first."""
        moves = [move for group in self.groups for move in _visits(self, group)]
        for number, incident in enumerate(self.scenario.incidents):
            moves += _befall(self, incident, number)
        return sorted(moves, key=lambda each: (each.at_ms, each.person))

    def first_room(self, name: str) -> int:
        return self._rooms[name].start


def _room_spans(scenario: Scenario) -> dict[str, Span]:
    spans, start = {}, 0
    for group in scenario.rooms:
        spans[group.name] = range(start, start + group.count)
        start += group.count
    return spans


def _groups(scenario: Scenario, rooms: dict[str, Span], hosts: int) -> list[Group]:
    groups, start = [], hosts
    for people in scenario.people:
        span = rooms[people.rooms]
        if people.role is Role.HOST:
            groups.append(Group(people, span, span))
        else:
            groups.append(Group(people, range(start, start + people.count), span))
            start += people.count
    return groups


def _tables(cast: Cast) -> Iterator[Timetable]:
    firsts = dict.fromkeys(Kind, 0)
    for group in cast.groups:
        for act in group.people.acts:
            random = Random(f"{cast.scenario.seed} {group.people.name} {act.kind.value}")
            table = timetable(
                act.kind,
                act.when,
                group.numbers,
                duration_s=cast.scenario.duration_s,
                random=random,
                act=act,
                first=firsts[act.kind],
            )
            firsts[act.kind] += len(table)
            yield table


def _visits(cast: Cast, group: Group) -> Iterator[Movement]:
    """When the people of a group come, and go where they do."""
    people, end_ms = group.people, cast.scenario.duration_s * 1000
    random = Random(f"{cast.scenario.seed} {people.name} come")
    came_ms: Sequence[float] = [0.0] * len(group.numbers)
    if people.arrive is not None:
        came_ms = moments_ms(
            people.arrive, cast.scenario.duration_s, random, count=len(group.numbers)
        )
        numbers = random.sample(group.numbers, len(group.numbers))
        yield from map(Movement, came_ms, numbers, [Move.COME] * len(numbers))
    else:
        numbers = list(group.numbers)
    if people.stay_s is not None and people.away_s is not None:
        for person, first_ms in zip(numbers, came_ms, strict=False):
            offset = random.random() if people.arrive is None else 1.0
            yield from _come_and_go(person, first_ms, people, offset, end_ms)


def _come_and_go(
    person: int, came_ms: float, people: People, first_share: float, end_ms: float
) -> Iterator[Movement]:
    """Stays and absences in turn. Who was there before the show leaves after a part of a stay."""
    stay_ms, away_ms = (people.stay_s or 0) * 1000, (people.away_s or 0) * 1000
    at_ms = came_ms + stay_ms * first_share
    while at_ms < end_ms:
        yield Movement(at_ms, person, Move.GO)
        if at_ms + away_ms < end_ms:
            yield Movement(at_ms + away_ms, person, Move.COME)
        at_ms += away_ms + stay_ms


def _befall(cast: Cast, incident: Incident, number: int) -> Iterator[Movement]:
    random = Random(f"{cast.scenario.seed} incident {number}")
    move = Move.DROP if incident.trouble is Trouble.DROP else Move.RAID
    room = cast.first_room(incident.to) if incident.to else -1
    for group in cast.groups:
        if group.people.role is Role.HOST:
            continue
        if incident.people and group.people.name not in incident.people:
            continue
        for person in random.sample(group.numbers, round(len(group.numbers) * incident.share)):
            at_ms = (incident.at_s + random.random() * incident.within_s) * 1000
            yield Movement(at_ms, person, move, room)
