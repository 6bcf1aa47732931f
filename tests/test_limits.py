"""What a rate lets through, and how long it says to wait: one bucket, and a storm at the door."""

import heapq
import random
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesrv.limits import HINT_MAX_MS, Admission, TokenBucket

from .seeding import SEED


def test_a_burst_passes_at_once_and_the_next_waits_for_one_token() -> None:
    bucket = TokenBucket(per_s=1, burst=3, now_ms=0)
    assert [bucket.take(0) for _ in range(4)] == [0, 0, 0, 1000]


@given(st.integers(1, 500), st.integers(1, 50), st.integers(0, 5000))
def test_who_waits_as_told_gets_through(per_s: int, burst: int, at_ms: int) -> None:
    bucket = TokenBucket(per_s, burst, now_ms=0)
    while not (wait_ms := bucket.take(at_ms)):
        continue
    assert bucket.take(at_ms + wait_ms + 1) == 0


@given(st.integers(1, 500), st.integers(1, 50), st.lists(st.integers(0, 200), max_size=200))
def test_no_more_than_the_burst_and_the_rate_get_through(
    per_s: int, burst: int, pauses_ms: list[int]
) -> None:
    bucket, now_ms, taken = TokenBucket(per_s, burst, now_ms=0), 0, 0
    for pause_ms in pauses_ms:
        now_ms += pause_ms
        taken += bucket.take(now_ms) == 0
    assert taken <= burst + per_s * now_ms / 1000 + 1e-6


def storm(admission: Admission, count: int, chance: random.Random) -> list[int]:
    """When each of so many who all come in one second, and come again as told, is let in."""
    coming = [(chance.randrange(1000), number) for number in range(count)]
    heapq.heapify(coming)
    admitted_ms = []
    while coming:
        now_ms, number = heapq.heappop(coming)
        if wait_ms := admission.admit(now_ms, chance.random):
            assert 0 < wait_ms <= HINT_MAX_MS
            heapq.heappush(coming, (now_ms + wait_ms, number))
        else:
            admitted_ms.append(now_ms)
    return admitted_ms


@pytest.mark.parametrize(
    ("count", "per_s", "burst"), [(10_000, 2_000, 500), (10_000, 2_000, 4_000), (10_000, 500, 50)]
)
def test_storm_that_obeys_is_in_about_as_fast_as_the_rate_allows(
    count: int, per_s: int, burst: int
) -> None:
    admission = Admission(per_s, burst, now_ms=0)
    admitted_ms = storm(admission, count, random.Random(SEED))
    assert max(admitted_ms) <= 1.4 * 1000 * count / per_s
    for first in range(len(admitted_ms)):
        within = bisect_left(admitted_ms, admitted_ms[first] + 1000) - first
        assert within <= burst + per_s + 1


def test_few_are_turned_away_twice_by_a_storm() -> None:
    admission, chance = Admission(2_000, 500, now_ms=0), random.Random(SEED)
    asked = 0

    def counted() -> float:
        nonlocal asked
        asked += 1
        return chance.random()

    waits = [admission.admit(0, counted) for _ in range(10_000)]
    again = sorted(wait for wait in waits if wait)
    assert len(again) == 9_500
    assert 4_750 <= again[-1] <= 7_000, "spread over count / rate"
    refused = sum(admission.admit(now_ms, counted) > 0 for now_ms in again)
    assert refused < 100


def test_hint_is_bounded_and_spread_even_then() -> None:
    admission, chance = Admission(per_s=10, burst=1, now_ms=0), random.Random(SEED)
    waits = [admission.admit(0, chance.random) for _ in range(10_000)]
    assert max(waits) <= HINT_MAX_MS
    late = sorted(waits)[5_000:]
    assert late[-1] - late[0] > HINT_MAX_MS / 4, "not all at the same time"


def test_queue_passes_by_itself_and_a_clock_set_back_does_not_prolong_it() -> None:
    admission, chance = Admission(per_s=10, burst=1, now_ms=10**9), random.Random(SEED)
    for _ in range(10_000):
        admission.admit(10**9, chance.random)
    later_ms = 10**9 + HINT_MAX_MS
    assert admission.admit(later_ms, chance.random) == 0
    assert admission.admit(later_ms, chance.random) < 1_000
    assert admission.admit(10**9 - 3_600_000, chance.random) <= HINT_MAX_MS
    assert admission.admit(10**9 - 3_600_000 + HINT_MAX_MS, chance.random) == 0
    assert admission.admit(10**9 - 3_600_000 + HINT_MAX_MS, chance.random) < 1_000
