"""The proof can fail: a harness that is a little wrong is caught."""

from dataclasses import replace

import pytest

from loadtest.record.record import Record, Verdict
from loadtest.selftest.cases import CASES, Case
from loadtest.selftest.judging import check_figure, judge, tolerance

from ..records import record


def truth(case: Case) -> dict[str, float]:
    """Figures as they could have been: those told, and for the rest something plausible."""
    names = dict.fromkeys((*case.figures, *case.told))
    return {name: case.told.get(name, 250.0) for name in names}


def said(case: Case, figures: dict[str, float]) -> Record:
    reasons = [f"so it was: {case.reason}"]
    return replace(record(), verdict=case.verdict, reasons=reasons, figures=figures)


def missed(case: Case, reported: Record) -> list[str]:
    return [each.what for each in judge(case, truth(case), reported) if not each.is_met]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_harness_that_says_what_is_so_passes(case: Case) -> None:
    assert missed(case, said(case, truth(case))) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_figure_that_is_off_is_caught_and_no_other(case: Case) -> None:
    for name, value in truth(case).items():
        off = value + (max(2.0, 0.02 * value) if name.endswith("_ms") else max(1, 0.02 * value))
        assert missed(case, said(case, {**truth(case), name: off})) == [name]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_figure_that_is_not_reported_is_caught(case: Case) -> None:
    for name in truth(case):
        figures = {each: value for each, value in truth(case).items() if each != name}
        is_code_of_none = name.startswith(("closes.", "errors.")) and not truth(case)[name]
        assert missed(case, said(case, figures)) == ([] if is_code_of_none else [name])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_another_verdict_is_caught_and_so_is_one_for_another_reason(case: Case) -> None:
    other = Verdict.PASS if case.verdict is not Verdict.PASS else Verdict.INVALID
    assert missed(case, replace(said(case, truth(case)), verdict=other)) == ["verdict"]
    unreasonable = replace(said(case, truth(case)), reasons=[])
    assert missed(case, unreasonable) == (["verdict"] if case.reason else [])


def test_a_fault_that_was_not_carried_out_proves_nothing() -> None:
    true = {"comment.p50_ms": 3.0}
    assert check_figure("comment.p50_ms", true, true).is_met
    assert not check_figure("comment.p50_ms", true, true, told=200.0).is_met


def test_what_may_be_off_depends_on_what_it_is() -> None:
    assert tolerance("ms", 20.0) == 1.0
    assert tolerance("ms", 600.0) == 6.0
    assert tolerance("B/s", 5_000.0) == 50.0
    assert tolerance("", 5_000.0) == 0.0
