"""The answer's sentence, and how it is kept."""

import json
from dataclasses import replace

import pytest

from loadtest.capacity.answer import (
    KEY_FIGURES,
    Capacity,
    Tried,
    commonest_bottleneck,
    commonest_reason,
    from_json,
    tried,
)
from loadtest.capacity.report import TITLES, markdown
from loadtest.capacity.search import End
from loadtest.record.cells import cell
from loadtest.record.record import BadRecord, Judged, Verdict

from ..records import MACHINE, record

SLOW = "comment.p99_ms was 412, it must be <= 300"


def fail(
    viewers: int, reason: str = SLOW, bottleneck: str | None = None, missed: str | None = None
) -> Tried:
    return Tried(
        viewers=viewers,
        seconds=15.0,
        is_hold=False,
        verdict=Verdict.FAIL,
        reason=reason,
        missed=missed,
        bottleneck=bottleneck,
        figures={"comment.p99_ms": 412.0},
        run=f"r{viewers}",
    )


FOUND = Capacity(
    scenario="steady-evening",
    url="http://127.0.0.1:8080",
    started_at="2026-11-22T20:00:00+00:00",
    end=End.FOUND,
    holds=1_234,
    fails_at=1_290,
    because=SLOW,
    bottleneck="worker-0 used 97 % of its core",
    machine=MACHINE,
    trials=[fail(1_290, bottleneck="worker-0 used 97 % of its core")],
)


@pytest.mark.parametrize(
    ("capacity", "sentence"),
    [
        (
            FOUND,
            f"holds 1,234 viewers, fails at 1,290 because {SLOW}; "
            "the bottleneck was: worker-0 used 97 % of its core",
        ),
        (
            replace(FOUND, bottleneck=None),
            f"holds 1,234 viewers, fails at 1,290 because {SLOW}; "
            "nothing measured was at its limit",
        ),
        (
            replace(FOUND, end=End.NONE, holds=None, fails_at=10, bottleneck=None),
            f"holds none: fails at 10 because {SLOW}; nothing measured was at its limit",
        ),
        (
            replace(FOUND, end=End.MOST, fails_at=None, because=None),
            "holds 1,234 viewers, the most that was to be tried",
        ),
        (
            replace(FOUND, end=End.GENERATOR, because="crew-0 used 99 % of its core"),
            "holds at least 1,234 viewers; with 1,290 the generator was the limit: "
            "crew-0 used 99 % of its core",
        ),
        (
            replace(FOUND, end=End.GENERATOR, holds=None, because="too few files"),
            "no answer: even with 1,290 viewers the generator was the limit: too few files",
        ),
        (
            replace(FOUND, end=End.UNSETTLED, because=None, note="ended after 30 trials"),
            "not settled: held 1,234 viewers so far; ended after 30 trials",
        ),
    ],
)
def test_the_answer_is_one_sentence_whatever_the_end(capacity: Capacity, sentence: str) -> None:
    assert capacity.sentence() == sentence


@pytest.mark.parametrize("end", End)
def test_what_was_written_is_read_again(end: End) -> None:
    capacity = replace(FOUND, end=end, note="so")
    assert from_json(json.loads(json.dumps(capacity.as_json()))) == capacity


@pytest.mark.parametrize("plain", [None, {}, {"format": 99}, {"format": 1, "end": "found"}])
def test_what_is_no_capacity_is_refused(plain: object) -> None:
    with pytest.raises(BadRecord, match="capacity"):
        from_json(plain)


def test_a_trial_keeps_its_first_reason_and_its_first_missed_objective() -> None:
    objectives = [
        Judged("reliable.lost == 0", "reliable.lost", 0.0, True),
        Judged("comment.p99_ms <= 300", "comment.p99_ms", 412.0, False),
    ]
    failed = record(
        verdict=Verdict.FAIL,
        reasons=[SLOW + ".", "another"],
        objectives=objectives,
        figures={"comment.p99_ms": 412.0, "comment.count": 9.0},
        bottleneck="worker-0 used 97 % of its core",
    )
    kept = tried(failed, 1_290, 15.0, is_hold=True)
    assert (kept.reason, kept.missed, kept.is_hold) == (SLOW, "comment.p99_ms <= 300", True)
    assert kept.figures == {"comment.p99_ms": 412.0}
    assert kept.bottleneck == "worker-0 used 97 % of its core"


def test_the_reason_is_what_most_trials_at_the_edge_missed_as_the_latest_puts_it() -> None:
    trials = [
        fail(2_000, "orders were lost", missed="reliable.lost == 0"),
        fail(1_290, "p99 was 390", missed="comment.p99_ms <= 300"),
        fail(1_290, "orders were lost", missed="reliable.lost == 0"),
        fail(1_290, "p99 was 412", missed="comment.p99_ms <= 300"),
    ]
    assert commonest_reason(trials, End.FOUND, 1_290) == "p99 was 412"
    assert commonest_reason(trials, End.FOUND, 1_000) is None


def test_the_bottleneck_is_what_most_failing_trials_at_the_edge_name() -> None:
    worker, store = "worker-{} used {} % of its core", "the ledger's store took 212 ms"
    trials = [
        fail(1_290, bottleneck=worker.format(0, 97)),
        fail(1_290, bottleneck=store),
        fail(1_290, bottleneck=worker.format(0, "98.5")),
        *(fail(4_000, bottleneck=store) for _ in range(5)),
    ]
    assert commonest_bottleneck(trials, 1_290) == worker.format(0, "98.5")
    assert commonest_bottleneck(trials, 1_000) == store
    assert commonest_bottleneck([], 1_290) is None


def test_the_page_has_the_answer_the_machine_and_every_trial() -> None:
    page = markdown(replace(FOUND, trials=[*FOUND.trials, fail(1_234, "a | `b` <c>")]))
    assert cell(FOUND.sentence()) in page
    assert "Test CPU, 2 cores" in page
    assert "| 1,290 | 15 s | fail | 412 ms |" in page
    assert "a \\| \\`b\\` \\<c>" in page


def test_every_figure_that_is_kept_has_a_column() -> None:
    assert set(TITLES) == set(KEY_FIGURES)


def test_a_reason_is_told_within_the_sentence() -> None:
    invalid = record(verdict=Verdict.INVALID, reasons=["The generator was late by 29 ms."])
    kept = tried(invalid, 10, 15.0, is_hold=False)
    assert kept.reason == "the generator was late by 29 ms"
