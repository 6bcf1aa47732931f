"""The view of a run that goes on: what it shows, what it marks, and where it may redraw."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import replace

import pytest
from rich.console import Console

from loadtest.record.timeline import Timeline
from loadtest.report import live
from loadtest.report.dashboard import ROWS, Level, dashboard, level_of, plain_line, value_of
from tests.waiting import end, until

from .example import SCENARIO

ROW = {row.label: row for row in ROWS}


def timeline(*seconds: Mapping[str, float | None]) -> Timeline:
    made = Timeline()
    made.phase = "playing"
    for at_s, second in enumerate(seconds, 1):
        made.add(float(at_s), second)
    return made


def drawn(shown: Timeline, columns: int = 100) -> str:
    console = Console(file=io.StringIO(), width=columns)
    console.print(dashboard(SCENARIO, shown, columns))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_row_is_shown_with_its_course() -> None:
    second = {row.series: 4.0 for row in ROWS}
    text = drawn(timeline(second, second))
    for row in ROWS:
        line = next(line for line in text.splitlines() if line.startswith(row.label))
        assert line.rstrip().endswith("▇▇"), row


def test_before_the_first_second_there_are_dashes() -> None:
    assert "viewers" in drawn(Timeline())
    assert plain_line(SCENARIO, Timeline()) == "preparing"


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    second = {row.series: 123_456.0 for row in ROWS}
    text = drawn(timeline(*[second] * 90), columns)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= columns


def test_a_loss_is_bad_from_then_to_the_end() -> None:
    lossy = timeline({"lost_per_s": 0.0}, {"lost_per_s": 2.0}, {"lost_per_s": 0.0})
    assert level_of(ROW["lost"], SCENARIO, timeline({"lost_per_s": 0.0})) is Level.GOOD
    assert level_of(ROW["lost"], SCENARIO, lossy) is Level.BAD
    assert value_of(ROW["lost"], lossy) == 2


@pytest.mark.parametrize(
    ("cpu_pct", "level"),
    [(None, Level.GOOD), (85, Level.GOOD), (86, Level.NOTABLE), (96, Level.BAD)],
)
def test_a_generator_near_its_limit_is_marked(cpu_pct: float | None, level: Level) -> None:
    shown = timeline({"generator_cpu_pct": cpu_pct})
    assert level_of(ROW["generator CPU"], SCENARIO, shown) is level


def test_a_second_above_an_objective_s_limit_is_marked() -> None:
    row = ROW["comment p99"]
    assert level_of(row, SCENARIO, timeline({"comment_p99_ms": 150.0})) is Level.GOOD
    assert level_of(row, SCENARIO, timeline({"comment_p99_ms": 151.0})) is Level.NOTABLE
    without = replace(SCENARIO, objectives=())
    assert level_of(row, without, timeline({"comment_p99_ms": 151.0})) is Level.GOOD


def test_a_plain_line_says_where_the_run_is() -> None:
    line = plain_line(SCENARIO, timeline({"viewers": 1_200.0, "comment_p99_ms": 12.4}))
    assert line.startswith("playing   0:01 of 1:00  viewers 1,200  ")
    assert "comment p99 12 ms" in line


async def test_a_terminal_is_redrawn_and_a_file_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TERMINAL_PERIOD_S", 0.01)
    monkeypatch.setattr(live, "PLAIN_PERIOD_S", 0.01)
    for is_terminal in (True, False):
        file, shown = io.StringIO(), timeline({"viewers": 1.0})
        console = Console(file=file, width=100, force_terminal=is_terminal)
        showing = asyncio.create_task(live.LiveView(console, SCENARIO, shown).show())
        await until(file.getvalue)
        shown.add(2.0, {"viewers": 7_777.0})
        await until(lambda file=file: "7,777" in file.getvalue())  # type: ignore[misc]
        await end(showing)
        assert ("\x1b[" in file.getvalue()) is is_terminal
