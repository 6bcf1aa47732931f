"""The checkout against the real server: the figures are there, and the books stay clean."""

import io
import json
from pathlib import Path

import pytest
from redis.asyncio import Redis
from rich.console import Console

from loadtest.checkout import ceiling
from loadtest.checkout.machine import OutOfSight, ledger_url
from loadtest.checkout.plan import CheckoutPlan
from loadtest.checkout.run import run
from loadtest.client.credentials import Mint

from ...server import Serve

PROCESSES = {"harness", "supervisor", "ledger", "bus", "backoffice", "worker-0"}


@pytest.mark.alone
async def test_a_short_run_is_clean_and_tells_rate_ceiling_memory_and_cpu(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.checkout.ceiling.SECONDS_EACH", 0.3)
    server = serve(workers=1)
    plan = CheckoutPlan(url=server.url, connections=20, duration_s=1.0, data_dir=server.data_dir)
    result = await run(plan, Mint(server.secret, "the test"), Console(file=io.StringIO()))
    assert result.failures() == []
    assert result.left_out == []
    assert result.appendfsync == "always"
    assert result.saturation.acknowledged_per_s > 0
    assert result.saturation.cpu_us_per_order.keys() == PROCESSES
    assert result.saturation.cpu_us_per_order["ledger"] > 0
    assert result.memory is not None
    assert result.memory.bytes_per_order > result.memory.bytes_per_journal_line > 0
    assert result.ceiling is not None
    assert [trial["in_flight"] for trial in result.ceiling.trials] == list(ceiling.IN_FLIGHT)
    assert result.ceiling.ratio == pytest.approx(
        result.saturation.acknowledged_per_s / result.ceiling.entries_per_s
    )
    json.dumps(result.as_json())
    sold = result.saturation.acknowledged + result.paced.acknowledged
    assert orders_in(server.audit()) > sold


def orders_in(audit: str) -> int:
    """The number of orders that an audit's first line tells of."""
    kinds = audit.partition("(")[2].partition(")")[0].split(", ")
    return next(int(each.split()[0]) for each in kinds if each.endswith(" order"))


async def test_the_ceilings_orders_can_be_looked_up_like_any_other(serve: Serve) -> None:
    server = serve(workers=1)
    plan = CheckoutPlan(url=server.url, connections=2, duration_s=0.2)
    result = await run(plan, Mint(server.secret, "the test"), Console(file=io.StringIO()))
    store = Redis.from_url(ledger_url(server.data_dir), protocol=2)
    try:
        lines = await ceiling.templates(store, f"{result.run}-r0")
        raw = lines[0].fill(b"a-new-key", b"oanewone")
        entry = json.loads(raw)
        outcomes = await store.fcall("post", 0, "0", raw)
        assert outcomes[0].startswith(b"posted ")
        assert entry["id"].endswith(":a-new-key")
        assert entry["facts"]["order"] == "oanewone"
        assert await store.exists("{ledger}:register:order:oanewone")
        assert len(lines) == 2
    finally:
        await store.aclose()


async def test_a_ledger_that_knows_no_order_of_the_run_is_not_measured(serve: Serve) -> None:
    server = serve(workers=1)
    url = ledger_url(server.data_dir)
    with pytest.raises(OutOfSight, match="knows no order"):
        await ceiling.measure(url, "nobody", "nobody-r0", server.data_dir)


def test_a_ledger_elsewhere_or_unnamed_is_out_of_sight(tmp_path: Path) -> None:
    with pytest.raises(OutOfSight, match="--data-dir"):
        ledger_url(None)
    with pytest.raises(OutOfSight, match="no server runs"):
        ledger_url(tmp_path)
    (tmp_path / "run.json").write_text('{"ledger_url": "redis://books.example:6379"}')
    with pytest.raises(OutOfSight, match="not on this machine"):
        ledger_url(tmp_path)
