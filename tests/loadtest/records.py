"""Records of runs that never were, for what only reads them."""

from dataclasses import replace
from typing import Any

from loadtest.record.record import Machine, Record, Verdict

MACHINE = Machine(
    cpu="Test CPU",
    cores=2,
    memory_mib=8_000,
    kernel="Linux 6.18",
    python="3.12.1",
    open_files_max=20_000,
    clock="tsc",
)
_PASSED = Record(
    run="r1",
    started_at="2026-11-22T20:00:00+00:00",
    url="http://127.0.0.1:8080",
    workload="0123456789abcdef",
    scenario={"name": "steady-evening", "duration_s": 15.0},
    source="",
    seconds=15.0,
    verdict=Verdict.PASS,
    reasons=["every objective met"],
    notes=[],
    objectives=[],
    figures={},
    series={"at_s": []},
    distributions={},
    machine=MACHINE,
)


def record(**changes: Any) -> Record:
    return replace(_PASSED, **changes)
