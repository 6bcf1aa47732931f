"""The report in the terminal: complete, within its width, and the verdict last."""

import io

from hypothesis import given, settings
from rich.console import Console

from loadtest.record.record import Record
from loadtest.report.text import print_report

from .example import failed, invalid, passed
from .records import RECORDS


def printed(record: Record, columns: int = 100) -> str:
    console = Console(file=io.StringIO(), width=columns, highlight=False)
    print_report(record, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_verdict_stands_last_with_all_its_reasons() -> None:
    for record in (passed(), failed(), invalid()):
        lines = printed(record).splitlines()
        head = next(i for i, line in enumerate(lines) if record.verdict.name in line)
        assert lines[-1].startswith("┗")
        assert len(lines) - head < 10
        assert all(any(reason in line for line in lines[head:]) for reason in record.reasons)


def test_response_and_service_time_stand_beside_each_other() -> None:
    line = next(each for each in printed(passed()).splitlines() if "order answered" in each)
    figures = passed().figures
    for figure in ("order.p99_ms", "order_service.p99_ms"):
        assert f"{figures[figure]:.1f}" in line


def test_whatever_differs_is_shown() -> None:
    text = printed(failed())
    assert failed().examples[0] in text
    assert "4408 17" in text
    assert "Worker 1 used 99.8 % of its core." in text


def test_a_hundred_columns_are_enough_for_no_figure_to_be_cut() -> None:
    for record in (passed(), failed()):
        text = printed(record)
        assert "…" not in text
        assert max(len(line) for line in text.splitlines()) <= 100


@settings(max_examples=25, deadline=None)
@given(RECORDS)
def test_any_record_can_be_printed(record: Record) -> None:
    assert record.verdict.name in printed(record)


def test_markup_in_a_record_is_text() -> None:
    hostile = Record(
        **{**vars(passed()), "reasons": ["[red]not red[/red] [/]"], "examples": ["[/]"]}
    )
    assert "[red]not red[/red] [/]" in printed(hostile)
