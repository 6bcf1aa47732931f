"""The load of a scaled scenario grows with its viewers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.capacity.search import Bounds, ladder
from loadtest.scenario.model import Curve, Kind, Scenario
from loadtest.scenario.reading import load, names

STEADY = load("steady-evening")


def per_s(scenario: Scenario, kind: Kind) -> float:
    """How often it is done, at the show's busiest."""
    curves = [
        act.when
        for group in scenario.people
        for act in group.acts
        if act.kind is kind and isinstance(act.when, Curve)
    ]
    return sum(max(rate for _, rate in curve.points) for curve in curves)


def deliveries_per_s(scenario: Scenario) -> float:
    """Of comments; all rooms are alike."""
    rooms = sum(group.count for group in scenario.rooms)
    return per_s(scenario, Kind.COMMENT) * scenario.viewers / rooms


def test_more_viewers_are_never_less_load() -> None:
    shows = [STEADY.for_viewers(viewers) for viewers in ladder(Bounds(viewers_max=50_000))]
    for less, more in pairwise(shows):
        assert more.viewers >= less.viewers
        assert deliveries_per_s(more) >= deliveries_per_s(less)
        for kind in (Kind.COMMENT, Kind.LIKE, Kind.GIFT, Kind.ORDER):
            assert per_s(more, kind) >= per_s(less, kind) - 1e-9


@given(st.integers(10, 100_000))
def test_every_viewer_is_told_as_much_whatever_the_size(viewers: int) -> None:
    show = STEADY.for_viewers(viewers)
    told_per_s = deliveries_per_s(STEADY) / STEADY.viewers
    assert deliveries_per_s(show) / show.viewers == pytest.approx(told_per_s)


@pytest.mark.parametrize("name", names())
def test_every_shipped_scenario_can_be_sized(name: str) -> None:
    show = load(name).for_viewers(700)
    assert show.viewers == pytest.approx(700, rel=0.05)
