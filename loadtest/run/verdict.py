"""PASS, FAIL or INVALID, each with its reasons in plain sentences. Pure.

INVALID comes first: where the generator may have been what was measured, or the load was not the
one that was asked for because of it, neither pass nor fail means anything. Invariant: whatever must
never be (a loss, a difference from the ledger) fails a run, whether or not an objective names it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..record.record import Judged, Verdict

LATE_P99_MS_MAX = 25.0
"""Of a generator's loop, and of what it sends: half of the shortest window in which the server
gathers comments."""
LATE_SHARE_MAX = 0.1
"""Of the comments' p99: where they take much longer, the lateness is not what made them late."""
CPU_PCT_MAX = 90.0
"""Of a core: busier, and what comes waits in the generator's own queue."""
OPENED_SHARE_MIN = 0.99
"""Of the people asked for, who must have been in their rooms."""

NEVER = {
    "reliable.lost": "reliable events were lost",
    "reliable.doubled": "reliable events came twice",
    "reliable.reordered": "reliable events came out of order",
    "reliable.mismatched": "reliable events had two contents",
    "slow.doubled": "reliable events came twice to slow readers",
    "slow.reordered": "reliable events came out of order to slow readers",
    "frames.unreadable": "frames made no sense",
    "rooms.unsettled": "rooms did not say where their lane ends",
    "ledger.orders_missing": "acknowledged orders are not in the ledger",
    "ledger.orders_wrong": "orders differ from their acknowledgement",
    "ledger.stocks_wrong": "stocks differ from the acknowledged pieces",
    "ledger.oversold": "pieces were sold beyond the stock",
    "ledger.wallets_wrong": "wallets differ from what was acknowledged",
    "ledger.shows_wrong": "gifts or sales were shown otherwise than acknowledged",
    "ledger.unverified": "figures for the comparison with the ledger were not given",
}
"""What must be 0 in every run, and what it is called when it is not."""


@dataclass(frozen=True)
class Generator:
    """What a verdict needs to know of the generator. `own_failures` is entries that failed for
    want of files, ports or memory of our own."""

    losses: Sequence[str]
    own_failures: int
    turned_away: int


def judge(
    figures: Mapping[str, float], objectives: Sequence[Judged], generator: Generator
) -> tuple[Verdict, list[str]]:
    """The verdict and its reasons."""
    missed = [*_never(figures), *_too_few(figures, generator), *_objectives(objectives)]
    invalid = list(_invalid(figures, generator))
    if invalid:
        return Verdict.INVALID, invalid + missed
    if missed:
        return Verdict.FAIL, missed
    return Verdict.PASS, list(_held(figures, objectives))


def notes(figures: Mapping[str, float], seconds: float, duration_s: float) -> Iterator[str]:
    """What may be, but should be known."""
    if seconds < duration_s - 1:
        yield f"The show was cut short after {seconds:.0f} s of {duration_s:g} s."
    if missing := figures["comment.missing"]:
        yield f"{missing:,.0f} comment deliveries are missing without having been announced."
    if gone := figures["viewers.gone"]:
        yield f"{gone:,.0f} people were told not to come back."
    for kind in ("comment", "like", "gift", "order", "pin"):
        if skipped := figures[f"{kind}.skipped"]:
            yield f"{skipped:,.0f} {kind}s were skipped: there was no connection to send them on."
        if unknown := figures[f"{kind}.unknown"]:
            yield f"{unknown:,.0f} {kind}s were never answered."


def _invalid(figures: Mapping[str, float], generator: Generator) -> Iterator[str]:
    yield from (f"{loss[0].upper()}{loss[1:]}." for loss in generator.losses)
    lag_ms, late_ms = (
        figures.get("generator.lag.p99_ms", 0),
        figures.get("generator.late.p99_ms", 0),
    )
    most_ms = max(LATE_P99_MS_MAX, LATE_SHARE_MAX * figures.get("comment.p99_ms", 0.0))
    if lag_ms > most_ms:
        yield (
            f"The generator's event loops were late by {lag_ms:,.0f} ms (p99); "
            f"above {most_ms:.0f} ms they measure themselves."
        )
    if late_ms > most_ms:
        yield (
            f"The generator sent {late_ms:,.0f} ms later than intended (p99); "
            f"above {most_ms:.0f} ms the load is not the one asked for."
        )
    if (cpu_pct := figures["generator.cpu_pct_max"]) > CPU_PCT_MAX:
        yield (
            f"A generator process used {cpu_pct:.0f} % of its core; "
            f"above {CPU_PCT_MAX:g} % it is the bottleneck itself: give it more `--crews` or cores."
        )
    if generator.own_failures and _opened_share(figures) < OPENED_SHARE_MIN:
        yield (
            f"The generator opened only {figures['viewers.opened']:,.0f} of "
            f"{figures['viewers.asked']:,.0f} connections: it ran out of files, ports or memory "
            "(`loadtest preflight` says which)."
        )


def _too_few(figures: Mapping[str, float], generator: Generator) -> Iterator[str]:
    if generator.own_failures or _opened_share(figures) >= OPENED_SHARE_MIN:
        return
    away = (
        f"; it turned people away {generator.turned_away:,} times" if generator.turned_away else ""
    )
    yield (
        f"The server let in only {figures['viewers.opened']:,.0f} of "
        f"{figures['viewers.asked']:,.0f} people{away}."
    )


def _opened_share(figures: Mapping[str, float]) -> float:
    return figures["viewers.opened"] / max(1.0, figures["viewers.asked"])


def _never(figures: Mapping[str, float]) -> Iterator[str]:
    for name, what in NEVER.items():
        if count := figures.get(name, 0):
            yield f"{count:,.0f} {what}."


def _objectives(objectives: Sequence[Judged]) -> Iterator[str]:
    for each in objectives:
        if each.is_met:
            continue
        if each.measured is None:
            yield f"{each.text}: the run could not learn {each.figure}."
        elif each.figure not in NEVER:
            yield f"{each.text}: it was {each.measured:,.6g}."


def _held(figures: Mapping[str, float], objectives: Sequence[Judged]) -> Iterator[str]:
    yield (
        f"{figures['reliable.delivered']:,.0f} reliable events and "
        f"{figures['order.acknowledged']:,.0f} orders: nothing lost, doubled or reordered, "
        "and the ledger agrees."
    )
    if objectives:
        yield f"All {len(objectives)} objectives are met."
