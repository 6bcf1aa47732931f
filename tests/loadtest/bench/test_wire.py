"""The audience's own WebSocket: handshakes, frames, compression."""

import zlib

import pytest

from loadtest.bench import wire

HEAD = (
    "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {accept}\r\n"
    "Sec-WebSocket-Protocol: {protocol}{more}"
)


def head(accept: str = wire.ACCEPT, protocol: str = wire.MSGPACK, more: str = "") -> bytes:
    return HEAD.format(accept=accept, protocol=protocol, more=more).encode()


def test_an_upgrade_is_taken_with_our_accept_and_subprotocol_only() -> None:
    assert not wire.is_deflated(head())
    assert wire.is_deflated(head(more=f"\r\nSec-WebSocket-Extensions: {wire.DEFLATE}"))
    with pytest.raises(wire.Unreadable, match="another key"):
        wire.is_deflated(head(accept="x"))
    with pytest.raises(wire.Unreadable, match="does not speak"):
        wire.is_deflated(head(protocol=wire.JSON))
    with pytest.raises(wire.Unreadable, match="101 would be right"):
        wire.is_deflated(b"HTTP/1.1 503 Service Unavailable")


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_whole_exactly_when_its_last_byte_is_there(size: int) -> None:
    frame = wire.server_frame(bytes(size))
    assert wire.frame_at(frame, 0) == (len(frame) - size, len(frame))
    for short in range(max(0, len(frame) - 20), len(frame)):
        assert wire.frame_at(frame[:short], 0) is None


def test_what_is_no_message_is_unreadable() -> None:
    for payload in (b"\xc1", b"\x01", b"\x80"):
        with pytest.raises(wire.Unreadable):
            wire.decode(wire.server_frame(payload), 2)


def test_compressed_messages_that_build_on_each_other_are_read() -> None:
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    inflater = wire.Inflater()
    for text in (b"peaches, peaches", b"peaches again"):
        squeezed = squeezer.compress(text) + squeezer.flush(zlib.Z_SYNC_FLUSH)
        frame = wire.server_frame(squeezed.removesuffix(b"\x00\x00\xff\xff"))
        frame = bytes((frame[0] | 0x40,)) + frame[1:]
        assert inflater.plain(frame, 2)[1:] == text
