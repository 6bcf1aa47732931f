"""Reads what this machine is, for a run's record.

Invariant: never fails; what a machine does not tell is "unknown", or 0.
"""

import os
import platform
import resource
from pathlib import Path

from .record import Machine

UNKNOWN = "unknown"
PROC = Path("/proc")
CLOCK = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
MIB = 1024 * 1024
FILES_UNLIMITED = 2**63 - 1


def read_machine() -> Machine:
    """The machine this process runs on, and what this process may use of it."""
    return Machine(
        cpu=cpu(),
        cores=cores(),
        memory_mib=memory_bytes() // MIB,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        open_files_max=open_files_max(),
        clock=clock(),
    )


def cpu(proc: Path = PROC) -> str:
    """The model, where /proc names one (ARM's does not), else the architecture."""
    for line in read(proc / "cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model") and value.strip():
            return value.strip()
    return platform.processor() or platform.machine() or UNKNOWN


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0


def open_files_max() -> int:
    """What the soft limit may be raised to: the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return FILES_UNLIMITED if hard == resource.RLIM_INFINITY else hard


def clock(path: Path = CLOCK) -> str:
    """What the kernel reads the time from: tsc, kvm-clock, hpet…"""
    return read(path).strip() or UNKNOWN


def read(path: Path) -> str:
    """A file of the kernel's; empty when there is none."""
    try:
        return path.read_text()
    except OSError:
        return ""
