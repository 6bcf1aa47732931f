"""The harness's own process: what it may use and what it has used.

Invariant: nothing here touches what is measured.
"""

import gc
import os
import resource
from contextlib import suppress
from pathlib import Path

FILES_SPARE = 256
"""Descriptors beside those of the viewers: HTTP, stores of modules, standard streams."""


NICENESS = -10
"""Before everything ordinary, behind what the system itself needs."""


class TooFewFiles(Exception):
    """The operating system does not let us open as many connections as asked for."""


def allow_files(connections: int) -> None:
    """Raise the limit of open files to what is needed. Raises `TooFewFiles`."""
    needed = connections + FILES_SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise TooFewFiles(
                f"{connections:,} viewers need {needed:,} open files; the limit is {hard:,} "
                "(ulimit -Hn)"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def open_files_max() -> int:
    """How many connections one process may have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 1 << 20 if hard == resource.RLIM_INFINITY else max(1, hard - FILES_SPARE)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def take_precedence() -> None:
    """Run before others where the system lets us: whoever measures must not be what is slow."""
    with suppress(OSError):
        os.nice(NICENESS)


def spare_collector() -> None:
    """Keep the garbage collector from walking what lives as long as the run, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def resident_bytes() -> int:
    """Memory in use, where the system tells (Linux); else its largest so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()
