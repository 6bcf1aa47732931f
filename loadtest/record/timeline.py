"""How a run goes, second by second. Pure.

Invariant: every series has one value for each second, None where nothing was measured in it.
"""

from collections.abc import Mapping

SERIES = {
    "viewers": ("", "people in rooms, without hosts"),
    "comments_per_s": ("/s", "comments accepted"),
    "gifts_per_s": ("/s", "gifts acknowledged"),
    "orders_per_s": ("/s", "orders acknowledged"),
    "deliveries_per_s": ("/s", "comments and events that arrived at members"),
    "frames_per_s": ("/s", "frames received"),
    "bytes_per_s": ("B/s", "bytes received"),
    "comment_p50_ms": ("ms", "comment delivered, half within"),
    "comment_p99_ms": ("ms", "comment delivered, 99 % within"),
    "gift_event_p99_ms": ("ms", "gift event delivered, 99 % within"),
    "order_p99_ms": ("ms", "order answered, 99 % within"),
    "connect_p99_ms": ("ms", "connected, 99 % within"),
    "shed_per_s": ("/s", "deliveries left out and announced"),
    "lost_per_s": ("/s", "reliable events lost"),
    "errors_per_s": ("/s", "commands answered with an error"),
    "closes_per_s": ("/s", "connections lost"),
    "generator_cpu_pct": ("%", "busiest generator process, of one core"),
    "generator_lag_ms": ("ms", "worst lag of a generator's loop"),
    "server_cpu_pct": ("%", "busiest server process, of one core"),
    "server_lag_ms": ("ms", "worst lag of a server's loop"),
    "server_resident_mib": ("MiB", "memory of all server processes"),
    "server_ledger_ping_ms": ("ms", "answer of the ledger's store"),
    "server_ledger_oldest_ms": ("ms", "oldest entry that waits for the ledger"),
}
"""Unit and meaning of each. A second's percentile is of what was measured in that second."""


class Timeline:
    """The seconds of one run so far; `phase` is what the run is doing now, in a word."""

    def __init__(self) -> None:
        self.phase = "preparing"
        self.at_s: list[float] = []
        self._values: dict[str, list[float | None]] = {name: [] for name in SERIES}

    def add(self, at_s: float, values: Mapping[str, float | None]) -> None:
        """Add a second that ended `at_s` after the show's begin. Raises `KeyError`."""
        unknown = values.keys() - SERIES.keys()
        if unknown:
            raise KeyError(f"no series {', '.join(sorted(unknown))}")
        self.at_s.append(at_s)
        for name, column in self._values.items():
            column.append(values.get(name))

    def shift(self, seconds: float) -> None:
        """Count moments from another begin: all so far are moved by `seconds`."""
        self.at_s = [at_s + seconds for at_s in self.at_s]

    def column(self, name: str) -> list[float | None]:
        return self._values[name]

    def latest(self, name: str) -> float | None:
        column = self._values[name]
        return column[-1] if column else None

    def as_series(self) -> dict[str, list[float | None]]:
        """What a `Record` keeps: the columns in which anything was measured."""
        measured = {n: c for n, c in self._values.items() if any(v is not None for v in c)}
        return {"at_s": list(self.at_s), **measured}
