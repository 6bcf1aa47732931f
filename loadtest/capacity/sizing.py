"""A scenario for a trial's number of viewers. Pure.

A scaled scenario has whole rooms: with 500 people in each, 749 have one room and 751 have two, and
each of them would suddenly be told half as much. So rates follow the rooms, not the people: a room
stays as lively as its author wrote it. Invariant: with more viewers the load of a scenario whose
rooms are scaled is never less, neither in commands nor in deliveries; a search relies on that.
"""

from dataclasses import replace

from ..scenario.model import Act, Curve, People, RoomGroup, Scenario, named


def sized(scenario: Scenario, viewers: int) -> Scenario:
    """The scenario for about `viewers` people, each room as lively as it was."""
    scaled = scenario.for_viewers(viewers)
    factor = viewers / scenario.viewers
    return replace(
        scaled,
        people=tuple(
            _lively(
                group, named(scenario.rooms, group.rooms), named(scaled.rooms, group.rooms), factor
            )
            for group in scaled.people
        ),
    )


def _lively(group: People, before: RoomGroup, after: RoomGroup, factor: float) -> People:
    if before.is_fixed or group.is_fixed:
        return group
    rounding = after.count / (before.count * factor)
    return replace(group, acts=tuple(_scaled(act, rounding) for act in group.acts))


def _scaled(act: Act, factor: float) -> Act:
    return replace(act, when=act.when.scaled(factor)) if isinstance(act.when, Curve) else act
