"""What a broken or hostile client may send: it is told, and nobody else notices."""

import asyncio
from typing import Any

import msgpack
import pytest
from websockets.exceptions import ConnectionClosed

from .client import JSON, MSGPACK, Client, Format, Frame
from .commands import ID_FIELDS, NO_IDS, OPTIONAL, legal
from .conftest import Scene
from .shapes import Message
from .stage import Stage, fresh

NO_TYPES = ["explode", "", "HELLO", "ping\n", "welcome", "batch", "error", 5, None, [], {}, True]
NO_COMMAND_IDS: list[object] = [None, -1, 2**63, 2**64 - 1, 1.0, 1.5, "1", "", True, [], {}]
NO_MAPS = [None, True, 7, 1.5, "ping", [], ["ping", 1], [{"type": "ping", "id": 1}]]
MAY_CLOSE_WITH = (4400,)
"""How a connection may end for what it sent after hello."""


@pytest.fixture
async def attacker(stage: Stage, scene: Scene) -> Client:
    """One that may do all a host may, in the room of the bystanders."""
    return await stage.member(scene.show, scene.show.host.user, "host", "viewer")


async def outcome(client: Client, frame: Frame) -> Message | int:
    """What the server makes of a frame: the answer, or the code it closes with.

    The frame is followed by a ping, so that one which is not answered is noticed at once.
    """
    answers = len(client.stray)
    await client.send(frame)
    try:
        pong = await client.start("ping")
    except ConnectionClosed:
        return await legal_close(client)
    if not await client.answered(pong):
        return await legal_close(client)
    assert len(client.stray) == answers + 1, f"{frame!r} was not answered once: {client.stray}"
    return client.stray.pop()


async def legal_close(client: Client) -> int:
    code = await client.closed()
    assert code in MAY_CLOSE_WITH
    return code


async def invalid_or_closed(client: Client, frame: Frame) -> None:
    answer = await outcome(client, frame)
    assert isinstance(answer, int) or answer.get("code") == "invalid", (frame, answer)
    await client.close()


async def refused_as_invalid(client: Client, message: object, id: int | None) -> None:
    answer = await outcome(client, client.format.pack(message))
    assert isinstance(answer, dict), f"{message!r} closed the connection with {answer}"
    assert (answer["code"], answer["id"]) == ("invalid", id), message
    assert answer["message"]


async def test_unknown_type_is_invalid(attacker: Client) -> None:
    for type in NO_TYPES:
        await refused_as_invalid(attacker, {"type": type, "id": 900}, 900)
    await refused_as_invalid(attacker, {"id": 900}, 900)
    await refused_as_invalid(attacker, {"TYPE": "ping", "id": 900}, 900)


async def test_command_without_a_usable_id_is_invalid_and_answered_with_null(
    attacker: Client,
) -> None:
    for id in NO_COMMAND_IDS:
        await refused_as_invalid(attacker, {"type": "ping", "id": id}, None)
    await refused_as_invalid(attacker, {"type": "ping"}, None)
    await refused_as_invalid(attacker, {}, None)


async def test_message_that_is_no_map_is_invalid_or_closes_4400(stage: Stage, scene: Scene) -> None:
    for message in NO_MAPS:
        await invalid_or_closed(await stage.enter(), stage.format.pack(message))


async def test_missing_field_is_invalid(scene: Scene, attacker: Client) -> None:
    for command in legal(scene.show):
        for name in command.keys() - {"type", "seconds", *OPTIONAL}:
            message = {k: v for k, v in command.items() if k != name} | {"id": 900}
            await refused_as_invalid(attacker, message, 900)


async def test_field_of_another_type_is_invalid(scene: Scene, attacker: Client) -> None:
    for command in legal(scene.show):
        for name, value in command.items():
            if name == "type":
                continue
            wrong = [[value], {"a": value}, 1.5, 0 if isinstance(value, bool) else False]
            wrong += ["1", -1, 2**63] if isinstance(value, int) else [7]
            for other in wrong:
                await refused_as_invalid(attacker, command | {name: other, "id": 900}, 900)


@pytest.mark.parametrize("field", ID_FIELDS)
async def test_id_that_is_no_id_is_invalid(scene: Scene, attacker: Client, field: str) -> None:
    commands = [command for command in legal(scene.show) if field in command]
    for no_id in NO_IDS:
        await refused_as_invalid(attacker, commands[0] | {field: no_id, "id": 900}, 900)


async def test_unknown_fields_are_ignored(scene: Scene, attacker: Client) -> None:
    more: Message = {"x": 1, "": None, "é": [1, {"a": "b"}], "token": "x", "events": {"deep": [[]]}}
    for command in legal(scene.show):
        fields = {name: value for name, value in command.items() if name != "type"}
        answer = await attacker.ask(command["type"], **(more | fields))
        assert answer.get("code") != "invalid", answer


async def test_same_id_used_twice_is_answered_twice(attacker: Client) -> None:
    pack = attacker.format.pack
    for _ in range(2):
        await attacker.send(pack({"type": "leave", "id": 900, "room": "nowhere"}))
    await attacker.until(lambda: len(attacker.stray) == 2)
    assert [error["id"] for error in attacker.stray] == [900, 900]
    attacker.stray.clear()


NESTED: dict[str, dict[str, Frame]] = {
    "arrays": {
        JSON.subprotocol: "[" * 16_000,
        MSGPACK.subprotocol: b"\x91" * 16_000,
    },
    "closed arrays": {
        JSON.subprotocol: "[" * 8000 + "]" * 8000,
        MSGPACK.subprotocol: b"\x91" * 16_000 + b"\xc0",
    },
    "maps": {
        JSON.subprotocol: '{"a":' * 3000 + "1" + "}" * 3000,
        MSGPACK.subprotocol: b"\x81\xa1a" * 5000 + b"\xc0",
    },
    "in an unknown field": {
        JSON.subprotocol: '{"type":"like","id":900,"x":' + "[" * 8000 + "]" * 8000 + "}",
        MSGPACK.subprotocol: b"\x83\xa4type\xa4like\xa2id\xcd\x03\x84\xa1x"
        + b"\x91" * 16_000
        + b"\xc0",
    },
    "in a known field": {
        JSON.subprotocol: '{"type":"like","id":900,"count":' + "[" * 8000 + "]" * 8000 + "}",
        MSGPACK.subprotocol: b"\x83\xa4type\xa4like\xa2id\xcd\x03\x84\xa5count"
        + b"\x91" * 16_000
        + b"\xc0",
    },
}


async def test_deep_nesting_is_invalid_or_closes_4400(stage: Stage, scene: Scene) -> None:
    for kind in NESTED.values():
        await invalid_or_closed(await stage.enter(), kind[stage.format.subprotocol])


ODD: dict[str, list[Frame]] = {
    JSON.subprotocol: [
        '{"type":"like","id":900,"room":"r","count":' + "9" * 16_000 + "}",
        '{"type":"like","id":900,"room":"r","count":-' + "9" * 16_000 + "}",
        '{"type":"like","id":900,"room":"r","count":1e999}',
        '{"type":"like","id":900,"room":"r","count":1e2}',
        '{"type":"like","id":' + "9" * 400 + ',"room":"r","count":1}',
        '{"type":"like","id":1e400,"room":"r","count":1}',
        '{"type":"like","id":900,"room":"r","count":Infinity}',
        '{"type":"like","type":"nothing","id":900,"id":901}',
        '{"type":"li\\u0000ke","id":900}',
        '\ufeff{"type":"like","id":900}',
        '{"type":"like","id":900,}',
        "{'type':'like','id':900}",
        '{"type":"like","id":900,"room":"\x00"}',
    ],
    MSGPACK.subprotocol: [
        msgpack.packb({"type": "like", "id": 900, "room": b"bytes", "count": 1}),
        msgpack.packb({"type": b"like", "id": 900}),
        msgpack.packb({b"type": "like", "id": 900}),
        msgpack.packb({7: 8, "type": "like", "id": 900}),
        msgpack.packb({None: 8, "type": "like", "id": 900}),
        msgpack.packb({"type": "like", "id": 900, "count": msgpack.ExtType(5, b"x" * 100)}),
        msgpack.packb({"type": "like", "id": msgpack.Timestamp(1, 1)}),
        msgpack.packb({"type": "like", "id": 900, "count": float("nan")}),
        msgpack.packb({"type": "like", "id": 900, "count": float("inf")}),
        b"\x84\xa4type\xa4like\xa4type\xa5other\xa2id\xcd\x03\x84\xa2id\xcd\x03\x85",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff\x01",
        b"\xdb\xff\xff\xff\xffabc",
        b"\x81\x91\x01\x02",
        b"\x81\x80\x02",
        b"\xc9\xff\xff\xff\xff\x01",
    ],
}


async def test_odd_value_is_invalid_or_closes_4400(stage: Stage, scene: Scene) -> None:
    for frame in ODD[stage.format.subprotocol]:
        await invalid_or_closed(await stage.enter(), frame)


async def test_lone_surrogate_is_refused_or_comes_through_as_text(
    scene: Scene, attacker: Client
) -> None:
    room = scene.show.room
    if attacker.format is JSON:
        frame: Frame = f'{{"type":"comment","id":900,"room":"{room}","text":"a\\ud800b"}}'
    else:
        head = msgpack.packb({"type": "comment", "id": 900, "room": room, "text": ""})
        frame = head[:-1] + b"\xa5a\xed\xa0\x80b"
    answer = await outcome(attacker, frame)
    if isinstance(answer, dict) and answer["type"] == "error":
        assert answer["code"] == "invalid"
    elif isinstance(answer, dict):
        for client in scene.bystanders:
            await client.heard(room, "comment", comment=answer["comment"])


async def test_control_characters_come_through_as_text_or_are_invalid(
    scene: Scene, attacker: Client
) -> None:
    room = scene.show.room
    odd = [*range(0x20), *range(0x7F, 0xA0), 0x200B, 0x202E, 0xFEFF, 0xFFFF, 0x10FFFF]
    texts = [f"a{chr(number)}b" for number in odd]
    answers = [await attacker.start("comment", room=room, text=text) for text in texts]
    await attacker.until(answers[-1].done)
    for text, answer in zip(texts, answers, strict=True):
        said = answer.result()
        if said["type"] == "error":
            assert said["code"] == "invalid", text
            continue
        for client in scene.bystanders:
            item = await client.heard(room, "comment", comment=said["comment"])
            assert item["text"] == text


async def test_members_that_break_off_while_batches_go_out_leave_no_hole_for_others(
    stage: Stage, scene: Scene
) -> None:
    show = scene.show
    for _ in range(3):
        leaving = [await stage.member(show) for _ in range(8)]
        staying = await stage.member(show)
        for number, client in enumerate(leaving):
            for count in range(5):
                await client.send(ping_of(client, 900 + count))
            client.socket.transport.abort()
            await show.host.do("comment", room=show.room, text=f"{number}")
            await show.host.do("pin", room=show.room, offer=show.offer)
            await show.host.do("unpin", room=show.room, offer=show.offer)
        said = await show.host.do("comment", room=show.room, text="the end")
        for client in (staying, *scene.bystanders):
            await client.heard(show.room, "comment", comment=said["comment"])
        assert staying.rooms[show.room].comments() == [*map(str, range(8)), "the end"]
        for client in leaving:
            await client.closed()
            client.stray.clear()
        await staying.close()


def ping_of(client: Client, id: int) -> Frame:
    return client.format.pack({"type": "ping", "id": id})


@pytest.mark.parametrize("format", [JSON, MSGPACK], ids=["json", "msgpack"])
async def test_half_a_handshake_disturbs_nobody(stage: Stage, scene: Scene, format: Format) -> None:
    host, port = stage.server.url.removeprefix("http://").split(":")
    head = f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
    more = f"Connection: Upgrade\r\nSec-WebSocket-Protocol: {format.subprotocol}\r\n"
    for request in (head, head + more, "\r\n\r\n", "\x16\x03\x01", head + "\r\n"):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(request.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def hostile_frames() -> dict[str, bytes]:
    """WebSocket frames that break RFC 6455."""
    masked = b"\x00\x00\x00\x00"
    return {
        "not masked": b"\x82\x01\xc0",
        "reserved opcode": b"\x83\x80" + masked,
        "reserved bit": b"\xc2\x80" + masked,
        "continuation of nothing": b"\x80\x80" + masked,
        "fragmented ping": b"\x09\x80" + masked,
        "long ping": b"\x89\xfe\x00\x80" + masked + b"x" * 128,
        "length of 2^63": b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff" + masked,
        "close with a code that is none": b"\x88\x82" + masked + b"\x00\x01",
        "close with one byte": b"\x88\x81" + masked + b"\x03",
    }


async def test_frame_that_breaks_the_websocket_protocol_ends_only_its_own_connection(
    stage: Stage, scene: Scene
) -> None:
    for kind, frame in hostile_frames().items():
        client = await stage.member(scene.show)
        client.socket.transport.write(frame)
        if await client.stays_open(for_s=0.3):  # the server saw no harm in it
            await client.do("ping")
            client.stray.clear()
        else:
            assert await client.closed() != 1011, kind


async def test_room_is_not_told_what_was_refused(scene: Scene, attacker: Client) -> None:
    places = [client.rooms[scene.show.room] for client in scene.bystanders]
    before = [place.seq for place in places]
    refused: list[tuple[str, dict[str, Any]]] = [
        ("comment", {"text": ""}),
        ("gift", {"gift": "rose", "key": fresh("c"), "count": 5}),
        ("pin", {"offer": fresh("none")}),
        ("moderate", {"action": "mute"}),
    ]
    for type, fields in refused:
        await attacker.refused(type, room=scene.show.room, **fields)
    said = await attacker.do("comment", room=scene.show.room, text="the end")
    for client in scene.bystanders:
        await client.heard(scene.show.room, "comment", comment=said["comment"])
    assert [place.seq for place in places] == before
