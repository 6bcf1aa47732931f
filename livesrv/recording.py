"""What a recording of a show keeps of what came over the wire. Pure.

Knows the messages' fields, and keeps when something happened and how large it was. Invariant: no
name, text, id, offer or gift is in any line, so that a recording may be given away.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

FORMAT = 1
"""Raised when a line changes its meaning. Lines are explained in docs/scenarios.md."""

Message = Mapping[str, Any]
Line = dict[str, Any]


class CannotRecord(Exception):
    """There is nothing to record, or no way to it; the message says which."""


def header(recorded_at: str) -> Line:
    """The first line. `recorded_at` is UTC, ISO 8601."""
    return {"format": FORMAT, "recorded_at": recorded_at}


class Transcript:
    """Turns batches into lines whose `at_ms` counts from `begin_ms`, by the server's clock."""

    def __init__(self, begin_ms: int) -> None:
        self.counts: Counter[str] = Counter()
        """How many comments, taps, gifts, orders and so on are in the lines so far."""
        self.viewers_max = 0
        self.last_ms = 0
        """Of the latest line."""
        self._begin_ms = begin_ms

    def joined(self, state: Message, at_ms: int) -> list[Line]:
        """What is so when the recording begins: who watches, and what is pinned."""
        pins = [self._line(at_ms, "pin") for _ in state["pinned"]]
        return [*pins, self._viewers(at_ms, state["viewers"])]

    def batch(self, batch: Message) -> list[Line]:
        """What happened since the last one, in the order of its moments."""
        lines = [*self._events(batch["events"]), *self._waterfall(batch)]
        return sorted(lines, key=lambda line: int(line["at_ms"]))

    def gap(self, shed: int) -> list[Line]:
        """What was skipped because our connection was slow; it happened by the latest line."""
        return [self._counted(self._begin_ms + self.last_ms, "shed", "count", shed)]

    def _events(self, events: list[Message]) -> Iterator[Line]:
        for event in events:
            match event["type"]:
                case "gift":
                    yield self._counted(event["at_ms"], "gift", "added", event["added"])
                case "sold":
                    pieces = sum(line["quantity"] for line in event["lines"])
                    yield self._line(event["at_ms"], "order", pieces=pieces)
                case "pinned":
                    yield self._line(event["at_ms"], "pin")
                case "unpinned":
                    yield self._line(event["at_ms"], "unpin")

    def _waterfall(self, batch: Message) -> Iterator[Line]:
        at_ms = batch["at_ms"]
        for item in batch["waterfall"]:
            match item["type"]:
                case "comment":
                    yield self._line(item["at_ms"], "comment", size=len(item["text"]))
                case "like":
                    yield self._counted(at_ms, "like", "count", item["count"])
                case "viewers":
                    yield self._viewers(at_ms, item["count"])
        if batch["shed"]:
            yield self._counted(at_ms, "shed", "count", batch["shed"])

    def _viewers(self, at_ms: int, count: int) -> Line:
        self.viewers_max = max(self.viewers_max, count)
        return self._line(at_ms, "viewers", count=count)

    def _counted(self, at_ms: int, what: str, key: str, count: int) -> Line:
        self.counts[what] += count - 1
        return self._line(at_ms, what, **{key: count})

    def _line(self, at_ms: int, what: str, **numbers: int) -> Line:
        self.counts[what] += 1
        after_ms = max(0, at_ms - self._begin_ms)
        self.last_ms = max(self.last_ms, after_ms)
        return {"at_ms": after_ms, "what": what, **numbers}
