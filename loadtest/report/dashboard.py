"""What a run looks like at this moment: figures, courses of the last minute, what is bad. Pure.

Must not change what it shows. Invariant: a loss of any second stays visible to the end, since
losses and errors are counted from the begin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..record.timeline import SERIES, Timeline
from ..scenario.model import Scenario
from .sparkline import sparkline
from .wording import NONE, clock, shown

SPARKLINE_S = 60
"""How many seconds a sparkline shows; fewer where the terminal is narrow."""
_FIGURE_COLUMNS = 33
_BARELY_COLUMNS = 12


class Level(Enum):
    """How bad a figure is; the value is its style."""

    GOOD = ""
    NOTABLE = "yellow"
    BAD = "bold red"


def _above(notable: float, bad: float) -> Callable[[float], Level]:
    def level(value: float) -> Level:
        if value > bad:
            return Level.BAD
        return Level.NOTABLE if value > notable else Level.GOOD

    return level


@dataclass(frozen=True)
class Row:
    """One line of the view. A total counts all seconds so far; `figure` is what objectives name."""

    label: str
    series: str
    level: Callable[[float], Level] | None = None
    is_total: bool = False
    figure: str = ""


ROWS = (
    Row("viewers", "viewers"),
    Row("comments", "comments_per_s"),
    Row("deliveries", "deliveries_per_s"),
    Row("orders", "orders_per_s"),
    Row("gifts", "gifts_per_s"),
    Row("comment p99", "comment_p99_ms", figure="comment.p99_ms"),
    Row("gift event p99", "gift_event_p99_ms", figure="gift_event.p99_ms"),
    Row("order p99", "order_p99_ms", figure="order.p99_ms"),
    Row("shed", "shed_per_s"),
    Row("lost", "lost_per_s", _above(0, 0), is_total=True),
    Row("errors", "errors_per_s", _above(0, float("inf")), is_total=True),
    Row("connections lost", "closes_per_s", is_total=True),
    # Above 85 % of a core a process queues its own work; near all of it, it measures itself.
    Row("server CPU", "server_cpu_pct", _above(85, 97)),
    Row("generator CPU", "generator_cpu_pct", _above(85, 95)),
    Row("generator lag", "generator_lag_ms", _above(20, 50)),
)
_PLAIN = ("viewers", "comments", "deliveries", "comment p99", "order p99", "orders", "lost")
_PLAIN_END = ("errors", "server CPU", "generator CPU")


def dashboard(scenario: Scenario, timeline: Timeline, columns: int) -> RenderableType:
    """The whole view in so many columns."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True, min_width=11)
    table.add_column(no_wrap=True)
    width = min(SPARKLINE_S, columns - _FIGURE_COLUMNS)
    for row in ROWS:
        style = level_of(row, scenario, timeline).value
        course = sparkline(timeline.column(row.series), width) if width >= _BARELY_COLUMNS else ""
        # A course without a problem is there to be glanced at, not to be read.
        table.add_row(row.label, Text(_now(row, timeline), style), Text(course, style or "cyan"))
    return Group(*_head(scenario, timeline, min(columns, _FIGURE_COLUMNS - 2 + SPARKLINE_S)), table)


def plain_line(scenario: Scenario, timeline: Timeline) -> str:
    """The same in one line, for where nothing can be redrawn."""
    by_label = {row.label: row for row in ROWS}
    figures = [f"{label} {_now(by_label[label], timeline)}" for label in (*_PLAIN, *_PLAIN_END)]
    head = f"{timeline.phase:9} {_elapsed(scenario, timeline)}"
    return "  ".join([head, *figures] if timeline.at_s else [timeline.phase])


def level_of(row: Row, scenario: Scenario, timeline: Timeline) -> Level:
    """How bad it is now; a missed objective is bad, a second worse than its limit notable."""
    value = value_of(row, timeline)
    if value is None:
        return Level.GOOD
    limits = [
        objective.limit
        for objective in scenario.objectives
        if objective.figure == row.figure and objective.operator in ("<", "<=")
    ]
    if limits and value > min(limits):
        return Level.NOTABLE
    return row.level(value) if row.level else Level.GOOD


def value_of(row: Row, timeline: Timeline) -> float | None:
    return _total(timeline.column(row.series)) if row.is_total else timeline.latest(row.series)


def _total(values: Sequence[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return sum(measured) if measured else None


def _now(row: Row, timeline: Timeline) -> str:
    value = value_of(row, timeline)
    if value is None:
        return NONE
    unit = "" if row.is_total else SERIES[row.series][0]
    # Digits that change twice a second are not read.
    return shown(value if value < 10 and unit == "ms" else round(value), unit)


def _head(scenario: Scenario, timeline: Timeline, columns: int) -> list[RenderableType]:
    line = Table.grid(expand=False)
    line.add_column(width=max(10, columns - 24), no_wrap=True)
    line.add_column(width=24, justify="right", no_wrap=True)
    elapsed = Text.assemble((timeline.phase, "bold"), f"  {_elapsed(scenario, timeline)}")
    line.add_row(Text(scenario.title or scenario.name, "bold"), elapsed)
    bar = Table.grid()
    bar.add_row(ProgressBar(scenario.duration_s, _elapsed_s(timeline), width=columns))
    return [line, bar, Text()]


def _elapsed(scenario: Scenario, timeline: Timeline) -> str:
    return f"{clock(_elapsed_s(timeline))} of {clock(scenario.duration_s)}"


def _elapsed_s(timeline: Timeline) -> float:
    return max(0.0, timeline.at_s[-1]) if timeline.at_s else 0.0
