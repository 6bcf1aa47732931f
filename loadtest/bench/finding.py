"""What a row found: figures, targets, and whether each was met. Pure.

A row is INVALID rather than failed when the audience, or others on this machine, may have been the
limit; it has not passed either.
"""

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any


class Verdict(Enum):
    PASS = "pass"
    FAIL = "FAIL"
    INVALID = "INVALID"
    PRINTED = ""


@dataclass
class Finding:
    """One line of the table. `reasons` say why it failed, `notes` what else to know."""

    row: str
    measured: str
    target: str
    verdict: Verdict
    figures: dict[str, Any] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict.value or "printed"}


@dataclass
class Checks:
    """Collects what was asked of a row."""

    reasons: list[str] = field(default_factory=list)

    def at_most(self, what: str, found: float, limit: float, unit: str = "") -> None:
        if found > limit:
            self.reasons.append(f"{what} {found:,.4g}{unit}, at most {limit:,g}{unit} allowed")

    def at_least(self, what: str, found: float, limit: float, unit: str = "") -> None:
        if found < limit:
            self.reasons.append(f"{what} {found:,.4g}{unit}, at least {limit:,g}{unit} wanted")

    def none(self, what: str, count: int) -> None:
        if count:
            self.reasons.append(f"{count:,} {what}")

    def that(self, holds: bool, complaint: str) -> None:
        if not holds:
            self.reasons.append(complaint)

    def verdict(self, *, is_disturbed: bool = False) -> Verdict:
        """A slow audience only makes figures worse: what passed all the same has passed."""
        if not self.reasons:
            return Verdict.PASS
        return Verdict.INVALID if is_disturbed else Verdict.FAIL
