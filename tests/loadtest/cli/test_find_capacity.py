"""`loadtest find-capacity` as it is typed, with trials that are no trials."""

import argparse
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from loadtest.__main__ import main
from loadtest.capacity.answer import from_json
from loadtest.capacity.search import End
from loadtest.cli.playing import Play
from loadtest.client.api import Unreachable
from loadtest.record.folder import read
from loadtest.record.record import Record, Verdict
from loadtest.scenario.model import Scenario

from ..records import record


def judged(scenario: Scenario, capacity: int, above: Verdict) -> Record:
    is_pass = scenario.viewers <= capacity
    return record(
        run=f"r{scenario.viewers}",
        workload=scenario.workload(),
        scenario=scenario.as_json(),
        seconds=scenario.duration_s,
        verdict=Verdict.PASS if is_pass else above,
        reasons=["fine" if is_pass else "comment.p99_ms was 412, it must be <= 300"],
        figures={"comment.p99_ms": 80.0 if is_pass else 412.0},
    )


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[Scenario]:
    """Every scenario that was played, by a deployment that holds 700."""
    return deployment(monkeypatch, 700)


def deployment(
    monkeypatch: pytest.MonkeyPatch, capacity: int, above: Verdict = Verdict.FAIL, gone: int = 0
) -> list[Scenario]:
    played: list[Scenario] = []

    def player(arguments: argparse.Namespace, _: Console) -> Play:
        async def play(scenario: Scenario) -> Record:
            if gone and len(played) == gone:
                raise Unreachable("no server answers")
            played.append(scenario)
            return judged(scenario, capacity, above)

        return play

    monkeypatch.setattr("loadtest.cli.find_capacity.player", player)
    monkeypatch.setattr("loadtest.cli.find_capacity.REST_S", 0.0)
    return played


def typed(monkeypatch: pytest.MonkeyPatch, out: Path, *arguments: str) -> int:
    line = ["loadtest", "find-capacity", *arguments, "--out", str(out)]
    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_an_answer_ends_with_0_and_is_kept_with_all_its_trials(
    played: list[Scenario],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "also.json"
    assert typed(monkeypatch, tmp_path / "out", "--json", str(file)) == 0
    (place,) = (tmp_path / "out").iterdir()
    capacity = from_json(json.loads((place / "capacity.json").read_text()))
    assert capacity.end is End.FOUND
    assert capacity == from_json(json.loads(file.read_text()))
    assert "holds" in (place / "capacity.md").read_text()
    kept = [read(each) for each in place.iterdir() if each.is_dir()]
    assert len(kept) == len(played) == len(capacity.trials)
    output = capsys.readouterr().out
    assert capacity.sentence() in output
    assert output.count(" viewers  ") == len(played)


def test_trials_are_short_and_the_answer_is_held_for_longer(
    played: list[Scenario], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert typed(monkeypatch, tmp_path, "--trial", "5", "--hold", "20") == 0
    assert {scenario.duration_s for scenario in played} == {5.0, 20.0}


def test_the_sizes_begin_where_they_are_asked_to_and_go_no_further(
    played: list[Scenario], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert typed(monkeypatch, tmp_path, "--start", "100", "--max", "500") == 0
    assert played[0].viewers == 100
    assert max(scenario.viewers for scenario in played) == 500


def test_where_nothing_holds_it_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deployment(monkeypatch, 0)
    assert typed(monkeypatch, tmp_path) == 1


def test_where_the_generator_is_the_limit_it_ends_with_3(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deployment(monkeypatch, 700, Verdict.INVALID)
    assert typed(monkeypatch, tmp_path) == 3


@pytest.mark.parametrize("gone", [0, 2])
def test_a_server_that_cannot_be_reached_any_more_ends_with_4(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gone: int
) -> None:
    deployment(monkeypatch, 700, gone=gone)
    arguments = ("--url", "http://127.0.0.1:9") if not gone else ()
    if not gone:
        monkeypatch.undo()
        monkeypatch.setenv("LIVESRV_JWT_SECRET", "a secret of more than thirty-two characters")
    assert typed(monkeypatch, tmp_path, *arguments) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--start", "0"), "--start is 0; it must be 1 to 1,000,000"),
        (("--start", "100", "--max", "50"), "--max is 50; it must be 100 to"),
        (("--trial", "0"), "--trial is 0.0; it must be 1 to"),
        (("--trial", "20", "--hold", "10"), "--hold is 10.0; it must be 20.0 to"),
        (("--resolution", "0.1"), "--resolution is 0.1; it must be 1 to 50"),
        (("no-such-scenario",), "neither a file nor a shipped scenario"),
    ],
)
def test_what_cannot_be_ends_with_2_and_says_what_would_be_right(
    played: list[Scenario],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    assert typed(monkeypatch, tmp_path, *arguments) == 2
    assert message in capsys.readouterr().err
    assert played == []
