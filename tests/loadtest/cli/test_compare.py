"""`loadtest compare` as it is typed, on runs that never were."""

import argparse
import json
import sys
from pathlib import Path
from random import Random

import pytest
from rich.console import Console

from loadtest.__main__ import main
from loadtest.cli.playing import Play
from loadtest.record.folder import write
from loadtest.record.record import Process, Record, Verdict
from loadtest.scenario.model import Scenario
from loadtest.scenario.reading import load
from loadtest.scenario.shortening import shortened

from ..records import record

SHOW = shortened(load("steady-evening").for_viewers(300), 5.0)
FIGURES = {"comment.p99_ms": 80.0, "order.p99_ms": 30.0, "server.cpu_pct_max": 60.0}


def played(random: Random, scenario: Scenario = SHOW, times: float = 1.0) -> Record:
    return record(
        run=f"r{random.random()}",
        workload=scenario.workload(),
        scenario=scenario.as_json(),
        seconds=scenario.duration_s,
        figures={n: v * times * random.lognormvariate(0.0, 0.02) for n, v in FIGURES.items()}
        | {"comment.count": 1_000.0, "order.count": 200.0},
        generator=[Process("crew-0", 1.0, 1.0, 1.0, 1.0)],
    )


def written(place: Path, count: int, times: float = 1.0, seed: int = 1) -> str:
    random = Random(seed)
    for _ in range(count):
        write(played(random, times=times), place)
    return str(place)


def typed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["loadtest", "compare", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("times", "code", "says"),
    [
        (1.0, 0, "no detectable change"),
        (0.5, 0, "is better than"),
        (2.0, 1, "is worse than"),
    ],
)
def test_only_worse_ends_with_1(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    times: float,
    code: int,
    says: str,
) -> None:
    a, b = written(tmp_path / "a", 4), written(tmp_path / "b", 4, times, seed=2)
    plain, page = tmp_path / "c.json", tmp_path / "c.md"
    assert typed(monkeypatch, a, b, "--json", str(plain), "--markdown", str(page)) == code
    assert says in capsys.readouterr().out
    assert says in json.loads(plain.read_text())["answer"]
    assert says in page.read_text()


def test_one_run_a_side_ends_with_2_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = written(tmp_path / "a", 1), written(tmp_path / "b", 1)
    assert typed(monkeypatch, a, b) == 2
    assert "--repeat 4" in capsys.readouterr().err


def test_the_noise_is_learnt_by_playing_the_same_scenario_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    again: list[tuple[str, int]] = []
    random = Random(3)

    def player(arguments: argparse.Namespace, _: Console) -> Play:
        async def play(scenario: Scenario) -> Record:
            again.append((scenario.workload(), arguments.crews))
            return played(random, scenario)

        return play

    monkeypatch.setattr("loadtest.cli.compare.player", player)
    a, b = written(tmp_path / "a", 1), written(tmp_path / "b", 1, 2.0)
    assert typed(monkeypatch, a, b, "--repeat", "3") == 1
    assert again == [(SHOW.workload(), 1)] * 3


def test_too_few_repeats_end_with_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    a = written(tmp_path / "a", 1)
    assert typed(monkeypatch, a, a, "--repeat", "2") == 2


def test_runs_that_are_not_alike_end_with_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = written(tmp_path / "a", 3)
    write(played(Random(1), shortened(SHOW, 4.0)), tmp_path / "b")
    assert typed(monkeypatch, a, str(tmp_path / "b")) == 2
    assert "another workload" in capsys.readouterr().err


def test_an_invalid_run_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = written(tmp_path / "a", 3)
    write(record(verdict=Verdict.INVALID, reasons=["crew-0 was late"]), tmp_path / "b")
    assert typed(monkeypatch, a, str(tmp_path / "b"), "--across-machines") == 2
    assert "crew-0 was late" in capsys.readouterr().err


def test_what_is_no_run_ends_with_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert typed(monkeypatch, str(tmp_path), str(tmp_path)) == 2
