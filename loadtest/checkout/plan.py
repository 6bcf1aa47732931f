"""What one checkout run shall do: connections, watchers, duration and rate. Pure.

Invariant: a `CheckoutPlan` that was made is one that the harness can hold in memory;
`__post_init__` raises `BadPlan` for every other one.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS_MAX = 60_000
"""One address has never more than 64,511 ports."""
WATCHERS_MAX = 100
DURATION_S_MAX = 600.0
ORDERS_PER_S_MAX = 100_000.0
"""Each order costs 16 bytes of latencies: at this rate and duration, one gigabyte."""


class BadPlan(ValueError):
    """A number of the plan is outside what the harness can do."""


@dataclass(frozen=True, kw_only=True)
class CheckoutPlan:
    """The numbers of one run. Without `orders_per_s` the rate follows from the saturation."""

    url: str = "http://127.0.0.1:8080"
    connections: int = 100
    watchers: int = 2
    duration_s: float = 10.0
    orders_per_s: float | None = None
    seed: int = 1
    data_dir: Path | None = None

    def __post_init__(self) -> None:
        _require_within("--connections", self.connections, 1, CONNECTIONS_MAX)
        _require_within("--watchers", self.watchers, 1, WATCHERS_MAX)
        _require_within("--duration", self.duration_s, 0.1, DURATION_S_MAX)
        if self.orders_per_s is not None:
            _require_within("--orders-per-s", self.orders_per_s, 1, ORDERS_PER_S_MAX)
        require_url(self.url)


def require_url(url: str) -> None:
    """Raise `BadPlan` for what is not a server's HTTP address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadPlan(f"--url is {url!r}; it must look like http://127.0.0.1:8080")


def _require_within(flag: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise BadPlan(f"{flag} is {value:g}; it must be between {least:g} and {most:g}")
