"""The comment on a change: short whatever happened, and nothing in it is markup by accident."""

from dataclasses import replace

from hypothesis import given, settings

from loadtest.record.record import Judged, Record
from loadtest.report.markdown import LINES_MAX, markdown

from .example import failed, invalid, passed
from .records import RECORDS


def test_verdict_reasons_and_what_was_missed_come_first() -> None:
    text = markdown(failed())
    assert text.startswith("### ❌ FAIL: A steady evening")
    assert all(reason in text for reason in failed().reasons)
    assert text.index("**missed**") < text.index("| met |")
    assert "**Bottleneck:** Worker 1" in text


def test_an_invalid_run_says_that_it_proves_nothing() -> None:
    assert "says nothing about the server" in markdown(invalid())


@settings(max_examples=25, deadline=None)
@given(RECORDS)
def test_it_is_never_longer_than_a_comment_may_be(record: Record) -> None:
    assert len(markdown(record).splitlines()) <= LINES_MAX


def test_a_hundred_objectives_and_reasons_are_counted_rather_than_listed() -> None:
    missed = Judged("reliable.lost == 0", "reliable.lost", None, False)
    full = replace(failed(), objectives=[missed] * 100, reasons=["x"] * 100, notes=["y"] * 100)
    text = markdown(full)
    assert len(text.splitlines()) == LINES_MAX - 2
    assert all(f"and {left} more" in text for left in (82, 92, 95))


def test_a_title_cannot_open_a_tag_a_table_or_a_link() -> None:
    scenario = {**passed().scenario, "title": "<img src=x> | [a](b)\n# `c` **d**"}
    first = markdown(replace(passed(), scenario=scenario)).splitlines()[0]
    assert first.endswith(r"PASS: \<img src=x\> \| \[a\](b) \# \`c\` \*\*d\*\*")
