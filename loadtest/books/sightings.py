"""What the rooms showed: each event of their reliable lanes once. Pure.

Invariant: `take` returns an event the first time its number is seen and never again; the same
number with other content is a mismatch, because two members then saw different histories. What
gifts and sales were shown is kept by number, so that what several crews saw adds up to each once.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from zlib import crc32

REMEMBERED_MAX = 2_000_000
"""Events over all rooms, some 200 bytes each. Beyond, older ones are forgotten and say so."""

Gift = tuple[str, int, int]
"""Combo, its count, what was added."""
Sale = tuple[str, tuple[tuple[str, int], ...]]
"""User, and (offer, quantity) of each line."""
Told = Gift | Sale | None


class Sightings:
    """The events that were seen: (room, number) to a digest and what it told of a purchase."""

    def __init__(self) -> None:
        self.mismatches = 0
        self.forgotten = 0
        self._seen: dict[tuple[str, int], tuple[int, Told]] = {}

    def take(self, room: str, events: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
        """Take the events of a batch; return those that had not been seen before."""
        return [event for event in events if self._is_new(room, event)]

    def merge(self, other: "Sightings") -> None:
        """Add what another crew saw of the same rooms."""
        for place, seen in other._seen.items():
            self._note(place, seen)
        self.mismatches += other.mismatches
        self.forgotten += other.forgotten

    def gifts(self) -> Iterator[Gift]:
        return (told for _, told in self._seen.values() if told is not None and len(told) == 3)

    def sales(self) -> Iterator[tuple[str, Sale]]:
        for (room, _), (_, told) in self._seen.items():
            if told is not None and len(told) == 2:
                yield room, told

    def shown_pieces(self) -> Counter[tuple[str, str, str]]:
        """(room, user, offer) to the pieces shown as sold."""
        pieces: Counter[tuple[str, str, str]] = Counter()
        for room, (user, lines) in self.sales():
            for offer, quantity in lines:
                pieces[room, user, offer] += quantity
        return pieces

    def _is_new(self, room: str, event: dict[str, Any]) -> bool:
        return self._note((room, event["seq"]), (_digest(event), _told(event)))

    def _note(self, place: tuple[str, int], seen: tuple[int, Told]) -> bool:
        known = self._seen.setdefault(place, seen)
        if known is not seen:
            self.mismatches += known[0] != seen[0]
            return False
        if len(self._seen) > REMEMBERED_MAX:
            self._seen.pop(next(iter(self._seen)))
            self.forgotten += 1
        return True


def _told(event: dict[str, Any]) -> Told:
    if event["type"] == "gift":
        return event["combo"], event["count"], event["added"]
    if event["type"] == "sold":
        lines = tuple((line["offer"], line["quantity"]) for line in event["lines"])
        return event["user"]["id"], lines
    return None


def _digest(event: dict[str, Any]) -> int:
    return crc32(json.dumps(event, sort_keys=True).encode())
