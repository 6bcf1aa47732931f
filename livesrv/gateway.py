"""The WebSocket door: connections from handshake to close.

Reads, decodes, hands commands on one after the other, writes answers. No task, timer or queue per
connection beyond the reading itself: one sweep looks after heartbeats, deadlines and expiries.
"""

import asyncio
import itertools
import logging
import random
from collections import defaultdict

from aiohttp import WSMessage, WSMsgType, web
from msgspec import UNSET

from livesrv.auth import BadToken, ExpiredToken
from livesrv.clock import now_ms
from livesrv.config import Config
from livesrv.ledger.store import Unavailable
from livesrv.refusal import Refused
from livesrv.rooms.bus import Told
from protocol.codec import PING_FRAME, BadCommand, Item, Undecodable, decode_command, frame
from protocol.codes import CloseCode, ErrorCode
from protocol.messages import AnyCommand, Error, Hello, Moved

from .commands import Commands
from .door import Door, negotiate
from .session import Session

log = logging.getLogger(__name__)

SWEEP_S = 0.25
DRAIN_LOOK_S = 0.05
SILENT_HEARTBEATS_MAX = 2.5
RETRY_MIN_MS, RETRY_MAX_MS = 200, 2_000
"""The hint given to those who must reconnect, spread so that they do not all come at once."""


class Gateway:
    """All connections of one worker."""

    def __init__(self, worker: str, config: Config, commands: Commands) -> None:
        self._worker = worker
        self._config = config
        self._commands = commands
        self._sessions: dict[str, Session] = {}
        self._by_user: defaultdict[str, list[Session]] = defaultdict(list)
        self._numbers = itertools.count(1)
        self._is_draining = False
        self._pinged_at_ms = now_ms()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket from handshake to close."""
        format_ = negotiate(request)
        door = Door(format_)
        await door.prepare(request)
        transport = request.transport
        if transport is None:
            return door
        session_id = f"{self._worker}-{next(self._numbers):x}"
        session = Session(session_id, door, transport, format_, now_ms(), self._config)
        if self._is_draining or len(self._sessions) >= self._config.connections_max:
            session.close(CloseCode.TRY_AGAIN_LATER)
            await session.closed()
            return door
        self._sessions[session_id] = session
        try:
            await self._read(session, door)
        except Exception:
            log.exception("a connection failed")
            session.close(CloseCode.INTERNAL_ERROR)
        finally:
            self._forget(session)
            await session.closed()
        return door

    def _forget(self, session: Session) -> None:
        session.leave_all()
        del self._sessions[session.id]
        if session.principal is not None:
            mine = self._by_user[session.principal.user]
            if session in mine:
                mine.remove(session)
            if not mine:
                del self._by_user[session.principal.user]

    # --- reading

    async def _read(self, session: Session, door: Door) -> None:
        while not session.is_closing:
            message = await door.receive()
            session.heard_at_ms = now_ms()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await self._take(session, message)
            elif message.type is WSMsgType.PING:
                session.write(_pong(message.data))
            elif message.type is not WSMsgType.PONG:
                return

    async def _take(self, session: Session, message: WSMessage) -> None:
        """One message in; exactly one answer out, or the connection's end."""
        if (message.type is WSMsgType.TEXT) is not session.format.is_text:
            return session.close(CloseCode.UNDECODABLE)
        if session.commands.take(session.heard_at_ms):
            return session.close(CloseCode.FLOODING)
        if session.transport.get_write_buffer_size() > self._config.slow_close_bytes:
            return session.close(CloseCode.TOO_SLOW)
        try:
            command = decode_command(message.data, session.format)
        except Undecodable:
            return session.close(CloseCode.UNDECODABLE)
        except BadCommand as bad:
            return self._refuse_malformed(session, bad)
        if session.principal is None:
            return self._greet(session, command)
        return await self._carry_out(session, command)

    async def _carry_out(self, session: Session, command: AnyCommand) -> None:
        try:
            reply = await self._commands.carry_out(session, command)
        except Refused as refused:
            session.send(_error(command.id, refused.code, refused.message, refused.retry_after_ms))
        except Unavailable as away:
            session.send(_error(command.id, ErrorCode.BUSY, str(away), _retry_ms()))
        except Exception:
            log.exception("a command failed: %r", command)
            session.send(_error(command.id, ErrorCode.INTERNAL, "this is our bug"))
        else:
            if reply is not None:
                session.send(reply)

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
        return self._replace_oldest(session)

    def _replace_oldest(self, session: Session) -> None:
        assert session.principal is not None  # `hello` has just set it
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
        for user, items in pushes.items():
            for session in self._by_user[user]:
                is_text = session.format.is_text
                frames = [frame(bytes(i.raw(session.format)), is_text=is_text) for i in items]
                session.write(b"".join(frames))

    # --- looking after all

    async def sweep(self) -> None:
        """Ping, and close who is silent, has not said hello, or may no longer be here."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now = now_ms()
            is_ping_due = now - self._pinged_at_ms >= self._config.heartbeat_ms
            if is_ping_due:
                self._pinged_at_ms = now
            for session in list(self._sessions.values()):
                self._look_after(session, now, is_ping_due)

    def _look_after(self, session: Session, now: int, is_ping_due: bool) -> None:
        config, principal = self._config, session.principal
        if principal is None:
            if now - session.opened_at_ms > config.hello_timeout_ms:
                session.send(_error(None, ErrorCode.UNAUTHENTICATED, "no hello came in time"))
                session.close(CloseCode.UNAUTHENTICATED)
        elif principal.expires_ms is not None and principal.expires_ms <= now:
            session.close(CloseCode.BANNED)
        elif now - session.heard_at_ms > config.heartbeat_ms * SILENT_HEARTBEATS_MAX:
            session.close(CloseCode.TOO_SLOW)
        elif is_ping_due:
            session.write(PING_FRAME)

    async def drain(self) -> None:
        """Tell everybody to come back later, give them time to go, and close who is left."""
        self._is_draining = True
        for session in self._sessions.values():
            session.send(Moved(retry_after_ms=_retry_ms()))
        deadline_ms = now_ms() + self._config.drain_ms
        while self._sessions and now_ms() < deadline_ms:
            await asyncio.sleep(DRAIN_LOOK_S)
        left = list(self._sessions.values())
        for session in left:
            session.close(CloseCode.RESTARTING)
        await asyncio.gather(*(session.closed() for session in left))


def _error(
    command_id: int | None, code: ErrorCode, message: str, retry_after_ms: int | None = None
) -> Error:
    retry = UNSET if retry_after_ms is None else retry_after_ms
    return Error(id=command_id, code=code.value, message=message, retry_after_ms=retry)


def _retry_ms() -> int:
    return random.randint(RETRY_MIN_MS, RETRY_MAX_MS)


def _pong(payload: bytes | bytearray) -> bytes:
    """A finished pong; a control frame's payload is under 126 bytes (RFC 6455 section 5.5)."""
    return bytes((0x8A, len(payload))) + payload
