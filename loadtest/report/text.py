"""A record as tables for a person at a terminal; the verdict stands last, where the eye is.

Must not judge. Every figure printed is also in the record. Invariant: nothing in a record is taken
for rich's markup.
"""

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..record.figures import COMMANDS, LANE, OUTCOMES, value
from ..record.record import Judged, Process, Record, Verdict
from .headline import MEANING, name, title
from .wording import NONE, moment, of, plain, shown

STYLES = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.INVALID: "yellow"}
LATENCIES = {
    "connected": ("connect", None),
    "welcomed": ("hello", None),
    "joined": ("join", None),
    "back in the room": ("rejoin", None),
    "comment delivered": ("comment", "comment_service"),
    "gift answered": ("gift", "gift_service"),
    "gift event delivered": ("gift_event", None),
    "order answered": ("order", "order_service"),
    "sold event delivered": ("sold_event", None),
    "generator: sent late": ("generator.late", None),
    "generator: loop lag": ("generator.lag", None),
}
"""What each is timed as, in words; from the intended moment, and from the sending."""
_BEHIND = ("p50_ms", "p99_ms", "max_ms")
_TIMES = ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms")
_BAD_OUTCOMES = ("refused", "skipped", "unknown")
_CONNECTIONS = {
    "made again": "viewers.reconnects",
    "failed": "viewers.failed_entries",
    "told not to come back": "viewers.gone",
}
_AGAIN = {"because the server was busy": "retries", "on a new connection": "resent"}
_BAD_IN_LANE = ("lost", "doubled", "reordered")


def print_report(record: Record, console: Console) -> None:
    for part in parts(record):
        console.print(part)


def parts(record: Record) -> list[RenderableType]:
    """The report from top to bottom; what the run has nothing of is left out."""
    tables = (
        _lanes(record.figures),
        _latencies(record.figures),
        _commands(record.figures),
        _ledger(record.figures),
        _processes({"server": record.server, "generator": record.generator}),
    )
    lines = (
        *_counts(record),
        *_sentences("note", record.notes, "yellow"),
        *_sentences("differs", record.examples, "red"),
    )
    return [
        _head(record),
        *(_set_apart(table) for table in tables if table.row_count),
        _set_apart(Group(*lines)),
        _set_apart(_objectives(record.objectives)),
        _set_apart(_verdict(record), left=0),
    ]


def _head(record: Record) -> RenderableType:
    parts = (name(record), f"run {record.run}", moment(record.started_at), record.url)
    machine = record.machine
    figures = record.figures
    lines = (
        Text(title(record), style="bold"),
        Text(" · ".join(parts), style="dim"),
        Text(
            f"{machine.cpu}, {machine.cores} cores, {machine.memory_mib:,} MiB, {machine.kernel}",
            style="dim",
        ),
        Text(
            f"{of(figures, 'viewers.opened')} of {of(figures, 'viewers.asked')} viewers were in, "
            f"{of(figures, 'viewers.peak')} at once; "
            f"{of(figures, 'deliveries.per_s')} delivered; {record.seconds:g} s of show"
        ),
    )
    return _set_apart(Group(*lines))


def _set_apart(part: RenderableType, left: int = 1) -> RenderableType:
    return Padding(part, (1, 0, 0, left))


def _lanes(figures: Mapping[str, float]) -> Table:
    table = _table("lane", "delivered", "expected", "reached", "lost", "doubled", "reordered")
    table.add_column("also")
    _add_lane(table, figures, "reliable events", "reliable", of(figures, "reliable.delivered_pct"))
    _add_lane(table, figures, "of slow readers", "slow", NONE)
    if "comment.expected" in figures:
        cells = [of(figures, f"comment.{each}") for each in ("delivered", "expected", "reach_pct")]
        missing = _bad(figures, "comment.missing")
        also = _listed({each: f"comment.{each}" for each in ("shed", "gap", "surplus")}, figures)
        table.add_row("comments", *cells, missing, "", "", also)
    return table


def _add_lane(
    table: Table, figures: Mapping[str, float], words: str, lane: str, reached: str
) -> None:
    if f"{lane}.expected" not in figures:
        return
    rest = [each for each in LANE if each not in ("expected", "delivered", *_BAD_IN_LANE)]
    table.add_row(
        words,
        of(figures, f"{lane}.delivered"),
        of(figures, f"{lane}.expected"),
        reached,
        *(_bad(figures, f"{lane}.{each}") for each in _BAD_IN_LANE),
        _listed({each: f"{lane}.{each}" for each in rest}, figures),
    )


def _latencies(figures: Mapping[str, float]) -> Table:
    """Response and service time of one thing stand beside each other."""
    columns = ("p50", "p90", "p99", "p99.9", "max", "service p50", "p99", "max")
    table = _table("latency in ms", "count", *columns)
    for words, (timed, service) in LATENCIES.items():
        if not figures.get(f"{timed}.count"):
            continue
        times = (plain(figures.get(f"{timed}.{each}")) for each in _TIMES)
        behind = ("" if service is None else plain(figures.get(f"{service}.{b}")) for b in _BEHIND)
        table.add_row(words, of(figures, f"{timed}.count"), *times, *behind)
    return table


def _commands(figures: Mapping[str, float]) -> Table:
    table = _table("commands", *OUTCOMES)
    for command in COMMANDS:
        if not figures.get(f"{command}.scheduled"):
            continue
        cells = (
            (_bad if outcome in _BAD_OUTCOMES else _good)(figures, f"{command}.{outcome}")
            for outcome in OUTCOMES
        )
        table.add_row(f"{command}s", *cells)
    return table


def _ledger(figures: Mapping[str, float]) -> Table:
    table = _table("ledger", "compared", "missing", "different")
    if "ledger.orders_checked" not in figures:
        return table
    missing, wrong = (_bad(figures, f"ledger.orders_{each}") for each in ("missing", "wrong"))
    table.add_row("orders", of(figures, "ledger.orders_checked"), missing, wrong)
    stocks, oversold = _bad(figures, "ledger.stocks_wrong"), _bad(figures, "ledger.oversold")
    wrong_stocks = Text.assemble(stocks, " stocks, ", oversold, " oversold")
    table.add_row("pieces sold", of(figures, "ledger.pieces_sold"), "", wrong_stocks)
    wallets = of(figures, "ledger.wallets_checked")
    table.add_row("wallets", wallets, "", _bad(figures, "ledger.wallets_wrong"))
    table.add_row("gifts and sales shown", "", "", _bad(figures, "ledger.shows_wrong"))
    if figures.get("ledger.unverified"):
        table.add_row("not given by the server", "", _bad(figures, "ledger.unverified"), "")
    return table


def _processes(processes_by_side: Mapping[str, Sequence[Process]]) -> Table:
    table = _table("process", "CPU of a core", "at most", "memory", "loop lag at most")
    for side, processes in processes_by_side.items():
        for each in processes:
            table.add_row(
                Text(f"{side}: {each.name}"),
                shown(each.cpu_pct, "%"),
                shown(each.cpu_pct_max, "%"),
                shown(each.resident_mib, "MiB"),
                shown(each.lag_max_ms, "ms"),
            )
    return table


def _counts(record: Record) -> list[RenderableType]:
    """What came in kinds: error codes, close codes, the stores' slowest answers."""
    figures = record.figures
    families = {
        "errors by code": _of_family(figures, "errors"),
        "close codes": _of_family(figures, "closes"),
        "slowest answers of stores": {n: shown(v, "ms") for n, v in record.stores.items()},
    }
    lines = [
        Text(f"{words}: {', '.join(f'{key} {text}' for key, text in sorted(found.items()))}")
        for words, found in families.items()
        if found
    ]
    return [
        *lines,
        Text(f"connections: {_listed(_CONNECTIONS, figures)}"),
        Text(f"commands sent again: {_listed(_AGAIN, figures)}"),
    ]


def _of_family(figures: Mapping[str, float], family: str) -> dict[str, str]:
    found = (each.partition(".") for each in figures)
    return {
        code: of(figures, f"{family}.{code}")
        for whose, _, code in found
        if whose == family and code
    }


def _sentences(word: str, sentences: Iterable[str], style: str) -> list[RenderableType]:
    return [Text(f"{word}: {sentence}", style=style) for sentence in sentences]


def _objectives(objectives: Sequence[Judged]) -> RenderableType:
    table = _table("objective", "measured", "")
    for each in objectives:
        measured = {} if each.measured is None else {each.figure: each.measured}
        mark = Text("met", "green") if each.is_met else Text("missed", "bold red")
        table.add_row(Text(each.text), of(measured, each.figure), mark)
    return table if objectives else Text("The scenario has no objectives.", style="dim")


def _verdict(record: Record) -> RenderableType:
    style = STYLES[record.verdict]
    lines = [Text(f"• {reason}") for reason in record.reasons]
    if record.bottleneck:
        lines.append(Text.assemble(("Bottleneck: ", "bold"), record.bottleneck))
    return Panel(
        Group(Text(MEANING[record.verdict], style="bold"), *lines),
        title=Text(f" {record.verdict.name} ", style=f"bold reverse {style}"),
        title_align="left",
        border_style=style,
        box=box.HEAVY,
        padding=(0, 1),
    )


def _table(*columns: str) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="bold",
        padding=(0, 1, 0, 0),
    )
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", no_wrap=not place)
    return table


def _good(figures: Mapping[str, float], figure: str) -> Text:
    return Text(of(figures, figure))


def _bad(figures: Mapping[str, float], figure: str) -> Text:
    """What should be nought: red when it is not."""
    return Text(of(figures, figure), style="bold red" if value(dict(figures), figure) else "")


def _listed(figures_by_words: Mapping[str, str], figures: Mapping[str, float]) -> str:
    return ", ".join(f"{words} {of(figures, each)}" for words, each in figures_by_words.items())
