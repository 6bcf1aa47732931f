"""A scenario read back from plain values."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.scenario.model import (
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
from loadtest.scenario.plain import from_json

NUMBERS = st.floats(0.0, 1e6)
NAMES = st.text(min_size=1, max_size=8)
CURVES = st.builds(Curve, st.lists(st.tuples(NUMBERS, NUMBERS), max_size=4).map(tuple))
RECORDINGS = st.builds(
    Recording, NAMES, st.lists(NUMBERS).map(tuple), st.lists(st.integers(1, 200)).map(tuple)
)
ACTS = st.builds(
    Act,
    kind=st.sampled_from(Kind),
    when=CURVES | RECORDINGS,
    offers=st.lists(NAMES, max_size=2).map(tuple),
    quantity=st.none() | st.integers(1, 9),
)
PEOPLE = st.builds(
    People,
    name=NAMES,
    role=st.sampled_from(Role),
    count=st.integers(1, 10_000),
    rooms=NAMES,
    arrive=st.none() | CURVES,
    acts=st.lists(ACTS, max_size=2).map(tuple),
    stay_s=st.none() | NUMBERS,
)
ROOMS = st.builds(
    RoomGroup,
    name=NAMES,
    offers=st.lists(st.builds(Offer, offer=NAMES, price_minor=st.integers(1)), max_size=2).map(
        tuple
    ),
)
INCIDENTS = st.builds(
    Incident,
    trouble=st.sampled_from(Trouble),
    at_s=NUMBERS,
    within_s=NUMBERS,
    people=st.lists(NAMES, max_size=2).map(tuple),
)
SCENARIOS = st.builds(
    Scenario,
    name=NAMES,
    title=NAMES,
    duration_s=NUMBERS,
    rooms=st.lists(ROOMS, max_size=2).map(tuple),
    people=st.lists(PEOPLE, max_size=2).map(tuple),
    incidents=st.lists(INCIDENTS, max_size=2).map(tuple),
    objectives=st.lists(st.builds(Objective, NAMES, NAMES, st.just("<="), NUMBERS), max_size=2).map(
        tuple
    ),
)


@settings(max_examples=40)
@given(SCENARIOS)
def test_a_scenario_comes_back_from_json_as_the_same_workload(scenario: Scenario) -> None:
    read = from_json(json.loads(json.dumps(scenario.as_json())))
    assert read == scenario
    assert read.workload() == scenario.workload()


@pytest.mark.parametrize("plain", [{}, {"rooms": 3}, {"rooms": [], "people": [{}]}])
def test_what_is_no_scenario_is_refused(plain: dict[str, Any]) -> None:
    with pytest.raises(BadScenario, match="not the values of a scenario"):
        from_json(plain)
