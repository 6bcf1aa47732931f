"""Which worker plays whom. Pure.

Locust hands out users in turn, and so are people handed out to crews: where there are as many
users as people, each worker has a user for each of its people. Invariant: nobody is played twice.
"""

from collections import Counter
from collections.abc import Sequence
from random import Random

from ..crew.messages import Assignment


def in_turn(workers: Sequence[str]) -> list[str]:
    """Worker ids, `HOST_…`, in the order in which Locust gives users to them."""
    before: Counter[str] = Counter()
    places = []
    for worker in sorted(workers):
        host = worker.split("_")[0]
        places.append((before[host], worker))
        before[host] += 1
    return [worker for _, worker in sorted(places)]


def turn_of(crew: int, crews: int, hosts: int) -> int:
    """The place of a crew's worker: the first has the first person who is no host."""
    return (crew - hosts) % crews


def people_of(assignment: Assignment) -> list[int]:
    """The people whom a worker's users are to be, in the order in which they come.

    It is random, so that with a part of the users a part of every group is there.
    """
    hosts = len(assignment.room_ids)
    everybody = range(assignment.crew, hosts + assignment.scenario.viewers, assignment.crews)
    people = [number for number in everybody if number >= hosts]
    Random(f"{assignment.scenario.seed} crew {assignment.crew}").shuffle(people)
    return people
