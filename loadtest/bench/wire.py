"""The little of WebSocket that the bench's audience speaks, by itself. Pure.

Must not know rooms. A client has to mask its frames (RFC 6455 section 5.3); ours are masked with
zeros, which leaves the payload as it is and costs nothing.
"""

import base64
import hashlib
import json
import struct
import zlib
from typing import Any

import msgpack

MSGPACK = "livesrv.v1.msgpack"
JSON = "livesrv.v1.json"
DEFLATE = "permessage-deflate"
_KEY = base64.b64encode(b"a bench's key 16").decode()
_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ACCEPT = base64.b64encode(hashlib.sha1((_KEY + _MAGIC).encode()).digest()).decode()
HEAD_END = b"\r\n\r\n"
_BATCH = b"\xa4type\xa5batch"
"""How a batch begins, behind the byte that says how many fields it has."""
_ZERO_MASK = bytes(4)
_MASKED = 0x80
_COMPRESSED = 0x40
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


class Unreadable(Exception):
    """What the server sent is not what the wire allows; the message says what it was."""


def upgrade_request(host: str, subprotocol: str = MSGPACK, *, deflate: bool = False) -> bytes:
    extension = f"Sec-WebSocket-Extensions: {DEFLATE}\r\n" if deflate else ""
    return (
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n"
        f"Sec-WebSocket-Protocol: {subprotocol}\r\n{extension}\r\n"
    ).encode()


def is_deflated(head: bytes, subprotocol: str = MSGPACK) -> bool:
    """Check the answer to an upgrade; whether it agreed to compress. Raises `Unreadable`."""
    status, *lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    if " 101 " not in status:
        raise Unreadable(f"the upgrade was answered {status!r}; 101 would be right")
    if fields.get("sec-websocket-accept") != ACCEPT.lower():
        raise Unreadable("the upgrade was answered with another key's accept")
    if fields.get("sec-websocket-protocol") != subprotocol:
        raise Unreadable(f"the server does not speak {subprotocol}")
    return DEFLATE in fields.get("sec-websocket-extensions", "")


def client_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, _MASKED | size)) + _ZERO_MASK + payload
    head = struct.pack(">BBH", 0x80 | opcode, _MASKED | 126, size)
    return head + _ZERO_MASK + payload


def command(message: dict[str, Any]) -> bytes:
    return client_frame(msgpack.packb(message))


def json_command(message: dict[str, Any]) -> bytes:
    return client_frame(json.dumps(message).encode(), TEXT)


def server_frame(payload: bytes) -> bytes:
    """A finished binary frame as a server writes it."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | BINARY, size)) + payload
    if size < 1 << 16:
        return struct.pack(">BBH", 0x80 | BINARY, 126, size) + payload
    return struct.pack(">BBQ", 0x80 | BINARY, 127, size) + payload


def frame_at(stream: bytes, at: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` begins and ends; None while it is not whole."""
    have = len(stream) - at
    if have < 2:
        return None
    size, begins = stream[at + 1], at + 2
    if size >= 126:
        width = 2 if size == 126 else 8
        begins += width
        if have < 2 + width:
            return None
        size = int.from_bytes(stream[at + 2 : begins], "big")
    ends = begins + size
    return (begins, ends) if ends <= len(stream) else None


def is_batch(frame: bytes, payload_at: int) -> bool:
    """Whether a MessagePack frame is plainly a batch; False may also mean that one has to look."""
    return frame.startswith(_BATCH, payload_at + 1)


def decode(frame: bytes, payload_at: int) -> dict[str, Any]:
    """What a whole frame says; control frames become maps too. Raises `Unreadable`."""
    opcode, payload = frame[0] & 0x0F, frame[payload_at:]
    if opcode == PING:
        return {"type": "ws-ping", "payload": payload}
    if opcode == PONG:
        return {"type": "ws-pong"}
    if opcode == CLOSE:
        return {"type": "ws-close", "code": int.from_bytes(payload[:2], "big") or 1005}
    try:
        message = json.loads(payload) if opcode == TEXT else msgpack.unpackb(payload)
    except (ValueError, msgpack.UnpackException) as error:
        raise Unreadable(f"a frame of {len(frame)} bytes does not decode: {error}") from error
    if not isinstance(message, dict) or "type" not in message:
        raise Unreadable(f"a frame of {len(frame)} bytes is no message: {str(message)[:80]}")
    return message


class Inflater:
    """Undoes permessage-deflate for one connection, whose messages may build on each other."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)

    def plain(self, frame: bytes, payload_at: int) -> bytes:
        """The frame with its payload uncompressed; as it is when it was not compressed."""
        if not frame[0] & _COMPRESSED:
            return frame[:1] + frame[payload_at:]
        payload = self._stream.decompress(frame[payload_at:] + b"\x00\x00\xff\xff")
        return bytes((frame[0] & ~_COMPRESSED,)) + payload
