"""One way of a line: when what is sent into it comes out. Pure; clocks are arguments.

Invariant: bytes come out in order, no faster than the rate, and each at least the delay after it
went in.
"""

BITS = 8


class Lane:
    """`rate_bytes_per_s` None: no rate, only the delay."""

    def __init__(self, rate_bytes_per_s: float | None, delay_s: float) -> None:
        self._rate = rate_bytes_per_s
        self._delay_s = delay_s
        self._free_s = 0.0

    @classmethod
    def of(cls, kbit_s: float | None, round_trip_ms: float) -> "Lane":
        rate = None if kbit_s is None else kbit_s * 1000 / BITS
        return cls(rate, round_trip_ms / 2000)

    def due_s(self, now_s: float, size: int) -> float:
        """When `size` bytes that are sent now have all arrived."""
        begins_s = max(now_s, self._free_s)
        self._free_s = begins_s + (size / self._rate if self._rate else 0.0)
        return self._free_s + self._delay_s
