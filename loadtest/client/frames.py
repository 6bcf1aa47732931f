"""A stream of bytes cut into whole WebSocket frames (RFC 6455 section 5.2). Pure.

Must not know what a frame means: it only finds where frames end, so that equal frames of many
connections can be recognised as equal bytes before anything is parsed. Invariant: the frames
returned and the rest kept are, in order, exactly the bytes fed.

The other way it knows how a client's binary frame begins, for messages that are made whole.
"""

FRAME_BYTES_MAX = 16 * 2**20
"""A server that announces more is not one whose frames we want to hold 1,000 times."""
_BINARY_FIN = 0x82
_LENGTH_16 = 126
_LENGTH_64 = 127
_MASKED = 0x80
_PAYLOAD_16_MAX = 0xFFFF
_MASKING_KEY = bytes(4)
"""All zero: masked bytes are then the bytes themselves. A mask hides what a browser's page says
from proxies that could mistake it for HTTP; there is no page here, and the server's work is the
same."""


class FrameTooBig(Exception):
    """A frame is announced that is over the size limit."""


class Splitter:
    """Collects chunks and gives back the frames that are complete."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    @property
    def is_between_frames(self) -> bool:
        return not self._rest

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk; return the frames it completes. Raises `FrameTooBig`."""
        bytes_ = self._rest + chunk if self._rest else chunk
        frames = []
        start = 0
        while end := _frame_end(bytes_, start):
            frames.append(bytes_[start:end])
            start = end
        self._rest = bytes_[start:]
        return frames


def client_frame_head(payload_bytes: int) -> bytes:
    """What stands before the payload of a client's whole binary message. Raises `FrameTooBig`."""
    if payload_bytes > _PAYLOAD_16_MAX:
        raise FrameTooBig(f"{payload_bytes} bytes to send; at most {_PAYLOAD_16_MAX} are made")
    if payload_bytes < _LENGTH_16:
        length = bytes((_MASKED | payload_bytes,))
    else:
        length = bytes((_MASKED | _LENGTH_16,)) + payload_bytes.to_bytes(2, "big")
    return bytes((_BINARY_FIN,)) + length + _MASKING_KEY


def binary_payload(frame: bytes) -> bytes | None:
    """The payload of one whole, unmasked, unfragmented binary message; None for other frames."""
    if frame[0] != _BINARY_FIN or frame[1] & _MASKED:
        return None
    return frame[_header_bytes(frame[1]) :]


def _header_bytes(length_byte: int) -> int:
    masking_key = 4 if length_byte & _MASKED else 0
    return 2 + {_LENGTH_16: 2, _LENGTH_64: 8}.get(length_byte & ~_MASKED, 0) + masking_key


def _frame_end(bytes_: bytes, start: int) -> int:
    """Where the frame that starts at `start` ends; 0 if that is not known or not here yet."""
    if len(bytes_) < start + 2:
        return 0
    length_byte = bytes_[start + 1]
    header = _header_bytes(length_byte)
    if len(bytes_) < start + header:
        return 0
    length = length_byte & ~_MASKED
    if length >= _LENGTH_16:
        extended = 2 if length == _LENGTH_16 else 8
        length = int.from_bytes(bytes_[start + 2 : start + 2 + extended], "big")
    if length > FRAME_BYTES_MAX:
        raise FrameTooBig(f"a frame of {length} bytes; at most {FRAME_BYTES_MAX} are taken")
    end = start + header + length
    return end if end <= len(bytes_) else 0
