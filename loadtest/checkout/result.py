"""What one checkout run found out, as plain figures, and whether it is good enough. Pure.

Invariant: `failures` is empty exactly when every acknowledged order was sold, told and paid exactly
once, as far as buyers, watchers and books can tell, and nothing was refused or left unknown.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ..books.latency import Summary
from ..books.sequence import Tally
from ..run.reconcile import Reconciliation

FORMAT = 1
"""Version of the JSON: raised when a field changes its meaning or goes."""
LAG_SUSPECT_MS = 50.0
"""A generator whose p99 lag is above this measures itself rather than the server."""
BUSY_SHARE_MAX = 0.9
"""Of a core. A harness that is busier than this waits for itself rather than for the server."""
OTHERS_CORES_MAX = 0.2
"""A machine that does something else is slower for all of us."""
ALWAYS = "always"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What became of the orders of one phase.

    `acknowledged_per_s` counts those acknowledged within `seconds`. `latency_counts_from` says from
    which moment to the reply `latency_ms` was measured. CPU is of all that was done from the first
    order until the last was told of, for one acknowledged order; by process. `others_cores` is what
    everything else on this machine used meanwhile, in cores.
    """

    seconds: float
    scheduled: int
    sent: int
    acknowledged: int
    acknowledged_per_s: float
    refused: int
    unknown: int
    skipped: int
    late: int
    retries: int
    latency_counts_from: str
    latency_ms: Summary
    harness_share: float
    others_cores: float
    cpu_us_per_order: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """What the ledger takes at most. `ratio` is the saturation's rate to it."""

    entries_per_s: float
    in_flight: int
    ledger_cpu: float
    others_cores: float
    ratio: float
    trials: list[dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class LedgerMemory:
    bytes_per_order: float
    bytes_per_journal_line: float
    bytes_per_million_lines: float


@dataclass(frozen=True, kw_only=True)
class CheckoutResult:
    """Everything the report shows and `--json` writes."""

    run: str
    plan: dict[str, Any]
    connected: int
    appendfsync: str
    saturation: Phase
    paced: Phase
    paced_per_s: float
    ceiling: Ceiling | None
    memory: LedgerMemory | None
    left_out: list[str]
    reliable: Tally
    event_mismatches: int
    rooms_unsettled: int
    updates: int
    updates_missing: int
    updates_unclaimed: int
    balances: int
    wrongs: dict[str, int]
    wrong_examples: list[str]
    errors: dict[str, int]
    close_codes: dict[str, int]
    unreadable: int
    ledger: Reconciliation
    loop_lag_ms: Summary
    sent_late_ms: Summary

    def failures(self) -> list[str]:
        """What must not be; one line each."""
        counts = {
            "reliable events lost": self.reliable.lost,
            "reliable events doubled": self.reliable.doubled,
            "reliable events reordered": self.reliable.reordered,
            "reliable events with two contents": self.event_mismatches,
            "frames that make no sense": self.unreadable,
            "rooms whose end could not be learnt": self.rooms_unsettled,
            "acknowledged orders without an order update": self.updates_missing,
            "order updates too many": self._updates_surplus(),
            "orders not found in the ledger": self.ledger.orders_missing,
            "orders that differ from their acknowledgement": self.ledger.orders_wrong,
            "stocks that differ from the acknowledged pieces": self.ledger.stocks_wrong,
            "wallets that differ from what was acknowledged": self.ledger.wallets_wrong,
            "buyers whose sales were shown otherwise than acknowledged": self.ledger.shows_wrong,
            "figures the server did not give": self.ledger.unverified,
            "orders refused": self.saturation.refused + self.paced.refused,
            "orders without an answer": self._unknown(),
            "buyers that did not get in": self.plan["connections"] - self.connected,
            **self.wrongs,
        }
        lines = [f"{count:,} {what}" for what, count in counts.items() if count]
        if not self.saturation.acknowledged:
            lines.append("no order was acknowledged")
        if self.appendfsync not in ("", ALWAYS):
            lines.append(f"the orders are not durable: appendfsync is {self.appendfsync}")
        return lines

    def warnings(self) -> list[str]:
        """What makes the figures worth less, or nothing."""
        return list(self._warnings())

    def as_json(self) -> dict[str, Any]:
        verdict = {"failures": self.failures(), "warnings": self.warnings()}
        return {"format": FORMAT, **asdict(self), **verdict}

    def _unknown(self) -> int:
        return self.saturation.unknown + self.paced.unknown

    def _updates_surplus(self) -> int:
        """An order whose reply never came may well have been told of."""
        return max(0, self.updates_unclaimed - self._unknown())

    def _warnings(self) -> Iterator[str]:
        for name, phase in (("saturation", self.saturation), ("paced", self.paced)):
            if phase.harness_share > BUSY_SHARE_MAX:
                yield (
                    f"INVALID: in the {name} phase the harness used {phase.harness_share:.0%} of a "
                    "core; it measured itself"
                )
            if phase.seconds < self.plan["duration_s"] - 0.1:
                yield f"the {name} phase was cut short after {phase.seconds:.1f} s"
            if phase.others_cores > OTHERS_CORES_MAX:
                yield f"others used {phase.others_cores:.1f} cores in the {name} phase"
            if phase.skipped:
                yield f"{phase.skipped:,} orders skipped, no connection to send them on"
        if self.ceiling and self.ceiling.others_cores > OTHERS_CORES_MAX:
            yield (
                f"others used {self.ceiling.others_cores:.1f} cores while the ledger was measured "
                "alone: its ceiling is higher, and the ratio lower"
            )
        for what, summary in (("loop lag", self.loop_lag_ms), ("sent late", self.sent_late_ms)):
            if summary.p99_ms > LAG_SUSPECT_MS:
                yield f"latencies include the harness's own {what}, p99 {summary.p99_ms:.0f} ms"
        if not self.appendfsync:
            yield "whether the orders are durable could not be looked up"
        yield from (f"left out: {what}" for what in self.left_out)
