"""The search and its answer for a person to read: lines while it goes on, a table, Markdown.

Must not judge: what is held stands in the answer.
"""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..record.cells import cell, row
from ..record.figures import figure
from ..record.record import Machine, Verdict
from .answer import Capacity, Tried
from .search import End

_STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.INVALID: "yellow"}
_ANSWERS = {End.FOUND: "bold green", End.MOST: "bold green", End.NONE: "bold red"}
TITLES = {
    "comment.p99_ms": "comment p99",
    "comment.reach_pct": "reach",
    "gift_event.p99_ms": "gift p99",
    "order.p99_ms": "order p99",
    "reliable.lost": "lost",
    "server.cpu_pct_max": "server CPU",
    "generator.cpu_pct_max": "gen. CPU",
}
_SHOWN_ON_LINE = ("comment.p99_ms", "order.p99_ms", "server.cpu_pct_max")


def print_trial(trial: Tried, console: Console) -> None:
    """One line, when a trial has ended."""
    verdict = Text(f"{trial.verdict.value:7}", style=_STYLES[trial.verdict])
    length = f"{'hold' if trial.is_hold else 'trial'} {trial.seconds:g} s"
    says = trial.reason if trial.verdict is not Verdict.PASS else _figures(trial)
    line = Text.assemble(f"{trial.viewers:9,} viewers  {length:11}  ", verdict, f"  {says}")
    console.print(line, soft_wrap=True)


def print_answer(capacity: Capacity, console: Console) -> None:
    console.print(_table(capacity))
    if capacity.machine:
        console.print(f"machine: {_machine(capacity.machine)}", markup=False, soft_wrap=True)
    style = _ANSWERS.get(capacity.end, "bold yellow")
    console.print(capacity.sentence(), style=style, markup=False, soft_wrap=True)


def markdown(capacity: Capacity) -> str:
    """A page that is complete by itself."""
    return "\n".join(_markdown(capacity)) + "\n"


def _markdown(capacity: Capacity) -> Iterator[str]:
    columns = _columns(capacity)
    yield f"# Capacity: {cell(capacity.scenario)}"
    yield ""
    yield f"**{cell(capacity.sentence())}**"
    yield ""
    yield f"- server: {cell(capacity.url)}"
    crews = max((trial.crews for trial in capacity.trials), default=0)
    yield f"- begun: {capacity.started_at}; at most {crews} generator processes"
    if capacity.machine:
        yield f"- machine of the generator: {cell(_machine(capacity.machine))}"
    yield ""
    yield row(("viewers", "trial", "verdict", *columns, "why", "bottleneck", "run"))
    yield f"|{'---:|' * 2}---|{'---:|' * len(columns)}---|---|---|"
    for trial in capacity.trials:
        why = "" if trial.verdict is Verdict.PASS else trial.reason
        rest = (why, trial.bottleneck or "", trial.run or "")
        yield row((*_head(trial), *_values(trial, columns), *rest))


def _table(capacity: Capacity) -> Table:
    columns = _columns(capacity)
    table = Table(header_style="bold")
    for name in ("viewers", "trial", "verdict", *(TITLES[column] for column in columns)):
        table.add_column(name, justify="left" if name == "verdict" else "right")
    for trial in sorted(capacity.trials, key=lambda each: each.viewers):
        viewers, length, verdict = _head(trial)
        styled = Text(verdict, style=_STYLES[trial.verdict])
        table.add_row(viewers, length, styled, *_values(trial, columns))
    return table


def _head(trial: Tried) -> tuple[str, str, str]:
    return (
        f"{trial.viewers:,}",
        f"{trial.seconds:g} s{' hold' if trial.is_hold else ''}",
        trial.verdict.value,
    )


def _columns(capacity: Capacity) -> list[str]:
    return [name for name in TITLES if any(name in each.figures for each in capacity.trials)]


def _values(trial: Tried, columns: list[str]) -> list[str]:
    return [_value(name, trial.figures[name]) if name in trial.figures else "" for name in columns]


def _figures(trial: Tried) -> str:
    shown = (name for name in _SHOWN_ON_LINE if name in trial.figures)
    return ", ".join(f"{TITLES[name]} {_value(name, trial.figures[name])}" for name in shown)


def _value(name: str, value: float) -> str:
    digits = 0 if value == int(value) else 1
    return f"{value:,.{digits}f} {figure(name).unit}".rstrip()


def _machine(machine: Machine) -> str:
    return (
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_mib:,} MiB, {machine.kernel}, "
        f"Python {machine.python}"
    )
