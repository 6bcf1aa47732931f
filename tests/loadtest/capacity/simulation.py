"""Searches against simulated deployments: what a resolution and a voting are worth.

`python -m tests.loadtest.capacity.simulation` prints the table behind the search's defaults.
"""

import math
from random import Random

from loadtest.capacity import search
from loadtest.capacity.search import Bounds, Search
from loadtest.record.record import Verdict

EDGE = 0.05
"""The pass probability falls from 0.95 to 0.05 within this share of the capacity, either side."""
TRIAL_S, HOLD_S = 18.0, 45.0


def passes(viewers: int, capacity: float, random: Random, edge: float = EDGE) -> bool:
    exponent = math.log(0.95 / 0.05) / edge * (viewers / capacity - 1.0)
    return random.random() < 1.0 / (1.0 + math.exp(min(exponent, 700.0)))


def searched(
    capacity: float, random: Random, bounds: Bounds, *, hiccups: float = 0.0, edge: float = EDGE
) -> Search:
    """A whole search; `hiccups` is the share of trials that fail for no reason."""
    found = Search(bounds)
    while (ask := found.next_trial()) is not None:
        is_pass = passes(ask.viewers, capacity, random, edge) and random.random() >= hiccups
        verdict = Verdict.PASS if is_pass else Verdict.FAIL
        found.tell(ask, verdict, HOLD_S if ask.is_hold else TRIAL_S)
    return found


def spread(answers: list[int]) -> float:
    return max(answers) / min(answers) - 1.0


def _row(edge: float, resolution: float, votes: int, hiccups: float, rounds: int = 1_000) -> str:
    search.VOTES = votes
    random, bounds = Random(1), Bounds(resolution=resolution)
    agree = near = trials = 0
    seconds = 0.0
    for _ in range(rounds):
        capacity = random.uniform(200.0, 8_000.0)
        three = [searched(capacity, random, bounds, hiccups=hiccups, edge=edge) for _ in range(3)]
        answers = [each.holds or 0 for each in three]
        agree += spread([max(answer, 1) for answer in answers]) <= 0.10
        near += sum(abs(answer / capacity - 1.0) <= 0.10 for answer in answers)
        trials += sum(each.trials for each in three)
        seconds += sum(each.seconds for each in three)
    share, each_near = agree / rounds, near / rounds / 3
    return (
        f"{edge:5.0%} {resolution:10.1%} {votes:5} {hiccups:7.0%} {share:15.1%} {each_near:18.1%} "
        f"{trials / rounds / 3:7.1f} {seconds / rounds / 3:8.0f}"
    )


if __name__ == "__main__":
    print(" edge resolution votes hiccups three within 10% within 10% of true  trials  seconds")
    for edge, hiccups in ((0.05, 0.0), (0.10, 0.0), (0.05, 0.05)):
        for votes in (1, 2, 3):
            for resolution in (0.03, 0.045, 0.05, 0.06, 0.08, 0.10):
                print(_row(edge, resolution, votes, hiccups))
