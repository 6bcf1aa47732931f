"""The wall clock, read in one place. Pure modules get the time as an argument instead."""

import time


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
