"""Watches a running room as a guest, and hands on the lines of its recording.

Must not know where the lines go. Invariant: every event of the reliable lane is handed on once,
through however many connections, unless the server can no longer tell it.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from livesrv.recording import CannotRecord, Line, Transcript
from loadtest.books.sequence import Place, Step, Tally
from protocol.codes import CloseCode, ErrorCode

log = logging.getLogger(__name__)

SUBPROTOCOL = Subprotocol("livesrv.v1.msgpack")
MESSAGE_BYTES_MAX = 2**24
"""More than a server sends."""
PAUSE_FIRST_S = 0.2
PAUSE_MAX_S = 5.0
RETRIED = frozenset({ErrorCode.BUSY, ErrorCode.RATE_LIMITED, ErrorCode.INTERNAL})
NOT_AGAIN = frozenset({CloseCode.UNAUTHENTICATED, CloseCode.BANNED, CloseCode.REPLACED})
TROUBLE = (OSError, TimeoutError, WebSocketException)

Write = Callable[[Sequence[Line]], None]
Message = dict[str, Any]


class Recorder:
    """Records one room. `ws_url` ends in `/ws`; `write` is given lines as they come."""

    def __init__(self, ws_url: str, room: str, write: Write) -> None:
        self.transcript: Transcript | None = None
        """None until the room was entered for the first time."""
        self.visits = 0
        """How often the room was entered; each but the first followed a lost connection."""
        self.tally = Tally()
        self._ws_url = ws_url
        self._room = room
        self._write = write
        self._place = Place(self.tally)
        self._now_ms = 0
        self._is_over = False
        self._moved_ms: int | None = None

    async def run(self) -> None:
        """Return when the show has ended. Raises `CannotRecord`."""
        failures = 0
        while not self._is_over:
            visits_before = self.visits
            try:
                await self._visit()
            except TROUBLE as error:
                self._require_return(error)
            failures = 0 if self.visits > visits_before else failures + 1
            if not self._is_over:
                await asyncio.sleep(self._pause_s(failures))

    async def _visit(self) -> None:
        """One connection, from its handshake to its end."""
        async with connect(
            self._ws_url,
            subprotocols=[SUBPROTOCOL],
            compression=None,
            max_size=MESSAGE_BYTES_MAX,
        ) as connection:
            try:
                await _send(connection, {"type": "hello"})
                while not self._is_over and self._moved_ms is None:
                    await self._take(connection, msgpack.unpackb(await connection.recv()))
            finally:
                self._place.leave()

    def _require_return(self, error: Exception) -> None:
        """Raise `CannotRecord` where coming back makes no sense."""
        closed = error.rcvd if isinstance(error, ConnectionClosed) else None
        if closed is not None and closed.code in NOT_AGAIN:
            raise CannotRecord(f"the server closed with {closed.code}: {closed.reason}") from error
        if closed is None and self.transcript is None:
            raise CannotRecord(f"cannot reach {self._ws_url}: {error}") from error
        log.warning("the connection was lost: %s", error)

    async def _take(self, connection: ClientConnection, message: Message) -> None:
        match message["type"]:
            case "welcome":
                self._now_ms = message["server_time_ms"]
                await self._join(connection)
            case "joined":
                self._take_joined(message)
            case "batch":
                if self._take_batch(message) is Step.REJOIN:
                    await self._join(connection)
            case "gap" if self.transcript is not None:
                self._write(self.transcript.gap(message["shed"]))
            case "moved":
                self._moved_ms = message["retry_after_ms"]
            case "error":
                self._take_error(message)

    async def _join(self, connection: ClientConnection) -> None:
        since = self._place.since()
        where = {} if since is None else {"since": since}
        await _send(connection, {"type": "join", "room": self._room, **where})

    def _take_joined(self, joined: Message) -> None:
        self.visits += not self._place.is_in
        self._place.joined(joined["epoch"], joined["seq"], joined["recovered"])
        has_ended = joined["state"]["status"] == "ended"
        if self.transcript is None:
            if has_ended:
                raise CannotRecord(f"the show in {self._room} has ended")
            self.transcript = Transcript(self._now_ms)
            self._write(self.transcript.joined(joined["state"], self._now_ms))
        elif not joined["recovered"]:
            self._is_over = has_ended  # otherwise its end is still to be told

    def _take_batch(self, batch: Message) -> Step:
        step = self._place.take(batch["epoch"], batch["seq"], len(batch["events"]), 0)
        if step is Step.TAKE and self.transcript is not None:
            self._write(self.transcript.batch(batch))
            self._is_over = any(event["type"] == "ended" for event in batch["events"])
        return step

    def _take_error(self, error: Message) -> None:
        """A refused `hello` or `join`."""
        if error["code"] not in RETRIED:
            raise CannotRecord(f"room {self._room}: {error['message']} ({error['code']})")
        self._moved_ms = error.get("retry_after_ms", round(PAUSE_MAX_S * 1000))

    def _pause_s(self, failures: int) -> float:
        """Full jitter over an exponential; after `moved`, its hint and a little more."""
        if self._moved_ms is not None:
            hint_s, self._moved_ms = self._moved_ms / 1000, None
            return hint_s * random.uniform(1.0, 1.5)
        return random.random() * min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0**failures)


async def _send(connection: ClientConnection, command: Message) -> None:
    await connection.send(msgpack.packb({**command, "id": 1}))
