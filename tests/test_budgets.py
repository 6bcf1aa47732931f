"""Budgets by key: what passes, what is remembered, and what a raid of many keys cannot do."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesrv.budgets import Budgets, Headcount
from livesrv.limits import TokenBucket

from .seeding import SEED

NOW_MS = 1_764_000_000_000


def test_each_key_has_a_budget_of_its_own() -> None:
    budgets = Budgets(per_s=1, burst=2)
    assert [budgets.take("a", NOW_MS) for _ in range(3)] == [0, 0, 1000]
    assert [budgets.take("b", NOW_MS) for _ in range(3)] == [0, 0, 1000]


def test_no_key_is_under_no_budget() -> None:
    budgets = Budgets(per_s=1, burst=1)
    assert [budgets.take(None, NOW_MS) for _ in range(3)] == [0, 0, 0]
    assert len(budgets) == 0


@given(
    st.integers(1, 500),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, 3000), st.sampled_from("abc")), max_size=200),
)
def test_budget_of_a_key_lets_through_what_a_bucket_of_its_own_would(
    per_s: int, burst: int, asked: list[tuple[int, str]]
) -> None:
    budgets = Budgets(per_s, burst)
    buckets = {key: TokenBucket(per_s, burst, NOW_MS) for key in "abc"}
    now_ms = NOW_MS
    for pause_ms, key in asked:
        now_ms += pause_ms
        wait_ms, expected_ms = budgets.take(key, now_ms), buckets[key].take(now_ms)
        if bool(wait_ms) != bool(expected_ms):  # at the very edge rounding decides
            assert max(wait_ms, expected_ms) <= 1
            return
        assert abs(wait_ms - expected_ms) <= 1


def test_who_waits_as_told_gets_through() -> None:
    budgets, now_ms = Budgets(per_s=7, burst=3), NOW_MS
    for _ in range(100):
        while not (wait_ms := budgets.take("a", now_ms)):
            continue
        now_ms += wait_ms
        assert budgets.take("a", now_ms) == 0


def test_who_owes_nothing_is_forgotten() -> None:
    budgets = Budgets(per_s=10, burst=20)
    for number in range(1_000):
        budgets.take(f"k{number}", NOW_MS)
    assert len(budgets) == 1_000
    for second in range(1, 6):
        budgets.take("a", NOW_MS + second * 1000)
    assert len(budgets) == 1


def test_ever_new_keys_neither_grow_it_nor_wash_away_a_debt() -> None:
    budgets = Budgets(per_s=1, burst=10, keys_max=100)
    while not budgets.take("debtor", NOW_MS):
        continue
    allowed = 0
    for number in range(30_000):
        now_ms = NOW_MS + number // 10
        allowed += budgets.take(f"k{number}", now_ms) == 0
        assert len(budgets) <= 101
    assert allowed <= 100 + 10 + 3, "who finds no room shares one budget"
    passed = sum(budgets.take("debtor", NOW_MS + 3_000) == 0 for _ in range(20))
    assert passed == 3, "what three seconds give, and no fresh budget"


def test_debt_outlives_every_turn_until_it_is_paid() -> None:
    budgets, chance = Budgets(per_s=5, burst=10), random.Random(SEED)
    bucket, now_ms = TokenBucket(5, 10, NOW_MS), NOW_MS
    taken = allowed = 0
    for _ in range(5_000):
        now_ms += chance.randrange(300)
        taken += budgets.take("a", now_ms) == 0
        allowed += bucket.take(now_ms) == 0
    assert abs(taken - allowed) <= 2


def test_clock_that_is_set_back_locks_nobody_out() -> None:
    budgets = Budgets(per_s=1, burst=5)
    while not budgets.take("a", NOW_MS):
        continue
    assert budgets.take("a", NOW_MS - 3_600_000) <= 1_000
    assert budgets.take("a", NOW_MS - 3_600_000 + 1_000) == 0


def test_headcount_refuses_one_too_many_of_a_key_and_forgets_who_has_left() -> None:
    count = Headcount(each_max=2)
    assert [count.enter("a") for _ in range(3)] == [True, True, False]
    assert count.enter("b")
    assert all(count.enter(None) for _ in range(5))
    count.leave("a")
    assert count.enter("a")
    for key in ("a", "a", "b", None):
        count.leave(key)
    assert len(count) == 0


def test_who_was_not_let_in_cannot_be_counted_out() -> None:
    with pytest.raises(KeyError):
        Headcount(each_max=1).leave("a")
