"""Bytes on the wire per viewer and comment: both formats, plain and with permessage-deflate.

Four viewers, one of each kind, watch the same comments. No target: printed.
"""

import select
import socket
import time
from collections.abc import Sequence
from itertools import product
from typing import Any

import msgpack

from .. import wire
from ..finding import Finding, Verdict
from ..plan import Sizes
from ..show import SETTLE_WITHIN_S, Show, showing
from ..talk import Comments, Pace
from ..visitor import Room
from .crowd import SHEDDING_OFF, TALK_MARGIN_S, left_out

COMMENTS_PER_S = 100
SENDERS = 20
TEXT_BYTES = 40
CHUNK_BYTES = 1 << 16
ANSWER_WITHIN_S = 10.0


class Tap:
    """A viewer that counts the bytes of its batches, and the comments in them."""

    def __init__(self, show: Show, room: Room, subprotocol: str, *, deflate: bool) -> None:
        self.name = f"{'JSON' if subprotocol == wire.JSON else 'MessagePack'}"
        self.name += ", deflate" if deflate else ""
        self.batch_bytes = self.comments = 0
        self._inflater = wire.Inflater()
        self._stream = b""
        host, port = show.server.address
        self._socket = socket.create_connection((host, port), ANSWER_WITHIN_S)
        self._socket.sendall(wire.upgrade_request(f"{host}:{port}", subprotocol, deflate=deflate))
        head = self._read_head()
        self.is_deflated = wire.is_deflated(head, subprotocol)
        self.is_asked_for = deflate
        token = show.server.mint.token(
            f"{room.name}-{len(self.name)}{deflate}", "viewer", ttl_s=600
        )
        self._say(subprotocol, {"type": "hello", "id": 1, "token": token})
        self._say(subprotocol, {"type": "join", "id": 2, "room": room.name})
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def read(self) -> None:
        """Take what has come."""
        try:
            chunk = self._socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            raise wire.Unreadable(f"the server closed the connection of the {self.name} viewer")
        self._stream += chunk
        at = 0
        while (bounds := wire.frame_at(self._stream, at)) is not None:
            payload_at, end = bounds
            self._take(self._stream[at:end], payload_at - at)
            at = end
        self._stream = self._stream[at:]

    def _take(self, frame: bytes, payload_at: int) -> None:
        plain = self._inflater.plain(frame, payload_at)
        message = wire.decode(plain, 1)
        if message["type"] != "batch":
            return
        waterfall: list[dict[str, Any]] = message["waterfall"]
        comments = sum(item["type"] == "comment" for item in waterfall)
        self.comments += comments
        self.batch_bytes += len(frame) if comments else 0

    def _say(self, subprotocol: str, message: dict[str, Any]) -> None:
        if subprotocol == wire.JSON:
            self._socket.sendall(wire.json_command(message))
        else:
            self._socket.sendall(wire.client_frame(msgpack.packb(message)))

    def _read_head(self) -> bytes:
        head = b""
        while wire.HEAD_END not in head:
            chunk = self._socket.recv(CHUNK_BYTES)
            if not chunk:
                raise wire.Unreadable("the server closed the connection during the handshake")
            head += chunk
        head, _, self._stream = head.partition(wire.HEAD_END)
        return head


def bytes_per_comment(sizes: Sizes) -> list[Finding]:
    with showing(SHEDDING_OFF) as show:
        room = show.open_room("r", text_bytes=TEXT_BYTES)
        senders = show.commenters(room, SENDERS)
        show.let_in([*senders, *show.watchers(room, 1, first=SENDERS)])
        kinds = product((wire.JSON, wire.MSGPACK), (False, True))
        taps = [Tap(show, room, format_, deflate=deflate) for format_, deflate in kinds]
        try:
            _talk(show, room, sizes, senders, taps)
        finally:
            for tap in taps:
                tap.close()
        return [_finding(show, taps)]


def _talk(
    show: Show, room: Room, sizes: Sizes, senders: Sequence[Any], taps: Sequence[Tap]
) -> None:
    audience = show.audience
    audience.run_for(0.2)
    pace = Pace(
        senders,
        COMMENTS_PER_S,
        round(COMMENTS_PER_S * sizes.seconds),
        Comments(audience, room).send,
    )
    poll = select.poll()
    by_fd = {tap.fileno(): tap for tap in taps}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)

    def read_taps(_: int) -> None:
        for fd, _events in poll.poll(0):
            by_fd[fd].read()

    audience.agendas += [pace, read_taps]
    show.wait_for(lambda: pace.is_over, sizes.seconds + TALK_MARGIN_S, "all comments being sent")
    deadline_s = time.monotonic() + SETTLE_WITHIN_S
    show.settle_down(room)
    audience.until(
        lambda: all(tap.comments >= room.script.accepted for tap in taps),
        max(0.0, deadline_s - time.monotonic()),
    )


def _finding(show: Show, taps: Sequence[Tap]) -> Finding:
    told = {}
    for tap in taps:
        if tap.is_asked_for and not tap.is_deflated:
            told[tap.name] = "not negotiated"
        else:
            told[tap.name] = f"{tap.batch_bytes / max(tap.comments, 1):.0f}"
    return Finding(
        f"bytes per viewer and comment, {COMMENTS_PER_S} comments/s",
        "; ".join(f"{name} {size}" for name, size in told.items()),
        "",
        Verdict.PRINTED,
        {"bytes": told, "comments": [tap.comments for tap in taps]},
        [],
        [f"texts of {TEXT_BYTES} bytes", *left_out(show)],
    )
