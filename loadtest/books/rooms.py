"""What a room showed: its members, and each event of its reliable lane once. Pure.

Invariant: `sight` returns an event the first time its number is seen and never again; the same
number with other content is a mismatch, because two viewers then saw different histories.
"""

import json
from typing import Any
from zlib import crc32

EVENTS_REMEMBERED_MAX = 100_000
"""Events older than this are not compared any more: at 25 events/s, an hour of one room."""


class Room:
    """One room of the run."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.members = 0
        self.mismatches = 0
        self._digests: dict[int, int] = {}
        self._oldest_seq = 0
        self._newest_seq = 0

    def sight(self, events: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
        """Take the events of a batch; return those that had not been seen before."""
        return [event for event in events if self._is_new(event["seq"], _digest(event))]

    def _is_new(self, seq: int, digest: int) -> bool:
        known = self._digests.get(seq)
        if known is None:
            return self._remember(seq, digest)
        self.mismatches += known != digest
        return False

    def _remember(self, seq: int, digest: int) -> bool:
        if seq < self._oldest_seq:
            return False
        self._digests[seq] = digest
        self._newest_seq = max(self._newest_seq, seq)
        while len(self._digests) > EVENTS_REMEMBERED_MAX:
            self._digests.pop(self._oldest_seq, None)
            self._oldest_seq += 1
        return True


def _digest(event: dict[str, Any]) -> int:
    return crc32(json.dumps(event, sort_keys=True).encode())
