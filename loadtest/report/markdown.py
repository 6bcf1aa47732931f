"""A record as a comment on a change: verdict, reasons, objectives, headline figures. Pure.

Invariant: at most `LINES_MAX` lines, whatever the record holds, and nothing in it is taken for
markup.
"""

import re
from collections.abc import Iterable, Sequence

from ..record.record import Judged, Record, Verdict
from .headline import MEANING, headlines, name, title
from .tables import measured
from .wording import many, moment

LINES_MAX = 60
_REASONS_MAX = 8
_OBJECTIVES_MAX = 18
_NOTES_MAX = 5
_MARKS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INVALID: "⚠️"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def markdown(record: Record) -> str:
    """GitHub's flavour."""
    verdict = record.verdict
    lines = [
        f"### {_MARKS[verdict]} {verdict.name}: {_escaped(title(record))}",
        "",
        f"**{MEANING[verdict]}**",
        "",
        *_list(record.reasons, _REASONS_MAX, "reason"),
        *_bottleneck(record),
        *_objectives(record.objectives),
        *_figures(record),
        *_list([f"Note: {note}" for note in record.notes], _NOTES_MAX, "note"),
        _footer(record),
    ]
    return "\n".join(lines) + "\n"


def _list(sentences: Sequence[str], most: int, what: str) -> list[str]:
    if not sentences:
        return []
    lines = [f"- {_escaped(sentence)}" for sentence in sentences[:most]]
    return [*lines, *_more(len(sentences) - most, what), ""]


def _more(left: int, what: str) -> list[str]:
    return [f"- and {many(left, f'more {what}')}"] if left > 0 else []


def _bottleneck(record: Record) -> list[str]:
    return [f"**Bottleneck:** {_escaped(record.bottleneck)}", ""] if record.bottleneck else []


def _objectives(objectives: Sequence[Judged]) -> list[str]:
    if not objectives:
        return []
    ranked = sorted(objectives, key=lambda each: each.is_met)
    rows = (
        (_escaped(each.text), measured(each), "met" if each.is_met else "**missed**")
        for each in ranked[:_OBJECTIVES_MAX]
    )
    table = _table(("objective", "measured", ""), rows)
    left = _more(len(objectives) - _OBJECTIVES_MAX, "objective")
    return [*table, "", *left, *([""] if left else [])]


def _figures(record: Record) -> list[str]:
    rows = ((each.label, f"**{each.value}**", each.detail) for each in headlines(record))
    return [*_table(("figure", "", ""), rows), ""]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _footer(record: Record) -> str:
    parts = (name(record), f"run {record.run}", moment(record.started_at), f"{record.seconds:g} s")
    return _escaped(f"{' · '.join(parts)} · workload {record.workload}")


def _escaped(text: str) -> str:
    """In one line, and nothing in it a mark or a tag."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
