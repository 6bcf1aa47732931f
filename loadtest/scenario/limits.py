"""What no scenario may go beyond, taken as a whole. Pure.

Invariant: a scenario within them is one that the harness can hold in memory.
"""

from collections.abc import Iterator

from .groups import PEOPLE_MAX, ROOMS_MAX
from .model import BadScenario, Scenario
from .shapes import actions

ACTIONS_MAX = 20_000_000
"""Every action costs the schedule 12 bytes, and a comment 8 more: half a gigabyte at the most."""


def require_within_limits(scenario: Scenario) -> None:
    """Raise `BadScenario` for one that is too large; scaling may have made it so."""
    found = list(exceeded(scenario))
    if found:
        raise BadScenario("\n".join(f"{scenario.name}: {problem}" for problem in found))


def exceeded(scenario: Scenario) -> Iterator[str]:
    """Each limit that it is beyond, with both numbers."""
    acts = [act for group in scenario.people for act in group.acts]
    for word, found, most in (
        ("people", scenario.viewers, PEOPLE_MAX),
        ("rooms", sum(group.count for group in scenario.rooms), ROOMS_MAX),
        ("actions", sum(actions(act.when, scenario.duration_s) for act in acts), ACTIONS_MAX),
    ):
        if found > most:
            yield f"{found:,} {word} in all; there may be {most:,} at most"
