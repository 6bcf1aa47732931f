"""The WebSocket door: all connections of a worker, from handshake to close.

Decodes what sessions read, has commands carried out, writes answers. Nothing is kept running for a
connection that is silent: what can be answered at once is, a command that must wait has a task
while it does, and one wheel looks after heartbeats, deadlines and expiries.
"""

import asyncio
import inspect
import itertools
import logging
import math
import random
import time
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any

from aiohttp import web
from msgspec import UNSET

from livesrv.auth import BadToken, ExpiredToken, Principal
from livesrv.buyers import is_undone
from livesrv.clock import monotonic_ms, now_ms
from livesrv.config import Config
from livesrv.ledger.store import Unavailable
from livesrv.refusal import Refused
from livesrv.rooms.bus import Told
from livesrv.tally import DoorTally
from livesrv.turnstile import Turnstile
from protocol.codec import BadCommand, Item, Undecodable, decode_command
from protocol.codes import CloseCode, ErrorCode
from protocol.frames import PING_FRAME, Message, Opcode
from protocol.messages import AnyCommand, Error, Gift, Hello, Moved, Order

from .commands import Answer, Commands
from .door import shake_hands, take_over
from .session import Session
from .wheel import Wheel

log = logging.getLogger(__name__)

TICK_MS = 100
CLOSE_GRACE_MS = 3_000
"""How long a peer has to read what it was sent, the close frame last, and to close."""
DRAIN_LOOK_S = 0.05
SILENT_HEARTBEATS_MAX = 2.5
RETRY_MIN_MS, RETRY_MAX_MS = 200, 2_000
"""The hint given to those who must reconnect, spread so that they do not all come at once."""
KINDS = ("ops", "host", "moderator", "viewer")
"""From what is rarest; what one is beside that is not counted."""


class Gateway:
    """All connections of one worker. Needs `look_after` run."""

    def __init__(
        self,
        worker: str,
        config: Config,
        commands: Commands,
        turnstile: Turnstile,
        tally: DoorTally,
    ) -> None:
        self._worker = worker
        self._config = config
        self._commands = commands
        self._turnstile = turnstile
        self._tally = tally
        self._sessions: dict[str, Session] = {}
        self._by_user: defaultdict[str, list[Session]] = defaultdict(list)
        self._numbers = itertools.count(1)
        self._under_way: set[asyncio.Task[None]] = set()
        self._wheel: Wheel[Session] = Wheel(TICK_MS, monotonic_ms())
        self._is_draining = False
        self._took = {Order: tally.took["order"], Gift: tally.took["gift"]}

    async def handle(self, request: web.Request) -> web.Response:
        """Make a request a WebSocket."""
        handshake = shake_hands(request, may_deflate=self._config.deflate)
        address, transport = self._turnstile.address(request), request.transport
        if transport is not None and not transport.is_closing():
            number = f"{self._worker}-{next(self._numbers):x}"
            session = Session(number, self, transport, handshake.encoding, address, self._config)
            take_over(request, transport, session)
            transport.write(handshake.response)
            self._open(session)
        return web.Response()  # goes nowhere: the connection is no longer aiohttp's

    def _open(self, session: Session) -> None:
        outcome, retry_ms = self._admit(session)
        self._tally.handshakes[outcome] += 1
        self._tally.connections += 1
        self._sessions[session.id] = session
        if retry_ms:
            session.send(Moved(retry_after_ms=retry_ms))
            session.close(CloseCode.TRY_AGAIN_LATER)
        else:
            session.is_admitted = True
            self._look_at(session, session.heard_at_ms + self._config.hello_timeout_ms)

    def _admit(self, session: Session) -> tuple[str, int]:
        """Whether there is room for one more: what becomes of it, and when else to come back."""
        if self._is_draining:
            return "draining", _retry_ms()
        if len(self._sessions) >= self._config.connections_max:
            return "full", _retry_ms()
        if wait_ms := self._turnstile.admission.admit(now_ms(), random.random):
            return "handshakes_per_s", wait_ms
        if not self._turnstile.connections.enter(session.address):
            return "connections_per_address_max", RETRY_MAX_MS
        return "accepted", 0

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self._under_way)

    def forget(self, session: Session) -> None:
        del self._sessions[session.id]
        self._tally.connections -= 1
        if session.close_code is not None:
            self._tally.closes[session.close_code] += 1
        if session.is_admitted:
            self._turnstile.connections.leave(session.address)
        if session.principal is not None:
            self._tally.sessions[_kind(session.principal)] -= 1
            mine = self._by_user[session.principal.user]
            if session in mine:
                mine.remove(session)
            if not mine:
                del self._by_user[session.principal.user]

    # --- messages

    def take(self, session: Session, message: Message) -> None:
        """One message in; exactly one answer out, or the connection's end."""
        format_ = session.encoding.format
        if (message.opcode is Opcode.TEXT) is not format_.is_text:
            return session.close(CloseCode.UNDECODABLE)
        try:
            command = decode_command(message.payload, format_)
        except Undecodable:
            return session.close(CloseCode.UNDECODABLE)
        except BadCommand as bad:
            return self._refuse_malformed(session, bad)
        if session.principal is None:
            return self._greet(session, command)
        return self._carry_out(session, command)

    def _carry_out(self, session: Session, command: AnyCommand) -> None:
        self._tally.commands[str(command.__struct_config__.tag)] += 1
        try:
            self._require_pace(session)
            answer = self._commands.carry_out(session, command)
        except Exception as error:
            self._refuse(session, command, error)
        else:
            if inspect.iscoroutine(answer):
                self._wait(session, command, answer)
            elif answer is not None:
                session.send(answer)

    def _require_pace(self, session: Session) -> None:
        assert session.principal is not None  # it has said hello
        wait_ms = self._turnstile.command(session.principal.user, session.heard_at_ms)
        if wait_ms:
            raise Refused(ErrorCode.RATE_LIMITED, "too many commands of yours", wait_ms)

    def _wait(
        self, session: Session, command: AnyCommand, answer: Coroutine[Any, Any, Answer]
    ) -> None:
        session.is_busy = True
        task = asyncio.create_task(self._finish(session, command, answer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _finish(
        self, session: Session, command: AnyCommand, answer: Coroutine[Any, Any, Answer]
    ) -> None:
        began_s = time.perf_counter()
        try:
            reply = await answer
        except Exception as error:
            self._refuse(session, command, error)
        else:
            if reply is not None:
                session.send(reply)
        if spread := self._took.get(type(command)):
            spread.add((time.perf_counter() - began_s) * 1000)
        session.is_busy = False
        session.read_on()

    def _refuse(self, session: Session, command: AnyCommand, error: Exception) -> None:
        answer = _error_of(command, error)
        self._tally.errors[answer.code] += 1
        session.send(answer)

    def _refuse_malformed(self, session: Session, bad: BadCommand) -> None:
        if session.principal is None:
            session.send(_error(bad.id, ErrorCode.UNAUTHENTICATED, f"say hello first ({bad})"))
            session.close(CloseCode.UNAUTHENTICATED)
        else:
            session.send(_error(bad.id, ErrorCode.INVALID, str(bad)))

    # --- hello

    def _greet(self, session: Session, command: AnyCommand) -> None:
        if not isinstance(command, Hello):
            session.send(_error(command.id, ErrorCode.UNAUTHENTICATED, "say hello first"))
            return session.close(CloseCode.UNAUTHENTICATED)
        try:
            session.send(self._commands.hello(session, command))
        except BadToken as bad:
            session.send(_error(command.id, ErrorCode.UNAUTHENTICATED, str(bad)))
            is_expired = isinstance(bad, ExpiredToken)
            return session.close(CloseCode.BANNED if is_expired else CloseCode.UNAUTHENTICATED)
        self._note_here(session)
        session.ping_at_ms += random.randrange(self._config.heartbeat_ms)  # not all at once
        self._look_after(session, monotonic_ms())
        return None

    def _note_here(self, session: Session) -> None:
        """Who is here by user; one connection too many replaces the oldest."""
        assert session.principal is not None  # `hello` has just set it
        self._tally.sessions[_kind(session.principal)] += 1
        mine = self._by_user[session.principal.user]
        mine.append(session)
        if len(mine) > self._config.connections_per_user_max:
            mine.pop(0).close(CloseCode.REPLACED)

    # --- single users

    def on_users(self, told: Told) -> None:
        """Pass pushes on to those users' connections, all for one connection in one write."""
        pushes: defaultdict[str, list[Item]] = defaultdict(list)
        for user, push in told:
            if user in self._by_user:
                pushes[user].append(Item(push))
                if is_undone(push):
                    for session in self._by_user[user]:
                        self._commands.order_undone(session)
        for user, items in pushes.items():
            for session in self._by_user[user]:
                if session.is_stuck:
                    session.close(CloseCode.TOO_SLOW)
                encoding = session.encoding
                frames = [encoding.framed(bytes(item.raw(encoding.format))) for item in items]
                session.write(b"".join(frames))

    # --- looking after all

    async def look_after(self) -> None:
        """Ping, and close who is silent, has not said hello, or may no longer be here."""
        while True:
            await asyncio.sleep(TICK_MS / 1000)
            now = monotonic_ms()
            for session in self._wheel.turn(now):
                if session.look_at_ms <= now and not session.is_lost:
                    self._look_after(session, now)

    def _look_at(self, session: Session, at_ms: int) -> None:
        """Have a look at a session then, and not at the time that was said before."""
        session.look_at_ms = at_ms
        self._wheel.add(session, at_ms)

    def _look_after(self, session: Session, now: int) -> None:
        config, principal = self._config, session.principal
        silent_at_ms = session.heard_at_ms + int(config.heartbeat_ms * SILENT_HEARTBEATS_MAX)
        left_ms = _left_ms(principal) if principal else math.inf
        if session.is_closing:
            session.transport.abort()
        elif principal is None:
            session.send(_error(None, ErrorCode.UNAUTHENTICATED, "no hello came in time"))
            session.close(CloseCode.UNAUTHENTICATED)
        elif left_ms <= 0:
            session.close(CloseCode.BANNED)
        elif silent_at_ms <= now:
            session.close(CloseCode.TOO_SLOW)
        else:
            if session.ping_at_ms <= now:
                session.write(PING_FRAME)
                session.ping_at_ms = now + config.heartbeat_ms
            self._look_at(session, int(min(session.ping_at_ms, silent_at_ms, now + left_ms)))

    def end_soon(self, session: Session) -> None:
        self._look_at(session, monotonic_ms() + CLOSE_GRACE_MS)

    async def drain(self) -> None:
        """Tell everybody to come back later, give them time to go, and close who is left."""
        self._is_draining = True
        for session in self._sessions.values():
            session.send(Moved(retry_after_ms=_retry_ms()))
        await self._emptied(self._config.drain_ms)
        for session in list(self._sessions.values()):
            session.close(CloseCode.RESTARTING)
        await self._emptied(CLOSE_GRACE_MS + 2 * TICK_MS)

    async def _emptied(self, within_ms: int) -> None:
        deadline_ms = monotonic_ms() + within_ms
        while self._sessions and monotonic_ms() < deadline_ms:
            await asyncio.sleep(DRAIN_LOOK_S)


def _left_ms(user: Principal) -> float:
    """How long a token is good for yet."""
    return math.inf if user.expires_ms is None else user.expires_ms - now_ms()


def _kind(user: Principal) -> str:
    """What somebody mainly is, for those who count."""
    return next((role for role in KINDS if role in user.roles), "guest")


def _error_of(command: AnyCommand, error: Exception) -> Error:
    """What a command that failed is answered. The last family is our bug."""
    if isinstance(error, Refused):
        return _error(command.id, error.code, error.message, error.retry_after_ms)
    if isinstance(error, Unavailable):
        return _error(command.id, ErrorCode.BUSY, str(error), _retry_ms())
    log.error("a command failed: %r", command, exc_info=error)
    return _error(command.id, ErrorCode.INTERNAL, "this is our bug")


def _error(
    command_id: int | None, code: ErrorCode, message: str, retry_after_ms: int | None = None
) -> Error:
    retry = UNSET if retry_after_ms is None else retry_after_ms
    return Error(id=command_id, code=code.value, message=message, retry_after_ms=retry)


def _retry_ms() -> int:
    return random.randint(RETRY_MIN_MS, RETRY_MAX_MS)
