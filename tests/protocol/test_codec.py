"""The codec: what is encoded is decoded, what is illegal is told apart from what is garbage."""

import json
import re
from pathlib import Path

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from protocol import messages as m
from protocol.codec import BadCommand, Format, Item, Undecodable, decode_command
from protocol.frames import frame

SPEC = Path(__file__).parents[2] / "protocol" / "README.md"
EXAMPLES = [
    text
    for block in re.findall(r"```json\n(.*?)```", SPEC.read_text(), re.DOTALL)
    for text in re.split(r"\n(?=\{)", block.strip())
    if '"type"' in text  # an answer over HTTP has none
]
MESSAGES = {
    tag: type_
    for type_ in vars(m).values()
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct)
    for tag in [type_.__struct_config__.tag]
    if isinstance(tag, str) and tag.islower() and not issubclass(type_, m.Event | m.Drop)
}


def parsed(raw: bytes) -> Frame:
    """A frame as an independent implementation reads it."""
    reader = StreamReader()
    reader.feed_data(raw)
    parsing = Frame.parse(reader.read_exact, mask=False)
    try:
        while True:
            next(parsing)
    except StopIteration as done:
        result: Frame = done.value
        return result


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
@pytest.mark.parametrize("is_text", [True, False])
def test_a_frame_of_any_size_is_read_by_another_implementation(size: int, is_text: bool) -> None:
    payload = b"x" * size
    read = parsed(frame(payload, is_text=is_text))
    assert read.data == payload
    assert read.fin
    assert read.opcode is (Opcode.TEXT if is_text else Opcode.BINARY)


def type_of(example: str) -> str:
    return str(json.loads(example)["type"])


@pytest.mark.parametrize("example", [e for e in EXAMPLES if type_of(e) != "about:blank"])
def test_every_example_of_the_spec_is_a_legal_message(example: str) -> None:
    message = msgspec.json.decode(example, type=MESSAGES[type_of(example)])
    assert json.loads(msgspec.json.encode(message)).items() >= json.loads(example).items()


def test_the_spec_has_an_example_of_every_message() -> None:
    assert set(map(type_of, EXAMPLES)) >= MESSAGES.keys()


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "dance"}, "dance"),
        ({"type": None}, "type"),
        ({"room": None}, "room"),
        ({"room": ""}, "room"),
        ({"room": "a" * 65}, "room"),
        ({"room": "a\n"}, "room"),
        ({"room": "a b"}, "room"),
        ({"count": 0}, "count"),
        ({"count": 101}, "count"),
        ({"count": 1.5}, "count"),
        ({"count": True}, "count"),
        ({"count": "1"}, "count"),
    ],
)
def test_an_illegal_command_says_which_field_and_keeps_its_id(
    format_: Format, change: dict[str, object], reason: str
) -> None:
    command = {"type": "like", "id": 7, "room": "r", "count": 1} | change
    with pytest.raises(BadCommand, match=reason) as caught:
        decode_command(format_.encode(command), format_)
    assert caught.value.id == 7


@pytest.mark.parametrize("bad", [-1, 1.0, True, None, "7", 2**63])
def test_a_command_without_a_usable_id_has_none(bad: object) -> None:
    with pytest.raises(BadCommand) as caught:
        decode_command(Format.JSON.encode({"type": "ping", "id": bad}), Format.JSON)
    assert caught.value.id is None


@given(st.binary(max_size=200))
def test_random_bytes_are_a_command_a_bad_command_or_undecodable(raw: bytes) -> None:
    for format_ in Format:
        try:
            decode_command(raw, format_)
        except (BadCommand, Undecodable):
            continue


@pytest.mark.parametrize("raw", [b"\x91" * 100_000, b"\xc1", b"", b"\x81"])
def test_garbage_is_undecodable(raw: bytes) -> None:
    with pytest.raises(Undecodable):
        decode_command(raw, Format.MSGPACK)


def test_deeply_nested_json_is_undecodable() -> None:
    with pytest.raises(Undecodable):
        decode_command("[" * 100_000, Format.JSON)


@given(st.text(max_size=200), st.integers(0, 2**53))
def test_an_item_says_the_same_in_both_formats(text: str, at_ms: int) -> None:
    drop = m.CommentDrop(comment="c", user=m.User("u", text), text=text, at_ms=at_ms)
    item = Item.of(drop)
    as_msgpack = msgpack.unpackb(bytes(item.raw(Format.MSGPACK)))
    assert as_msgpack == json.loads(bytes(item.raw(Format.JSON)))


@pytest.mark.parametrize("format_", Format)
def test_encoded_items_stand_in_a_batch_as_messages(format_: Format) -> None:
    item = Item.of(m.LikeDrop(count=3, total=9))
    batch = m.Batch(
        room="r", epoch="e", seq=1, events=[], waterfall=[item.raw(format_)], shed=0, at_ms=5
    )
    decoded = format_.decode(format_.encode(batch))
    assert decoded["waterfall"] == [{"type": "like", "count": 3, "total": 9}]
