"""A phase measured: its orders, their latencies, and the CPU time that each process spent on one.

Must not know how the orders are timed. CPU time is taken until the last order was told of, because
the back office works behind. Invariant: when a phase ends, no order of it is under way any more.
"""

import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from ..books.latency import summarise
from .buyer import Buyer, Desk
from .loops import answered
from .machine import busy_s, cpu_s, others_s
from .result import Phase
from .sales import Sales

HARNESS = "harness"


async def carry_out(
    desk: Desk,
    buyers: Sequence[Buyer],
    ordering: Coroutine[Any, Any, None],
    *,
    latency_counts_from: str,
    data_dir: Path | None,
) -> Phase:
    """Let `ordering` order, wait for what is under way, and sum up."""
    desk.sales = sales = Sales()
    began_ms, before_s, busy_before_s = desk.clock(), _all_cpu_s(data_dir), busy_s()
    await ordering
    ordering_s = (desk.clock() - began_ms) / 1000
    share = (time.process_time() - before_s[HARNESS]) / ordering_s
    await answered(desk, buyers)
    for buyer in buyers:
        buyer.give_up_waiting()
    after_s, busy_after_s = _all_cpu_s(data_dir), busy_s()
    spent_s = {name: after_s[name] - before_s.get(name, 0.0) for name in after_s}
    elapsed_s = (desk.clock() - began_ms) / 1000
    others_cores = others_s(spent_s, busy_after_s - busy_before_s) / elapsed_s
    return _sum_up(
        sales,
        seconds=(sales.ends_ms - began_ms) / 1000,
        latency_counts_from=latency_counts_from,
        harness_share=share,
        others_cores=others_cores if data_dir else 0.0,
        cpu_spent_s=spent_s,
    )


def _sum_up(
    sales: Sales,
    *,
    seconds: float,
    latency_counts_from: str,
    harness_share: float,
    others_cores: float,
    cpu_spent_s: dict[str, float],
) -> Phase:
    orders = max(sales.acknowledged, 1)
    return Phase(
        seconds=seconds,
        scheduled=sales.scheduled,
        sent=sales.sent,
        acknowledged=sales.acknowledged,
        acknowledged_per_s=sales.in_time / seconds if seconds > 0 else 0.0,
        refused=sales.refused,
        unknown=sales.unknown,
        skipped=sales.skipped,
        late=sales.late,
        retries=sales.retries,
        latency_counts_from=latency_counts_from,
        latency_ms=summarise(sales.latencies_ms),
        harness_share=harness_share,
        others_cores=others_cores,
        cpu_us_per_order={name: spent_s / orders * 1e6 for name, spent_s in cpu_spent_s.items()},
    )


def _all_cpu_s(data_dir: Path | None) -> dict[str, float]:
    return {HARNESS: time.process_time(), **cpu_s(data_dir)}
