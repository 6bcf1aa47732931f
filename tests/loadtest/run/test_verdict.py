"""What makes a run fail or mean nothing, and what is only worth a note."""

from collections.abc import Mapping
from typing import Any

import pytest

from loadtest.record.figures import CATALOGUE
from loadtest.record.record import Judged, Verdict
from loadtest.run.verdict import (
    CPU_PCT_MAX,
    LATE_P99_MS_MAX,
    NEVER,
    Generator,
    judge,
    notes,
)

WELL = Generator(losses=[], own_failures=0, turned_away=0)
GOOD: Mapping[str, float] = {
    **dict.fromkeys(CATALOGUE, 0.0),
    "viewers.asked": 100.0,
    "viewers.opened": 100.0,
    "reliable.delivered": 1_234.0,
    "order.acknowledged": 5.0,
}
MET = Judged("comment.p99_ms <= 150", "comment.p99_ms", 20.0, True)
MISSED = Judged("comment.p99_ms <= 150", "comment.p99_ms", 170.25, False)
UNKNOWN = Judged("server.cpu_pct_max < 90", "server.cpu_pct_max", None, False)


def verdict(
    *objectives: Judged, generator: Generator = WELL, **figures: float
) -> tuple[Verdict, list[str]]:
    """Figures with underscores for the first dot: `viewers__opened`."""
    changed = {name.replace("__", "."): value for name, value in figures.items()}
    assert changed.keys() <= CATALOGUE.keys()
    return judge({**GOOD, **changed}, objectives, generator)


def test_a_run_in_which_nothing_was_lost_passes_and_says_what_held() -> None:
    found, reasons = verdict(MET)
    assert found is Verdict.PASS
    assert reasons[0].startswith("1,234 reliable events and 5 orders: nothing lost")
    assert reasons[1] == "All 1 objectives are met."


@pytest.mark.parametrize("name", sorted(NEVER))
def test_what_must_never_be_fails_a_run_without_any_objective(name: str) -> None:
    assert name in CATALOGUE
    found, reasons = judge({**GOOD, name: 2}, [], WELL)
    assert found is Verdict.FAIL
    assert reasons == [f"2 {NEVER[name]}."]


def test_an_objective_about_what_must_never_be_gives_one_reason_not_two() -> None:
    lost = Judged("reliable.lost == 0", "reliable.lost", 3.0, False)
    assert verdict(lost, reliable__lost=3)[1] == ["3 reliable events were lost."]


@pytest.mark.parametrize(
    ("objective", "reason"),
    [
        (MISSED, "comment.p99_ms <= 150: it was 170.25."),
        (UNKNOWN, "server.cpu_pct_max < 90: the run could not learn server.cpu_pct_max."),
    ],
)
def test_an_objective_that_is_not_met_fails_a_run(objective: Judged, reason: str) -> None:
    assert verdict(MET, objective) == (Verdict.FAIL, [reason])


def test_a_server_that_lets_in_too_few_fails() -> None:
    away = Generator([], own_failures=0, turned_away=1_500)
    found, (reason,) = verdict(generator=away, viewers__opened=98)
    assert found is Verdict.FAIL
    assert reason == ("The server let in only 98 of 100 people; it turned people away 1,500 times.")
    assert verdict(viewers__opened=99)[0] is Verdict.PASS


@pytest.mark.parametrize(
    ("figure", "most", "words"),
    [
        ("generator.lag.p99_ms", LATE_P99_MS_MAX, "event loops were late"),
        ("generator.late.p99_ms", LATE_P99_MS_MAX, "later than intended"),
        ("generator.cpu_pct_max", CPU_PCT_MAX, "of its core"),
    ],
)
def test_a_generator_at_its_limit_makes_the_run_invalid(
    figure: str, most: float, words: str
) -> None:
    found, reasons = judge({**GOOD, figure: most + 1}, [], WELL)
    assert found is Verdict.INVALID
    assert words in reasons[0]
    assert f"{most + 1:.0f}" in reasons[0]
    assert f"above {most:g}" in reasons[0]
    assert judge({**GOOD, figure: most}, [], WELL)[0] is Verdict.PASS


@pytest.mark.parametrize("figure", ["generator.lag.p99_ms", "generator.late.p99_ms"])
def test_lateness_is_forgiven_where_comments_take_ten_times_as_long(figure: str) -> None:
    slow = {**GOOD, "comment.p99_ms": 400.0}
    assert judge({**slow, figure: 40.0}, [], WELL)[0] is Verdict.PASS
    assert judge({**slow, figure: 41.0}, [], WELL)[0] is Verdict.INVALID


def test_a_lost_crew_makes_the_run_invalid() -> None:
    lost = Generator(["generator process 2 of 3 was lost (exit code -9)"], 0, 0)
    found, reasons = verdict(generator=lost)
    assert found is Verdict.INVALID
    assert reasons == ["Generator process 2 of 3 was lost (exit code -9)."]


def test_too_few_for_want_of_our_own_files_or_ports_is_invalid_and_no_fault_of_the_server() -> None:
    found, reasons = verdict(generator=Generator([], 7, 0), viewers__opened=50)
    assert found is Verdict.INVALID
    assert len(reasons) == 1
    assert "opened only 50 of 100 connections" in reasons[0]


def test_failures_of_our_own_that_did_not_matter_in_the_end_are_forgiven() -> None:
    assert verdict(generator=Generator([], 7, 0))[0] is Verdict.PASS


def test_invalid_comes_before_fail_and_keeps_its_reasons() -> None:
    found, reasons = verdict(MISSED, generator__cpu_pct_max=99, reliable__lost=1)
    assert found is Verdict.INVALID
    assert len(reasons) == 3
    assert "of its core" in reasons[0]


def test_what_never_was_timed_is_no_reason() -> None:
    without: dict[str, Any] = {k: v for k, v in GOOD.items() if not k.endswith("_ms")}
    assert judge(without, [], WELL)[0] is Verdict.PASS


def noted(seconds: float = 60.0, **figures: float) -> list[str]:
    changed = {name.replace("__", "."): value for name, value in figures.items()}
    return list(notes({**GOOD, **changed}, seconds, 60.0))


def test_a_run_of_which_there_is_nothing_to_say_has_no_notes() -> None:
    assert noted() == []
    assert noted(59.5) == []


@pytest.mark.parametrize(
    ("figures", "note"),
    [
        ({"seconds": 12.4}, "The show was cut short after 12 s of 60 s."),
        ({"comment__missing": 3}, "3 comment deliveries are missing without having been"),
        ({"viewers__gone": 2}, "2 people were told not to come back."),
        ({"order__skipped": 4}, "4 orders were skipped: there was no connection"),
        ({"pin__unknown": 1}, "1 pins were never answered."),
    ],
)
def test_what_may_be_but_should_be_known_is_noted(figures: dict[str, float], note: str) -> None:
    (found,) = noted(**figures)
    assert found.startswith(note)
