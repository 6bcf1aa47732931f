"""Which trial comes next, and what all of them say, against simulated deployments."""

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.capacity.search import (
    INVALID_MAX,
    Ask,
    Bounds,
    End,
    Search,
    Standing,
    Tally,
    ladder,
)
from loadtest.record.record import Verdict

from .simulation import searched, spread

PASS, FAIL, INVALID = Verdict.PASS, Verdict.FAIL, Verdict.INVALID
BOUNDS = Bounds()


def carried_out(
    outcome: Callable[[Ask], Verdict], bounds: Bounds = BOUNDS
) -> tuple[Search, list[Ask]]:
    search, asked = Search(bounds), list[Ask]()
    while (ask := search.next_trial()) is not None:
        asked.append(ask)
        search.tell(ask, outcome(ask))
    return search, asked


def holding(capacity: int) -> Callable[[Ask], Verdict]:
    return lambda ask: PASS if ask.viewers <= capacity else FAIL


def scripted(search: Search, *verdicts: Verdict) -> Ask | None:
    """Tell so many outcomes; the trial asked for after them."""
    for verdict in verdicts:
        ask = search.next_trial()
        assert ask is not None
        search.tell(ask, verdict)
    return search.next_trial()


@given(st.integers(10, 1_000_000), st.integers(10, 20_000), st.sampled_from((0.02, 0.045, 0.1)))
def test_a_deployment_without_noise_is_found_to_within_the_resolution(
    capacity: int, start: int, resolution: float
) -> None:
    bounds = Bounds(start=start, resolution=resolution, viewers_max=2_000_000)
    search, _ = carried_out(holding(capacity), bounds)
    assert search.end is End.FOUND
    assert search.holds is not None
    assert search.fails_at is not None
    assert search.holds <= capacity < search.fails_at
    assert search.fails_at <= max(search.holds * (1 + resolution) + 1, search.holds + 1)


@given(st.floats(100.0, 100_000.0), st.integers(0, 10_000))
def test_a_noisy_deployment_is_found_to_within_10_percent_in_few_trials(
    capacity: float, seed: int
) -> None:
    search = searched(capacity, Random(seed), BOUNDS)
    assert search.end is End.FOUND
    assert search.holds is not None
    assert abs(search.holds / capacity - 1.0) <= 0.12
    assert search.trials <= 26


def test_of_three_searches_of_one_deployment_98_in_100_agree_within_10_percent() -> None:
    random, agree, near, seconds = Random(7), 0, 0, 0.0
    for _ in range(200):
        capacity = random.uniform(200.0, 8_000.0)
        three = [searched(capacity, random, BOUNDS) for _ in range(3)]
        answers = [each.holds or 0 for each in three]
        agree += spread(answers) <= 0.10
        near += all(abs(answer / capacity - 1.0) <= 0.10 for answer in answers)
        seconds += sum(each.seconds for each in three) / 3
    assert agree >= 196
    assert near >= 196
    assert seconds / 200 <= 300


@given(st.lists(st.sampled_from((PASS, FAIL, INVALID)), min_size=30, max_size=30))
def test_a_search_ends_whatever_it_is_told_and_keeps_its_two_sizes_in_order(
    verdicts: list[Verdict],
) -> None:
    outcomes = iter(verdicts)
    search, asked = carried_out(lambda _: next(outcomes))
    assert len(asked) <= BOUNDS.trials_max
    assert {ask.viewers for ask in asked} <= set(ladder(BOUNDS))
    if search.holds is not None and search.fails_at is not None:
        assert search.holds < search.fails_at


def test_sizes_double_until_one_fails() -> None:
    bounds = Bounds(start=100)
    _, asked = carried_out(holding(500), bounds)
    sizes = [ask.viewers for ask in asked[:4]]
    assert sizes[0] == 100
    assert all(2.0 <= b / a <= 2.1 for a, b in pairwise(sizes))


def test_a_start_that_fails_is_halved() -> None:
    search, asked = carried_out(holding(130), Bounds(start=1_000))
    assert [ask.viewers for ask in asked[:2]] == [1_000, asked[1].viewers]
    assert 0.45 <= asked[1].viewers / 1_000 <= 0.5
    assert search.end is End.FOUND


def test_where_not_even_the_smallest_holds_there_is_no_capacity() -> None:
    search, asked = carried_out(lambda _: FAIL)
    assert search.end is End.NONE
    assert search.holds is None
    assert search.fails_at == BOUNDS.viewers_min
    assert [ask.viewers for ask in asked[-2:]] == [BOUNDS.viewers_min] * 2


def test_the_largest_allowed_size_is_tried_and_held() -> None:
    search, asked = carried_out(lambda _: PASS, Bounds(start=100, viewers_max=1_234))
    assert search.end is End.MOST
    assert search.holds == 1_234
    assert search.fails_at is None
    assert asked[-1] == Ask(1_234, is_hold=True)


def test_what_holds_was_held_for_longer_and_what_fails_failed_twice() -> None:
    outcomes: dict[Ask, list[Verdict]] = {}
    search, asked = carried_out(holding(700))
    for ask in asked:
        outcomes.setdefault(ask, []).append(holding(700)(ask))
    assert search.holds is not None
    assert search.fails_at is not None
    assert outcomes[Ask(search.holds, is_hold=True)] == [PASS]
    assert outcomes[Ask(search.fails_at)] == [FAIL, FAIL]


@pytest.mark.parametrize("spoiled", range(12))
def test_one_noisy_failure_does_not_change_the_answer(spoiled: int) -> None:
    counted = iter(range(1_000))
    search, _ = carried_out(lambda ask: FAIL if next(counted) == spoiled else holding(700)(ask))
    clean, _ = carried_out(holding(700))
    assert search.holds == clean.holds


def test_a_size_voted_down_by_its_hold_moves_the_search_one_size_down() -> None:
    def only_briefly(ask: Ask) -> Verdict:
        return PASS if ask.viewers <= 500 or (ask.viewers <= 700 and not ask.is_hold) else FAIL

    search, asked = carried_out(only_briefly)
    assert search.holds == 500
    assert search.end is End.FOUND
    assert all(ask.viewers <= 2_100 for ask in asked)


def test_an_invalid_trial_is_repeated_once() -> None:
    search = Search(BOUNDS)
    assert scripted(search, INVALID) == Ask(BOUNDS.start)
    following = scripted(search, PASS)
    assert following is not None
    assert following.viewers > BOUNDS.start


def test_where_a_size_is_invalid_twice_the_generator_was_the_limit() -> None:
    counted: dict[int, int] = {}

    def up_to_900(ask: Ask) -> Verdict:
        counted[ask.viewers] = counted.get(ask.viewers, 0) + 1
        return PASS if ask.viewers <= 900 else INVALID

    search, _ = carried_out(up_to_900)
    assert search.end is End.GENERATOR
    assert search.holds is not None
    assert search.holds <= 900
    assert all(count <= INVALID_MAX for size, count in counted.items() if size > 900)


def test_a_server_that_fails_before_the_generator_does_is_found() -> None:
    def outcome(ask: Ask) -> Verdict:
        return INVALID if ask.viewers > 900 else holding(700)(ask)

    search, _ = carried_out(outcome)
    assert search.end is End.FOUND


def test_a_generator_that_is_always_the_limit_gives_no_answer() -> None:
    search, _ = carried_out(lambda _: INVALID, Bounds(start=100))
    assert search.end is End.GENERATOR
    assert search.holds is None


def test_a_search_out_of_time_says_that_it_is_not_settled() -> None:
    search = Search(Bounds(seconds_max=50.0))
    ask = search.next_trial()
    assert ask is not None
    search.tell(ask, PASS, seconds=60.0)
    assert search.next_trial() is None
    assert search.end is End.UNSETTLED
    assert search.holds == BOUNDS.start


def test_a_search_out_of_trials_says_that_it_is_not_settled() -> None:
    search, asked = carried_out(holding(700), Bounds(trials_max=4))
    assert len(asked) == 4
    assert search.end is End.UNSETTLED


@given(st.integers(1, 5_000), st.integers(1, 50_000), st.floats(0.01, 1.0))
def test_the_ladder_has_the_start_and_both_bounds_and_no_large_steps(
    start: int, more: int, resolution: float
) -> None:
    bounds = Bounds(start=start, viewers_max=start + more, resolution=resolution)
    sizes = ladder(bounds)
    assert {start, start + more, min(start, bounds.viewers_min)} <= set(sizes)
    assert list(sizes) == sorted(set(sizes))
    for lower, upper in pairwise(sizes):
        assert upper - lower <= lower * resolution + 2


def test_a_size_that_short_trials_have_settled_is_held_all_the_same() -> None:
    search, noisy = Search(Bounds(start=100, viewers_max=100)), iter((FAIL, PASS, PASS))
    asked: list[Ask] = []
    while (ask := search.next_trial()) is not None:
        asked.append(ask)
        search.tell(ask, next(noisy, PASS) if ask.viewers == 100 else PASS)
    assert asked[-1] == Ask(100, is_hold=True)
    assert search.end is End.MOST


def test_invalid_trials_count_only_in_a_row() -> None:
    def standing(*verdicts: Verdict) -> Standing:
        tally = Tally()
        for verdict in verdicts:
            tally.add(verdict, is_hold=False)
        return tally.standing

    assert standing(INVALID, PASS, INVALID) is Standing.PASSES
    assert standing(INVALID, PASS, INVALID, INVALID) is Standing.GENERATOR
