"""The whole harness against a server that keeps the wire's promises, or breaks one of them."""

import io

import pytest
from rich.console import Console

from loadtest.client.api import Refusal, Unreachable
from loadtest.client.credentials import Mint
from loadtest.record.figures import CATALOGUE, figure
from loadtest.record.record import Record, Verdict
from loadtest.report.text import print_report
from loadtest.run.run import RunOrder, run
from loadtest.scenario.model import Scenario
from loadtest.selftest.stub import MOVED_MS, SECRET, Faults, serving

from ..asides import asides as asides
from ..asides import impatient as impatient
from ..shows import busy_show

pytestmark = pytest.mark.usefixtures("asides", "impatient")

SHOW = busy_show(0.4)
MEMBERS = 4 + 1
"""Of each of the two rooms: people, and the host."""


async def attempt(faults: Faults, scenario: Scenario = SHOW, crews: int = 2) -> Record:
    async with serving(faults) as url:
        return await play(url, scenario, crews)


async def play(url: str, scenario: Scenario = SHOW, crews: int = 2) -> Record:
    order = RunOrder(scenario=scenario, url=url, crews=crews)
    return await run(order, Mint(SECRET, "the test"), silent())


def silent() -> Console:
    return Console(file=io.StringIO(), width=120)


def failed_on(record: Record) -> str:
    assert record.verdict is Verdict.FAIL, (record.verdict, record.reasons)
    return "; ".join(record.reasons)


def passed(record: Record) -> bool:
    assert record.verdict is Verdict.PASS, record.reasons
    return True


async def test_a_server_without_faults_passes_with_everything_delivered() -> None:
    record = await attempt(Faults())
    assert passed(record)
    assert record.notes == []
    figures = record.figures
    assert figures["comment.expected"] == figures["comment.delivered"] == 40 * MEMBERS
    assert figures["reliable.expected"] == figures["reliable.delivered"] == 40 * MEMBERS
    assert figures["order.acknowledged"] == figures["ledger.orders_checked"] == 20
    assert figures["comment.count"] == 40 * MEMBERS
    assert figures["gift_event.count"] == 20 * MEMBERS
    assert figures["sold_event.count"] > 0
    assert figures["viewers.asked"] == figures["viewers.opened"] == 8
    assert figures["connect.count"] == figures["join.count"] == 8 + 2
    assert "PASS" in printed(record)


def printed(record: Record) -> str:
    console = silent()
    print_report(record, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_a_run_gives_every_figure_that_it_can_and_no_other() -> None:
    """The stub says nothing of itself; of what never happened, only the count is a figure."""
    figures = (await attempt(Faults(hangs_up_with=1012))).figures
    assert all(figure(name) for name in figures)
    left_out = {name for name in CATALOGUE.keys() - figures.keys() if figures.get(_count(name), 1)}
    assert {name.partition(".")[0] for name in left_out} == {"server"}


def _count(name: str) -> str:
    """The figure that says how often there was what another one times."""
    return name.rpartition(".")[0] + ".count"


@pytest.mark.parametrize("crews", [1, 3])
async def test_any_number_of_crews_counts_the_same(crews: int) -> None:
    record = await attempt(Faults(), crews=crews)
    assert passed(record)
    assert record.figures["comment.delivered"] == 40 * MEMBERS
    assert record.figures["gift_event.count"] == 20 * MEMBERS
    assert len(record.generator) == crews


async def test_a_batch_that_is_skipped_and_told_again_is_a_hole_but_no_loss() -> None:
    record = await attempt(Faults(skips_event=True))
    assert passed(record)
    assert record.figures["reliable.holes"] == 2 * MEMBERS
    assert record.figures["reliable.expected"] == record.figures["reliable.delivered"]


async def test_a_batch_that_is_skipped_and_not_told_again_is_lost() -> None:
    record = await attempt(Faults(skips_event=True, has_amnesia=True))
    assert "reliable events were lost" in failed_on(record)
    figures = record.figures
    assert figures["reliable.resnapshots"] == 2 * MEMBERS
    assert figures["reliable.delivered"] + figures["reliable.lost"] == figures["reliable.expected"]


@pytest.mark.parametrize(
    ("faults", "figure", "value"),
    [
        (Faults(doubles_batch=True), "reliable.doubled", None),
        (Faults(swaps_events=True, tick_ms=100), "reliable.reordered", None),
        (Faults(tells_two_stories=True), "reliable.mismatched", None),
        (Faults(forgets_order_every=1), "ledger.orders_missing", 20),
        (Faults(overcharges=True), "ledger.wallets_wrong", None),
        (Faults(hides_gifts=True), "ledger.shows_wrong", None),
        (Faults(hides_sale=True), "ledger.shows_wrong", 1),
        (Faults(charges_twice=True), "ledger.wallets_wrong", 1),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_a_broken_promise_fails_the_run(
    faults: Faults, figure: str, value: float | None
) -> None:
    record = await attempt(faults)
    assert failed_on(record)
    assert record.figures[figure] > 0
    assert value is None or record.figures[figure] == value
    assert record.figures["reliable.lost"] == 0


async def test_a_lost_connection_is_replaced_and_its_events_recovered() -> None:
    record = await attempt(Faults(hangs_up_with=1012))
    assert passed(record)
    assert record.figures["viewers.reconnects"] == 2 * MEMBERS
    assert record.figures["closes.1012"] == 2 * MEMBERS
    assert record.figures["rejoin.count"] == 2 * MEMBERS
    assert record.figures["order.acknowledged"] == 20


async def test_a_viewer_that_is_moved_comes_back_after_the_hint_and_not_before() -> None:
    record = await attempt(Faults(hangs_up_with=1012, moves=True))
    assert passed(record)
    assert record.figures["viewers.reconnects"] == 2 * MEMBERS
    assert record.figures["gift_event.max_ms"] > MOVED_MS


async def test_a_viewer_that_was_replaced_does_not_come_back_and_is_owed_no_more() -> None:
    record = await attempt(Faults(hangs_up_with=4409))
    assert record.figures["reliable.lost"] == 0
    assert record.figures["viewers.gone"] == 2 * MEMBERS
    assert record.figures["viewers.reconnects"] == 0
    assert "10 people were told not to come back." in record.notes


async def test_comments_left_out_and_announced_are_not_missing() -> None:
    record = await attempt(Faults(sheds_comment_every=2), busy_show(0.5, comments=100))
    assert passed(record)
    assert record.figures["comment.shed"] > 0
    assert record.figures["comment.missing"] == 0
    assert record.figures["comment.reach_pct"] < 100


async def test_busy_is_answered_with_the_same_key_until_it_is_done() -> None:
    record = await attempt(Faults(is_busy_at_first=True))
    assert passed(record)
    assert record.figures["retries"] == record.figures["errors.busy"] > 20
    assert record.figures["order.acknowledged"] == 20


async def test_an_order_that_is_refused_is_counted_and_sold_nothing() -> None:
    record = await attempt(Faults(refuses_order=True))
    assert passed(record)
    assert (record.figures["order.refused"], record.figures["errors.sold_out"]) == (1, 1)
    assert record.figures["ledger.orders_checked"] == record.figures["order.acknowledged"] == 19


async def test_no_server_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await play("http://127.0.0.1:9")


async def test_a_server_that_does_not_let_us_prepare_refuses() -> None:
    with pytest.raises(Refusal, match="forbidden"):
        await attempt(Faults(refuses_rooms=True))
