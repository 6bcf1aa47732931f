"""An account as the figures of a record."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.books.books import Books
from loadtest.books.latency import Latencies, Measure
from loadtest.record.figures import CATALOGUE, SUMMARY, TIMED, figure
from loadtest.run.figures import counted, distributions, reconciled, timed
from loadtest.run.reconcile import Reconciliation
from loadtest.scenario.model import Kind
from loadtest.scenario.schedule import Schedule

from ..shows import schedule


class Clock:
    now_ms = 0.0

    def __call__(self) -> float:
        return self.now_ms


def latencies(measure: Measure, *values_ms: float) -> Latencies:
    kept = Latencies()
    for value_ms in values_ms:
        kept.record(measure, value_ms)
    kept.take_recent()
    return kept


def test_everything_that_is_timed_has_figures_in_the_catalogue() -> None:
    assert {measure.value for measure in Measure} == TIMED.keys()
    for measure in Measure:
        figures = timed(latencies(measure, 5.0, 7.0))
        assert figures[f"{measure.value}.count"] == 2
        assert figures[f"{measure.value}.max_ms"] == 7.0
        assert {f"{measure.value}.{suffix}" for suffix in SUMMARY} <= figures.keys()
        assert figures.keys() <= CATALOGUE.keys()


def test_of_what_never_happened_there_is_only_the_count() -> None:
    assert timed(Latencies()) == {f"{measure.value}.count": 0.0 for measure in Measure}


def test_a_distribution_is_kept_for_what_users_feel_and_came() -> None:
    assert distributions(latencies(Measure.LOOP_LAG, 5.0)) == {}
    assert distributions(latencies(Measure.ORDER_REPLY, 5.0)) == {"order": [(5.0, 1)]}


@given(st.lists(st.floats(0, 100_000), min_size=1))
def test_a_distribution_rises_keeps_every_value_and_two_of_its_digits(values: list[float]) -> None:
    kept = latencies(Measure.COMMENT_DELIVERED, *values)
    pairs = distributions(kept)["comment"]
    moments = [at_ms for at_ms, _ in pairs]
    assert moments == sorted(set(moments))
    assert sum(count for _, count in pairs) == len(values)
    coarse = sorted(at_ms for at_ms, count in pairs for _ in range(count))
    fine = sorted(Counter(kept.total[Measure.COMMENT_DELIVERED]).elements())
    for rough_ms, exact_us in zip(coarse, fine, strict=True):
        assert 0 <= exact_us / 1000 - rough_ms <= exact_us / 10_000 + 1e-9


def books(clock: Clock, comments: int = 0) -> Books:
    return Books("r1", ["a", "b"], schedule((Kind.COMMENT, [0.0] * comments)), clock)


def test_bytes_are_for_each_second_that_each_viewer_was_there() -> None:
    clock = Clock()
    of = books(clock)
    for room in (0, 1):
        of.came(room)
    clock.now_ms = 1_000.0
    of.went(0)
    clock.now_ms = 3_000.0
    of.went(1)
    of.account.counts.update({"bytes": 8_000, "frames": 40})
    figures = counted(of.account, Schedule(), 5.0)
    assert figures["bytes.per_viewer_s"] == 2_000
    assert figures["frames.per_s"] == 8


def test_deliveries_are_of_both_lanes() -> None:
    of = books(Clock(), comments=1)
    of.account.deliveries.arrive(0, 30)
    of.account.tally.delivered = 10
    assert counted(of.account, of.schedule, 5.0)["deliveries.per_s"] == 8


def test_reach_is_what_arrived_where_it_was_owed() -> None:
    clock = Clock()
    of = books(clock, comments=2)
    for _ in range(4):
        of.came(0)
    of.account.deliveries.accept(0, 0, 1.0)
    of.account.deliveries.accept(1, 0, 1.0)
    of.account.deliveries.arrive(0, 5)
    of.account.deliveries.arrive(1, 1)
    of.account.deliveries.shed = 3
    clock.now_ms = of.account.closed_ms = 9_000.0
    for _ in range(4):
        of.went(0)
    figures = counted(of.account, of.schedule, 1.0)
    assert (figures["comment.expected"], figures["comment.delivered"]) == (8, 6)
    assert (figures["comment.surplus"], figures["comment.missing"]) == (1, 0)
    assert figures["comment.reach_pct"] == pytest.approx(100 * 5 / 8)


def test_where_nothing_was_owed_everything_arrived() -> None:
    figures = counted(books(Clock()).account, Schedule(), 1.0)
    assert (figures["comment.reach_pct"], figures["reliable.delivered_pct"]) == (100, 100)


def test_what_was_sent_and_never_answered_is_unknown() -> None:
    of = books(Clock(), comments=7)
    of.account.said.update({(Kind.COMMENT, "sent"): 5, (Kind.COMMENT, "skipped"): 2})
    of.account.said.update({(Kind.COMMENT, "acknowledged"): 3, (Kind.COMMENT, "refused"): 1})
    of.account.receipts.acknowledged[Kind.ORDER] = 4
    of.account.receipts.unknown[Kind.ORDER] = 2
    figures = counted(of.account, of.schedule, 1.0)
    assert (figures["comment.scheduled"], figures["comment.unknown"]) == (7, 1)
    assert (figures["order.sent"], figures["order.unknown"]) == (6, 2)


def test_every_code_that_came_has_a_figure() -> None:
    of = books(Clock())
    of.account.errors["sold_out"] += 3
    of.account.close_codes[4408] += 1
    figures = counted(of.account, Schedule(), 1.0)
    assert (figures["errors.sold_out"], figures["closes.4408"]) == (3, 1)
    assert all(figure(name) for name in figures)


def test_a_show_of_no_time_has_no_rates() -> None:
    of = books(Clock())
    of.account.counts["frames"] = 5
    figures = counted(of.account, Schedule(), 0.0)
    assert (figures["frames.per_s"], figures["deliveries.per_s"]) == (0, 0)


def test_what_the_ledger_showed_is_in_the_catalogue() -> None:
    figures = reconciled(Reconciliation(orders_checked=3, oversold=2))
    assert figures.keys() == {name for name in CATALOGUE if name.startswith("ledger.")}
    assert (figures["ledger.orders_checked"], figures["ledger.oversold"]) == (3, 2)
