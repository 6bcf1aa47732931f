"""How the server did over a stretch of some seconds: what naming its bottleneck needs. Pure.

Must not know where the numbers come from. Shares are means over the stretch, times the median of
its seconds. None is what the server, or its kernel, did not tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ProcessNow:
    """One of the server's processes. `cpu_pct` and `wait_pct` are of one core and of the time.

    `wait_pct` is the time in which it was ready to run and had no core. `which` are the cores it
    may use, as the kernel lists them: 0-3,8.
    """

    name: str
    cpu_pct: float
    wait_pct: float | None = None
    cores: int | None = None
    which: str | None = None
    call_ms: float = 0.0
    """Its longest call of the ledger in most seconds (the median); 0 when it made none."""
    open_files: float | None = None
    open_files_max: float | None = None
    connections: float = 0.0
    connections_max: float | None = None


@dataclass(frozen=True, kw_only=True)
class StoreNow:
    """One of the server's stores. `answer_ms` is its answer to whom it answered fastest.

    A busy asker takes long to see an answer; a slow store is slow for all of them.
    """

    name: str
    answer_ms: float
    cpu_pct: float | None = None
    cores: int | None = None
    which: str | None = None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """All of it. `turned_away` counts handshakes by why."""

    processes: tuple[ProcessNow, ...]
    stores: tuple[StoreNow, ...] = ()
    ledger_oldest_ms: float = 0.0
    relay_lag_lines: float = 0.0
    turned_away: Mapping[str, float] = field(default_factory=dict)
    machine_busy_pct: float | None = None
    """Of all cores, where the server is on this machine."""
    machine_cores: int | None = None
