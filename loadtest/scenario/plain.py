"""A scenario read back from the plain values that a run's record keeps. Pure.

Invariant: `from_json(scenario.as_json()) == scenario`; so a run can be played again from its
record alone, when the files it was read from are gone.
"""

from collections.abc import Mapping
from typing import Any

from .model import (
    Act,
    BadScenario,
    Curve,
    Incident,
    Kind,
    Objective,
    Offer,
    People,
    Recording,
    Role,
    RoomGroup,
    Scenario,
    Trouble,
)


def from_json(plain: Mapping[str, Any]) -> Scenario:
    """The scenario that `Scenario.as_json` wrote. Raises `BadScenario`."""
    try:
        return Scenario(
            **{
                **plain,
                "rooms": tuple(_room_group(each) for each in plain["rooms"]),
                "people": tuple(_people(each) for each in plain["people"]),
                "incidents": tuple(_incident(each) for each in plain["incidents"]),
                "objectives": tuple(Objective(**each) for each in plain["objectives"]),
            }
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadScenario(f"these are not the values of a scenario: {error!r}") from error


def _room_group(plain: Mapping[str, Any]) -> RoomGroup:
    offers = tuple(Offer(**each) for each in plain["offers"])
    return RoomGroup(**{**plain, "offers": offers})


def _people(plain: Mapping[str, Any]) -> People:
    return People(
        **{
            **plain,
            "role": Role(plain["role"]),
            "arrive": plain["arrive"] and _curve(plain["arrive"]),
            "acts": tuple(_act(each) for each in plain["acts"]),
        }
    )


def _act(plain: Mapping[str, Any]) -> Act:
    when = plain["when"]
    return Act(
        **{
            **plain,
            "kind": Kind(plain["kind"]),
            "when": _curve(when) if "points" in when else _recording(when),
            "offers": tuple(plain["offers"]),
        }
    )


def _curve(plain: Mapping[str, Any]) -> Curve:
    return Curve(tuple((at_s, per_s) for at_s, per_s in plain["points"]))


def _recording(plain: Mapping[str, Any]) -> Recording:
    return Recording(plain["source"], tuple(plain["moments_s"]), tuple(plain["sizes"]))


def _incident(plain: Mapping[str, Any]) -> Incident:
    return Incident(
        **{**plain, "trouble": Trouble(plain["trouble"]), "people": tuple(plain["people"])}
    )
