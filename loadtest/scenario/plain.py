"""A scenario as plain values and back: how a run's record keeps what was played. Pure.

Invariant: `from_plain(as_plain(scenario)) == scenario`, through JSON as well; so a run can be
played again from its record alone, when the files it was read from are gone.
"""

from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
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


def as_plain(scenario: Scenario) -> dict[str, Any]:
    """Dictionaries, lists, strings and numbers, ready for JSON."""
    plain: dict[str, Any] = _plain(asdict(scenario))
    return plain


def from_plain(plain: Mapping[str, Any]) -> Scenario:
    """The scenario that `as_plain` wrote. Raises `BadScenario`."""
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


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value


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
