"""How long a busy room gathers between two flushes. Pure.

Knows nothing of clocks; what was measured is an argument. Invariant: the window stays between its
two limits, and a room whose fan-out takes long leaves the loop to others most of the time.
"""

FAN_OUT_SHARE = 0.4
"""Of the time, at the most, a room may spend on its fan-out: orders are answered in the rest."""
SMOOTHING = 0.2
"""Weight of the newest measurement; one that is out of the way moves the window by a fifth."""


class Pace:
    """The window follows what flushes cost: their fan-out, and how late the loop came to them."""

    def __init__(self, least_ms: float, most_ms: float) -> None:
        self.window_ms = least_ms
        self._least_ms = least_ms
        self._most_ms = most_ms
        self._cost_ms = 0.0

    def measured(self, fan_out_ms: float, lag_ms: float) -> None:
        """Learn how long a fan-out took and how late it began."""
        self._cost_ms += SMOOTHING * (fan_out_ms + lag_ms - self._cost_ms)
        wanted_ms = self._cost_ms / FAN_OUT_SHARE
        self.window_ms = min(max(wanted_ms, self._least_ms), self._most_ms)
