"""A checkout result as tables for a person to read.

Must not judge: what is good and what is not stands in `result`. Every figure printed is also in
the JSON.
"""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table

from .result import CheckoutResult, Phase


def print_report(result: CheckoutResult, console: Console) -> None:
    for table in (_orders(result), _latencies(result), _cpu(result)):
        console.print(table)
    for line in _lines(result):
        console.print(line, markup=False, soft_wrap=True)
    for example in (*result.wrong_examples, *result.ledger.examples):
        console.print(f"  {example}", style="red", markup=False)
    for warning in result.warnings():
        console.print(f"note: {warning}", style="yellow", markup=False)
    _print_verdict(result, console)


def _print_verdict(result: CheckoutResult, console: Console) -> None:
    failures = result.failures()
    for failure in failures:
        console.print(f"FAILED: {failure}", style="bold red", markup=False)
    if not failures:
        orders = result.saturation.acknowledged + result.paced.acknowledged
        console.print(
            f"OK: {orders:,} orders, each sold, told and paid exactly once; the ledger agrees",
            style="bold green",
        )


def _phases(result: CheckoutResult) -> Mapping[str, Phase]:
    return {
        f"saturation, {result.connected:,} connections": result.saturation,
        f"paced, {result.paced_per_s:,.0f} a second": result.paced,
    }


def _orders(result: CheckoutResult) -> Table:
    columns = ("acknowledged/s", "sent", "acknowledged", "refused", "unknown", "skipped", "late")
    table = _table("orders", *columns)
    for name, phase in _phases(result).items():
        counts = (phase.sent, phase.acknowledged, phase.refused)
        rest = (phase.unknown, phase.skipped, phase.late)
        figures = (f"{count:,}" for count in (*counts, *rest))
        table.add_row(name, f"{phase.acknowledged_per_s:,.0f}", *figures)
    return table


def _latencies(result: CheckoutResult) -> Table:
    table = _table("reply in ms, from", "count", "p50", "p90", "p99", "p99.9", "max")
    named = {phase.latency_counts_from: phase.latency_ms for phase in _phases(result).values()}
    named["generator: sent late"] = result.sent_late_ms
    named["generator: loop lag"] = result.loop_lag_ms
    for name, summary in named.items():
        values = (summary.p50_ms, summary.p90_ms, summary.p99_ms, summary.p999_ms, summary.max_ms)
        table.add_row(name, f"{summary.count:,}", *(f"{value:,.1f}" for value in values))
    return table


def _cpu(result: CheckoutResult) -> Table:
    """CPU time for one acknowledged order, by process."""
    processes = list(result.saturation.cpu_us_per_order)
    table = _table("CPU µs per order", *processes, "harness", "others")
    for name, phase in _phases(result).items():
        spent = (phase.cpu_us_per_order.get(process, 0.0) for process in processes)
        cores = (f"{phase.harness_share:.2f} cores", f"{phase.others_cores:.2f} cores")
        table.add_row(name, *(f"{each:,.0f}" for each in spent), *cores)
    return table


def _lines(result: CheckoutResult) -> Iterator[str]:
    reliable, ledger = result.reliable, result.ledger
    yield f"durability: appendfsync {result.appendfsync or 'not looked up'}"
    yield from _ceiling(result)
    if memory := result.memory:
        yield (
            f"ledger memory: {memory.bytes_per_order:,.0f} bytes an order; of these, journal "
            f"{memory.bytes_per_journal_line:,.0f} bytes a line, "
            f"{memory.bytes_per_million_lines / 2**20:,.0f} MiB per million lines"
        )
    yield (
        f"watchers: {reliable.delivered:,} of {reliable.expected:,} reliable events, lost "
        f"{reliable.lost:,}, doubled {reliable.doubled:,}, reordered {reliable.reordered:,}, "
        f"holes {reliable.holes:,}"
    )
    yield (
        f"buyers: {result.updates:,} order updates, {result.updates_missing:,} missing; "
        f"{result.balances:,} balances"
    )
    yield (
        f"ledger: {ledger.pieces_sold:,} pieces sold, {ledger.pieces_acknowledged:,} acknowledged; "
        f"{ledger.wallets_checked:,} wallets compared, {ledger.wallets_wrong:,} different; "
        f"{ledger.orders_found:,} of {ledger.orders_acknowledged:,} orders looked up found"
    )
    yield f"errors by code: {_listed(result.errors)}; close codes: {_listed(result.close_codes)}"


def _ceiling(result: CheckoutResult) -> Iterator[str]:
    if not result.ceiling:
        return
    for trial in result.ceiling.trials:
        yield (
            f"ledger alone, {trial['in_flight']} calls of 128 entries in flight: "
            f"{trial['entries_per_s']:,.0f} entries/s, the ledger had {trial['ledger_cpu']:.0%} "
            "of a core"
        )
    yield (
        f"orders/s ÷ the ledger's ceiling: {result.saturation.acknowledged_per_s:,.0f} ÷ "
        f"{result.ceiling.entries_per_s:,.0f} = {result.ceiling.ratio:.0%}"
    )


def _table(*columns: str) -> Table:
    table = Table(header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    return table


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{key} {count:,}" for key, count in sorted(counts.items())) or "none"
