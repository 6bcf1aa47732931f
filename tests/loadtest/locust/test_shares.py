"""Each worker has a crew with as many people as Locust gives it users."""

from hypothesis import given
from hypothesis import strategies as st

from loadtest.client.credentials import Mint
from loadtest.crew.messages import Assignment, Gift
from loadtest.locust.shares import in_turn, people_of, turn_of
from loadtest.scenario.model import People, Role, RoomGroup, Scenario


def assignment(hosts: int, viewers: int, crew: int, crews: int) -> Assignment:
    people = People(name="viewers", role=Role.VIEWER, count=viewers, rooms="main")
    rooms = RoomGroup(name="main", count=hosts)
    return Assignment(
        scenario=Scenario(name="s", title="", duration_s=1, rooms=(rooms,), people=(people,)),
        url="http://127.0.0.1:1",
        run="run",
        room_ids=[f"r{n}" for n in range(hosts)],
        gift=Gift("rose", 1),
        mint=Mint("", ""),
        ttl_s=1,
        crew=crew,
        crews=crews,
    )


@given(hosts=st.integers(1, 9), viewers=st.integers(1, 60), crews=st.integers(1, 9))
def test_each_person_is_one_workers_and_each_worker_has_its_turns(
    hosts: int, viewers: int, crews: int
) -> None:
    shares: dict[int, list[int]] = {}
    for crew in range(crews):
        turn = turn_of(crew, crews, hosts)
        shares[turn] = people_of(assignment(hosts, viewers, crew, crews))
    everybody = sorted(person for share in shares.values() for person in share)
    assert everybody == list(range(hosts, hosts + viewers))
    in_turns = [len(range(turn, viewers, crews)) for turn in range(crews)]
    assert [len(shares[turn]) for turn in range(crews)] == in_turns


def test_workers_take_turns_host_by_host() -> None:
    workers = ["b_2", "a_9", "b_1", "a_1", "a_5", "c_7"]
    assert in_turn(workers) == ["a_1", "b_1", "c_7", "a_5", "b_2", "a_9"]
