"""What goes on below the messages: compression, many commands in one packet, and back-pressure."""

import asyncio
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame as RawFrame
from websockets.frames import Opcode
from websockets.protocol import Protocol

from .client import Client, Place
from .conftest import StageOf
from .stage import UNLIMITED, Show, Stage, fresh, order_of

OFFER = "permessage-deflate"
COMMENTS = 40
KEY = "MDEyMzQ1Njc4OWFiY2RlZg=="


async def compressing(stage: Stage, show: Show) -> Client:
    """A member whose connection has agreed to be compressed."""
    client = await stage.open(compression="deflate")
    await client.hello(stage.server.token(fresh("user")))
    await client.join(show.room)
    return client


def extensions(client: Client) -> str:
    response = client.socket.response
    assert response is not None
    return response.headers.get("Sec-WebSocket-Extensions", "")


async def heard_all(client: Client, place: Place) -> None:
    await client.until(lambda: len(place.comments()) == COMMENTS + 1)


class CountingProtocol:
    """How many bytes a connection received, on the wire and unpacked."""

    def __init__(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wire_bytes = 0
        take: Protocol = client.socket.protocol
        receive = take.receive_data

        def count(raw: bytes = b"") -> None:
            self.wire_bytes += len(raw)
            receive(raw)

        monkeypatch.setattr(take, "receive_data", count)


async def test_compressed_members_hear_the_same_in_a_third_of_the_bytes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = await stage.show()
    plain, packed = await stage.member(show), await compressing(stage, show)
    assert extensions(packed).startswith(OFFER)
    assert "server_no_context_takeover" in extensions(packed)
    assert "client_no_context_takeover" in extensions(packed)
    counts = [CountingProtocol(client, monkeypatch) for client in (plain, packed)]
    text = "a long comment that thirty-nine others make much the same, " * 3
    for _ in range(COMMENTS):
        await show.host.start("comment", room=show.room, text=text)
    await packed.do("comment", room=show.room, text=text)  # compressed on its way in
    for client in (plain, packed):
        await heard_all(client, client.rooms[show.room])
        assert set(client.rooms[show.room].comments()) == {text.strip()}
    assert counts[1].wire_bytes < counts[0].wire_bytes / 3


async def test_nothing_is_compressed_where_the_operator_does_not_allow_it(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(deflate=False)
    client = await compressing(stage, await stage.show())
    assert extensions(client) == ""
    await client.do("ping")


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
        "permessage-deflate; client_no_context_takeover",
        "x-unknown, permessage-deflate",
    ],
)
async def test_a_client_may_ask_for_its_own_kind_of_compression(stage: Stage, offer: str) -> None:
    answer = await asked(stage, f"Sec-WebSocket-Extensions: {offer}\r\n")
    assert answer.startswith("HTTP/1.1 101 ")
    assert OFFER in answer
    assert ("server_max_window_bits=9" in answer) is ("server_max_window_bits=9" in offer)


async def test_a_request_for_something_else_is_told_what_this_is(stage: Stage) -> None:
    answer = await asked(stage, "", version=12)
    assert answer.startswith("HTTP/1.1 400 ")
    assert "Sec-WebSocket-Version" in answer
    refused = await stage.http.ask("GET", "/ws")
    assert refused.status == 426
    assert "WebSocket" in str(refused.body)


async def asked(stage: Stage, headers: str, *, version: int = 13) -> str:
    """The answer to a handshake with some headers of its own."""
    host, port = stage.server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        (
            f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
        ).encode()
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    body = b"" if b" 101 " in head else await asyncio.wait_for(reader.read(4_096), 10)
    writer.close()
    return (head + body).decode()


async def test_many_commands_in_one_packet_are_answered_in_their_order(stage: Stage) -> None:
    """Far more than a connection's turn, with one among them that must wait for the ledger."""
    show = await stage.show()
    client = await stage.member(show)
    await stage.fund(client.user, "CNY", 10_000)
    commands = [{"type": "ping", "id": 1_000 + number} for number in range(150)]
    commands[75] = {"type": "order", "id": 1_075, **order_of(show)}
    text = client.format.frame_type is str
    raw = b"".join(
        RawFrame(
            Opcode.TEXT if text else Opcode.BINARY,
            packed.encode() if isinstance(packed := client.format.pack(c), str) else packed,
        ).serialize(mask=True)
        for c in commands
    )
    client.socket.transport.write(raw)
    await client.until(lambda: len(client.stray) == len(commands))
    assert [answer["id"] for answer in client.stray] == [c["id"] for c in commands]
    assert client.stray[75]["type"] == "ordered"
    client.stray.clear()


async def test_who_sends_on_while_a_command_waits_is_not_read_from(stage_of: StageOf) -> None:
    stage = await stage_of(**UNLIMITED)
    show = await stage.show()
    client = await stage.member(show)
    await stage.fund(client.user, "CNY", 10_000)
    text = "x" * 200
    with stage.server.paused("ledger"):
        order = await client.start("order", **order_of(show))
        sending = asyncio.create_task(_send_pings(client, 40_000, text))
        _, waiting = await asyncio.wait({sending}, timeout=3)
        assert waiting  # the kernel's buffers are full, and the server takes no more
    await client.until(order.done)
    await sending
    await client.do("ping")
    client.stray.clear()


async def _send_pings(client: Client, count: int, text: str) -> None:
    frame = client.format.pack({"type": "ping", "id": 7, "text": text})
    for _ in range(count):
        await client.send(frame)


async def test_who_comes_in_a_storm_is_told_when_to_come_back_and_gets_in_then(
    stage_of: StageOf,
) -> None:
    """Before any reply, `moved` with a hint of one's own, and close code 1013."""
    stage = await stage_of(workers=1, handshakes_per_s=10, handshakes_burst=5)
    hints_ms: list[int] = []

    async def come_in() -> None:
        while True:
            client = await stage.open()
            with suppress(ConnectionClosed):
                if await client.answered(await client.start("hello")):
                    return
            assert await client.closed() == 1013
            (moved,) = (push for push in client.pushes if push["type"] == "moved")
            hints_ms.append(moved["retry_after_ms"])
            await asyncio.sleep(moved["retry_after_ms"] / 1000)

    async with asyncio.timeout(30):
        await asyncio.gather(*(come_in() for _ in range(20)))
    assert len(hints_ms) >= 10
    assert len(set(hints_ms)) > len(hints_ms) / 2
    assert max(hints_ms) > 500


async def test_who_goes_while_entering_is_no_member(stage_of: StageOf) -> None:
    """A `since` ahead of the room is waited for; who has gone meanwhile must not come in."""
    stage = await stage_of(workers=1)
    show = await stage.show()
    place = show.host.rooms[show.room]
    since = {"epoch": place.epoch, "seq": place.seq + 100}
    gone, here = await stage.enter(), await stage.enter()
    await gone.start("join", room=show.room, since=since)
    answer = await here.start("join", room=show.room, since=since)
    await show.host.do("ping")  # so both joins have been read
    gone.socket.transport.abort()
    await here.until(answer.done)
    await show.host.do("ping")
    late = await stage.enter()
    assert (await late.join(show.room))["state"]["viewers"] == 3  # the host, who is here, and late
