"""Small shows for tests, as scenarios."""

from dataclasses import replace
from typing import Any

from loadtest.scenario.model import Act, Curve, Incident, Kind, People, Role, RoomGroup, Scenario
from loadtest.scenario.schedule import Schedule, Timetable


def constant(per_s: float, duration_s: float = 1.0) -> Curve:
    return Curve(((0.0, per_s), (duration_s, per_s)))


def act(kind: Kind, per_s: float, duration_s: float = 1.0, **rest: Any) -> Act:
    return Act(kind=kind, when=constant(per_s, duration_s), **rest)


def crowd(
    count: int,
    *acts: Act,
    name: str = "crowd",
    role: Role = Role.VIEWER,
    rooms: str = "main",
    **rest: Any,
) -> People:
    return People(name=name, role=role, count=count, rooms=rooms, acts=acts, **rest)


def show(
    *people: People,
    rooms: int = 2,
    duration_s: float = 1.0,
    incidents: tuple[Incident, ...] = (),
    **rest: Any,
) -> Scenario:
    """A show in rooms called `main`."""
    return Scenario(
        name="small",
        title="A small show",
        duration_s=duration_s,
        rooms=(RoomGroup(name="main", count=rooms),),
        people=people,
        incidents=incidents,
        **rest,
    )


def busy_show(duration_s: float = 1.0, *, comments: int = 40, buys: int = 20) -> Scenario:
    """Eight people in two rooms, who comment so often, and give and order so often."""
    acts = (
        act(Kind.COMMENT, comments / duration_s, duration_s),
        act(Kind.GIFT, buys / duration_s, duration_s),
        act(Kind.ORDER, buys / duration_s, duration_s),
    )
    return replace(show(crowd(8, *acts), duration_s=duration_s), seed=3)


def schedule(*moments: tuple[Kind, list[float]], people: int = 1) -> Schedule:
    """People in turn, at these moments."""
    return Schedule([Timetable(kind, at_ms, range(people)) for kind, at_ms in moments])
