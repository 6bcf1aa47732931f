"""A record as one page: it works offline, without a script, on a phone, in the dark and on paper.

Invariant: the page asks for nothing: style and charts are in it, and its policy forbids the rest.
"""

from pathlib import Path

from ..record.record import FORMAT, Record
from . import sections
from .headline import title
from .markup import element, page

_STYLE = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def html(record: Record) -> str:
    """The whole page; verdict on top, the environment and the scenario below."""
    parts = (
        sections.verdict(record),
        sections.summary(record),
        sections.courses(record),
        sections.spreads(record),
        sections.tables(record),
        sections.remarks(record),
        sections.all_figures(record),
        sections.environment(record),
        sections.scenario(record),
    )
    foot = element("footer", f"Made by loadtest from run.json, format {FORMAT}.")
    body = element("body", sections.head(record), element("main", *parts), foot)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("title", f"{record.verdict.name}: {title(record)}"),
        element("link", rel="icon", href="data:,"),
        element("style", _STYLE),
    )
    return page(element("html", head, body, lang="en"))
