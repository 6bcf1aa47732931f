"""An account, and all that was seen beside it, as the figures of a record. Pure.

Must not judge. Invariant: every name is one of `record.figures`.
"""

from collections.abc import Mapping
from dataclasses import asdict

from ..books.account import Account
from ..books.latency import Latencies, Measure, summary_of
from ..books.sequence import Tally
from ..scenario.model import Kind
from ..scenario.schedule import Schedule
from .reconcile import Reconciliation

_DISTRIBUTED = (
    Measure.CONNECT,
    Measure.JOIN,
    Measure.COMMENT_DELIVERED,
    Measure.COMMENT_SERVICE,
    Measure.GIFT_REPLY,
    Measure.GIFT_SERVICE,
    Measure.GIFT_EVENT,
    Measure.ORDER_REPLY,
    Measure.ORDER_SERVICE,
    Measure.SOLD_EVENT,
)
"""What a record keeps whole."""
_COARSE_DIGITS = 100
"""Two significant digits are enough for a picture."""


def timed(latencies: Latencies) -> dict[str, float]:
    """The figures of everything that was timed; of what never happened, only the count."""
    figures: dict[str, float] = {}
    for measure, histogram in latencies.total.items():
        summary = asdict(summary_of(histogram))
        kept = summary if summary["count"] else {"count": 0}
        figures |= {f"{measure.value}.{suffix}": float(value) for suffix, value in kept.items()}
    return figures


def distributions(latencies: Latencies) -> dict[str, list[tuple[float, int]]]:
    """[latency_ms, count], rising, of what was timed for users."""
    return {
        measure.value: _coarse(latencies.total[measure])
        for measure in _DISTRIBUTED
        if latencies.total[measure]
    }


def counted(account: Account, schedule: Schedule, seconds: float) -> dict[str, float]:
    """What the account adds up to."""
    counts = account.counts
    viewer_seconds = sum(
        went - came
        for crew in account.stays
        for stays in crew
        for came, went in zip(stays.came_ms, stays.went_ms, strict=True)
    )
    deliveries = account.deliveries.arrived_total + account.tally.delivered
    return {
        **_lanes(account),
        **_commands(account, schedule),
        "viewers.opened": counts["opened"],
        "viewers.gone": counts["gone"],
        "viewers.reconnects": counts["reconnects"],
        "viewers.failed_entries": account.entry_failures.total(),
        "frames.unreadable": counts["unreadable"],
        "frames.per_s": _a_second(counts["frames"], seconds),
        "bytes.per_viewer_s": counts["bytes"] / max(viewer_seconds / 1000, 1e-9),
        "deliveries.per_s": _a_second(deliveries, seconds),
        "retries": counts["retries"],
        "resent": counts["resent"],
        **{f"errors.{code}": count for code, count in account.errors.items()},
        **{f"closes.{code}": count for code, count in account.close_codes.items()},
    }


def reconciled(found: Reconciliation) -> dict[str, float]:
    """What the comparison with the ledger found."""
    names = (
        *("orders_checked", "orders_missing", "orders_wrong", "pieces_sold", "stocks_wrong"),
        *("oversold", "wallets_checked", "wallets_wrong", "shows_wrong", "unverified"),
    )
    return {f"ledger.{name}": float(getattr(found, name)) for name in names}


def _lanes(account: Account) -> Mapping[str, float]:
    waterfall = account.deliveries.account(account.stays, account.closed_ms)
    reliable = account.tally
    return {
        **_lane("reliable", account.tally),
        **_lane("slow", account.slow_tally),
        "reliable.mismatched": account.sightings.mismatches,
        "reliable.delivered_pct": _percent(reliable.delivered, reliable.expected),
        "comment.expected": waterfall.expected,
        "comment.delivered": waterfall.delivered,
        "comment.shed": waterfall.shed,
        "comment.gap": waterfall.gap,
        "comment.missing": waterfall.missing,
        "comment.surplus": waterfall.surplus,
        "comment.reach_pct": _percent(waterfall.delivered - waterfall.surplus, waterfall.expected),
    }


def _lane(name: str, tally: Tally) -> dict[str, float]:
    return {f"{name}.{key}": value for key, value in asdict(tally).items()}


def _commands(account: Account, schedule: Schedule) -> dict[str, float]:
    figures: dict[str, float] = {}
    for kind in Kind:
        if kind in (Kind.GIFT, Kind.ORDER):
            outcomes = _purchases(account, kind)
        else:
            outcomes = {
                outcome: account.said[kind, outcome]
                for outcome in ("sent", "acknowledged", "refused", "skipped")
            }
        outcomes["scheduled"] = schedule.count(kind)
        outcomes["unknown"] = outcomes["sent"] - outcomes["acknowledged"] - outcomes["refused"]
        figures |= {f"{kind.value}.{name}": value for name, value in outcomes.items()}
    return figures


def _purchases(account: Account, kind: Kind) -> dict[str, int]:
    receipts = account.receipts
    answered = receipts.acknowledged[kind] + receipts.refused[kind]
    return {
        "sent": answered + receipts.unknown[kind],
        "acknowledged": receipts.acknowledged[kind],
        "refused": receipts.refused[kind],
        "skipped": receipts.skipped[kind],
    }


def _a_second(count: int, seconds: float) -> float:
    """A show may have been ended before its first moment."""
    return count / seconds if seconds else 0.0


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


def _coarse(histogram: Mapping[int, int]) -> list[tuple[float, int]]:
    coarse: dict[int, int] = {}
    for value_us, count in histogram.items():
        width = 1
        while value_us >= _COARSE_DIGITS * width:
            width *= 10
        rounded = value_us // width * width
        coarse[rounded] = coarse.get(rounded, 0) + count
    return [(value_us / 1000, coarse[value_us]) for value_us in sorted(coarse)]
