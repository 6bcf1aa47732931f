"""`loadtest run` without a process of its own: what it asks for, and how it ends."""

from pathlib import Path

import pytest
from rich.console import Console

from loadtest.client.credentials import Mint
from loadtest.process import cores
from loadtest.record.record import Record, Verdict
from loadtest.run.run import RunOrder
from loadtest.scenario.reading import load, names
from loadtest.scenario.shortening import shortened

from ..report import example
from .conftest import Command

MADE = {
    Verdict.PASS: example.passed,
    Verdict.FAIL: example.failed,
    Verdict.INVALID: example.invalid,
}


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[RunOrder]:
    """What was to be played, by nobody: each run passes."""
    return ordering(monkeypatch, *[Verdict.PASS] * 9)


def ordering(monkeypatch: pytest.MonkeyPatch, *verdicts: Verdict) -> list[RunOrder]:
    found: list[RunOrder] = []
    left = iter(verdicts)

    async def run(order: RunOrder, mint: Mint, shown: Console) -> Record:
        found.append(order)
        return MADE[next(left)]()

    monkeypatch.setattr("loadtest.cli.playing.run", run)
    return found


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((Verdict.PASS,), 0),
        ((Verdict.FAIL,), 1),
        ((Verdict.INVALID,), 3),
        ((Verdict.FAIL, Verdict.PASS), 1),
        ((Verdict.PASS, Verdict.INVALID, Verdict.FAIL), 3),
    ],
)
def test_the_worst_verdict_is_the_exit_code(
    command: Command, monkeypatch: pytest.MonkeyPatch, verdicts: tuple[Verdict, ...], code: int
) -> None:
    ordering(monkeypatch, *verdicts)
    assert command("run", "--repeat", str(len(verdicts)))[0] == code


def test_every_run_leaves_a_folder_of_its_own(
    command: Command, orders: list[RunOrder], tmp_path: Path
) -> None:
    _, output, _ = command("run", "--repeat", "3")
    folders = list((tmp_path / "loadtest-runs").iterdir())
    assert len(orders) == len(folders) == 3
    assert output.count("report: loadtest-runs/") == 3


def test_the_shipped_scenarios_are_listed_with_their_titles(command: Command) -> None:
    code, output, _ = command("run", "--list")
    assert code == 0
    lines = output.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert all(load(line.split()[0]).title in line for line in lines)


def test_an_audience_is_scaled_to_its_number_or_by_a_factor(
    command: Command, orders: list[RunOrder]
) -> None:
    whole = load("steady-evening")
    command("run")
    command("run", "--viewers", str(whole.viewers // 2))
    command("run", "steady-evening", "--scale", "0.5", "--seed", "9")
    assert orders[0].scenario == whole
    assert orders[1].scenario == whole.scaled(0.5)
    assert orders[2].scenario.viewers == orders[1].scenario.viewers
    assert orders[2].scenario.seed == 9


def test_a_show_can_be_played_in_less_time(command: Command, orders: list[RunOrder]) -> None:
    command("run", "soak", "--seconds", "60")
    assert orders[0].scenario == shortened(load("soak"), 60)


def test_there_are_as_many_crews_as_asked_for_or_as_many_as_it_takes(
    command: Command, orders: list[RunOrder]
) -> None:
    command("run", "--viewers", "100", "--crews", "3")
    command("run", "--viewers", "100")
    command("run", "--viewers", "15000")
    assert [order.crews for order in orders] == [3, 1, min(3, cores())]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("--viewers", "0"), "--viewers is 0; it must be at least 1"),
        (("--scale", "0"), "--scale is 0.0; it must be above 0"),
        (("--seconds", "0.5"), "--seconds is 0.5; it must be at least 1"),
        (("--crews", "0"), "--crews is 0; it must be 1 to 64"),
        (("--repeat", "0"), "--repeat is 0; it must be 1 to 100"),
        (("--repeat", "101"), "--repeat is 101; it must be 1 to 100"),
        (("--url", "127.0.0.1:8080"), "--url is '127.0.0.1:8080'; it must look like http://"),
        (("--url", "ws://127.0.0.1"), "--url is 'ws://127.0.0.1'; it must look like http://"),
        (("--scale", "1e9"), "people in all; there may be"),
        (("nosuch",), "nosuch"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_right(
    command: Command, orders: list[RunOrder], wrong: tuple[str, ...], message: str
) -> None:
    code, _, errors = command("run", *wrong)
    assert code == 2
    assert message in errors
    assert errors.startswith("loadtest: ")
    assert orders == []


def test_a_size_is_given_in_one_way(command: Command) -> None:
    code, _, errors = command("run", "--viewers", "5", "--scale", "2")
    assert code == 2
    assert "not allowed with" in errors


def test_a_scenario_that_cannot_be_ends_with_2_and_names_the_line(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text('title = "Bad"\nduration_s = "long"\n')
    code, _, errors = command("run", "bad.toml")
    assert code == 2
    assert "bad.toml:2: duration_s" in errors


def test_no_secret_ends_with_2_and_says_what_to_pass(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LIVESRV_JWT_SECRET")
    code, _, errors = command("run", "--data-dir", str(tmp_path))
    assert code == 2
    assert "--data-dir" in errors
    assert "LIVESRV_JWT_SECRET" in errors
