"""An open room whose members stand at wires, and what to say in it."""

from typing import Any

import msgspec

from livesrv.config import Config
from livesrv.rooms.bus import Wave
from livesrv.rooms.fair import Comment
from livesrv.rooms.fanout import Member
from livesrv.rooms.open_room import OpenRoom
from livesrv.rooms.room import Head, Room
from livesrv.rooms.tally import Tally
from protocol.messages import CommentDrop, Event, Notice, State, User

from .wire import JSON, Wire, said


class Stage:
    """A room of one worker with members who stand at their wires."""

    def __init__(self, **settings: Any) -> None:
        self.tally = Tally()
        self.closed: list[tuple[Member, int]] = []
        self.is_hurried = False
        config = Config(**settings)
        self.opened = OpenRoom("r", a_room(0), config, self.tally, lambda: self.is_hurried)

    def enter(
        self, user: str = "u", wire: Wire | None = None, *, is_saver: bool = False
    ) -> tuple[Member, Wire]:
        wire = wire or Wire()

        def close(code: int) -> None:
            self.closed.append((newcomer, code))
            wire.is_gone = True

        newcomer = Member(user, wire, JSON, close)
        self.opened.add(newcomer, is_saver=is_saver)
        return newcomer, wire

    def tell(self, *events: Event) -> None:
        run = [msgspec.msgpack.encode(event) for event in events]
        assert self.opened.room.accept(self.opened.room.head + 1, run)
        self.opened.touch()

    def comment(self, *comments: Comment) -> None:
        self.opened.hear_comments(Wave(list(comments)))
        self.opened.touch()


def a_room(seq: int) -> Room:
    state = State(room="r", title="t", host=User("h", "H"), status="live")
    head = Head(state=state, seq=seq, muted={}, banned={}, gifters={})
    return Room(head, epoch="e", history_max=100, recent_max=10)


def notice(seq: int) -> Notice:
    return Notice(seq=seq, at_ms=0, text="")


def comment_of(author: str, text: str = "x") -> Comment:
    drop = CommentDrop(comment=text, user=User(author, author), text=text, at_ms=0)
    return author, msgspec.msgpack.encode(drop)


def seqs(wire: Wire) -> list[int]:
    return [event["seq"] for message in said(wire) for event in message["events"]]


def comments(wire: Wire) -> list[str]:
    drops = [drop for message in said(wire) for drop in message["waterfall"]]
    return [drop["text"] for drop in drops if drop["type"] == "comment"]
