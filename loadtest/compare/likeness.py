"""Whether two sides may be compared at all. Pure.

Invariant: runs of different workloads, cut short, or judged invalid are never compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..record.record import Machine, Record, Verdict
from .noise import REPEATS_MIN

_OF_MACHINE = ("cpu", "cores", "memory_mib", "kernel", "python", "clock")
SHORT_S = 1.0
"""A show that ended earlier by so much was cut short."""


class Unlike(ValueError):
    """What was to be compared is not alike; the message says in what, a line for each."""


@dataclass(frozen=True)
class Side:
    """Repeats of one run under the name that messages use."""

    name: str
    runs: Sequence[Record]


def require_like(sides: Sequence[Side], *, across_machines: bool = False) -> None:
    """Raises `Unlike` unless all runs are alike and valid; all are held against the first."""
    complaints = [line for side in sides for run in side.runs for line in _unusable(side, run)]
    first = sides[0].runs[0]
    for side in sides:
        for run in side.runs:
            complaints += _differences(first, side, run, across_machines)
    if complaints:
        raise Unlike("\n".join(dict.fromkeys(complaints)))


def require_repeats(a: Side, noise: Sequence[Record]) -> None:
    """Raises `Unlike` when there is nothing to learn the noise from."""
    if max(len(a.runs), len(noise)) < REPEATS_MIN:
        count = len(a.runs)
        raise Unlike(
            f"{a.name} has {count} run{'' if count == 1 else 's'}; to know the noise it takes at "
            f"least {REPEATS_MIN}: make them with `loadtest run SCENARIO --repeat 4 --out DIR` and "
            "compare DIR, or, with the server running, pass --repeat 4 to make them now"
        )


def is_cut_short(run: Record) -> bool:
    return run.seconds < _planned_s(run) - SHORT_S


def _planned_s(run: Record) -> float:
    return float(run.scenario.get("duration_s", run.seconds))


def _unusable(side: Side, run: Record) -> Iterator[str]:
    if run.verdict is Verdict.INVALID:
        why = run.reasons[0] if run.reasons else "it does not say why"
        yield f"{side.name}: run {run.run} is invalid: {why}"
    if is_cut_short(run):
        played = f"{run.seconds:.0f} s of {_planned_s(run):.0f}"
        yield f"{side.name}: run {run.run} was cut short: {played}"


def _differences(first: Record, side: Side, run: Record, across_machines: bool) -> Iterator[str]:
    if run.workload != first.workload:
        yield (
            f"{side.name}: run {run.run} is of another workload ({_workload(run)}) than "
            f"{first.run} ({_workload(first)}); compare runs of one scenario, size and seed"
        )
    if across_machines:
        return
    if len(run.generator) != len(first.generator):
        yield (
            f"{side.name}: run {run.run} had {len(run.generator)} generator processes, "
            f"{first.run} {len(first.generator)}; run both with the same --crews"
        )
    if differing := list(_other_machine(first.machine, run.machine)):
        yield (
            f"{side.name}: run {run.run} is from another machine than {first.run} "
            f"({', '.join(differing)}); --across-machines compares them all the same"
        )


def _workload(run: Record) -> str:
    name = run.scenario.get("name", "unnamed")
    asked = run.figures.get("viewers.asked")
    size = "" if asked is None else f", {asked:,.0f} viewers"
    return f"{name}{size}, {run.workload}"


def _other_machine(first: Machine, other: Machine) -> Iterator[str]:
    for name in _OF_MACHINE:
        here, there = getattr(first, name), getattr(other, name)
        if here != there:
            yield f"{name.replace('_', ' ')} {there}, not {here}"
