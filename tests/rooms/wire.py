"""A connection whose unsent bytes a test decides, and which keeps what is written to it."""

import asyncio
import json
from typing import Any

from livesrv.rooms.fanout import Member
from protocol.codec import Encoding, Format


class Wire(asyncio.WriteTransport):
    """A connection whose unsent bytes a test decides."""

    def __init__(self) -> None:
        super().__init__()
        self.unsent_bytes = 0
        self.is_gone = False
        self.written: list[bytes] = []

    def is_closing(self) -> bool:
        return self.is_gone

    def get_write_buffer_size(self) -> int:
        return self.unsent_bytes

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.is_gone:
            raise RuntimeError("the handler is closed")  # as uvloop does
        self.written.append(bytes(data) if not isinstance(data, bytes) else data)


JSON, MSGPACK = Encoding(Format.JSON), Encoding(Format.MSGPACK)


def member(encoding: Encoding = JSON) -> tuple[Member, Wire]:
    wire = Wire()
    newcomer = Member("u", wire, encoding, close=lambda code: None)
    newcomer.is_here = True
    return newcomer, wire


def said(wire: Wire) -> list[dict[str, Any]]:
    return [json.loads(raw[raw.index(b'{"type"') :]) for raw in wire.written]
