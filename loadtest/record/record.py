"""The record of one run: everything that its reports show and comparisons use. Pure.

Must not know how figures come about. Invariant: `from_json(as_json(record)) == record`; a record
is complete by itself, so that a report needs no server and no other file.
"""

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

FORMAT = 2
"""Version of the JSON: raised when a field changes its meaning or goes."""


class Verdict(Enum):
    """INVALID: the generator, not the server, may have been what was measured."""

    PASS = "pass"
    FAIL = "fail"
    INVALID = "invalid"


class BadRecord(ValueError):
    """Not a record of a run that this version can read; the message says why."""


@dataclass(frozen=True)
class Judged:
    """An objective, what was measured (None: the run could not learn it), and whether it is met."""

    text: str
    figure: str
    measured: float | None
    is_met: bool


@dataclass(frozen=True)
class Machine:
    """Where the generator ran. `open_files_max` is of one process."""

    cpu: str
    cores: int
    memory_mib: int
    kernel: str
    python: str
    open_files_max: int
    clock: str


@dataclass(frozen=True)
class Process:
    """One process while the show ran: of the server, or a crew. `cpu_pct` is of one core."""

    name: str
    cpu_pct: float
    cpu_pct_max: float
    resident_mib: float
    lag_max_ms: float


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run.

    `series` maps a name to one value a second, None where there is none; all are as long as
    `series["at_s"]`. `distributions` maps what is timed to [latency_ms, count] pairs, rising.
    `scenario` is the scenario as plain values, `source` the text it was read from.
    """

    run: str
    started_at: str
    """UTC, ISO 8601."""
    url: str
    workload: str
    scenario: dict[str, Any]
    source: str
    seconds: float
    """How long the show really was; less than the scenario's when it was cut short."""
    verdict: Verdict
    reasons: list[str]
    """One plain sentence each; for PASS, what was shown to hold."""
    notes: list[str]
    """What may be, but should be known."""
    objectives: list[Judged]
    figures: dict[str, float]
    series: dict[str, list[float | None]]
    distributions: dict[str, list[tuple[float, int]]]
    machine: Machine
    generator: list[Process] = field(default_factory=list)
    server: list[Process] = field(default_factory=list)
    stores: dict[str, float] = field(default_factory=dict)
    """Slowest answers of the server's stores by name, milliseconds."""
    bottleneck: str | None = None
    """What was at its limit, one sentence; None when nothing measured was."""
    examples: list[str] = field(default_factory=list)
    """The first differences between what clients were told and what the ledger holds."""

    def as_json(self) -> dict[str, Any]:
        plain = {**asdict(self), "verdict": self.verdict.value}
        return {"format": FORMAT, **plain}


def from_json(plain: Any) -> Record:
    """The record that `as_json` wrote. Raises `BadRecord`."""
    if not isinstance(plain, dict) or "format" not in plain:
        raise BadRecord("this is not the record of a run: it has no `format`")
    if plain["format"] != FORMAT:
        raise BadRecord(f"the record's format is {plain['format']!r}; this version reads {FORMAT}")
    fields = {name: value for name, value in plain.items() if name != "format"}
    try:
        fields["verdict"] = Verdict(fields["verdict"])
        fields["objectives"] = [Judged(**each) for each in fields["objectives"]]
        fields["machine"] = Machine(**fields["machine"])
        fields["generator"] = [Process(**each) for each in fields["generator"]]
        fields["server"] = [Process(**each) for each in fields["server"]]
        fields["distributions"] = {
            name: [(float(at), int(count)) for at, count in pairs]
            for name, pairs in fields["distributions"].items()
        }
        return Record(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise BadRecord(f"the record is damaged: {error}") from error
