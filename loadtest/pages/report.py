"""The tables for a person to read, and the same as JSON.

Must not judge: what was missed stands in the findings.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from ..record.record import Machine
from .finding import Finding

FORMAT = 1
"""Version of the JSON: raised when a field changes its meaning or goes."""


def print_findings(found: Mapping[str, Finding], machine: Machine, console: Console) -> None:
    for finding in found.values():
        console.print(f"\n{finding.title}", style="bold", markup=False)
        if finding.rows:
            console.print(_table(finding))
        for note in finding.notes:
            console.print(note, markup=False, soft_wrap=True)
        for missed in finding.missed:
            console.print(missed, style="red", markup=False, soft_wrap=True)
    console.print(
        f"\nmachine: {machine.cpu}, {machine.cores} cores, {machine.kernel}",
        markup=False,
        soft_wrap=True,
    )


def _table(finding: Finding) -> Table:
    table = Table(header_style="bold")
    for number, column in enumerate(finding.columns):
        table.add_column(column, justify="right" if number else "left")
    for row in finding.rows:
        table.add_row(*row)
    return table


def as_json(found: Mapping[str, Finding], machine: Machine) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "machine": asdict(machine),
        "is_passed": is_passed(found),
        "sections": {name: asdict(finding) for name, finding in found.items()},
    }


def is_passed(found: Mapping[str, Finding]) -> bool:
    return not any(finding.missed for finding in found.values())
