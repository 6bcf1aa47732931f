"""What one run shall do: sizes, rates, seed and limits. Pure.

Invariant: a `Plan` that was made is one that the harness can hold in memory; `__post_init__`
raises `BadPlan` for every other one. Rates are totals over all rooms.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOMS_MAX = 1_000
VIEWERS_MAX = 60_000
"""One address has about 28,000 ephemeral ports by default and never more than 64,511."""
ACTIONS_MAX = 20_000_000
"""Every action costs the schedule 12 bytes, and a comment 8 more: half a gigabyte at the most."""
DURATION_S_MAX = 86_400.0


class BadPlan(ValueError):
    """A number of the plan is outside what the harness can do."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The numbers of one run."""

    url: str = "http://127.0.0.1:8080"
    rooms: int = 4
    viewers: int = 200
    comments_per_s: float = 100.0
    gifts_per_s: float = 10.0
    orders_per_s: float = 10.0
    duration_s: float = 15.0
    seed: int = 1
    data_dir: Path | None = None

    def __post_init__(self) -> None:
        require_within("--rooms", self.rooms, 1, ROOMS_MAX)
        require_within("--viewers", self.viewers, self.rooms, VIEWERS_MAX)
        require_within("--duration", self.duration_s, 0.1, DURATION_S_MAX)
        for flag, rate in (
            ("--comments-per-s", self.comments_per_s),
            ("--gifts-per-s", self.gifts_per_s),
            ("--orders-per-s", self.orders_per_s),
        ):
            require_within(flag, rate, 0, ACTIONS_MAX / self.duration_s)
        require_url(self.url)


def require_url(url: str) -> None:
    """Raise `BadPlan` unless it is the address of a server."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadPlan(f"--url is {url!r}; it must look like http://127.0.0.1:8080")


def require_within(flag: str, value: float, least: float, most: float) -> None:
    """Raise `BadPlan` unless a number is between two others."""
    if not least <= value <= most:
        raise BadPlan(f"{flag} is {value:g}; it must be between {least:g} and {most:g}")
