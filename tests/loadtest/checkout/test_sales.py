"""Each acknowledged order is told of exactly once, whichever of the two comes first."""

from loadtest.checkout.sales import EXAMPLES_MAX, Sales, Updates, Wrongs


def test_an_update_before_or_behind_its_reply_settles_the_order() -> None:
    updates = Updates()
    updates.owe("a")
    assert updates.take("a")
    assert updates.take("b")
    updates.owe("b")
    assert (updates.count, updates.missing, updates.unclaimed) == (2, 0, 0)


def test_an_order_that_is_not_told_of_is_missing() -> None:
    updates = Updates()
    updates.owe("a")
    assert updates.missing == 1


def test_an_update_told_twice_is_too_many_on_either_side_of_the_reply() -> None:
    behind, before = Updates(), Updates()
    behind.owe("a")
    assert behind.take("a")
    behind.take("a")
    assert behind.unclaimed == 1
    assert before.take("b")
    assert not before.take("b")


def test_only_acknowledgements_within_the_time_make_the_rate() -> None:
    sales = Sales(ends_ms=1_000.0, sent=3)
    sales.acknowledge(5.0, 999.0)
    sales.acknowledge(6.0, 1_001.0)
    assert (sales.acknowledged, sales.in_time, sales.unknown) == (2, 1, 1)
    assert list(sales.latencies_ms) == [5.0, 6.0]


def test_wrongs_are_all_counted_and_only_the_first_are_shown() -> None:
    wrongs = Wrongs()
    for number in range(100):
        wrongs.note("kind", str(number))
    assert wrongs.counts["kind"] == 100
    assert len(wrongs.examples) == EXAMPLES_MAX
