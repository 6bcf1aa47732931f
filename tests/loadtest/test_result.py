"""What makes a run fail, and what is only worth a note."""

import json
from dataclasses import replace
from typing import Any

import pytest

from loadtest.books.deliveries import WaterfallAccount
from loadtest.books.latency import Latencies, Measure
from loadtest.books.sequence import Tally
from loadtest.run.result import Generator, Outcomes, Reconciliation, Result

GOOD = Result(
    run="r1",
    plan={"viewers": 2, "duration_s": 1.0},
    viewers_entered=2,
    viewers_gone=0,
    waterfall=WaterfallAccount(10, 10, 0, 0, 0, 0),
    reliable=Tally(expected=4, delivered=4),
    latency_ms={measure.value: Latencies().summary(measure) for measure in Measure},
    outcomes={"order": Outcomes(1, 1, 1, 0, 0, 0)},
    late=0,
    retries=0,
    resent=0,
    reconnects=0,
    errors={},
    close_codes={},
    entry_failures={},
    event_mismatches=0,
    unreadable=0,
    unreadable_first="",
    rooms_unsettled=0,
    ledger=Reconciliation(),
    generator=Generator(0.1, 10, 1, 1.0),
)


def test_a_run_in_which_nothing_was_lost_has_no_failures() -> None:
    assert (GOOD.failures(), GOOD.warnings()) == ([], [])


@pytest.mark.parametrize(
    "change",
    [
        {"reliable": Tally(lost=1)},
        {"reliable": Tally(doubled=1)},
        {"reliable": Tally(reordered=1)},
        {"event_mismatches": 1},
        {"unreadable": 1},
        {"rooms_unsettled": 1},
        {"viewers_entered": 1},
        {"ledger": Reconciliation(orders_missing=1)},
        {"ledger": Reconciliation(orders_wrong=1)},
        {"ledger": Reconciliation(stocks_wrong=1)},
        {"ledger": Reconciliation(wallets_wrong=1)},
        {"ledger": Reconciliation(shows_wrong=1)},
        {"ledger": Reconciliation(unverified=1)},
    ],
)
def test_anything_that_must_not_be_is_a_failure(change: dict[str, Any]) -> None:
    assert len(replace(GOOD, **change).failures()) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"waterfall": WaterfallAccount(10, 9, 0, 0, 0, 0)},
        {"viewers_gone": 1},
        {"generator": Generator(0.1, 10, 1, 0.5)},
        {"outcomes": {"order": Outcomes(2, 2, 1, 0, 0, 1)}},
        {"outcomes": {"order": Outcomes(2, 1, 1, 0, 1, 0)}},
        {"reliable": Tally(holes=1, resnapshots=1)},
    ],
)
def test_what_the_wire_allows_is_no_failure(change: dict[str, Any]) -> None:
    assert replace(GOOD, **change).failures() == []


def test_a_generator_that_lagged_is_noted() -> None:
    latencies = Latencies()
    latencies.record(Measure.LOOP_LAG, 80.0)
    lagged = {**GOOD.latency_ms, Measure.LOOP_LAG.value: latencies.summary(Measure.LOOP_LAG)}
    assert "loop lag" in replace(GOOD, latency_ms=lagged).warnings()[0]


def test_the_json_holds_the_figures_and_the_verdict() -> None:
    written = json.loads(json.dumps(GOOD.as_json()))
    assert written["format"] == 1
    assert written["reliable"]["delivered"] == 4
    assert written["failures"] == []


def test_repeated_values_and_single_ones_make_one_histogram() -> None:
    latencies = Latencies()
    latencies.tally(Measure.GIFT_EVENT, 10, 99)
    latencies.record(Measure.GIFT_EVENT, 500.0)
    summary = latencies.summary(Measure.GIFT_EVENT)
    assert summary.count == 100
    assert summary.p99_ms == pytest.approx(10, rel=0.001)
    assert summary.max_ms == pytest.approx(500, rel=0.001)
