"""A result as tables for a person to read.

Must not judge: what is good and what is not stands in `result`. Every figure printed is also in
the JSON.
"""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from .result import Result


def print_report(result: Result, console: Console) -> None:
    for table in (_lanes(result), _latencies(result), _outcomes(result), _ledger(result)):
        console.print(table)
    for name, counts in (
        ("errors by code", result.errors),
        ("close codes", result.close_codes),
        ("failures to enter", result.entry_failures),
    ):
        console.print(f"{name}: {_listed(counts)}")
    console.print(_generator(result))
    for example in result.ledger.examples:
        console.print(f"  {example}", style="red", markup=False)
    if result.unreadable_first:
        console.print(f"  first frame that makes no sense: {result.unreadable_first}")
    for warning in result.warnings():
        console.print(f"note: {warning}", style="yellow", markup=False)
    _print_verdict(result, console)


def _print_verdict(result: Result, console: Console) -> None:
    failures = result.failures()
    for failure in failures:
        console.print(f"FAILED: {failure}", style="bold red", markup=False)
    if not failures:
        events = result.reliable.delivered
        console.print(
            f"OK: {events:,} reliable events and {result.ledger.orders_found:,} orders, "
            "nothing lost, doubled or reordered; the ledger agrees",
            style="bold green",
        )


def _lanes(result: Result) -> Table:
    waterfall, reliable = result.waterfall, result.reliable
    table = _table("lane", "delivered / expected", "%", "lost", "doubled", "reordered", "also")
    table.add_row(
        "reliable events",
        f"{reliable.delivered:,} / {reliable.expected:,}",
        _percent(reliable.delivered, reliable.expected),
        f"{reliable.lost:,}",
        f"{reliable.doubled:,}",
        f"{reliable.reordered:,}",
        f"holes {reliable.holes:,}, resnapshots {reliable.resnapshots:,}",
    )
    table.add_row(
        "comments",
        f"{waterfall.delivered:,} / {waterfall.expected:,}",
        _percent(waterfall.delivered, waterfall.expected),
        f"{waterfall.missing:,}",
        "",
        "",
        f"shed {waterfall.shed:,}, gap {waterfall.gap:,}, surplus {waterfall.surplus:,}",
    )
    return table


def _latencies(result: Result) -> Table:
    table = _table("latency in ms", "count", "p50", "p90", "p99", "p99.9", "max")
    for name, summary in result.latency_ms.items():
        values = (summary.p50_ms, summary.p90_ms, summary.p99_ms, summary.p999_ms, summary.max_ms)
        table.add_row(name, f"{summary.count:,}", *(f"{value:,.1f}" for value in values))
    return table


def _outcomes(result: Result) -> Table:
    table = _table("commands", "scheduled", "sent", "acknowledged", "refused", "skipped", "unknown")
    for kind, outcome in result.outcomes.items():
        counts = (outcome.scheduled, outcome.sent, outcome.acknowledged)
        rest = (outcome.refused, outcome.skipped, outcome.unknown)
        table.add_row(f"{kind}s", *(f"{count:,}" for count in (*counts, *rest)))
    return table


def _ledger(result: Result) -> Table:
    ledger = result.ledger
    unknown = f" (+ {ledger.pieces_unknown:,} unknown)" if ledger.pieces_unknown else ""
    table = _table("ledger", "acknowledged", "in the ledger", "missing", "different")
    table.add_row(
        "orders",
        f"{ledger.orders_acknowledged:,}",
        f"{ledger.orders_found:,}",
        f"{ledger.orders_missing:,}",
        f"{ledger.orders_wrong:,}",
    )
    table.add_row(
        "pieces",
        f"{ledger.pieces_acknowledged:,}{unknown}",
        f"{ledger.pieces_sold:,}",
        "",
        f"{ledger.stocks_wrong:,} stocks",
    )
    table.add_row("wallets", "", f"{ledger.wallets_checked:,}", "", f"{ledger.wallets_wrong:,}")
    return table


def _generator(result: Result) -> str:
    generator = result.generator
    return (
        f"viewers: {result.viewers_entered:,} of {result.plan['viewers']:,} entered, "
        f"reconnects {result.reconnects:,}; sent late for want of a connection {result.late:,}, "
        f"retries {result.retries:,}, sent again {result.resent:,}\n"
        f"generator: {generator.cpu_share:.0%} of a core over {generator.sending_s:.1f} s, "
        f"{generator.frames:,} frames of which {generator.frames_decoded:,} were distinct"
    )


def _table(*columns: str) -> Table:
    table = Table(title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    return table


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.3%}" if whole else "-"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{key} {count:,}" for key, count in sorted(counts.items())) or "none"
