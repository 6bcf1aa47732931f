"""Framing: read as an independent implementation writes, refused as the RFC wants, bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.frames import Opcode as Theirs
from websockets.streams import StreamReader

from protocol.frames import (
    DEFLATE_BYTES_MIN,
    FrameReader,
    Message,
    Opcode,
    Violation,
    close_frame,
    deflated_frame,
    pong_frame,
    read_close,
)

BYTES_MAX = 1_000


def sent(payload: bytes, opcode: Theirs = Theirs.BINARY, *, fin: bool = True) -> bytes:
    """A client's frame as another implementation writes it."""
    return Frame(opcode, payload, fin).serialize(mask=True)


def compressed(payload: bytes) -> bytes:
    extension = PerMessageDeflate(True, True, 15, 15)
    return Frame(Theirs.BINARY, payload).serialize(mask=True, extensions=[extension])


def reader(*, inflates: bool = False) -> FrameReader:
    return FrameReader(bytes_max=BYTES_MAX, inflates=inflates)


def read(raw: bytes, *, inflates: bool = False) -> list[Message]:
    frames = reader(inflates=inflates)
    frames.feed(raw)
    return list(iter(frames.next, None))


messages = st.lists(
    st.tuples(st.sampled_from([Theirs.TEXT, Theirs.BINARY]), st.binary(max_size=300)), max_size=6
)


@given(messages, st.lists(st.integers(1, 40), min_size=1))
def test_whatever_the_pieces_the_messages_are_the_same(
    said: list[tuple[Theirs, bytes]], sizes: list[int]
) -> None:
    raw = b"".join(sent(payload, opcode) for opcode, payload in said)
    frames, heard, at = reader(), list[Message](), 0
    for size in sizes * (len(raw) + 1):
        frames.feed(raw[at : at + size])
        heard += iter(frames.next, None)
        at += size
        if at >= len(raw):
            break
    assert heard == [Message(Opcode(opcode), payload) for opcode, payload in said]
    assert frames.unread_bytes == 0


@given(st.lists(st.binary(max_size=100), min_size=2, max_size=8))
def test_a_message_in_parts_comes_whole_with_control_frames_between(parts: list[bytes]) -> None:
    raw = sent(parts[0], Theirs.TEXT, fin=False)
    for part in parts[1:-1]:
        raw += sent(b"hi", Theirs.PING) + sent(part, Theirs.CONT, fin=False)
    raw += sent(parts[-1], Theirs.CONT)
    heard = read(raw)
    assert heard[-1] == Message(Opcode.TEXT, b"".join(parts))
    assert heard.count(Message(Opcode.PING, b"hi")) == len(parts) - 2
    assert all(not m.payload for m in heard[:-1] if m.opcode is Opcode.CONTINUATION)


@given(st.binary(max_size=BYTES_MAX))
def test_what_was_compressed_is_inflated(payload: bytes) -> None:
    assert read(compressed(payload), inflates=True)[-1].payload == payload


def test_a_message_over_the_limit_is_refused_by_its_header() -> None:
    header = sent(b"x" * (BYTES_MAX + 1))[:8]
    with pytest.raises(Violation, match="1000"):
        read(header)
    with pytest.raises(Violation, match="1000"):
        read(sent(b"x" * BYTES_MAX, fin=False) + sent(b"x", Theirs.CONT)[:6])
    assert read(sent(b"x" * BYTES_MAX))


def test_a_small_message_that_inflates_over_the_limit_is_refused() -> None:
    bomb = compressed(b"\0" * 10_000_000)
    assert len(bomb) > BYTES_MAX  # so this one is refused by its header
    with pytest.raises(Violation):
        read(bomb, inflates=True)
    with pytest.raises(Violation, match="inflates to over 1000"):
        read(compressed(b"\0" * (BYTES_MAX + 1)), inflates=True)


RAW_KEY = b"\x00\x00\x00\x00"


NOT_ALLOWED = {
    "not masked": b"\x82\x01\xc0",
    "an opcode that is none": b"\x83\x80" + RAW_KEY,
    "reserved bits": b"\xa2\x80" + RAW_KEY,
    "compressed without agreement": b"\xc2\x80" + RAW_KEY,
    "the rest of nothing": b"\x80\x80" + RAW_KEY,
    "a ping in parts": b"\x09\x80" + RAW_KEY,
    "a long ping": b"\x89\xfe\x00\x80",
    "2^64 - 1 bytes": b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    "a message within a message": sent(b"a", fin=False) + sent(b"b"),
}


@pytest.mark.parametrize("raw", NOT_ALLOWED.values(), ids=NOT_ALLOWED)
def test_what_breaks_the_rules_is_refused(raw: bytes) -> None:
    with pytest.raises(Violation):
        read(raw)


def test_what_does_not_inflate_is_refused() -> None:
    with pytest.raises(Violation, match="inflate"):
        read(b"\xc2\x83" + RAW_KEY + b"\xff\xff\xff", inflates=True)


def test_what_nobody_asks_for_stays_as_it_came() -> None:
    frames = reader()
    frames.feed(sent(b"one") + sent(b"two"))
    first = frames.next()
    assert first is not None
    assert first.payload == b"one"
    assert frames.unread_bytes == len(sent(b"two"))
    frames.feed(sent(b"three"))
    assert [message.payload for message in iter(frames.next, None)] == [b"two", b"three"]


def parsed(raw: bytes, *, inflating: PerMessageDeflate | None = None) -> Frame:
    stream = StreamReader()
    stream.feed_data(raw)
    parsing = Frame.parse(
        stream.read_exact, mask=False, extensions=[inflating] if inflating else None
    )
    try:
        while True:
            next(parsing)
    except StopIteration as done:
        result: Frame = done.value
        return result


@pytest.mark.parametrize("window_bits", range(9, 16))
@pytest.mark.parametrize("size", [0, DEFLATE_BYTES_MIN, 40_000])
def test_a_compressed_frame_is_read_alone_by_another_implementation(
    window_bits: int, size: int
) -> None:
    payload = (b"so sweet! " * (size // 10 + 1))[:size]
    raw = deflated_frame(payload, is_text=True, window_bits=window_bits)
    theirs = PerMessageDeflate(True, True, window_bits, 15)
    for _ in range(2):  # no context is carried from one to the next
        assert parsed(raw, inflating=theirs).data == payload


def test_control_frames_are_read_by_another_implementation() -> None:
    assert parsed(pong_frame(b"hi")) == Frame(Theirs.PONG, b"hi")
    assert parsed(close_frame(4408, b"too_slow")).data == b"\x11\x38too_slow"


@pytest.mark.parametrize("payload", [b"\x03", b"\x00\x01", b"\x03\xee", b"\x03\xed"])
def test_a_close_with_a_code_that_is_none_is_refused(payload: bytes) -> None:
    with pytest.raises(Violation):
        read_close(payload)


def test_a_close_tells_its_code() -> None:
    assert (read_close(b""), read_close(b"\x03\xe8bye")) == (1005, 1000)
