"""Every figure that a run may give: its name, unit, meaning, and which way is better. Pure.

Names are what objectives, comparisons and reports speak of. Invariant: a run gives no figure that
is not in `CATALOGUE` or of one of `FAMILIES`, and gives each one it can.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True)
class Figure:
    """`better` is which way a change is an improvement."""

    unit: str
    better: Better
    means: str


class UnknownFigure(ValueError):
    """No figure has this name; the message says which ones come close."""


TIMED = {
    "connect": "from the first SYN to the WebSocket's handshake being over",
    "hello": "from the connection to `welcome`",
    "join": "from `join` to `joined`",
    "comment": "a comment's intended moment to its arrival at a member (response time)",
    "comment_service": "a comment's sending to its arrival at a member (service time)",
    "gift": "a gift's intended moment to its reply (response time)",
    "gift_service": "a gift's first sending to its reply (service time)",
    "gift_event": "a gift's intended moment to its event's arrival at a member",
    "order": "an order's intended moment to its reply (response time)",
    "order_service": "an order's first sending to its reply (service time)",
    "sold_event": "an order's intended moment to its `sold` event's arrival at a member",
    "rejoin": "from the loss of a connection to being in the room again",
    "generator.late": "how much later than intended an action was sent",
    "generator.lag": "how late the generator's event loops were",
}
"""What is timed; each gives the figures of `SUMMARY`."""
SUMMARY = {
    "count": ("", "neither", "how many were timed"),
    "p50_ms": ("ms", "lower", "half took no longer"),
    "p90_ms": ("ms", "lower", "9 of 10 took no longer"),
    "p99_ms": ("ms", "lower", "99 of 100 took no longer"),
    "p999_ms": ("ms", "lower", "999 of 1,000 took no longer"),
    "max_ms": ("ms", "lower", "the longest"),
}
COMMANDS = ("comment", "like", "gift", "order", "pin")
OUTCOMES: dict[str, tuple[Better, str]] = {
    "scheduled": ("neither", "moments of the schedule"),
    "sent": ("neither", "sent"),
    "acknowledged": ("higher", "answered as done"),
    "refused": ("lower", "answered with an error that is not retried"),
    "skipped": ("lower", "not sent: there was no connection, or too many unanswered before it"),
    "unknown": ("lower", "sent and never answered"),
}
LANE: dict[str, tuple[Better, str]] = {
    "expected": ("neither", "events owed to members of the room"),
    "delivered": ("neither", "events that arrived in their place"),
    "lost": ("lower", "events owed that never arrived"),
    "doubled": ("lower", "events that arrived again"),
    "reordered": ("lower", "events that arrived out of their place"),
    "holes": ("lower", "occasions on which a member saw a hole and asked again"),
    "resnapshots": ("lower", "occasions on which a returning member was not told what it missed"),
}
_SINGLE: dict[str, tuple[str, Better, str]] = {
    "viewers.asked": ("", "neither", "people of the scenario, without hosts"),
    "viewers.opened": ("", "higher", "people who were in their room at least once"),
    "viewers.peak": ("", "neither", "most people in rooms at one time, without hosts"),
    "viewers.gone": ("", "lower", "people whom the server told not to come back"),
    "viewers.reconnects": ("", "neither", "connections made again after one was lost"),
    "viewers.failed_entries": ("", "lower", "tries to connect or join that failed"),
    "comment.expected": ("", "neither", "comments accepted x members that were owed them"),
    "comment.delivered": ("", "neither", "comments that arrived x members"),
    "comment.shed": ("", "neither", "deliveries left out and announced by `shed`"),
    "comment.gap": ("", "neither", "deliveries left out and announced by `gap`"),
    "comment.missing": ("", "lower", "deliveries owed, not made and not announced"),
    "comment.surplus": ("", "neither", "deliveries to who was not owed them (came or left then)"),
    "comment.reach_pct": (
        "%",
        "higher",
        "delivered of expected; what was shed counts as not reached",
    ),
    "reliable.mismatched": ("", "lower", "events that two members saw with different content"),
    "reliable.delivered_pct": ("%", "higher", "delivered of expected"),
    "frames.unreadable": ("", "lower", "frames that make no sense"),
    "frames.per_s": ("/s", "neither", "frames received a second, all viewers together"),
    "bytes.per_viewer_s": (
        "B/s",
        "lower",
        "bytes received a second and viewer, frame heads included",
    ),
    "deliveries.per_s": ("/s", "neither", "comments and events x members, a second"),
    "retries": ("", "lower", "commands sent again because the server was busy"),
    "resent": ("", "neither", "purchases sent again on a new connection"),
    "ledger.orders_checked": ("", "neither", "acknowledged orders looked up"),
    "ledger.orders_missing": ("", "lower", "of these, not in the ledger"),
    "ledger.orders_wrong": ("", "lower", "of these, with another content"),
    "ledger.pieces_sold": ("", "neither", "pieces gone from the stocks"),
    "ledger.stocks_wrong": ("", "lower", "stocks that differ from what was acknowledged"),
    "ledger.oversold": ("", "lower", "pieces sold beyond a stock"),
    "ledger.wallets_checked": ("", "neither", "wallets compared"),
    "ledger.wallets_wrong": ("", "lower", "wallets that differ from what was acknowledged"),
    "ledger.shows_wrong": ("", "lower", "gifts or sales shown otherwise than acknowledged"),
    "ledger.unverified": ("", "lower", "figures the server did not give"),
    "rooms.unsettled": ("", "lower", "rooms whose end could not be learnt"),
    "generator.cpu_pct_max": ("%", "neither", "of one core, the busiest generator process"),
    "generator.crews_lost": ("", "neither", "generator processes that ended before their time"),
    "generator.bytes_per_viewer": ("B", "neither", "the generator's memory for each viewer"),
    "server.cpu_pct_max": ("%", "lower", "of one core, the server's busiest process, on average"),
    "server.resident_mib": ("MiB", "lower", "memory of all the server's processes at its largest"),
    "server.lag_max_ms": ("ms", "lower", "longest the server's event loops were late"),
    "server.flush_lag_max_ms": ("ms", "lower", "latest flush of a room"),
    "server.ledger_ping_max_ms": ("ms", "lower", "slowest answer of the ledger's store"),
    "server.ledger_oldest_max_ms": ("ms", "lower", "longest that an entry waited for the ledger"),
    "server.command_p99_ms": (
        "ms",
        "lower",
        "99 of 100 orders and gifts took the server no longer",
    ),
}


def _catalogue() -> dict[str, Figure]:
    figures = {name: Figure(*values) for name, values in _SINGLE.items()}
    for timed, means in TIMED.items():
        for suffix, (unit, better, text) in SUMMARY.items():
            better = "neither" if timed.startswith("generator.") else better
            figures[f"{timed}.{suffix}"] = Figure(unit, better, f"{means}: {text}")  # type: ignore[arg-type]
    for command in COMMANDS:
        for outcome, (better_, text) in OUTCOMES.items():
            figures[f"{command}.{outcome}"] = Figure("", better_, f"{command}s: {text}")
    for lane in ("reliable", "slow"):
        for name, (better_, text) in LANE.items():
            whose = "slow readers, reliable lane" if lane == "slow" else "reliable lane"
            figures[f"{lane}.{name}"] = Figure("", better_, f"{whose}: {text}")
    return figures


CATALOGUE = _catalogue()
FAMILIES = {
    "errors": Figure("", "lower", "commands answered with this error code"),
    "closes": Figure("", "lower", "connections closed by the server with this code"),
}
"""`errors.sold_out`, `closes.4408`: one for each code that came; one that did not come is 0."""


def figure(name: str) -> Figure:
    """What a name stands for. Raises `UnknownFigure`."""
    found = CATALOGUE.get(name)
    family, dot, code = name.partition(".")
    if found is None and dot and code and family in FAMILIES:
        found = FAMILIES[family]
    if found is None:
        close = get_close_matches(name, CATALOGUE, n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise UnknownFigure(
            f"there is no figure {name!r}{hint} (`loadtest report --figures` lists all)"
        )
    return found


def value(figures: dict[str, float], name: str) -> float | None:
    """A run's figure; 0 for a code that never came, None for what the run could not learn."""
    if name.partition(".")[0] in FAMILIES:
        return figures.get(name, 0.0)
    return figures.get(name)
