"""What one section has found: a table for people, figures for machines. Pure.

Invariant: a limit that was missed is said in a sentence, with the number and the limit.
"""

from dataclasses import dataclass, field
from typing import Any

Row = tuple[str, ...]


@dataclass
class Finding:
    """`missed` are limits that were not met, `notes` what one must know to read the table."""

    title: str
    columns: Row
    rows: list[Row] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


def kilobytes(size: float) -> str:
    """In units of 1,000 bytes, as lines are sold."""
    return f"{size / 1000:,.1f} KB"


def megabytes(size: float) -> str:
    return f"{size / 1_000_000:,.2f} MB"


def seconds(ms: float) -> str:
    return f"{ms / 1000:.2f} s"
