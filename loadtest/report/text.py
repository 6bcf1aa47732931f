"""A record as tables for a person at a terminal; the verdict stands last, where the eye is.

Must not judge. Every figure printed is also in the record. Invariant: nothing in a record is taken
for rich's markup.
"""

from collections.abc import Iterable

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..record.record import Record, Verdict
from .headline import MEANING, name, title
from .tables import (
    Cell,
    Sheet,
    commands,
    counts,
    lanes,
    latencies,
    ledger,
    objectives,
    processes,
)
from .wording import moment, of

STYLES = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.INVALID: "yellow"}
_TONES = {"": "", "good": "green", "bad": "bold red"}


def print_report(record: Record, console: Console) -> None:
    for part in parts(record):
        console.print(Padding(part, (1, 0, 0, 1)))
    console.print(Padding(_verdict(record), (1, 0, 0, 0)))


def parts(record: Record) -> list[RenderableType]:
    """The report from top to bottom, without the verdict."""
    figures = record.figures
    sheets = (
        lanes(figures),
        latencies(figures),
        commands(figures),
        ledger(figures),
        processes(record),
    )
    lines = (
        *(Text(f"{words}: {line}") for words, line in counts(record).items()),
        *_sentences("note", record.notes, "yellow"),
        *_sentences("differs", record.examples, "red"),
    )
    judged = objectives(record.objectives)
    return [
        _head(record),
        *(_table(sheet) for sheet in sheets if sheet.rows),
        Group(*lines),
        _table(judged) if judged.rows else Text("The scenario has no objectives.", style="dim"),
    ]


def _head(record: Record) -> RenderableType:
    figures, machine = record.figures, record.machine
    about = (name(record), f"run {record.run}", moment(record.started_at), record.url)
    where = (machine.cpu, f"{machine.cores} cores", f"{machine.memory_mib:,} MiB", machine.kernel)
    return Group(
        Text(title(record), style="bold"),
        Text(" · ".join(about), style="dim"),
        Text(", ".join(where), style="dim"),
        Text(
            f"{of(figures, 'viewers.opened')} of {of(figures, 'viewers.asked')} viewers were in, "
            f"{of(figures, 'viewers.peak')} at once; "
            f"{of(figures, 'deliveries.per_s')} delivered; {record.seconds:g} s of show"
        ),
    )


def _sentences(word: str, sentences: Iterable[str], style: str) -> list[RenderableType]:
    return [Text(f"{word}: {sentence}", style=style) for sentence in sentences]


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


def _table(sheet: Sheet) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="bold",
        padding=(0, 1, 0, 0),
    )
    words = {0, *range(len(sheet.head) - sheet.words_last, len(sheet.head))}
    for place, column in enumerate(sheet.head):
        table.add_column(column, justify="left" if place in words else "right", no_wrap=not place)
    for row in sheet.rows:
        table.add_row(*(_text(cell) for cell in row))
    return table


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=_TONES[cell.tone])
