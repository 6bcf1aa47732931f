"""The page: complete, in order, and nothing in a record becomes markup or a request."""

import re
from dataclasses import fields, replace
from html.parser import HTMLParser

from hypothesis import given, settings

from loadtest.record.record import Judged, Machine, Process, Record
from loadtest.report.html import html

from .example import failed, invalid, passed
from .records import RECORDS

HOSTILE = "</style><script src=//x>alert(1)</script><img src=x onerror='a'>\"&amp;]]>"
VOID = {"meta", "link"}


class Page(HTMLParser):
    """Its elements, its attributes and its text; fails on what is not closed as it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.texts)


def test_verdict_and_reasons_come_first_and_the_scenario_last() -> None:
    for record in (passed(), failed(), invalid()):
        text = Page(html(record)).text
        order = [
            record.verdict.name,
            *record.reasons,
            "Objectives",
            "At a glance",
            "Second by second",
            "How latency is distributed",
            "In figures",
            "Where and what",
            "The scenario",
        ]
        places = [text.index(each) for each in order]
        assert places == sorted(places)


def test_every_figure_stands_in_the_page_with_its_meaning() -> None:
    text = Page(html(failed())).text
    assert all(f"\n{name}\n" in text for name in failed().figures)
    assert "acknowledged orders looked up" in text


def hostile() -> Record:
    """A record in which every text is an attack."""
    record = passed()
    texts = {
        each.name: HOSTILE
        for each in fields(Record)
        if isinstance(getattr(record, each.name), str) and each.name != "started_at"
    }
    return replace(
        record,
        **texts,  # type: ignore[arg-type]
        scenario={**record.scenario, "title": HOSTILE, "name": HOSTILE},
        reasons=[HOSTILE],
        notes=[HOSTILE],
        examples=[HOSTILE],
        bottleneck=HOSTILE,
        objectives=[Judged(HOSTILE, f"errors.{HOSTILE}", 1.0, False)],
        figures={f"errors.{HOSTILE}": 1.0},
        machine=Machine(HOSTILE, 1, 1, HOSTILE, HOSTILE, 1, HOSTILE),
        server=[Process(HOSTILE, 1, 1, 1, 1)],
        stores={HOSTILE: 1.0},
    )


def test_no_text_of_a_record_becomes_markup() -> None:
    page = Page(html(hostile()))
    assert not {"script", "img", "iframe", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count(HOSTILE) >= 12


@settings(max_examples=25, deadline=None)
@given(RECORDS)
def test_any_record_makes_a_page_that_asks_for_nothing(record: Record) -> None:
    text = html(record)
    page = Page(text)
    assert "script" not in page.tags
    loading = [(n, v) for n, v in page.attributes if n in ("src", "srcset", "href", "action")]
    assert loading == [("href", "data:,")]
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"url\(|@import", style)


def test_a_run_of_eight_hours_is_no_larger_than_a_mail_may_be() -> None:
    seconds = 8 * 3600
    column: list[float | None] = [float(second % 97) for second in range(seconds)]
    series = dict.fromkeys(passed().series, column)
    series["at_s"] = [float(second) for second in range(1, seconds + 1)]
    assert len(html(replace(passed(), series=series)).encode()) < 1_000_000
