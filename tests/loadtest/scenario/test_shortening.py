"""The same show in less time."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.scenario.model import (
    Act,
    Curve,
    Incident,
    Kind,
    Objective,
    People,
    Recording,
    Role,
    RoomGroup,
    Scenario,
    Trouble,
)
from loadtest.scenario.shortening import shortened


def evening(
    *people: People, incidents: tuple[Incident, ...] = (), duration_s: float = 100.0
) -> Scenario:
    return Scenario(
        name="evening",
        title="An evening",
        duration_s=duration_s,
        rooms=(RoomGroup(name="main"),),
        people=people,
        incidents=incidents,
        objectives=(Objective("reliable.lost == 0", "reliable.lost", "==", 0.0),),
    )


def crowd(count: int, *acts: Act, arrive: Curve | None = None) -> People:
    return People(
        name="crowd", role=Role.CHATTER, count=count, rooms="main", arrive=arrive, acts=acts
    )


def flat(per_s: float, until_s: float = 100.0, from_s: float = 0.0) -> Curve:
    return Curve(((from_s, per_s), (until_s, per_s)))


def area(curve: Curve) -> float:
    pairs = pairwise(curve.points)
    return sum((b_s - a_s) * (a + b) / 2 for (a_s, a), (b_s, b) in pairs)


def comments(scenario: Scenario) -> float:
    acts = [act for group in scenario.people for act in group.acts]
    return sum(area(act.when) for act in acts if isinstance(act.when, Curve))


@given(st.integers(1, 5_000), st.floats(1.0, 99.0))
def test_everybody_still_comes_and_no_faster_than_before(count: int, seconds: float) -> None:
    arrive = flat(count / 50.0, until_s=50.0)
    short = shortened(evening(crowd(count, arrive=arrive)), seconds)
    assert short.viewers == count
    for group in short.people:
        if group.arrive is not None:
            assert area(group.arrive) == pytest.approx(group.count)
            fastest = max(per_s for _, per_s in group.arrive.points)
            assert abs(fastest * 50.0 * seconds / 100.0 - count * seconds / 100.0) <= 0.51


@given(st.integers(1, 5_000), st.floats(1.0, 99.0), st.floats(0.1, 1_000.0))
def test_a_second_of_the_short_show_has_as_many_acts_as_one_of_the_long(
    count: int, seconds: float, per_s: float
) -> None:
    act = Act(kind=Kind.COMMENT, when=flat(per_s))
    long = evening(crowd(count, act, arrive=flat(count / 100.0)))
    short = shortened(long, seconds)
    assert comments(short) / seconds == pytest.approx(comments(long) / 100.0)


def test_what_lies_late_in_the_show_is_still_played() -> None:
    spike = Curve(((90.0, 0.0), (91.0, 50.0), (92.0, 0.0)))
    short = shortened(evening(crowd(10, Act(kind=Kind.ORDER, when=spike))), 10.0)
    (group,) = short.people
    when = group.acts[0].when
    assert isinstance(when, Curve)
    assert [at_s for at_s, _ in when.points] == pytest.approx([9.0, 9.1, 9.2])
    assert [per_s for _, per_s in when.points] == [0.0, 50.0, 0.0]


def test_a_recording_is_thinned_and_goes_to_those_who_are_in_from_the_beginning() -> None:
    recording = Recording("show.jsonl", tuple(float(n) for n in range(100)), tuple(range(100)))
    act = Act(kind=Kind.COMMENT, when=recording)
    early, arriving = shortened(evening(crowd(40, act, arrive=flat(0.4))), 25.0).people
    (kept,) = early.acts
    assert isinstance(kept.when, Recording)
    assert len(kept.when.moments_s) == len(kept.when.sizes) == 25
    assert kept.when.sizes[:2] == (3, 7)
    assert kept.when.moments_s[:2] == (0.75, 1.75)
    assert arriving.acts == ()
    assert (early.count, arriving.count) == (30, 10)


def test_an_incident_keeps_its_size_and_its_length_as_far_as_time_is_left() -> None:
    drop = Incident(trouble=Trouble.DROP, at_s=50.0, within_s=2.0, people=("crowd",), share=0.5)
    late = Incident(trouble=Trouble.DROP, at_s=95.0, within_s=5.0)
    long = evening(crowd(40, arrive=flat(0.4)), incidents=(drop, late))
    first, second = shortened(long, 20.0).incidents
    assert (first.at_s, first.within_s, first.share) == (10.0, 2.0, 0.5)
    assert first.people == ("crowd (in before)", "crowd")
    assert (second.at_s, second.within_s) == (19.0, 1.0)
    assert second.people == ()


def test_a_show_never_gets_longer_and_nothing_else_of_it_changes() -> None:
    long = evening(crowd(40))
    assert shortened(long, 100.0) is long
    assert shortened(long, 500.0) is long
    short = shortened(long, 10.0)
    assert (short.rooms, short.objectives, short.seed) == (long.rooms, long.objectives, long.seed)


def test_a_show_of_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="must be more than 0"):
        shortened(evening(crowd(1)), 0.0)
