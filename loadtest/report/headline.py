"""What a reader wants to know first: a handful of figures, the same in every report. Pure.

Must not judge the run: the verdict is the record's. Invariant: whatever was lost is marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..record.record import Record, Verdict
from .wording import NONE, of

MEANING = {
    Verdict.PASS: "The deployment holds this.",
    Verdict.FAIL: "The deployment does not hold this.",
    Verdict.INVALID: "It says nothing about the server: the generator may have been the limit.",
}
"""A verdict in a sentence."""


@dataclass(frozen=True)
class Headline:
    """`detail` says what the value is to be read beside."""

    label: str
    value: str
    detail: str
    is_bad: bool = False


def headlines(record: Record) -> list[Headline]:
    """The same eight for each run; what it could not learn is a dash."""
    figures = record.figures
    return [
        Headline(
            "viewers", of(figures, "viewers.peak"), f"of {of(figures, 'viewers.asked')} asked for"
        ),
        Headline("deliveries", of(figures, "deliveries.per_s"), "comments and events × members"),
        Headline(
            "comments delivered",
            of(figures, "comment.reach_pct"),
            f"{of(figures, 'comment.delivered')} of {of(figures, 'comment.expected')}",
        ),
        _timed(figures, "comment", "comment", "comment_service"),
        _timed(figures, "gift event", "gift_event", None),
        _timed(figures, "order", "order", "order_service"),
        Headline(
            "orders done",
            of(figures, "order.acknowledged"),
            f"of {of(figures, 'order.sent')} sent; {of(figures, 'order.unknown')} unanswered",
            is_bad=bool(figures.get("order.unknown")),
        ),
        Headline(
            "events lost",
            of(figures, "reliable.lost"),
            f"of {of(figures, 'reliable.expected')} that must arrive",
            is_bad=bool(figures.get("reliable.lost")),
        ),
    ]


def title(record: Record) -> str:
    """The scenario's title, or its name when it has none."""
    return str(record.scenario.get("title") or record.scenario.get("name") or "A run")


def name(record: Record) -> str:
    return str(record.scenario.get("name") or "run")


def _timed(figures: Mapping[str, float], label: str, timed: str, service: str | None) -> Headline:
    detail = f"half within {of(figures, f'{timed}.p50_ms')}"
    inner = of(figures, f"{service}.p99_ms") if service else NONE
    if inner != NONE:
        detail = f"{detail}; service {inner}"
    return Headline(f"{label} p99", of(figures, f"{timed}.p99_ms"), detail)
