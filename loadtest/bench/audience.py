"""Thousands of members on plain sockets, read in one loop without asyncio.

A chunk is read into one shared buffer and compared with what the room's other members got
(`member`); nothing is made per chunk or per delivery. Who writes is read first, so that what it
waits for does not stand behind a whole room's reading. Invariants: a bounded number of members is
entering at a time; every wait has an end; the audience notes its own CPU time and the longest time
between two looks at its sockets, for it must not be what is measured.
"""

import errno
import os
import select
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any

from . import wire
from .member import Member, Witness
from .reference import STREAM_BYTES_MAX, Faults, Reference
from .visitor import Room, Visitor

ENTERING_MAX = 256
"""Handshakes under way; a server's backlog is 4,096."""
SLICE = 64
"""Members read between two looks at those who write: well under a millisecond."""
BUFFER_BYTES = 1 << 20
CONNECT_WITHIN_S = 10.0
POLL_S = 0.001
SWEEP_S = 0.5
WITNESS_EVERY = 100
ADDRESSES = 64
"""Source addresses 127.0.0.1 and on: 28,000 ports each."""
RETRY_AFTER_DEFAULT_MS = 500
TRIES_MAX = 20
_EDGE = select.EPOLLIN | select.EPOLLET
_RESET = struct.pack("ii", 1, 0)
"""Linger for no time: the port is free at once."""

Taker = Callable[[memoryview, int], None]
Reply = Callable[[dict[str, Any]], None]
Agenda = Callable[[int], None]
"""What is to be sent: called with the monotonic nanoseconds, often."""


class Audience:
    """All members of a row."""

    def __init__(self, address: tuple[str, int], faults: Faults) -> None:
        self.faults = faults
        self.visitors: list[Visitor] = []
        self.agendas: list[Agenda] = []
        self.moved = self.recovered = self.reads = 0
        self.close_codes: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self.longest_gap_s = 0.0
        self.joined_at_ms: list[int] = []
        self._address = address
        self._upgrade = wire.upgrade_request(f"{address[0]}:{address[1]}")
        self._epoll, self._urgent = select.epoll(), select.epoll()
        self._epoll.register(self._urgent.fileno(), select.EPOLLIN)
        self._takers: dict[int, tuple[Callable[[memoryview], int], Taker]] = {}
        self._by_fd: dict[int, Visitor] = {}
        self._of: dict[Member, Visitor] = {}
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._holding: set[Member] = set()
        self._queue: deque[Visitor] = deque()
        self._later: list[tuple[int, Visitor]] = []
        self._entering: set[Visitor] = set()
        self._replies: dict[int, Reply] = {}
        self._ids = 0
        self._last_poll_s = self._swept_s = time.monotonic()

    # --- who is there

    def add(
        self, token: str, room: Room | None, *, leads: bool = True, is_urgent: bool = False
    ) -> Visitor:
        """Another member; `enter` lets it in."""
        number = len(self.visitors)
        member = Member(number, self._take_message, self.faults, self._holding, leads=leads)
        if leads and number % WITNESS_EVERY == WITNESS_EVERY - 1:
            member.witness = Witness()
        visitor = Visitor(member, token, room, is_urgent=is_urgent)
        self.visitors.append(visitor)
        self._of[member] = visitor
        return visitor

    def add_bare(self, room: Room) -> Visitor:
        """A member of a server that only writes frames: no handshake, and in the room at once."""
        visitor = self.add("", room, is_urgent=False)
        visitor.member.witness = None
        visitor.member.enter(room.reference(""))
        connection = socket.create_connection(self._address, CONNECT_WITHIN_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        visitor.socket, visitor.is_in = connection, True
        self._by_fd[connection.fileno()] = visitor
        self._takers[connection.fileno()] = (connection.recv_into, visitor.member.take)
        self._epoll.register(connection.fileno(), _EDGE)
        return visitor

    def enter(self, visitors: Iterable[Visitor]) -> None:
        self._queue.extend(visitors)

    def is_entering(self) -> bool:
        return bool(self._queue or self._later or self._entering)

    def drop(self, visitor: Visitor) -> None:
        """End a connection at once, as a lost network would; it may `enter` again."""
        visitor.since = visitor.member.leave()
        self._forget(visitor)

    def join(self, visitor: Visitor, room: Room) -> None:
        """Join a room once hello has been answered."""
        visitor.room, visitor.is_in = room, False
        self._entering.add(visitor)
        self._send(visitor, self._join_command(visitor, room))
        self._place(visitor, room)

    def close(self) -> None:
        for visitor in self.visitors:
            self._forget(visitor)
        self._urgent.close()
        self._epoll.close()

    # --- sending

    def ask(self, visitor: Visitor, message: dict[str, Any], on_reply: Reply) -> None:
        """Send a command, whose `id` is ours to choose; `on_reply` gets what answers it."""
        message["id"] = self._next_id()
        self._replies[message["id"]] = on_reply
        self._send(visitor, wire.command(message))

    def send_raw(self, visitor: Visitor, content: bytes) -> None:
        self._send(visitor, content)

    @property
    def unanswered(self) -> int:
        return len(self._replies)

    def _next_id(self) -> int:
        self._ids += 1
        return self._ids

    def _send(self, visitor: Visitor, content: bytes) -> None:
        if visitor.socket is None:
            return
        try:
            sent = visitor.socket.send(content)
        except OSError as error:
            self.faults.note("not sent", f"member {visitor.member.number}: {error}")
            return
        if sent != len(content):
            self.faults.note("not sent", f"member {visitor.member.number}: its socket is full")

    # --- the loop

    def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Go on until it holds; False when it did not in time."""
        deadline_s = time.monotonic() + within_s
        while not holds():
            if time.monotonic() > deadline_s:
                return False
            self.poll()
        return True

    def run_for(self, seconds: float) -> None:
        self.until(lambda: False, seconds)

    def poll(self) -> None:
        """Send what is due, read a slice, and look after those who enter."""
        now_s = time.monotonic()
        self.longest_gap_s = max(self.longest_gap_s, now_s - self._last_poll_s)
        self._last_poll_s = now_s
        for agenda in self.agendas:
            agenda(time.monotonic_ns())
        self._read(self._urgent, 0, SLICE)
        self._read(self._epoll, POLL_S, SLICE)
        if self._holding:
            for member in list(self._holding):
                self._guarded(member.retry, self._of[member])
        if self._queue or self._later:
            self._admit()
        if now_s - self._swept_s > SWEEP_S:
            self._sweep()

    @staticmethod
    def now_ms() -> int:
        """The clock of arrivals."""
        return time.monotonic_ns() // 1_000_000

    def rest(self) -> None:
        """Start judging the audience anew."""
        self.longest_gap_s, self._last_poll_s = 0.0, time.monotonic()

    def _read(self, epoll: select.epoll, timeout_s: float, at_most: int) -> None:
        buffer, takers = self._buffer, self._takers
        monotonic_ns = time.monotonic_ns
        for fd, _ in epoll.poll(timeout_s, at_most):
            entry = takers.get(fd)
            if entry is None:
                continue
            recv_into, take = entry
            try:
                size = recv_into(buffer)
                self.reads += 1
                if not size:
                    self._lose(self._by_fd[fd])
                    continue
                take(buffer[:size], monotonic_ns() // 1_000_000)
                if size == BUFFER_BYTES:
                    self._read_rest(fd)
            except BlockingIOError:
                self._connected(self._by_fd[fd])
            except OSError:
                self._lose(self._by_fd[fd])
            except (wire.Unreadable, KeyError, TypeError, ValueError) as error:
                self._give_up(self._by_fd[fd], error)

    def _read_rest(self, fd: int) -> None:
        """Edge-triggered: a full buffer means that there may be more."""
        size = BUFFER_BYTES
        while size == BUFFER_BYTES and fd in self._takers:
            recv_into, take = self._takers[fd]
            try:
                size = recv_into(self._buffer)
            except BlockingIOError:
                return
            take(self._buffer[:size], time.monotonic_ns() // 1_000_000)

    def _guarded(self, step: Callable[[], None], visitor: Visitor) -> None:
        try:
            step()
        except (wire.Unreadable, KeyError, TypeError, ValueError) as error:
            self._give_up(visitor, error)

    def _give_up(self, visitor: Visitor, error: Exception) -> None:
        self.faults.note("unreadable", f"member {visitor.member.number}: {error!r}")
        self._forget(visitor)

    def _sweep(self) -> None:
        """Forget what all members have behind them; whoever keeps too much is stuck."""
        self._swept_s = time.monotonic()
        needs: dict[Reference, int] = {}
        for visitor in self.visitors:
            reference = visitor.member.reference
            if visitor.is_in and reference is not None:
                needed = visitor.member.needs
                needs[reference] = min(needs.get(reference, needed), needed)
        for reference, slowest in needs.items():
            reference.trim(slowest)
            if len(reference.stream) > STREAM_BYTES_MAX:
                self._drop_stuck(reference, slowest)

    def _drop_stuck(self, reference: Reference, slowest: int) -> None:
        for visitor in self.visitors:
            if visitor.member.reference is reference and visitor.member.needs == slowest:
                visitor.member.is_stuck = True
                self._forget(visitor)

    # --- entering

    def _admit(self) -> None:
        now_ms = time.monotonic_ns() // 1_000_000
        if self._later:
            due = [visitor for at_ms, visitor in self._later if at_ms <= now_ms]
            self._later = [each for each in self._later if each[0] > now_ms]
            self._queue.extend(due)
        while self._queue and len(self._entering) < ENTERING_MAX:
            self._connect(self._queue.popleft())

    def _connect(self, visitor: Visitor) -> None:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        connection.bind((f"127.0.0.{1 + visitor.member.number % ADDRESSES}", 0))
        visitor.socket, visitor.head, visitor.is_in = connection, b"", False
        fd = connection.fileno()
        self._entering.add(visitor)
        self._by_fd[fd] = visitor

        def shake_hands(chunk: memoryview, now_ms: int) -> None:
            self._shake_hands(visitor, bytes(chunk), now_ms)

        self._takers[fd] = (connection.recv_into, shake_hands)
        error = connection.connect_ex(self._address)
        if error not in (0, errno.EINPROGRESS):
            self.errors[os.strerror(error)] += 1
            self._come_back(visitor, RETRY_AFTER_DEFAULT_MS)
            return
        (self._urgent if visitor.is_urgent else self._epoll).register(fd, _EDGE | select.EPOLLOUT)

    def _connected(self, visitor: Visitor) -> None:
        """Nothing to read, but to be written to: the TCP connection is there."""
        connection = visitor.socket
        if visitor.is_in or visitor.head or connection is None:
            return
        visitor.head = b" "
        epoll = self._urgent if visitor.is_urgent else self._epoll
        epoll.modify(connection.fileno(), _EDGE)
        self._send(visitor, self._upgrade)

    def _shake_hands(self, visitor: Visitor, chunk: bytes, now_ms: int) -> None:
        head, end, rest = (visitor.head + chunk).partition(wire.HEAD_END)
        visitor.head = head
        if not end:
            return
        wire.is_deflated(head.strip().decode("latin-1").encode())
        assert visitor.socket is not None  # it has just been read from
        hello = {"type": "hello", "id": self._next_id(), "token": visitor.token}
        joining = self._join_command(visitor, visitor.room) if visitor.room else b""
        self._send(visitor, wire.command(hello) + joining)
        self._takers[visitor.socket.fileno()] = (visitor.socket.recv_into, visitor.member.take)
        if rest:
            visitor.member.take(memoryview(rest), now_ms)

    def _join_command(self, visitor: Visitor, room: Room) -> bytes:
        message = {"type": "join", "id": self._next_id(), "room": room.name}
        if visitor.since is not None:
            message["since"] = visitor.since
        return wire.command(message)

    def _place(self, visitor: Visitor, room: Room) -> None:
        visitor.member.enter(room.reference(visitor.member.session.rpartition("-")[0]))

    def _take_message(self, member: Member, message: dict[str, Any]) -> None:
        """Everything that is not a batch."""
        visitor, kind = self._of[member], message["type"]
        if kind == "ws-ping":
            self._send(visitor, wire.client_frame(message["payload"], wire.PONG))
        elif kind == "ws-close":
            self.close_codes[message["code"]] += 1
            self._lose(visitor)
        elif kind == "welcome":
            member.session = message["session"]
            if visitor.room is not None:
                self._place(visitor, visitor.room)
            else:
                self._let_in(visitor)
        elif kind == "joined":
            self.recovered += message["recovered"]
            self._let_in(visitor)
        elif kind == "moved":
            self.moved += 1
            self._come_back(visitor, message["retry_after_ms"])
        elif message.get("id") in self._replies:
            self._replies.pop(message["id"])(message)
        elif kind == "error":
            self.errors[message["code"]] += 1
            if not visitor.is_in:
                self._come_back(visitor, message.get("retry_after_ms", RETRY_AFTER_DEFAULT_MS))

    def _let_in(self, visitor: Visitor) -> None:
        visitor.is_in, visitor.tries = True, 0
        self._entering.discard(visitor)
        self.joined_at_ms.append(time.monotonic_ns() // 1_000_000)

    def _lose(self, visitor: Visitor) -> None:
        if visitor.socket is None:
            return
        if visitor.is_in:
            self.faults.note("lost connection", f"member {visitor.member.number}")
            self._forget(visitor)
        else:
            self._come_back(visitor, RETRY_AFTER_DEFAULT_MS)

    def _come_back(self, visitor: Visitor, after_ms: int) -> None:
        """Try again to enter, later."""
        visitor.since = visitor.member.leave()
        self._forget(visitor)
        visitor.tries += 1
        if visitor.tries >= TRIES_MAX:
            self.faults.note("kept out", f"member {visitor.member.number} after {TRIES_MAX} tries")
        else:
            self._later.append((time.monotonic_ns() // 1_000_000 + after_ms, visitor))

    def _forget(self, visitor: Visitor) -> None:
        self._entering.discard(visitor)
        self._holding.discard(visitor.member)
        visitor.is_in = False
        if visitor.socket is not None:
            fd = visitor.socket.fileno()
            self._takers.pop(fd, None)
            self._by_fd.pop(fd, None)
            visitor.socket.close()
            visitor.socket = None
