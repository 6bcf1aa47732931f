"""The order command made by hand is the one that an encoder would make."""

import msgpack
import pytest
from websockets.frames import Frame
from websockets.streams import StreamReader

from loadtest.books.purchases import Line
from loadtest.checkout.form import OrderForm
from loadtest.client.frames import FrameTooBig, client_frame_head

FORM = OrderForm("0a1b2c3d", "0a1b2c3d-r0", Line("peach", 1, 2_990))


def parsed(frame: bytes) -> Frame:
    """The frame as another implementation reads a client's."""
    reader = StreamReader()
    reader.feed_data(frame)
    with pytest.raises(StopIteration) as done:
        next(Frame.parse(reader.read_exact, mask=True))
    assert isinstance(done.value.value, Frame)
    return done.value.value


@pytest.mark.parametrize("number", [0, 7, 999_999_999])
def test_a_filled_in_form_decodes_to_the_command_it_stands_for(number: int) -> None:
    frame = parsed(FORM.fill(number, 1_767_225_600_000))
    assert frame.fin
    assert msgpack.unpackb(frame.data) == FORM.command(number, 1_767_225_600_000)


def test_every_order_has_a_key_of_its_own() -> None:
    frames = (parsed(FORM.fill(number, 0)) for number in range(1_000))
    assert len({msgpack.unpackb(frame.data)["key"] for frame in frames}) == 1_000


@pytest.mark.parametrize("size", [0, 125, 126, 65_535])
def test_a_frame_head_is_read_back_with_its_length(size: int) -> None:
    assert parsed(client_frame_head(size) + bytes(size)).data == bytes(size)


def test_a_message_too_long_for_its_head_is_refused() -> None:
    with pytest.raises(FrameTooBig, match="65536"):
        client_frame_head(65_536)
