"""What one run found out, as plain figures, and whether it is good enough. Pure.

Invariant: `failures` is empty exactly when nothing that must not be lost was lost, doubled,
reordered or contradicted, and the run was the one asked for. What may be left out under load
(comments, announced or not) is a warning.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ..books.deliveries import WaterfallAccount
from ..books.latency import Measure, Summary
from ..client.sequence import Tally

FORMAT = 1
"""Version of the JSON: raised when a field changes its meaning or goes."""
EXAMPLES_MAX = 10
"""Differences shown one by one; the rest are only counted."""
LAG_SUSPECT_MS = 50.0
"""A generator whose p99 lag is above this measures itself rather than the server."""


@dataclass(frozen=True)
class Outcomes:
    """What became of the commands of one kind."""

    scheduled: int
    sent: int
    acknowledged: int
    refused: int
    skipped: int
    unknown: int


@dataclass(frozen=True)
class Generator:
    """How the harness itself fared. `cpu_share` is of one core, while sending."""

    cpu_share: float
    frames: int
    frames_decoded: int
    sending_s: float


@dataclass
class Reconciliation:
    """What was compared, and what differed; `examples` shows the first differences."""

    orders_acknowledged: int = 0
    orders_found: int = 0
    orders_missing: int = 0
    orders_wrong: int = 0
    pieces_acknowledged: int = 0
    pieces_unknown: int = 0
    pieces_sold: int = 0
    stocks_wrong: int = 0
    wallets_checked: int = 0
    wallets_wrong: int = 0
    shows_wrong: int = 0
    unverified: int = 0
    examples: list[str] = field(default_factory=list)

    def differ(self, what: str) -> int:
        """Note a difference; returns 1, to be added to its count."""
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(what)
        return 1


@dataclass(frozen=True, kw_only=True)
class Result:
    """Everything the report shows and `--json` writes."""

    run: str
    plan: dict[str, Any]
    viewers_entered: int
    viewers_gone: int
    waterfall: WaterfallAccount
    reliable: Tally
    latency_ms: dict[str, Summary]
    outcomes: dict[str, Outcomes]
    late: int
    retries: int
    resent: int
    reconnects: int
    errors: dict[str, int]
    close_codes: dict[str, int]
    entry_failures: dict[str, int]
    event_mismatches: int
    unreadable: int
    unreadable_first: str
    rooms_unsettled: int
    ledger: Reconciliation
    generator: Generator

    def failures(self) -> list[str]:
        """What must not be; one line each."""
        ledger, lane = self.ledger, self.reliable
        counts = {
            "reliable events lost": lane.lost,
            "reliable events doubled": lane.doubled,
            "reliable events reordered": lane.reordered,
            "reliable events with two contents": self.event_mismatches,
            "frames that make no sense": self.unreadable,
            "rooms whose end could not be learnt": self.rooms_unsettled,
            "acknowledged orders not in the ledger": ledger.orders_missing,
            "orders that differ from their acknowledgement": ledger.orders_wrong,
            "stocks that differ from the acknowledged pieces": ledger.stocks_wrong,
            "wallets that differ from what was acknowledged": ledger.wallets_wrong,
            "gifts or sales shown otherwise than acknowledged": ledger.shows_wrong,
            "figures the server did not give": ledger.unverified,
            "viewers that never got in": self.plan["viewers"] - self.viewers_entered,
        }
        return [f"{count:,} {what}" for what, count in counts.items() if count]

    def warnings(self) -> list[str]:
        """What may be, but should be known."""
        return list(self._warnings())

    def as_json(self) -> dict[str, Any]:
        verdict = {"failures": self.failures(), "warnings": self.warnings()}
        return {"format": FORMAT, **asdict(self), **verdict}

    def _warnings(self) -> Iterator[str]:
        if self.generator.sending_s < self.plan["duration_s"]:
            yield f"cut short after {self.generator.sending_s:.1f} s of {self.plan['duration_s']:g}"
        for measure in (Measure.LOOP_LAG, Measure.SENT_LATE):
            p99_ms = self.latency_ms[measure.value].p99_ms
            if p99_ms > LAG_SUSPECT_MS:
                yield f"latencies include the {measure.value}, p99 {p99_ms:.0f} ms"
        if self.waterfall.missing:
            yield f"{self.waterfall.missing:,} comment deliveries missing without being announced"
        if self.viewers_gone:
            yield f"{self.viewers_gone:,} viewers were told not to come back"
        for kind, outcome in self.outcomes.items():
            if outcome.unknown:
                yield f"{outcome.unknown:,} {kind}s without an answer"
            if outcome.skipped:
                yield f"{outcome.skipped:,} {kind}s skipped, no connection to send them on"
