"""What the doors count."""

from livesrv.tally import SPREAD_MS, Spread


def test_spread_counts_each_under_the_least_bound_that_holds_it() -> None:
    spread = Spread()
    for took_ms in (0.5, 1.0, 1.5, 10_000.0, 10_000.5):
        spread.add(took_ms)
    assert spread.counts[:2] == [2, 1]
    assert spread.counts[-2:] == [1, 1]
    assert (sum(spread.counts), len(spread.counts)) == (5, len(SPREAD_MS) + 1)
    assert spread.sum_ms == 20_003.5
