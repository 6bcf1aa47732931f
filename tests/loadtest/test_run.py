"""The whole harness against a server that keeps the wire's promises, or breaks one of them."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from loadtest.client.api import Unreachable
from loadtest.client.credentials import Mint
from loadtest.run.plan import Plan
from loadtest.run.report import print_report
from loadtest.run.result import Result
from loadtest.run.run import run
from loadtest.selftest.stub import MOVED_MS, SECRET, Faults, serving

PLAN = Plan(
    rooms=2, viewers=8, comments_per_s=40, gifts_per_s=20, orders_per_s=20, duration_s=1, seed=3
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stub answers within milliseconds, so silence means something sooner."""
    monkeypatch.setattr("loadtest.run.drain.QUIET_S", 0.2)
    monkeypatch.setattr("loadtest.run.drain.HOPELESS_S", 0.6)
    monkeypatch.setattr("loadtest.run.drain.POLL_S", 0.05)
    monkeypatch.setattr("loadtest.run.run.SETTLED_S", 0.05)


async def attempt(faults: Faults, plan: Plan = PLAN) -> Result:
    async with serving(faults) as url:
        return await run(replace(plan, url=url), Mint(SECRET, "the test"), silent())


def silent() -> Console:
    return Console(file=io.StringIO(), width=120)


def failed_on(result: Result) -> str:
    return "; ".join(result.failures())


async def test_a_server_without_faults_passes_with_everything_delivered() -> None:
    result = await attempt(Faults())
    assert result.failures() == []
    assert result.warnings() == []
    assert result.waterfall.expected == result.waterfall.delivered == 40 * 4
    assert result.reliable.expected == result.reliable.delivered == 40 * 4
    assert result.outcomes["order"].acknowledged == result.ledger.orders_found == 20
    assert result.latency_ms["comment delivered"].count == 160
    assert result.latency_ms["gift event delivered"].count == 20 * 4


async def test_a_batch_that_is_skipped_and_told_again_is_a_hole_but_no_loss() -> None:
    result = await attempt(Faults(skips_event=True))
    assert result.failures() == []
    assert result.reliable.holes == 8
    assert result.reliable.expected == result.reliable.delivered


async def test_a_batch_that_is_skipped_and_not_told_again_is_lost() -> None:
    result = await attempt(Faults(skips_event=True, has_amnesia=True))
    assert "reliable events lost" in failed_on(result)
    assert result.reliable.resnapshots == 8
    assert result.reliable.delivered + result.reliable.lost == result.reliable.expected


async def test_a_batch_that_comes_twice_is_doubled() -> None:
    result = await attempt(Faults(doubles_batch=True))
    assert "reliable events doubled" in failed_on(result)
    assert result.reliable.lost == 0


async def test_events_numbered_against_their_order_are_reordered() -> None:
    assert "reliable events reordered" in failed_on(
        await attempt(Faults(swaps_events=True, tick_ms=100))
    )


async def test_viewers_who_are_shown_different_histories_are_noticed() -> None:
    result = await attempt(Faults(tells_two_stories=True))
    assert "reliable events with two contents" in failed_on(result)


async def test_a_lost_connection_is_replaced_and_its_events_recovered() -> None:
    result = await attempt(Faults(hangs_up_with=1012))
    assert result.failures() == []
    assert result.reconnects == 8
    assert result.close_codes == {"1012": 8}
    assert result.outcomes["order"].acknowledged == 20


async def test_a_viewer_that_is_moved_comes_back_after_the_hint_and_not_before() -> None:
    result = await attempt(Faults(hangs_up_with=1012, moves=True))
    assert result.failures() == []
    assert result.reconnects == 8
    assert result.latency_ms["gift event delivered"].max_ms > MOVED_MS


async def test_a_viewer_that_was_replaced_does_not_come_back_and_is_owed_no_more() -> None:
    result = await attempt(Faults(hangs_up_with=4409))
    assert result.reliable.lost == 0
    assert result.viewers_gone == 8
    assert result.reconnects == 0


async def test_acknowledged_orders_that_the_ledger_does_not_know_are_missing() -> None:
    result = await attempt(Faults(forgets_order_every=1))
    assert "20 acknowledged orders not in the ledger" in failed_on(result)


async def test_a_wallet_with_less_than_was_acknowledged_is_wrong() -> None:
    assert "wallets that differ" in failed_on(await attempt(Faults(overcharges=True)))


async def test_a_gift_that_no_room_shows_is_a_mismatch() -> None:
    result = await attempt(Faults(hides_gifts=True))
    assert "gifts or sales shown otherwise than acknowledged" in failed_on(result)


async def test_comments_left_out_and_announced_are_not_missing() -> None:
    result = await attempt(Faults(sheds_comment_every=2), replace(PLAN, comments_per_s=200))
    assert result.failures() == []
    assert result.waterfall.shed > 0
    assert result.waterfall.missing == 0


async def test_busy_is_answered_with_the_same_key_until_it_is_done() -> None:
    result = await attempt(Faults(is_busy_at_first=True))
    assert result.failures() == []
    assert result.retries == result.errors["busy"] > 20
    assert result.outcomes["order"].acknowledged == 20


async def test_no_server_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await run(replace(PLAN, url="http://127.0.0.1:9"), Mint(SECRET, "the test"), silent())


async def test_every_figure_of_the_report_can_be_printed() -> None:
    console = silent()
    print_report(await attempt(Faults()), console)
    assert isinstance(console.file, io.StringIO)
    assert "OK:" in console.file.getvalue()
