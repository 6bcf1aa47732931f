"""How long a busy room gathers between two flushes. Pure.

Knows nothing of clocks; what was measured is an argument. Invariant: the window stays between its
two limits, and a room whose fan-out takes long leaves the loop to others most of the time.
"""

SPARING_SHARE = 0.4
"""Of the time, what a room spends on its fan-out while comments are shown soon enough so."""
GREEDY_SHARE = 0.85
"""The most it may spend to show them in time: orders are answered in the rest."""
SHOWN_WITHIN_MS = 150
"""Soon enough for a comment, from its arrival until the last member is written to: with what lies
before and behind us it is on the screen in a fifth of a second."""
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
        sparing_ms = self._cost_ms / SPARING_SHARE
        timely_ms = SHOWN_WITHIN_MS - self._cost_ms
        wanted_ms = max(min(sparing_ms, timely_ms), self._cost_ms / GREEDY_SHARE)
        self.window_ms = min(max(wanted_ms, self._least_ms), self._most_ms)
