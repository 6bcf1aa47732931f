"""One WebSocket: bytes in, messages out.

Must not know rooms or viewers: it hands everything to its `Peer`. The handshake, control frames,
masking and closing are `websockets`' Sans-I/O `ClientProtocol`. Only whole, unfragmented binary
frames pass it by, because a room's frames are the same bytes for all members and are looked up
in a memo before anything is parsed. Cost of a frame of 1 KB, measured with 1,000 connections and
20,000 frames/s: 25 us with `websockets.asyncio.client`, 17 us with `ClientProtocol` alone, 9.5 us
like this, 5 of which are the read itself.

Invariant: `ClientProtocol` sees whole frames only, in order, so passing some by cannot confuse it.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, cast

import msgpack
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from ..books.batches import Batch
from .frames import FRAME_BYTES_MAX, FrameTooBig, Splitter, binary_payload

SUBPROTOCOL = Subprotocol("livesrv.v1.msgpack")
CLOSE_TIMEOUT_S = 2.0
"""How long the server may take to close the TCP connection after the closing handshake."""
HEAD_BYTES_MAX = 65_536
_HEAD_END = b"\r\n\r\n"
ABNORMAL = 1006
"""The close code of a connection that ended without one (RFC 6455 section 7.1.5)."""


class Peer(Protocol):
    """Whom a connection serves."""

    def take_batch(self, batch: Batch) -> None: ...

    def take_message(self, message: dict[str, Any]) -> None: ...

    def take_loss(self, connection: "Connection", close_code: int) -> None: ...


class Reader(Protocol):
    """What knows frames by their bytes, and learns new ones. `bytes_in` counts all that came."""

    bytes_in: int

    def known(self, frame: bytes) -> Batch | None: ...

    def read(self, frame: bytes, message: dict[str, Any]) -> Batch: ...

    def unreadable(self, frame: bytes) -> None: ...


class Connection(asyncio.Protocol):
    """A client's end. `opened` is done, or failed, when the handshake is over."""

    def __init__(self, uri: WebSocketURI, reader: Reader, peer: Peer) -> None:
        self._ws = ClientProtocol(uri, subprotocols=[SUBPROTOCOL], max_size=FRAME_BYTES_MAX)
        self._known: Callable[[bytes], Batch | None] = reader.known
        self._reader = reader
        self._peer = peer
        self._splitter = Splitter()
        self._fragments: list[bytes] = []
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._closing: asyncio.TimerHandle | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        return self._ws.state is State.OPEN

    def send(self, message: dict[str, Any]) -> None:
        """Write one message. Only while `is_open`."""
        self._ws.send_binary(msgpack.packb(message))
        self._flush()

    def send_frame(self, frame: bytes) -> None:
        """Write one whole binary message that is framed already. Only while `is_open`.

        `ClientProtocol` need not see it: it has no say in what may follow a whole message.
        """
        assert self._transport is not None  # there is one while `is_open`
        self._transport.write(frame)

    def close(self) -> None:
        """Say goodbye; the server closes."""
        if self.is_open:
            self._ws.send_close(1000)
            self._flush()
            self._close_soon()
        else:
            self.abort()

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def read_on(self, is_wanted: bool) -> None:
        """Read, or leave what comes to the kernel's buffers until it is wanted again."""
        if self._transport and not self._transport.is_closing():
            if is_wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ws.send_request(self._ws.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._reader.bytes_in += len(data)
        if self._splitter.is_between_frames:
            batch = self._known(data)
            if batch is not None:
                self._peer.take_batch(batch)
                return
        if self._ws.state is State.CONNECTING:
            self._shake_hands(data)
        else:
            self._take_chunk(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._closing:
            self._closing.cancel()
        received = self._ws.close_rcvd
        close_code = received.code if received else ABNORMAL
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed during the handshake"))
        self._peer.take_loss(self, close_code)

    def _take_chunk(self, data: bytes) -> None:
        try:
            frames = self._splitter.feed(data)
        except FrameTooBig:
            self._reader.unreadable(data)
            self.abort()
            return
        for frame in frames:
            self._take_frame(frame)

    def _take_frame(self, frame: bytes) -> None:
        batch = self._known(frame)
        if batch is not None:
            self._peer.take_batch(batch)
            return
        payload = binary_payload(frame)
        if payload is None:
            self._feed(frame)
        elif self.is_open:
            self._take_payload(frame, payload)

    def _take_payload(self, frame: bytes, payload: bytes) -> None:
        try:
            message = msgpack.unpackb(payload)
            batch = self._reader.read(frame, message) if message["type"] == "batch" else None
        except (ValueError, KeyError, TypeError, msgpack.UnpackException):
            self._reader.unreadable(frame)
            return
        if batch is None:
            self._peer.take_message(message)
        else:
            self._peer.take_batch(batch)

    def _shake_hands(self, data: bytes) -> None:
        self._head += data
        head, end, rest = self._head.partition(_HEAD_END)
        if not end and len(self._head) < HEAD_BYTES_MAX:
            return
        self._head = b""
        self._feed(head + end)
        if self.is_open:
            self._take_chunk(rest)
        elif not self.opened.done():
            status_line = head.split(b"\r\n", 1)[0][:100].decode("latin-1")
            self.opened.set_exception(InvalidHandshake(f"the server answered {status_line!r}"))
        if not self.is_open:
            self.abort()

    def _feed(self, frame: bytes) -> None:
        """Let `ClientProtocol` take a whole frame, or the whole response to the handshake."""
        self._ws.receive_data(frame)
        for event in self._ws.events_received():
            if isinstance(event, Response):
                self._take_response()
            elif isinstance(event, Frame):
                self._take_fragment(event)
        self._flush()
        if self._ws.close_expected():
            self._close_soon()

    def _take_response(self) -> None:
        failure = self._ws.handshake_exc
        if failure is None and self._ws.subprotocol != SUBPROTOCOL:
            failure = InvalidHandshake(f"the server does not speak {SUBPROTOCOL}")
        if self.opened.done():
            return
        if failure is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(failure)

    def _take_fragment(self, frame: Frame) -> None:
        """Put a message of several frames together; control frames are not ours to answer."""
        if frame.opcode not in (Opcode.BINARY, Opcode.CONT):
            return
        self._fragments.append(bytes(frame.data))
        if frame.fin:
            payload = b"".join(self._fragments)
            self._fragments = []
            self._take_payload(payload, payload)

    def _flush(self) -> None:
        if self._transport is None:
            return
        for data in self._ws.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()

    def _close_soon(self) -> None:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self.abort)
