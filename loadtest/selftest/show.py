"""All that the stub has: rooms, who is in them, and what it does with each command.

Must not know HTTP or how bytes travel. Invariant: every command is in the log before anything is
done with it, and so is every frame with each of its writes.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from .faults import Delay, Faults, is_nth
from .lanes import EPOCH, NOTHING, Lanes, Parcel
from .log import Command, Entry, Frame, Log
from .membership import Member, framed
from .shop import Message, Shop, person
from .stall import Stall, now_ms

MOVED_MS = 700
HEARTBEAT_MS = 25_000
_PLAYED = frozenset({"comment", "gift", "order"})
"""With the first of these the show begins."""


class Room:
    """One room and its members, in the order in which they came."""

    def __init__(self, room: str, title: str, host: str, faults: Faults) -> None:
        self.room = room
        self.title = title
        self.host = host
        self.lanes = Lanes(faults)
        self.members: list[Member] = []
        self.pinned: list[str] = []
        self.likes = 0
        self.status = "created"


class Show:
    """One case's rooms, shop and log."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.log = Log()
        self.shop = Shop(faults)
        self.rooms: dict[str, Room] = {}
        self.stall = Stall(faults.stall_at_s, faults.stall_s)
        self._counts = {"comment": 0, "event": 0, "reply": 0, "hello": 0, "join": 0, "visit": 0}
        self._closing: set[asyncio.Task[None]] = set()

    def truth(self) -> Log:
        """The log, with what the shop and the lanes have come to."""
        self.log.stocks, self.log.sold = dict(self.shop.stocks), dict(self.shop.sold)
        self.log.orders, self.log.forgotten = self.shop.orders, self.shop.forgotten
        self.log.ends = {name: room.lanes.told for name, room in self.rooms.items()}
        return self.log

    # --- rooms ----------------------------------------------------------------------------------

    def open(self, room: str, title: str, host: str) -> Room:
        self.shop.open(room)
        return self.rooms.setdefault(room, Room(room, title, host, self.faults))

    def set_status(self, room: Room, status: str) -> None:
        """Begin or end a room's show; it is told at once, so that who comes next is behind it."""
        if room.status != status:
            room.status = status
            started = {"type": "started", "started_at_ms": _wall_ms()}
            event = started if status == "live" else {"type": "ended"}
            room.lanes.happen(event, NOTHING, now_ms(), _wall_ms())
            self._flush(room)

    def state(self, room: Room) -> Message:
        return {
            "room": room.room,
            "title": room.title,
            "host": person(room.host),
            "status": room.status,
            "city": None,
            "theme": None,
            "media_url": None,
            "started_at_ms": None,
            "slow_mode_s": 0,
            "followers_only": False,
            "pinned": [self._pinned(room, offer) for offer in room.pinned],
            "viewers": len(room.members),
            "likes": room.likes,
            "top_gifters": [],
            "comments": [],
        }

    # --- members --------------------------------------------------------------------------------

    def next_of(self, what: str, delay: Delay) -> float:
        """How long the next of its kind is kept."""
        self._counts[what] += 1
        return delay.of(self._counts[what] - 1)

    def take(self, member: Member, claims: Message, command: Message) -> None:
        """Take a command that has just come; `claims` are those of its member's token."""
        came_ms = now_ms()
        kind = command["type"]
        if kind in _PLAYED:
            self.stall.begin()
        if kind == "hello":
            act = partial(self._hello, member, claims, command, came_ms)
            self._after(self.next_of("hello", self.faults.hello), act)
        elif kind == "join":
            act = partial(self._join, member, command, came_ms)
            self._after(self.next_of("join", self.faults.join), act)
        elif kind in _WORDS and command["room"] in self.rooms:
            place = self._note(member, command, came_ms)
            self.stall.when_over(lambda: _CARRY_OUT[kind](self, member, command, place))
        else:
            self.stall.when_over(lambda: self._rest(member, command))

    def lose(self, member: Member) -> None:
        """A connection has ended."""
        member.visit.ended_ms = member.visit.ended_ms or now_ms()
        for room in self.rooms.values():
            if member in room.members:
                room.members.remove(member)

    def _hello(self, member: Member, claims: Message, command: Message, came_ms: float) -> None:
        visit = member.visit
        member.user = visit.user = claims["sub"]
        visit.hello_ms = came_ms
        welcome = {
            "type": "welcome",
            "id": command["id"],
            "user": member.user,
            "roles": claims["roles"],
            "session": f"w0-{self._counts['hello']:x}",
            "heartbeat_ms": HEARTBEAT_MS,
            "server_time_ms": _wall_ms(),
        }
        visit.welcomed_ms = member.tell(welcome)

    def _join(self, member: Member, command: Message, came_ms: float) -> None:
        room = self.rooms.get(command["room"])
        if room is None:
            member.tell(_error(command, "not_found"))
            return
        again = member in room.members
        if not again and member.is_open:
            room.members.append(member)
        since: Message = command.get("since") or {}
        told, recovered = room.lanes.told, room.lanes.recovers(since)
        seq = since["seq"] if recovered else told
        place = {"room": room.room, "epoch": EPOCH, "seq": seq, "recovered": recovered}
        joined = {"type": "joined", "id": command["id"], **place, "state": self.state(room)}
        told_ms = member.tell(joined)
        self.log.entries.append(
            Entry(
                user=member.user,
                room=room.room,
                came_ms=came_ms,
                told_ms=told_ms,
                since=since.get("seq"),
                seq=told,
                recovered=recovered,
                again=again,
            )
        )
        if seq < told:
            self._send(room, room.lanes.missed(seq), [member])

    # --- commands -------------------------------------------------------------------------------

    def _note(self, member: Member, command: Message, came_ms: float) -> int:
        """Log a command; returns its place."""
        kind = command["type"]
        members = len(self.rooms[command["room"]].members)
        word = _WORDS[kind](command)
        self.log.commands.append(
            Command(came_ms, kind, member.user, command["room"], word, members)
        )
        return len(self.log.commands) - 1

    def _comment(self, member: Member, command: Message, place: int) -> None:
        room = self.rooms[command["room"]]
        said = {"comment": f"c{place}", "user": person(member.user), "at_ms": _wall_ms()}
        drop = {"type": "comment", "text": command["text"], **said}
        self._pour(room, drop, place, self.next_of("comment", self.faults.waterfall))
        self._reply(member, {"type": "ok", "comment": f"c{place}"}, command, place)

    def _like(self, member: Member, command: Message, place: int) -> None:
        room = self.rooms[command["room"]]
        room.likes += command["count"]
        like = {"type": "like", "count": command["count"], "total": room.likes}
        self._pour(room, like, NOTHING, self.faults.waterfall.usual_ms)
        self._reply(member, {"type": "ok"}, command, place)

    def _gift(self, member: Member, command: Message, place: int) -> None:
        reply, event = self.shop.give(member.user, command)
        self._purchase(member, command, place, reply, event)

    def _order(self, member: Member, command: Message, place: int) -> None:
        reply, event = self.shop.order(member.user, command)
        self._purchase(member, command, place, reply, event)

    def _purchase(
        self, member: Member, command: Message, place: int, reply: Message, event: Message | None
    ) -> None:
        if event:
            self._happen(self.rooms[command["room"]], event, place)
        pushes = self.shop.pushes(member.user, command) if command["type"] == "order" else []
        kept_ms = self.next_of("reply", self.faults.replies)
        self._after(kept_ms, lambda: self._reply(member, reply, command, place, pushes))

    def _pin(self, member: Member, command: Message, place: int) -> None:
        room = self.rooms[command["room"]]
        offer = self.shop.offer(room.room, command["offer"])
        if offer is None:
            self._reply(member, _error(command, "not_found"), command, place)
            return
        is_pin = command["type"] == "pin"
        if is_pin != (command["offer"] in room.pinned):
            unpinned = {"type": "unpinned", "offer": command["offer"]}
            pinned = {"type": "pinned", **self._pinned(room, command["offer"])}
            (room.pinned.append if is_pin else room.pinned.remove)(command["offer"])
            self._happen(room, pinned if is_pin else unpinned, place)
        self._reply(member, {"type": "ok"}, command, place)

    def _rest(self, member: Member, command: Message) -> None:
        """What is not logged: leave, ping, start and end."""
        kind = command["type"]
        reply: Message = {"type": "ok"}
        room = self.rooms.get(command.get("room", ""))
        if kind == "ping":
            reply = {"type": "pong", "server_time_ms": _wall_ms()}
        elif room is None or kind not in ("leave", "start", "end"):
            reply = _error(command, "not_found" if room is None else "invalid")
        elif kind != "leave":
            self.set_status(room, "live" if kind == "start" else "ended")
        elif member in room.members:
            room.members.remove(member)
        member.tell({"id": command["id"], **reply})

    def _reply(
        self, member: Member, reply: Message, command: Message, place: int, pushes: Any = ()
    ) -> None:
        note = self.log.commands[place]
        note.code = reply.get("code", "")
        note.told_ms = member.tell({"id": command["id"], **reply})
        for push in pushes:
            member.tell(push)

    # --- batches --------------------------------------------------------------------------------

    def _happen(self, room: Room, event: Message, place: int) -> None:
        kept_ms = self.faults.reliable.usual_ms
        room.lanes.happen(event, place, now_ms() + kept_ms, _wall_ms())
        self._flush_later(room, kept_ms)

    def _pour(self, room: Room, drop: Message, place: int, kept_ms: float) -> None:
        room.lanes.pour(drop, place, now_ms() + kept_ms)
        self._flush_later(room, kept_ms)

    def _flush_later(self, room: Room, kept_ms: float) -> None:
        self._after(kept_ms + self.faults.tick_ms, partial(self._flush, room), always_later=True)

    def _flush(self, room: Room) -> None:
        users = [member.user for member in room.members]
        parcels = room.lanes.flush(now_ms() + _TIMER_EARLY_MS, users)
        for parcel in parcels:
            self._send(room, parcel, [each for each in room.members if parcel.is_for(each.user)])
        if room.lanes.hangs_up:
            room.lanes.hangs_up = False
            for place, member in enumerate(list(room.members)):
                if is_nth(place, self.faults.hangs_up_on_every):
                    self._hang_up(member)

    def _send(self, room: Room, parcel: Parcel, members: list[Member]) -> None:
        bytes_ = framed(parcel.batch(room.room, _wall_ms()))
        frame = Frame(
            room=room.room,
            seq=parcel.seq,
            size_bytes=len(bytes_),
            comments=[drop.cause for drop in parcel.waterfall if drop.cause != NOTHING],
            events=[event.cause for event in parcel.events],
            shed=parcel.shed,
            misplaced=parcel.misplaced,
            repeated=parcel.repeated,
            untrue=parcel.untrue,
        )
        self.log.frames.append(frame)
        for member in members:
            member.tell_batch(bytes_, frame)

    def _hang_up(self, member: Member) -> None:
        if self.faults.moves:
            member.tell({"type": "moved", "retry_after_ms": MOVED_MS})
        self.lose(member)
        closing = asyncio.create_task(member.hang_up(self.faults.hangs_up_with))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    # --- time -----------------------------------------------------------------------------------

    def _after(
        self, kept_ms: float, act: Callable[[], object], *, always_later: bool = False
    ) -> None:
        """Act after so long, unless the stub stands still then."""
        if kept_ms or always_later:
            loop = asyncio.get_running_loop()
            loop.call_later(kept_ms / 1000, self.stall.when_over, act)
        else:
            self.stall.when_over(act)

    def _pinned(self, room: Room, offer: str) -> Message:
        names = ("offer", "title", "price_minor", "currency", "stock", "limit_per_buyer")
        found = self.shop.offer(room.room, offer) or {}
        return {name: found.get(name) for name in names}


_TIMER_EARLY_MS = 1.0
"""A timer of asyncio's may fire this much before its time."""
_WORDS: dict[str, Callable[[Message], str]] = {
    "comment": lambda command: str(command["text"].split(" ", 1)[0]),
    "like": lambda command: "",
    "gift": lambda command: f"{command['key']}/{command['count']}",
    "order": lambda command: str(command["key"]),
    "pin": lambda command: str(command["offer"]),
    "unpin": lambda command: str(command["offer"]),
}
_CARRY_OUT: dict[str, Callable[[Show, Member, Message, int], None]] = {
    "comment": Show._comment,
    "like": Show._like,
    "gift": Show._gift,
    "order": Show._order,
    "pin": Show._pin,
    "unpin": Show._pin,
}


def _error(command: Message, code: str) -> Message:
    return {"type": "error", "id": command["id"], "code": code, "message": code}


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
