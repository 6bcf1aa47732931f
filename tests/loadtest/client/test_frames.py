"""Frames cut out of a stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from loadtest.client.frames import FRAME_BYTES_MAX, FrameTooBig, Splitter, binary_payload


def binary(payload: bytes) -> bytes:
    return Frame(Opcode.BINARY, payload).serialize(mask=False)


SIZES = st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536])


@given(st.lists(SIZES, max_size=4), st.lists(st.integers(1, 70_000), max_size=8))
def test_frames_come_out_whole_however_the_stream_is_cut(sizes: list[int], cuts: list[int]) -> None:
    frames = [binary(bytes([place]) * size) for place, size in enumerate(sizes)]
    stream = b"".join(frames)
    splitter = Splitter()
    found = []
    start = 0
    for cut in [*cuts, len(stream)]:
        found += splitter.feed(stream[start : start + cut])
        start += cut
    assert found == frames
    assert splitter.is_between_frames


def test_a_frame_that_has_begun_is_not_between_frames() -> None:
    splitter = Splitter()
    assert splitter.feed(binary(b"abc")[:3]) == []
    assert not splitter.is_between_frames


@pytest.mark.parametrize("size", [0, 125, 126, 65_536])
def test_the_payload_of_a_binary_message_is_what_was_sent(size: int) -> None:
    assert binary_payload(binary(b"x" * size)) == b"x" * size


OTHERS = {
    "ping": Frame(Opcode.PING, b"").serialize(mask=False),
    "close": Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=False),
    "text": Frame(Opcode.TEXT, b"{}").serialize(mask=False),
    "half a message": Frame(Opcode.BINARY, b"half", fin=False).serialize(mask=False),
    "masked": Frame(Opcode.BINARY, b"masked").serialize(mask=True),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_other_frames_are_left_to_the_protocol(other: bytes) -> None:
    assert binary_payload(other) is None


def test_a_frame_over_the_size_limit_is_refused_before_it_is_collected() -> None:
    header = b"\x82\x7f" + (FRAME_BYTES_MAX + 1).to_bytes(8, "big")
    with pytest.raises(FrameTooBig):
        Splitter().feed(header)
