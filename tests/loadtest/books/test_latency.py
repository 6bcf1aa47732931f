"""Histograms: three digits, the right percentile, and sums of sums."""

from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.books.latency import (
    LATENCY_US_MAX,
    TICKS_PER_MS,
    Latencies,
    Measure,
    percentiles_us,
    summarise,
    ticks,
)

LATENCIES_MS = st.lists(st.floats(0, 100_000), min_size=1, max_size=60)
SHARES = (0.5, 0.9, 0.99, 0.999)


@given(LATENCIES_MS)
def test_each_percentile_is_that_of_the_sorted_values_to_three_digits(values: list[float]) -> None:
    summary, in_order = summarise(values), sorted(values)
    found = (summary.p50_ms, summary.p90_ms, summary.p99_ms, summary.p999_ms)
    for share, found_ms in zip(SHARES, found, strict=True):
        exact_ms = in_order[ceil(share * len(values)) - 1]
        assert found_ms == pytest.approx(exact_ms, rel=0.005, abs=0.0006)
    assert summary.count == len(values)
    assert summary.max_ms == pytest.approx(in_order[-1], rel=0.005, abs=0.0006)


@given(st.dictionaries(st.integers(0, 10**6), st.integers(1, 1_000), min_size=1))
def test_a_percentile_is_the_least_value_that_its_share_does_not_exceed(
    counts: dict[int, int],
) -> None:
    histogram = Counter(counts)
    for share, value in zip(SHARES, percentiles_us(histogram, *SHARES), strict=True):
        below = sum(count for each, count in counts.items() if each < value)
        assert below < share * histogram.total() <= below + counts[value]


def test_nothing_has_percentiles_of_nought() -> None:
    assert percentiles_us(Counter(), 0.5, 0.99) == [0, 0]
    assert summarise([]).count == 0


@pytest.mark.parametrize(
    ("latency_ms", "kept_ms"),
    [(-1, 0), (0.0004, 0), (0.999, 0.999), (1.2345, 1.23), (99.96, 100.0), (1e12, 3_600_000)],
)
def test_a_value_is_kept_with_three_digits_between_nothing_and_an_hour(
    latency_ms: float, kept_ms: float
) -> None:
    assert summarise([latency_ms]).max_ms == kept_ms
    assert kept_ms <= LATENCY_US_MAX / 1000


@given(st.floats(0, 1e9), st.floats(0, 10_000))
def test_counting_in_ticks_is_off_by_a_quarter_of_a_millisecond_at_most(
    since_ms: float, latency_ms: float
) -> None:
    counted_ms = (ticks(since_ms + latency_ms) - ticks(since_ms)) / TICKS_PER_MS
    assert abs(counted_ms - latency_ms) <= 1 / TICKS_PER_MS + 1e-6


def test_repeated_values_and_single_ones_make_one_histogram() -> None:
    latencies = Latencies()
    latencies.tally(Measure.GIFT_EVENT, 10 * TICKS_PER_MS, 99)
    latencies.record(Measure.GIFT_EVENT, 500.0)
    summary = latencies.summary(Measure.GIFT_EVENT)
    assert summary.count == 100
    assert (summary.p99_ms, summary.max_ms) == (10, 500)


EVENTS = st.lists(
    st.tuples(st.sampled_from(list(Measure)), st.floats(0, 10_000), st.booleans(), st.booleans())
)


@given(EVENTS)
def test_what_is_taken_bit_by_bit_and_added_elsewhere_is_the_whole(
    events: list[tuple[Measure, float, bool, bool]],
) -> None:
    here, there = Latencies(), Latencies()
    for measure, latency_ms, is_tallied, is_taken in events:
        if is_tallied:
            here.tally(measure, ticks(latency_ms), 3)
        else:
            here.record(measure, latency_ms)
        if is_taken:
            there.add(here.take_recent())
    there.add(here.take_recent())
    assert there.total == here.total
    assert here.take_recent() == {}
    assert sum(each.total() for each in here.total.values()) == sum(
        3 if is_tallied else 1 for _, _, is_tallied, _ in events
    )
