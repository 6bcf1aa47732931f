"""One connection's protocol state: who it is, which rooms it is in, what it may still do."""

import asyncio
from asyncio import WriteTransport

from livesrv.auth import Principal
from livesrv.config import Config
from livesrv.limits import TokenBucket
from livesrv.rooms.fanout import Member
from livesrv.rooms.open_room import OpenRoom
from protocol.codec import Format
from protocol.codes import CloseCode

from .door import CLOSE_GRACE_S, Door

FLUSHED_LOOK_S = 0.05


class Session:
    """What the server knows of a connection. Says nothing by itself."""

    def __init__(
        self,
        session_id: str,
        door: Door,
        transport: WriteTransport,
        format_: Format,
        now_ms: int,
        config: Config,
    ) -> None:
        self.id = session_id
        self.format = format_
        self.transport = transport
        self.principal: Principal | None = None
        self.rooms: dict[str, tuple[OpenRoom, Member]] = {}
        self.opened_at_ms = self.heard_at_ms = now_ms
        self.commands = TokenBucket(config.commands_per_s, config.commands_burst, now_ms)
        self.comments = TokenBucket(config.comments_per_s, config.comments_burst, now_ms)
        self._door = door
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_closing(self) -> bool:
        return self._closing is not None

    def send(self, message: object) -> None:
        """Write one message."""
        self.write(self.format.frame(message))

    def write(self, frame: bytes) -> None:
        """Write a finished frame; a whole one at once, so that it cannot fall into another."""
        if not self.is_closing and not self.transport.is_closing():
            self.transport.write(frame)

    def leave(self, room: str) -> bool:
        """Leave a room; returns whether the session was in it."""
        joined = self.rooms.pop(room, None)
        if joined is not None:
            joined[0].remove(joined[1])
        return joined is not None

    def leave_all(self) -> None:
        for room in list(self.rooms):
            self.leave(room)

    def close(self, code: int) -> None:
        """End the connection soon, without waiting for the peer."""
        if self._closing is None:
            self.leave_all()
            self._closing = asyncio.create_task(self._close(CloseCode(code)))

    async def _close(self, code: CloseCode) -> None:
        """Let the peer read what it was sent, the close frame last, but not for ever."""
        try:
            async with asyncio.timeout(CLOSE_GRACE_S):
                await self._door.close(code=code, message=code.name.lower().encode())
                while self.transport.get_write_buffer_size():
                    await asyncio.sleep(FLUSHED_LOOK_S)
        except (TimeoutError, OSError):
            pass
        finally:
            self.transport.abort()

    async def closed(self) -> None:
        """Wait until the connection's close, if one has begun, is over."""
        if self._closing is not None:
            await asyncio.shield(self._closing)
