"""One connection: its WebSocket, who is at the other end, which rooms they are in.

Reads, writes and closes; what a message means is the gateway's to say. No task, timer or queue:
what has come and is not read yet stays as bytes, and the peer is not read from when that is much.
Invariant: messages are handed on one after the other, in the order sent.
"""

import asyncio
from typing import Protocol

from livesrv.auth import Principal
from livesrv.clock import monotonic_ms
from livesrv.config import Config
from livesrv.limits import TokenBucket
from livesrv.rooms.fanout import Member
from livesrv.rooms.open_room import OpenRoom
from protocol.codec import Encoding
from protocol.codes import CloseCode
from protocol.frames import (
    FrameReader,
    Message,
    Opcode,
    Violation,
    close_frame,
    pong_frame,
    read_close,
)
from protocol.messages import COMMAND_BYTES_MAX

TURN_MESSAGES_MAX = 32
"""Messages of one connection before the others get their turn: some 2 ms."""
UNREAD_BYTES_MAX = 65_536
"""Above it the peer is not read from. Four messages of the greatest size, so half of one that has
not come as a whole yet never stops the reading."""


class Front(Protocol):
    """Whom a session hands its messages to."""

    def take(self, session: "Session", message: Message) -> None: ...

    def end_soon(self, session: "Session") -> None:
        """It is closing: look whether it has gone when its grace is over."""

    def forget(self, session: "Session") -> None: ...


class Session(asyncio.Protocol):
    """What the server knows of a connection."""

    __slots__ = (
        "_front",
        "_is_paused",
        "_reader",
        "_unsent_bytes_max",
        "address",
        "close_code",
        "comments",
        "encoding",
        "frames",
        "heard_at_ms",
        "id",
        "is_admitted",
        "is_busy",
        "is_closing",
        "is_lost",
        "look_at_ms",
        "ping_at_ms",
        "principal",
        "rooms",
        "transport",
    )

    def __init__(
        self,
        session_id: str,
        front: Front,
        transport: asyncio.Transport,
        encoding: Encoding,
        address: str | None,
        config: Config,
    ) -> None:
        self.id = session_id
        self.address = address
        """What it is budgeted under beside its user, if anything."""
        self.is_admitted = False
        self.transport = transport
        self.encoding = encoding
        self.principal: Principal | None = None
        self.rooms: dict[str, tuple[OpenRoom, Member]] = {}
        self.heard_at_ms = self.look_at_ms = self.ping_at_ms = monotonic_ms()
        self.frames = TokenBucket(config.commands_per_s, config.commands_burst, self.heard_at_ms)
        self.comments = TokenBucket(config.comments_per_s, config.comments_burst, self.heard_at_ms)
        self.is_busy = False
        """A command is under way; the next one waits."""
        self.is_closing = False
        self.close_code: int | None = None
        """The one we said."""
        self.is_lost = False
        self._front = front
        self._reader = FrameReader(bytes_max=COMMAND_BYTES_MAX, inflates=bool(encoding.window_bits))
        self._is_paused = False
        self._unsent_bytes_max = config.slow_close_bytes

    # --- reading

    def data_received(self, data: bytes) -> None:
        self.heard_at_ms = monotonic_ms()
        self._reader.feed(data)
        self.read_on()

    def read_on(self) -> None:
        """Hand on what has come, while nobody is busy with a message and the turn lasts."""
        try:
            for _ in range(TURN_MESSAGES_MAX):
                message = None if self.is_busy else self._reader.next()
                if message is None:
                    break
                self._take(message)
            else:
                asyncio.get_running_loop().call_soon(self.read_on)
        except Violation:
            self.close(CloseCode.UNDECODABLE)
            self.transport.close()  # nothing more can be read from it, not even its goodbye
        self._hold_back()

    def _take(self, message: Message) -> None:
        opcode = message.opcode
        if self.is_closing:
            if opcode is Opcode.CLOSE:
                self.transport.close()
        elif self.frames.take(self.heard_at_ms):
            self.close(CloseCode.FLOODING)
        elif self.is_stuck:
            self.close(CloseCode.TOO_SLOW)
        elif opcode is Opcode.BINARY or opcode is Opcode.TEXT:
            self._front.take(self, message)
        elif opcode is Opcode.PING:
            self.write(pong_frame(message.payload))
        elif opcode is Opcode.CLOSE:
            read_close(message.payload)
            self.close(CloseCode.NORMAL)
            self.transport.close()

    def _hold_back(self) -> None:
        """Stop reading from a peer that is ahead of us, and go on when it no longer is."""
        is_ahead = self._reader.unread_bytes > UNREAD_BYTES_MAX
        if is_ahead is not self._is_paused and not self.transport.is_closing():
            self._is_paused = is_ahead
            if is_ahead:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = self.is_closing = True
        self.leave_all()
        self._front.forget(self)

    # --- writing

    @property
    def is_stuck(self) -> bool:
        """Whether more waits for the peer than it is allowed to leave unread."""
        return self.transport.get_write_buffer_size() > self._unsent_bytes_max

    def send(self, message: object) -> None:
        """Write one message."""
        self.write(self.encoding.frame(message))

    def write(self, frame: bytes) -> None:
        """Write a finished frame; a whole one at once, so that it cannot fall into another."""
        if not self.is_closing and not self.transport.is_closing():
            self.transport.write(frame)

    def close(self, code: int) -> None:
        """Say goodbye. The peer has a while to read it, and to close."""
        if not self.is_closing:
            self.leave_all()
            self.write(close_frame(code, CloseCode(code).name.lower().encode()))
            self.is_closing = True
            self.close_code = code
            self._front.end_soon(self)

    # --- rooms

    def leave(self, room: str) -> bool:
        """Leave a room; returns whether the session was in it."""
        joined = self.rooms.pop(room, None)
        if joined is not None:
            joined[0].remove(joined[1])
        return joined is not None

    def leave_all(self) -> None:
        for room in list(self.rooms):
            self.leave(room)
