"""Whether what a harness reported of a case is what was done. Pure.

Must not know how either came about. Invariant: latencies may be off by the larger of 1 ms and 1 %,
rates by 1 %, counts not at all; what was not reported is off.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..record.figures import figure, value
from ..record.record import Record
from .cases import Case

MS_OFF_MAX = 1.0
SHARE_OFF_MAX = 0.01
TOLD_MS_OFF_MAX = 8.0
TOLD_SHARE_OFF_MAX = 0.05
"""How far the stub may be from what it was told: it shares the machine with the generator."""


@dataclass(frozen=True)
class Check:
    """One figure, or the verdict. `told` is what the stub was told to do, where that has a number.

    `is_timing` is whether a machine that was busy may be what made it miss.
    """

    what: str
    told: str
    true: str
    reported: str
    off: str
    is_met: bool
    is_timing: bool


def judge(case: Case, true: Mapping[str, float], record: Record) -> list[Check]:
    """The verdict, and all figures of a case, against the true figures."""
    names = dict.fromkeys((*case.figures, *case.told))
    figures = [check_figure(name, true, record.figures, case.told.get(name)) for name in names]
    return [check_verdict(case, record), *figures]


def not_played(error: Exception) -> Check:
    """The one check of a case that came to nothing."""
    reported = f"{type(error).__name__}: {error}"
    return Check("played", "", "played", reported, "", is_met=False, is_timing=False)


def check_verdict(case: Case, record: Record) -> Check:
    is_said = not case.reason or any(case.reason in reason for reason in record.reasons)
    found = record.verdict
    is_met = found is case.verdict and is_said
    return Check(
        what="verdict",
        told="",
        true=case.verdict.name,
        reported=found.name if is_met else f"{found.name}: {' '.join(record.reasons)}",
        off="",
        is_met=is_met,
        is_timing=False,
    )


def check_figure(
    name: str, true: Mapping[str, float], reported: Mapping[str, float], told: float | None = None
) -> Check:
    """Compare a figure. Raises `KeyError` where the truth has none of that name."""
    unit = figure(name).unit
    is_timing = unit != ""
    wanted = true.get(name, 0.0) if _is_code(name) else true[name]
    found = value(dict(reported), name)
    is_met = found is not None and abs(found - wanted) <= tolerance(unit, wanted)
    is_as_told = told is None or abs(wanted - told) <= tolerance_told(unit, told)
    return Check(
        what=name,
        told="" if told is None else _shown(told, unit),
        true=_shown(wanted, unit),
        reported="not reported" if found is None else _shown(found, unit),
        off="" if found is None else _shown(found - wanted, unit),
        is_met=is_met and is_as_told,
        is_timing=is_timing,
    )


def tolerance(unit: str, true: float) -> float:
    """How far a reported figure may be off."""
    if unit == "":
        return 0.0
    return max(MS_OFF_MAX if unit == "ms" else 0.0, SHARE_OFF_MAX * abs(true))


def tolerance_told(unit: str, told: float) -> float:
    """How far what was done may be from what was told."""
    if unit == "":
        return 0.0
    return max(TOLD_MS_OFF_MAX if unit == "ms" else 0.0, TOLD_SHARE_OFF_MAX * abs(told))


def _is_code(name: str) -> bool:
    return name.startswith(("errors.", "closes."))


def _shown(number: float, unit: str) -> str:
    text = f"{number:,.2f}" if unit == "ms" else f"{number:,.0f}"
    return f"{text} {unit}".rstrip()
