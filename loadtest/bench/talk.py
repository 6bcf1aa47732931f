"""Who says what when: comments, orders and gifts of a row, on the audience's connections.

Must not know what becomes of them; replies are only counted. Invariants: paced talk is due at
moments fixed beforehand, whatever the server does; in the closed loop every sender has exactly one
thing under way.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

from ..books.purchases import CURRENCY, OFFERS
from .audience import Audience
from .visitor import Room, Visitor

LATE_MAX = 64
"""Sent in one turn when the audience was late: the sockets must be read as well."""


class Comments:
    """Writes comments into one room and counts the answers."""

    def __init__(self, audience: Audience, room: Room) -> None:
        self._audience = audience
        self._room = room

    def send(self, author: Visitor) -> int:
        """Write a comment; its number."""
        script = self._room.script
        number = script.write(author.member.number, time.monotonic_ns())
        message = {"type": "comment", "room": self._room.name, "text": script.text(number)}
        self._audience.ask(author, message, self._take_reply)
        return number

    def _take_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "ok":
            self._room.script.accepted += 1
        else:
            self._room.script.refused[str(message.get("code"))] += 1


class Pace:
    """Calls `step` so many times a second, `count` times in all, one sender after the other."""

    def __init__(
        self, senders: Sequence[Visitor], per_s: float, count: int, step: Callable[[Visitor], Any]
    ) -> None:
        self._senders = cycle(senders)
        self._step = step
        self._gap_ns = round(1e9 / per_s)
        self._left = count
        self._due_ns = 0
        self.latest_ns = 0

    @property
    def is_over(self) -> bool:
        return not self._left

    def __call__(self, now_ns: int) -> None:
        self._due_ns = self._due_ns or now_ns
        for _ in range(LATE_MAX):
            if not self._left or self._due_ns > now_ns:
                return
            self.latest_ns = max(self.latest_ns, now_ns - self._due_ns)
            self._due_ns += self._gap_ns
            self._left -= 1
            self._step(next(self._senders))


class Loop:
    """Each sender comments again as soon as it has read its last comment itself."""

    def __init__(self, room: Room, senders: Sequence[Visitor], comments: Comments) -> None:
        self._room = room
        self._senders = senders
        self._comments = comments
        self._waits_for: dict[Visitor, int] = {}

    def start(self) -> None:
        for sender in self._senders:
            sender.member.on_frames = self._watch(sender)
            self._waits_for[sender] = self._comments.send(sender)

    def stop(self) -> None:
        for sender in self._senders:
            sender.member.on_frames = None

    def _watch(self, sender: Visitor) -> Callable[[int, int], None]:
        def on_frames(begin: int, end: int) -> None:
            reference = sender.member.reference
            assert reference is not None  # it has just passed frames of it
            frames = reference.frames[begin - reference.first : end - reference.first]
            if any(self._waits_for[sender] in frame.comments for frame in frames):
                self._waits_for[sender] = self._comments.send(sender)

        return on_frames


class Orders:
    """Orders of one piece each; how long each took to be on disk and answered."""

    def __init__(self, audience: Audience, room: Room, run: str) -> None:
        self._audience = audience
        self._room = room
        self._run = run
        self._sent = 0
        self.latencies_ms: list[float] = []
        self.refused: Counter[str] = Counter()

    def send(self, buyer: Visitor) -> None:
        self._sent += 1
        sent_ns = time.monotonic_ns()
        line = {"offer": OFFERS[0].offer, "quantity": 1}
        message: dict[str, Any] = {
            "type": "order",
            "room": self._room.name,
            "lines": [line],
            "currency": CURRENCY,
        }
        message |= {"key": f"{self._run}-{self._sent}", "total_minor": OFFERS[0].price_minor}

        def take_reply(answer: dict[str, Any]) -> None:
            if answer["type"] == "ordered":
                self.latencies_ms.append((time.monotonic_ns() - sent_ns) / 1e6)
            else:
                self.refused[str(answer.get("code"))] += 1

        self._audience.ask(buyer, message, take_reply)


class Gifts:
    """Gifts, each one event of the reliable lane."""

    def __init__(self, audience: Audience, room: Room, run: str, gift: str) -> None:
        self._audience = audience
        self._room = room
        self._run = run
        self._gift = gift
        self.sent = 0
        self.accepted = 0

    def send(self, giver: Visitor) -> None:
        self.sent += 1
        message: dict[str, Any] = {
            "type": "gift",
            "room": self._room.name,
            "gift": self._gift,
            "count": 1,
        }
        message["key"] = f"{self._run}-{self.sent}"
        self._audience.ask(giver, message, self._take_reply)

    def _take_reply(self, message: dict[str, Any]) -> None:
        self.accepted += message["type"] == "gifted"
