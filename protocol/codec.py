"""Bytes to messages and back, in the two formats of the wire.

A push is encoded once and framed once for all connections of an encoding. Pure.
"""

from enum import Enum
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct

from .frames import DEFLATE_BYTES_MIN, deflated_frame, frame
from .messages import AnyCommand

SUBPROTOCOL_MSGPACK = "livesrv.v1.msgpack"
SUBPROTOCOL_JSON = "livesrv.v1.json"


class Undecodable(ValueError):
    """The bytes are not a message in the agreed format."""


class BadCommand(ValueError):
    """The bytes are a message, but not a legal command. `id` is the command's, when it has one."""

    def __init__(self, command_id: int | None, reason: str) -> None:
        super().__init__(reason)
        self.id = command_id


class Format(Enum):
    """One of the two encodings of the wire."""

    MSGPACK = SUBPROTOCOL_MSGPACK
    JSON = SUBPROTOCOL_JSON

    @property
    def is_text(self) -> bool:
        return self is Format.JSON

    def encode(self, message: object) -> bytes:
        return _ENCODERS[self](message)

    def decode(self, payload: bytes | str) -> Any:
        """Decode to plain dicts and lists. Raises `Undecodable`."""
        try:
            return _DECODERS[self].decode(payload)  # type: ignore[arg-type]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Undecodable(str(error)) from None


_ENCODERS = {
    Format.MSGPACK: msgspec.msgpack.Encoder().encode,
    Format.JSON: msgspec.json.Encoder().encode,
}
_DECODERS: dict[Format, msgspec.msgpack.Decoder[Any] | msgspec.json.Decoder[Any]] = {
    Format.MSGPACK: msgspec.msgpack.Decoder(),
    Format.JSON: msgspec.json.Decoder(),
}
_COMMAND_DECODERS: dict[
    Format, msgspec.msgpack.Decoder[AnyCommand] | msgspec.json.Decoder[AnyCommand]
] = {
    Format.MSGPACK: msgspec.msgpack.Decoder(AnyCommand),
    Format.JSON: msgspec.json.Decoder(AnyCommand),
}


def decode_command(payload: bytes | str, format_: Format) -> AnyCommand:
    """Decode and validate one command in a single pass.

    Raises `BadCommand` where an `error` reply is due and the connection lives, `Undecodable` where
    the connection must end with 4400.
    """
    try:
        if format_.is_text and isinstance(payload, bytes):
            payload = payload.decode()  # so that UTF-8 holds for what is not looked at, too
        return _COMMAND_DECODERS[format_].decode(payload)  # type: ignore[arg-type]
    except msgspec.ValidationError as error:
        raise BadCommand(_command_id(format_.decode(payload)), str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Undecodable(str(error)) from None


def _command_id(message: object) -> int | None:
    command_id = message.get("id") if isinstance(message, dict) else None
    is_usable = type(command_id) is int and 0 <= command_id < 2**63
    return command_id if is_usable else None


class Encoding(NamedTuple):
    """How one connection is written to: its format, and the window it inflates with, if any."""

    format: Format
    window_bits: int = 0
    """Of permessage-deflate, 9 to 15; 0 where it was not agreed on."""

    def frame(self, message: object) -> bytes:
        """Encode a message and wrap it into one finished WebSocket frame."""
        return self.framed(self.format.encode(message))

    def framed(self, payload: bytes) -> bytes:
        """Wrap an encoded message; compressed where that was agreed on and pays."""
        is_text = self.format is Format.JSON
        if self.window_bits and len(payload) >= DEFLATE_BYTES_MIN:
            return deflated_frame(payload, is_text=is_text, window_bits=self.window_bits)
        return frame(payload, is_text=is_text)


class Item:
    """An event or a drop, encoded at most once a format for its whole life in a process."""

    __slots__ = ("_json", "_raw", "msgpack")

    def __init__(self, msgpack: bytes) -> None:
        self.msgpack = msgpack
        self._raw = Raw(msgpack)
        self._json: Raw | None = None

    @classmethod
    def of(cls, message: Struct) -> "Item":
        return cls(_ENCODERS[Format.MSGPACK](message))

    def raw(self, format_: Format) -> Raw:
        """The item's encoding, ready to stand inside a batch."""
        if format_ is Format.MSGPACK:
            return self._raw
        if self._json is None:
            self._json = Raw(_ENCODERS[Format.JSON](msgspec.msgpack.decode(self.msgpack)))
        return self._json
