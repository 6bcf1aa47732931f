"""What a worker's rooms have done, in plain numbers that anybody may read. Pure."""


class Tally:
    """Counted since the start unless it says otherwise; written once a slice, not once a member."""

    __slots__ = (
        "comments_delivered",
        "comments_shed",
        "fan_out_ms",
        "flush_lag_ms",
        "flushes",
        "frames",
        "gap_items",
        "members",
        "rooms",
        "slow_closed",
        "window_ms",
    )

    def __init__(self) -> None:
        self.flushes = 0
        """Batches sent to rooms."""
        self.frames = 0
        """Frames written to members."""
        self.comments_delivered = 0
        """Comments shown, times the members they were written to."""
        self.comments_shed = 0
        """Comments left out of batches by rooms' waterfalls, or before they came there."""
        self.gap_items = 0
        """Waterfall items that slow members were told they had missed."""
        self.slow_closed = 0
        """Members closed for being too slow."""
        self.fan_out_ms = 0.0
        """How long the last fan-out took, from its flush until the loop had written its frames."""
        self.flush_lag_ms = 0.0
        """How late the last flush began."""
        self.window_ms: dict[str, float] = {}
        """How long each open room gathers while it is busy, as of the last census."""
        self.rooms = 0
        """Rooms open now, as of the last census."""
        self.members = 0
        """Members in them, as of the last census; a connection in two rooms is two."""
