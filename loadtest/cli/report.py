"""`loadtest report`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..record.figures import CATALOGUE, FAMILIES, Figure
from ..record.folder import read, write_file
from ..record.record import BadRecord, Record
from ..report.html import html
from ..report.junit import junit
from ..report.markdown import markdown
from ..report.text import print_report
from .common import EXIT_PASS, BadUsage, add_command, console

_DESCRIPTION = """\
Shows a run again: prints the report of a run folder, or of a run.json alone. Writes it as a page
that needs no network, as Markdown for a comment on a change, and as JUnit XML for CI. All of them
are made from run.json, so that a run of another day looks as this version shows it.
"""
_EPILOG = """\
example:
  loadtest report loadtest-runs/2026-11-22T14-31-steady-evening-3f9a
  loadtest report RUN --html report.html --junit junit.xml
  loadtest report RUN --markdown | gh pr comment --body-file -
  loadtest report --figures

exit codes:
  0  the report was shown or written, whatever the run's verdict
  2  wrong usage, no run, or a file that cannot be written
"""


def add(commands: Any) -> None:
    parser = add_command(commands, "report", "show a run again", _DESCRIPTION, _EPILOG)
    parser.set_defaults(command=_report)
    parser.add_argument("run", type=Path, nargs="?", metavar="RUN", help="its folder or run.json")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as a page")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write it as JUnit XML")
    parser.add_argument("--markdown", action="store_true", help="print it as Markdown instead")
    parser.add_argument(
        "--figures", action="store_true", help="list the figures that a run gives, and end"
    )


def _report(arguments: argparse.Namespace) -> int:
    if arguments.figures:
        _print_figures(console())
    elif arguments.run is None:
        raise BadUsage("report needs a run: `loadtest report RUN`, or --figures")
    else:
        _show(_record(arguments.run), arguments)
    return EXIT_PASS


def _record(place: Path) -> Record:
    try:
        return read(place)
    except BadRecord as error:
        raise BadUsage(str(error)) from error


def _show(record: Record, arguments: argparse.Namespace) -> None:
    for file, make in ((arguments.html, html), (arguments.junit, junit)):
        if file:
            _write(record, make, file)
    if arguments.markdown:
        print(markdown(record), end="")
    elif not (arguments.html or arguments.junit):
        print_report(record, console())


def _write(record: Record, make: Callable[[Record], str], file: Path) -> None:
    try:
        write_file(make(record), file)
    except OSError as error:
        raise BadUsage(f"{file} cannot be written: {error.strerror}") from error


def _print_figures(shown: Console) -> None:
    """By what stands before the first dot, in the catalogue's order."""
    families = {f"{family}.CODE": each for family, each in FAMILIES.items()}
    groups: dict[str, dict[str, Figure]] = {}
    for name, each in (CATALOGUE | families).items():
        groups.setdefault(name.partition(".")[0], {})[name] = each
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for group, figures in groups.items():
        table.add_row(Text(group, "bold"))
        for name, each in figures.items():
            table.add_row(f"  {name}", each.unit, _better(each), each.means)
    shown.print(table)


def _better(each: Figure) -> str:
    return "" if each.better == "neither" else f"{each.better} is better"
