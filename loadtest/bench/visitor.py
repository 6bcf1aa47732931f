"""Rooms as the audience sees them, and members with their connections.

Must not know how sockets are read. Invariant: every worker that serves a room has one reference of
it, since each makes batches of its own.
"""

import socket
from collections.abc import Sequence
from typing import Any

from .member import Member
from .reference import Faults, Reference
from .script import Script


class Room:
    """A room, the comments of its row, and how each worker tells it."""

    def __init__(self, name: str, run: str, faults: Faults, *, text_bytes: int = 40) -> None:
        self.name = name
        self.script = Script(run, text_bytes=text_bytes)
        self.faults = faults
        self.references: dict[str, Reference] = {}

    def reference(self, worker: str) -> Reference:
        if worker not in self.references:
            self.references[worker] = Reference(self.name, self.script, self.faults)
        return self.references[worker]


class Visitor:
    """A member and its connection. `room` None: says hello and joins later."""

    __slots__ = (
        "head",
        "is_in",
        "is_urgent",
        "member",
        "room",
        "since",
        "socket",
        "token",
        "tries",
    )

    def __init__(self, member: Member, token: str, room: Room | None, *, is_urgent: bool) -> None:
        self.member = member
        self.token = token
        self.room = room
        self.is_urgent = is_urgent
        self.since: dict[str, Any] | None = None
        self.socket: socket.socket | None = None
        self.head = b""
        self.is_in = False
        self.tries = 0


def workers(visitors: Sequence[Visitor]) -> list[str]:
    """The workers that serve these members."""
    return sorted({visitor.member.session.rpartition("-")[0] for visitor in visitors})
