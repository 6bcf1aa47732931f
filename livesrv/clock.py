"""The clocks, read in one place. Pure modules get the time as an argument instead."""

import time


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds of a clock that never goes back nor jumps, for deadlines within a process."""
    return int(time.monotonic() * 1000)
