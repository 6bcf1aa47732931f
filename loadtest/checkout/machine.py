"""What can be seen of a server on this machine through its data directory: where its ledger is, and
its processes' CPU time.

Only for a directory that the user named. Everything here is optional: what cannot be seen is left
out. Invariant: nothing is written, and no process is touched.
"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_USER_TICKS, _SYSTEM_TICKS = 11, 12
"""Fields 14 and 15 of /proc/PID/stat (proc(5)), counted behind the command's closing bracket."""
_BUSY = frozenset({0, 1, 2, 5, 6, 7})
"""Of the first line of /proc/stat: user, nice, system, interrupts, stolen; not idle or waiting."""


class OutOfSight(Exception):
    """What was to be looked at cannot be; the message says why."""


def ledger_url(data_dir: Path | None) -> str:
    """Where the ledger of the server that runs in `data_dir` is. Raises `OutOfSight`.

    Only a store of this machine is used, since measuring its ceiling loads it fully.
    """
    if data_dir is None:
        raise OutOfSight("--data-dir was not given")
    try:
        url = str(json.loads((data_dir / "run.json").read_text())["ledger_url"])
    except (OSError, ValueError, KeyError) as error:
        raise OutOfSight(f"no server runs in {data_dir}: {error}") from error
    parts = urlsplit(url)
    if parts.scheme != "unix" and parts.hostname not in LOOPBACK_HOSTS:
        raise OutOfSight("the ledger store is not on this machine")
    return url


def cpu_s(data_dir: Path | None) -> dict[str, float]:
    """CPU seconds that each of the server's processes has used, by name; empty out of sight."""
    if data_dir is None:
        return {}
    try:
        pids: dict[str, int] = json.loads((data_dir / "pids.json").read_text())
        return {name: _process_cpu_s(pid) for name, pid in pids.items()}
    except (OSError, ValueError):
        return {}


def busy_s() -> float:
    """CPU seconds that this machine has spent on anything, or was kept from spending; 0 unknown."""
    try:
        name, *ticks = Path("/proc/stat").read_text().partition("\n")[0].split()
    except OSError:
        return 0.0
    spent = (int(each) for place, each in enumerate(ticks) if place in _BUSY)
    return sum(spent) / _TICKS_PER_S if name == "cpu" else 0.0


def others_s(spent_s: dict[str, float], busy_spent_s: float) -> float:
    """CPU seconds that went to other processes; never negative, though ticks may say so."""
    return max(0.0, busy_spent_s - sum(spent_s.values()))


def _process_cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])) / _TICKS_PER_S
