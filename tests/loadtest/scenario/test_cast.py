"""Who plays: everybody once, in the same room and at the same moments in every process."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import cycle, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.scenario.cast import Cast, Move, Movement
from loadtest.scenario.model import (
    Curve,
    Incident,
    Kind,
    Offer,
    People,
    Role,
    RoomGroup,
    Scenario,
    Trouble,
)
from loadtest.scenario.reading import load, names

from ..shows import act, constant, crowd, show

DURATION_S = 20.0
TEA = Offer(offer="tea", price_minor=5)
JAM = Offer(offer="jam", price_minor=7)


def of(cast: Cast, move: Move) -> list[Movement]:
    return [each for each in cast.movements() if each.move is move]


def two_rooms(*people: People, incidents: tuple[Incident, ...] = ()) -> Cast:
    """Three rooms `main` with tea, and two rooms `side` with jam."""
    rooms = (
        RoomGroup(name="main", count=3, offers=(TEA,)),
        RoomGroup(name="side", count=2, offers=(JAM,)),
    )
    few = show(*people, duration_s=DURATION_S, incidents=incidents)
    return Cast(replace(few, rooms=rooms))


def test_the_host_of_a_room_has_its_number_and_people_come_behind() -> None:
    cast = two_rooms(crowd(4, name="one"), crowd(2, name="two", rooms="side"))
    assert (cast.room_count, cast.size) == (5, 11)
    assert [cast.is_host(person) for person in (0, 4, 5)] == [True, True, False]
    assert [cast.room_of(host) for host in range(5)] == [0, 1, 2, 3, 4]
    assert [list(group.numbers) for group in cast.groups] == [[5, 6, 7, 8], [9, 10]]
    assert cast.group_of(0) is None


def test_people_are_spread_evenly_over_the_rooms_of_their_group() -> None:
    cast = two_rooms(crowd(8, name="one"), crowd(4, name="two", rooms="side"))
    assert Counter(cast.room_of(person) for person in range(5, 13)) == {0: 3, 1: 3, 2: 2}
    assert Counter(cast.room_of(person) for person in range(13, 17)) == {3: 2, 4: 2}


def test_a_room_has_the_offers_of_its_group_and_there_is_none_beyond_the_last() -> None:
    cast = two_rooms(crowd(1))
    assert (cast.offers(2), cast.offers(3)) == ((TEA,), (JAM,))
    assert cast.all_offers() == (TEA, JAM)
    assert cast.first_room("side") == 3
    with pytest.raises(IndexError, match="no room 5"):
        cast.offers(5)


def test_hosts_act_as_the_persons_they_are() -> None:
    host = People(
        name="host", role=Role.HOST, count=3, rooms="main", acts=(act(Kind.PIN, 1, DURATION_S),)
    )
    cast = two_rooms(crowd(2), host)
    (pins,) = cast.schedule.of(Kind.PIN)
    assert set(pins.turns) == {0, 1, 2}
    assert cast.size == 7
    assert cast.group_of(0) is None


def test_who_does_not_arrive_is_there_first() -> None:
    cast = two_rooms(crowd(2), crowd(3, name="late", arrive=constant(0.3, 10)))
    assert [cast.is_there_first(person) for person in (0, 5, 6, 7, 9)] == [True] * 3 + [False] * 2


def test_everybody_who_arrives_comes_once_while_they_should() -> None:
    arrive = Curve(((2.0, 5.0), (6.0, 5.0)))
    cast = two_rooms(crowd(20, arrive=arrive))
    comes = of(cast, Move.COME)
    assert Counter(each.person for each in comes) == dict.fromkeys(range(5, 25), 1)
    assert all(2_000 <= each.at_ms <= 6_000 for each in comes)
    assert [each.person for each in comes] != list(range(5, 25))


@given(st.floats(0.01, 2.0))
@settings(deadline=None)
def test_everybody_arrives_however_a_scenario_is_scaled(factor: float) -> None:
    few = show(crowd(37, arrive=constant(3.7, 10)), duration_s=DURATION_S).scaled(factor)
    comes = of(Cast(few), Move.COME)
    assert len({each.person for each in comes}) == len(comes) == few.viewers


def churners() -> Cast:
    return two_rooms(crowd(6, role=Role.CHURNER, stay_s=3.0, away_s=2.0))


def test_a_churner_stays_and_is_away_in_turn() -> None:
    for person in range(5, 11):
        own = [each for each in churners().movements() if each.person == person]
        assert own[0].at_ms <= 3_000
        turns = cycle([(Move.GO, 2_000.0), (Move.COME, 3_000.0)])
        for (now, then), (move, pause_ms) in zip(pairwise(own), turns, strict=False):
            assert now.move is move
            assert then.at_ms - now.at_ms == pytest.approx(pause_ms)


def test_churners_do_not_leave_all_at_once() -> None:
    first = {each.person: each.at_ms for each in reversed(of(churners(), Move.GO))}
    assert len(set(first.values())) == 6


def test_a_churner_who_arrives_stays_whole_from_then_on() -> None:
    late = crowd(5, role=Role.CHURNER, arrive=constant(1, 5), stay_s=3.0, away_s=30.0)
    cast = two_rooms(late)
    came = {each.person: each.at_ms for each in of(cast, Move.COME)}
    for each in of(cast, Move.GO):
        assert each.at_ms == pytest.approx(came[each.person] + 3_000)


def test_nothing_moves_behind_the_end() -> None:
    incident = Incident(trouble=Trouble.DROP, at_s=15, within_s=5)
    cast = two_rooms(
        crowd(6, role=Role.CHURNER, stay_s=1.5, away_s=0.7),
        crowd(9, name="late", arrive=constant(0.9, 10)),
        incidents=(incident,),
    )
    moments = [each.at_ms for each in cast.movements()]
    assert moments == sorted(moments)
    assert moments[0] >= 0
    assert moments[-1] <= DURATION_S * 1000


def test_a_drop_finds_its_share_of_whom_it_names_within_its_time() -> None:
    incident = Incident(trouble=Trouble.DROP, at_s=4, within_s=2, people=("one",), share=0.5)
    cast = two_rooms(crowd(10, name="one"), crowd(10, name="two"), incidents=(incident,))
    drops = of(cast, Move.DROP)
    assert len({each.person for each in drops}) == len(drops) == 5
    assert all(5 <= each.person < 15 and 4_000 <= each.at_ms <= 6_000 for each in drops)


def test_a_drop_of_everybody_spares_the_hosts() -> None:
    incident = Incident(trouble=Trouble.DROP, at_s=4, within_s=0)
    host = People(name="host", role=Role.HOST, count=3, rooms="main")
    cast = two_rooms(host, crowd(4, name="one"), crowd(2, name="two"), incidents=(incident,))
    assert sorted(each.person for each in of(cast, Move.DROP)) == list(range(5, 11))


def test_a_raid_leads_into_the_first_room_of_its_group() -> None:
    incident = Incident(trouble=Trouble.RAID, at_s=4, within_s=2, to="side")
    raids = of(two_rooms(crowd(4), incidents=(incident,)), Move.RAID)
    assert {each.person for each in raids} == {5, 6, 7, 8}
    assert {each.room for each in raids} == {3}


def test_two_incidents_alike_find_different_people() -> None:
    one = Incident(trouble=Trouble.DROP, at_s=4, within_s=2, share=0.3)
    cast = two_rooms(crowd(40), incidents=(one, replace(one, at_s=8)))
    early = {each.person for each in of(cast, Move.DROP) if each.at_ms <= 6_000}
    late = {each.person for each in of(cast, Move.DROP) if each.at_ms > 6_000}
    assert len(early) == len(late) == 12
    assert early != late


def test_another_seed_is_another_show() -> None:
    few = show(crowd(9, act(Kind.GIFT, 3), arrive=constant(0.9, 10)), duration_s=DURATION_S)
    one, same, other = Cast(few), Cast(replace(few)), Cast(replace(few, seed=2))
    assert one.movements() == same.movements() != other.movements()
    assert moments(one) == moments(same) != moments(other)


def moments(cast: Cast) -> list[list[float]]:
    return [list(table.intended_ms) for table in cast.schedule.tables]


SCALES = st.sampled_from([0.001, 0.01, 0.05])


@given(st.sampled_from(names()), SCALES, st.integers(1, 7))
@settings(deadline=None, max_examples=25)
def test_each_person_of_a_shipped_scenario_is_of_one_crew_and_has_a_room(
    name: str, scale: float, crews: int
) -> None:
    scenario = load(name).scaled(scale)
    cast = Cast(scenario)
    assert cast.size == cast.room_count + scenario.viewers
    people = [n for crew in range(crews) for n in range(crew, cast.size, crews)]
    assert sorted(people) == list(range(cast.size))
    assert all(0 <= cast.room_of(person) < cast.room_count for person in people)
    assert all(0 <= each.person < cast.size for each in cast.movements())


@given(st.sampled_from(names()), SCALES)
@settings(deadline=None, max_examples=10)
def test_actions_of_each_kind_are_numbered_without_a_gap(name: str, scale: float) -> None:
    schedule = Cast(load(name).scaled(scale)).schedule
    for kind in Kind:
        spans = [range(each.first, each.first + len(each)) for each in schedule.of(kind)]
        numbers = [number for span in spans for number in span]
        assert numbers == list(range(schedule.count(kind)))


PRINTED = """
from loadtest.scenario.cast import Cast
from loadtest.scenario.reading import load
from tests.loadtest.scenario.test_cast import told
print(told(Cast(load("raid").scaled(0.01))))
"""


def told(cast: Cast) -> str:
    actions = [(at_ms, each.kind.value, n) for at_ms, each, n in cast.schedule.in_order()]
    turns = [list(table.turns) for table in cast.schedule.tables]
    return repr((actions, turns, cast.movements()))


def test_every_process_has_the_same_cast() -> None:
    """Another process has another hash of strings, and must not mind."""
    others = [
        subprocess.run(
            [sys.executable, "-c", PRINTED],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert others == [told(scaled("raid", 0.01))] * 2


def scaled(name: str, factor: float) -> Cast:
    scenario: Scenario = load(name)
    return Cast(scenario.scaled(factor))
