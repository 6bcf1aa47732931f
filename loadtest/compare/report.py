"""A comparison for a person to read: tables on a terminal, Markdown for a pull request.

Must not judge: what is better stands in the comparison.
"""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..record.cells import cell, row
from ..record.figures import figure
from .comparison import Compared, Comparison, Finding

_STYLES = {Finding.BETTER: "green", Finding.WORSE: "bold red", Finding.NONE: "dim"}
_VERDICTS = {Finding.BETTER: "bold green", Finding.WORSE: "bold red", Finding.NONE: "bold"}


def print_comparison(comparison: Comparison, console: Console) -> None:
    console.print(_table(comparison, _decisive(comparison), "decides"))
    also = [each for each in comparison.also if each.finding is not Finding.NONE]
    if also:
        console.print(_table(comparison, also, "also moved"))
    console.print(_aside(comparison, len(also)), markup=False, soft_wrap=True)
    if note := comparison.note():
        console.print(f"note: {note}", style="yellow", markup=False, soft_wrap=True)
    verdict = comparison.sentence()
    style = _VERDICTS[comparison.finding]
    console.print(verdict, style=style, markup=False, soft_wrap=True)


def markdown(comparison: Comparison) -> str:
    return "\n".join(_markdown(comparison)) + "\n"


def _markdown(comparison: Comparison) -> Iterator[str]:
    also = [each for each in comparison.also if each.finding is not Finding.NONE]
    yield f"**{cell(comparison.sentence())}**"
    yield ""
    yield from _lines(comparison, _decisive(comparison), "figure")
    yield ""
    if also:
        yield from _lines(comparison, also, "also moved")
        yield ""
    yield _aside(comparison, len(also))
    if note := comparison.note():
        yield f"Note: {cell(note)}"


def _lines(comparison: Comparison, rows: list[Compared], head: str) -> Iterator[str]:
    yield row((head, comparison.a, comparison.b, "change", "noise floor", ""))
    yield "|---|---:|---:|---:|---:|---|"
    for each in rows:
        yield row(_row(each))


def _decisive(comparison: Comparison) -> list[Compared]:
    """The headlines, and of the counts those that are not 0 on both sides."""
    return [*comparison.headlines, *(each for each in comparison.counts if each.a or each.b)]


def _aside(comparison: Comparison, moved: int) -> str:
    of_a, of_b = comparison.runs
    zeros = sum(not (each.a or each.b) for each in comparison.counts)
    return (
        f"{of_a} run{'s' if of_a > 1 else ''} of {comparison.a}, {of_b} of {comparison.b}; "
        f"{zeros} counts that must be 0 are 0 on both sides; of {len(comparison.also)} other "
        f"figures {moved} moved (about 1 in 100 does so by chance; they decide nothing)"
    )


def _table(comparison: Comparison, rows: list[Compared], head: str) -> Table:
    table = Table(header_style="bold")
    for place, name in enumerate((head, comparison.a, comparison.b, "change", "noise floor", "")):
        table.add_column(Text(name), justify="left" if place in (0, 5) else "right")
    for each in rows:
        *cells, finding = _row(each)
        table.add_row(*cells, Text(finding, style=_STYLES[each.finding]))
    return table


def _row(each: Compared) -> tuple[str, ...]:
    unit = figure(each.name).unit
    change = "" if each.change is None else f"{each.change:+,.1%}"
    floor = "" if each.floor is None else f"{each.floor:,.1%}"
    values = (f"{_number(value)} {unit}".rstrip() for value in (each.a, each.b))
    return (each.name, *values, change, floor, each.finding.value)


def _number(value: float) -> str:
    digits = 0 if value == int(value) or abs(value) >= 1_000 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"
