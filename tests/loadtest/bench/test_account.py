"""Sums, latencies and fair shares."""

import pytest

from loadtest.bench.account import fair_shares, percentile

from .telling import Telling, frame, hand


def test_latency_is_counted_per_arrival_in_whole_milliseconds_and_never_understated() -> None:
    telling = Telling(3)
    batch = telling.batch(comments=2)
    telling.script.sent_ns[0], telling.script.sent_ns[1] = 10_000_000, 12_999_999
    for member, now_ms in zip(telling.members, (15, 15, 20), strict=True):
        hand(member, frame(batch), now_ms=now_ms)
    assert telling.account().latency_ms == {6: 2, 11: 1, 4: 2, 9: 1}
    assert telling.account().last_arrival_ms == 20


def test_a_comment_accepted_and_never_told_does_not_add_up() -> None:
    telling = Telling(2)
    told = frame(telling.batch(comments=1))
    for member in telling.members:
        hand(member, told)
    assert telling.account().complaints() == []
    telling.script.accepted += 1
    assert any("expected" in line for line in telling.account().complaints())


def test_a_percentile_is_the_least_value_that_enough_do_not_exceed() -> None:
    counts = {1: 50, 2: 49, 9: 1}
    assert [percentile(counts, share) for share in (0.5, 0.51, 0.99, 1.0)] == [1, 2, 2, 9]
    assert percentile({}, 0.99) == 0


@pytest.mark.parametrize(
    ("demands", "budget", "shares"),
    [
        ([50.0, *[2.0] * 25], 20.0, [20 / 26] * 26),
        ([50.0, 1.0, 1.0], 20.0, [18.0, 1.0, 1.0]),
        ([1.0, 2.0], 20.0, [1.0, 2.0]),
        ([4.0, 1.0, 10.0], 9.0, [4.0, 1.0, 4.0]),
    ],
)
def test_fair_shares_are_max_min_fair(
    demands: list[float], budget: float, shares: list[float]
) -> None:
    assert fair_shares(demands, budget) == pytest.approx(shares)
