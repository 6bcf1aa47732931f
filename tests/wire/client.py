"""A plain client of the wire, written from protocol/README.md and nothing else.

It reads all the time and keeps what came. Invariant: every message it took looks as the spec says,
and each room's reliable lane was followed without a hole; what broke that is in `breaches`.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close

from .shapes import Message, check

Frame = bytes | str

WITHIN_S = 10.0
REPLIES = {
    "hello": "welcome",
    "join": "joined",
    "gift": "gifted",
    "order": "ordered",
    "ping": "pong",
}
"""What answers a command; for all others it is `ok`."""


@dataclass(frozen=True)
class Format:
    """How messages become frames."""

    subprotocol: str
    pack: Callable[[object], Frame]
    unpack: Callable[[Frame], object]
    frame_type: type[Frame]


MSGPACK = Format("livesrv.v1.msgpack", msgpack.packb, msgpack.unpackb, bytes)
JSON = Format("livesrv.v1.json", json.dumps, json.loads, str)
FORMATS = {"msgpack": MSGPACK, "json": JSON}


class Refused(Exception):
    """A command that should have been carried out was answered with an error."""


@dataclass
class Place:
    """Where a client is in a room, and what it heard there since it joined."""

    epoch: str
    seq: int
    events: list[Message] = field(default_factory=list)
    waterfall: list[Message] = field(default_factory=list)
    shed: int = 0

    def take(self, batch: Message) -> None:
        """Follow a batch; fails when it leaves a hole."""
        events = batch["events"]
        assert batch["epoch"] == self.epoch, f"at {self.epoch}, then {batch!r}"
        numbers = [event["seq"] for event in events]
        assert numbers == list(range(self.seq + 1, self.seq + 1 + len(events))), (
            f"at {self.seq}, then {numbers}"
        )
        assert self.seq + len(events) == batch["seq"], f"at {self.seq}, then {batch!r}"
        self.seq = batch["seq"]
        self.events += events
        self.waterfall += batch["waterfall"]
        self.shed += batch["shed"]

    def comments(self) -> list[str]:
        return [item["text"] for item in self.waterfall if item["type"] == "comment"]


class Client:
    """One connection. `ask` gives whatever answers; `do` and `refusal` expect one outcome."""

    def __init__(self, socket: ClientConnection, format: Format) -> None:
        self.socket = socket
        self.format = format
        self.user = ""
        self.worker = ""
        self.rooms: dict[str, Place] = {}
        self.received: list[Message] = []
        self.pushes: list[Message] = []
        self.stray: list[Message] = []
        """Answers to no command of `start`: the `id` is null, or of a frame that was sent as is."""
        self.breaches: list[str] = []
        self._asked: dict[int, Message] = {}
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self.last_id = 0
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @property
    def is_open(self) -> bool:
        return not self._reading.done()

    async def hello(self, token: str | None = None) -> Message:
        welcome = await self.do("hello", **({} if token is None else {"token": token}))
        self.user = welcome["user"]
        self.worker = welcome["session"].partition("-")[0]
        return welcome

    async def send(self, frame: Frame) -> None:
        await self.socket.send(frame)

    async def start(self, type: str, **fields: Any) -> "asyncio.Future[Message]":
        """Send a command without waiting; the future is its answer."""
        self.last_id += 1
        message = {"type": type, "id": self.last_id, **fields}
        answer = asyncio.get_running_loop().create_future()
        self._asked[message["id"]] = message
        self._answers[message["id"]] = answer
        await self.send(self.format.pack(message))
        return answer

    async def ask(self, type: str, **fields: Any) -> Message:
        """Send a command; its reply or `error`. Fails when the connection closes instead."""
        answer = await self.start(type, **fields)
        await self.until(answer.done)
        return answer.result()

    async def answered(self, answer: "asyncio.Future[Message]") -> bool:
        """Wait for an answer of `start`; false when the connection closed instead."""
        either: set[asyncio.Future[Any]] = {answer, self._reading}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED, timeout=WITHIN_S)
        return answer.done()

    async def do(self, type: str, **fields: Any) -> Message:
        answer = await self.ask(type, **fields)
        if answer["type"] == "error":
            raise Refused(f"{type} {fields}: {answer['code']}: {answer['message']}")
        assert answer["type"] == REPLIES.get(type, "ok"), f"{type} was answered with {answer!r}"
        return answer

    async def refused(self, type: str, **fields: Any) -> Message:
        """The error that answers a command that must not be carried out."""
        answer = await self.ask(type, **fields)
        assert answer["type"] == "error", f"{type} {fields} was not refused: {answer!r}"
        return answer

    async def refusal(self, type: str, **fields: Any) -> str:
        code: str = (await self.refused(type, **fields))["code"]
        return code

    async def join(self, room: str, **fields: Any) -> Message:
        return await self.do("join", room=room, **fields)

    async def until(self, holds: Callable[[], object], *, within_s: float = WITHIN_S) -> None:
        """Return as soon as what came makes `holds()` true."""
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    assert self.is_open, f"closed with {self.socket.close_code} meanwhile"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(
                f"not so within {within_s} s; heard {self.rooms} {self.pushes} {self.breaches}"
            ) from None

    async def heard(self, room: str, type: str, **matching: Any) -> Message:
        """Wait for an event or a waterfall item of a room with these values."""
        place = self.rooms[room]

        def found() -> list[Message]:
            return matched([*place.events, *place.waterfall], {"type": type, **matching})

        await self.until(found)
        return found()[0]

    async def pushed(self, type: str, **matching: Any) -> Message:
        """Wait for a push that is no batch."""

        def found() -> list[Message]:
            return matched(self.pushes, {"type": type, **matching})

        await self.until(found)
        return found()[0]

    async def strayed(self) -> Message:
        """Wait for the next answer to nothing that was asked."""
        await self.until(lambda: self.stray)
        return self.stray.pop(0)

    async def closed(self, *, within_s: float = WITHIN_S) -> int:
        """Wait until the server has closed; the close code."""
        await asyncio.wait({self._reading}, timeout=within_s)
        assert not self.is_open, f"still open after {within_s} s"
        return self.socket.close_code or Close(1006, "").code

    async def stays_open(self, *, for_s: float) -> bool:
        """Wait that long, or until the server has closed; whether it has not."""
        await asyncio.wait({self._reading}, timeout=for_s)
        return self.is_open

    async def close(self) -> None:
        await self.socket.close()
        await self._reading

    def stop_reading(self) -> None:
        """Let the network fill up: nothing is read, and no ping answered."""
        self.socket.transport.pause_reading()

    def go_on_reading(self) -> None:
        self.socket.transport.resume_reading()

    async def _read(self) -> None:
        try:
            while True:
                frame = await self.socket.recv()
                try:
                    self._take(frame)
                except AssertionError as breach:
                    self.breaches.append(str(breach))
                self._news.set()
        except ConnectionClosed:
            self._news.set()

    def _take(self, frame: Frame) -> None:
        assert isinstance(frame, self.format.frame_type), f"{type(frame)} in {self.format}"
        message = check(self.format.unpack(frame))
        self.received.append(message)
        if message["type"] == "batch":
            assert message["room"] in self.rooms, f"not joined: {message!r}"
            self.rooms[message["room"]].take(message)
        elif "id" in message:
            self._answered(message)
        else:
            self.pushes.append(message)

    def _answered(self, reply: Message) -> None:
        command = self._asked.pop(reply["id"], None)
        if reply["type"] == "joined":
            self._joined(command, reply)
        elif reply["type"] == "ok" and command is not None and command["type"] == "leave":
            self.rooms.pop(command["room"], None)
        if command is None:
            self.stray.append(reply)
        else:
            self._answers.pop(reply["id"]).set_result(reply)

    def _joined(self, command: Message | None, joined: Message) -> None:
        place = Place(joined["epoch"], joined["seq"])
        self.rooms[joined["room"]] = place
        assert joined["room"] == joined["state"]["room"]
        if command is not None:
            assert joined["room"] == command["room"]
        if command is not None and joined["recovered"]:
            assert command["since"] == {"epoch": place.epoch, "seq": place.seq}


def matched(messages: list[Message], matching: Message) -> list[Message]:
    """Those that have all these values; a callable is asked."""
    return [
        message
        for message in messages
        if all(
            wanted(message.get(name)) if callable(wanted) else message.get(name) == wanted
            for name, wanted in matching.items()
        )
    ]
