"""The table for a person to read, and the same as JSON.

Must not judge: verdicts stand in the findings.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .finding import Finding, Verdict

FORMAT = 1
"""Version of the JSON: raised when a field changes its meaning or goes."""
_STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.INVALID: "yellow"}


def print_findings(findings: Sequence[Finding], machine: dict[str, Any], console: Console) -> None:
    table = Table(header_style="bold")
    for column in ("row", "measured", "target", ""):
        table.add_column(column)
    for each in findings:
        verdict = Text(each.verdict.value, style=_STYLES.get(each.verdict, ""))
        table.add_row(each.row, each.measured, each.target, verdict)
    console.print(f"machine: {_listed(machine)}", markup=False, soft_wrap=True)
    console.print(table)
    for each in findings:
        for reason in each.reasons:
            console.print(f"{each.row}: {reason}", style="red", markup=False, soft_wrap=True)
        for note in each.notes:
            console.print(f"{each.row}: {note}", markup=False, soft_wrap=True)


def as_json(findings: Sequence[Finding], machine: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "machine": machine,
        "is_passed": is_passed(findings),
        "rows": [each.as_json() for each in findings],
    }


def is_passed(findings: Sequence[Finding]) -> bool:
    return all(each.verdict in (Verdict.PASS, Verdict.PRINTED) for each in findings)


def machine(cores: int, files_max: int) -> dict[str, Any]:
    """What the figures depend on, and what limits them."""
    return {
        "cores": cores,
        "cpu": _cpu_name(),
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "files_per_process_max": files_max,
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown")


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())
