"""The checkout against a server that keeps the wire's promises, or breaks one of them."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from loadtest.checkout.plan import BadPlan, CheckoutPlan
from loadtest.checkout.report import print_report
from loadtest.checkout.result import CheckoutResult
from loadtest.checkout.run import run
from loadtest.client.api import Unreachable
from loadtest.client.credentials import Mint
from loadtest.selftest.stub import SECRET, Faults, serving

PLAN = CheckoutPlan(connections=4, watchers=2, duration_s=0.3, orders_per_s=100)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stub answers within milliseconds, so silence means something sooner."""
    monkeypatch.setattr("loadtest.run.drain.QUIET_S", 0.2)
    monkeypatch.setattr("loadtest.run.drain.HOPELESS_S", 0.6)
    monkeypatch.setattr("loadtest.run.drain.POLL_S", 0.05)
    monkeypatch.setattr("loadtest.checkout.loops.HOPELESS_S", 0.5)


async def attempt(faults: Faults, plan: CheckoutPlan = PLAN) -> CheckoutResult:
    async with serving(faults) as url:
        return await run(replace(plan, url=url), Mint(SECRET, "the test"), silent())


def silent() -> Console:
    return Console(file=io.StringIO(), width=160)


def failed_on(result: CheckoutResult) -> str:
    return "; ".join(result.failures())


async def test_a_server_without_faults_passes_with_every_order_sold_told_and_paid_once() -> None:
    result = await attempt(Faults())
    orders = result.saturation.acknowledged + result.paced.acknowledged
    assert result.failures() == []
    assert result.paced.acknowledged == result.paced.scheduled == 30
    assert result.saturation.acknowledged > PLAN.connections
    assert result.updates == result.balances == orders
    assert result.reliable.delivered == result.reliable.expected == 2 * orders
    assert result.ledger.pieces_sold == result.ledger.pieces_acknowledged == orders
    assert result.ledger.orders_found == result.ledger.wallets_checked == 4


async def test_the_rate_of_the_second_phase_follows_from_the_first() -> None:
    result = await attempt(Faults(), replace(PLAN, orders_per_s=None))
    assert result.paced_per_s == pytest.approx(0.8 * result.saturation.acknowledged_per_s)
    assert result.paced.scheduled == round(result.paced_per_s * PLAN.duration_s)


async def test_without_a_data_directory_the_ceiling_is_left_out_and_said_so() -> None:
    result = await attempt(Faults())
    assert result.ceiling is None
    assert result.memory is None
    assert any("ceiling" in warning and "--data-dir" in warning for warning in result.warnings())


@pytest.mark.parametrize(
    ("faults", "failure"),
    [
        (Faults(hides_sale=True), "1 buyers whose sales were shown otherwise than acknowledged"),
        (Faults(hides_update=True), "1 acknowledged orders without an order update"),
        (Faults(doubles_update=True), "1 order updates too many"),
        (Faults(answers_another_id=True), "1 replies to another id"),
        (Faults(charges_twice=True), "replies with another content"),
        (Faults(refuses_order=True), "1 orders refused"),
        (Faults(forgets_order_every=1), "4 orders not found in the ledger"),
        (Faults(overcharges=True), "4 wallets that differ from what was acknowledged"),
        (Faults(swaps_events=True, tick_ms=100), "reliable events reordered"),
        (Faults(doubles_batch=True), "reliable events doubled"),
        (Faults(tells_two_stories=True), "reliable events with two contents"),
        (Faults(skips_event=True, has_amnesia=True), "reliable events lost"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_a_broken_promise_fails_the_run(faults: Faults, failure: str) -> None:
    assert failure in failed_on(await attempt(faults))


async def test_an_answer_to_another_id_leaves_its_order_unknown() -> None:
    result = await attempt(Faults(answers_another_id=True))
    assert "1 orders without an answer" in failed_on(result)
    assert result.saturation.unknown == 1


async def test_busy_is_answered_with_the_same_order_until_it_is_done() -> None:
    result = await attempt(Faults(is_busy_at_first=True))
    assert result.failures() == []
    orders = result.saturation.acknowledged + result.paced.acknowledged
    assert result.saturation.retries + result.paced.retries == orders == result.errors["busy"]


async def test_no_server_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await run(replace(PLAN, url="http://127.0.0.1:9"), Mint(SECRET, "the test"), silent())


async def test_a_harness_that_used_a_core_calls_its_figures_invalid() -> None:
    result = await attempt(Faults())
    busy = replace(result, saturation=replace(result.saturation, harness_share=0.95))
    idle = replace(result, saturation=replace(result.saturation, harness_share=0.5))
    assert any(each.startswith("INVALID") and "saturation" in each for each in busy.warnings())
    assert not any("saturation" in each for each in idle.warnings())


async def test_every_figure_of_the_report_can_be_printed() -> None:
    console = silent()
    print_report(await attempt(Faults()), console)
    assert isinstance(console.file, io.StringIO)
    assert "OK:" in console.file.getvalue()


def test_a_plan_that_cannot_be_carried_out_is_refused() -> None:
    for wrong in ({"connections": 0}, {"watchers": 0}, {"duration_s": 0.0}, {"orders_per_s": 0.5}):
        with pytest.raises(BadPlan, match="it must be between"):
            CheckoutPlan(**wrong)
