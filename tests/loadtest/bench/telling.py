"""A room as one worker tells it, and members who hear it in chunks: for tests without sockets."""

from random import Random
from typing import Any

import msgpack

from loadtest.bench.account import Account, settle
from loadtest.bench.member import Member, Witness
from loadtest.bench.reference import Faults, Reference
from loadtest.bench.script import Script
from loadtest.bench.wire import server_frame

PING = b"\x89\x00"
OK = server_frame(msgpack.packb({"type": "ok", "id": 7}))


class Telling:
    """Makes batches of a room, and members whom a test hands bytes."""

    def __init__(self, members: int = 3) -> None:
        self.script = Script("run")
        self.faults = Faults()
        self.reference = Reference("room", self.script, self.faults)
        self.messages: list[dict[str, Any]] = []
        self.holding: set[Member] = set()
        self.seq = 0
        self.at_ms = 1_000
        self.members = [self.member(number) for number in range(members)]

    def member(self, number: int, *, leads: bool = True, is_witness: bool = False) -> Member:
        member = Member(number, self._hear, self.faults, self.holding, leads=leads)
        member.witness = Witness() if is_witness else None
        joined = {"type": "joined", "id": 1, "epoch": "e", "seq": self.seq, "recovered": False}
        member.enter(self.reference)
        hand(member, server_frame(msgpack.packb(joined)))
        return member

    def batch(self, *, comments: int = 0, events: int = 0, shed: int = 0) -> dict[str, Any]:
        """The next batch, with new comments and events."""
        numbers = [self.script.write(0, 0) for _ in range(comments + shed)]
        self.script.accepted += comments + shed
        self.at_ms += 50
        told = [{"type": "notice", "seq": self.seq + n + 1, "text": "x"} for n in range(events)]
        self.seq += events
        return {
            "type": "batch",
            "epoch": "e",
            "seq": self.seq,
            "shed": shed,
            "at_ms": self.at_ms,
            "events": told,
            "waterfall": [self.comment(number) for number in numbers[:comments]],
        }

    def comment(self, number: int) -> dict[str, str]:
        return {"type": "comment", "text": self.script.text(number)}

    def account(self) -> Account:
        return settle(self.script, [self.reference], self.members)

    def _hear(self, member: Member, message: dict[str, Any]) -> None:
        self.messages.append(message)


def frame(batch: dict[str, Any]) -> bytes:
    return server_frame(msgpack.packb(batch))


def hand(member: Member, content: bytes, now_ms: int = 0, random: Random | None = None) -> None:
    """Hand a member bytes as its socket would: all at once, or in chunks that chance cuts."""
    while content:
        size = random.randint(1, len(content)) if random else len(content)
        member.take(memoryview(content[:size]), now_ms)
        content = content[size:]
