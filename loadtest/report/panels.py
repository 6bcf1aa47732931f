"""Which courses of a run are drawn together. Pure.

Invariant: every series that a run may give stands in exactly one panel, so that none is forgotten.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """`figure` is what an objective calls it whose limit is drawn beside the line."""

    label: str
    series: str
    figure: str = ""
    is_loss: bool = False


@dataclass(frozen=True)
class Panel:
    """Lines of one unit. The axis reaches up to `top` at least."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    top: float = 0.0


PANELS = (
    Panel("Viewers in rooms", "", (Line("viewers", "viewers"),)),
    Panel("Comments accepted", "/s", (Line("comments", "comments_per_s"),)),
    Panel(
        "Orders and gifts done",
        "/s",
        (Line("orders", "orders_per_s"), Line("gifts", "gifts_per_s")),
    ),
    Panel(
        "Deliveries",
        "/s",
        (Line("deliveries", "deliveries_per_s"), Line("frames", "frames_per_s")),
    ),
    Panel("Bytes received", "B/s", (Line("bytes", "bytes_per_s"),)),
    Panel("Left out and announced", "/s", (Line("shed", "shed_per_s"),)),
    Panel(
        "Comment delivered",
        "ms",
        (
            Line("p99", "comment_p99_ms", "comment.p99_ms"),
            Line("p50", "comment_p50_ms", "comment.p50_ms"),
        ),
    ),
    Panel(
        "Order answered, gift event delivered",
        "ms",
        (
            Line("order p99", "order_p99_ms", "order.p99_ms"),
            Line("gift p99", "gift_event_p99_ms", "gift_event.p99_ms"),
        ),
    ),
    Panel("Connected", "ms", (Line("p99", "connect_p99_ms", "connect.p99_ms"),)),
    Panel("Reliable events lost", "/s", (Line("lost", "lost_per_s", is_loss=True),)),
    Panel(
        "Errors, connections lost",
        "/s",
        (Line("errors", "errors_per_s"), Line("connections", "closes_per_s")),
    ),
    Panel(
        "CPU, busiest process",
        "% of a core",
        (Line("server", "server_cpu_pct"), Line("generator", "generator_cpu_pct")),
        top=100.0,
    ),
    Panel(
        "Lag of event loops",
        "ms",
        (Line("server", "server_lag_ms"), Line("generator", "generator_lag_ms")),
    ),
    Panel(
        "Ledger",
        "ms",
        (
            Line("oldest entry", "server_ledger_oldest_ms"),
            Line("answer", "server_ledger_ping_ms"),
        ),
    ),
    Panel("Server's memory", "MiB", (Line("all processes", "server_resident_mib"),)),
)


@dataclass(frozen=True)
class Spread:
    """Two or more timed things whose distributions are drawn over each other."""

    title: str
    timed: dict[str, str]
    """Label to name."""


SPREADS = (
    Spread("Comment delivered", {"response time": "comment", "service time": "comment_service"}),
    Spread("Order answered", {"response time": "order", "service time": "order_service"}),
    Spread("Gift answered", {"response time": "gift", "service time": "gift_service"}),
    Spread("Events delivered", {"gift": "gift_event", "sold": "sold_event"}),
    Spread(
        "Coming in",
        {"connected": "connect", "welcomed": "hello", "joined": "join", "back": "rejoin"},
    ),
    Spread("The generator", {"sent late": "generator.late", "loop lag": "generator.lag"}),
)
