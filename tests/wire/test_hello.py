"""Hello: who a connection belongs to, and what it may do before that is known."""

import time

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.server import Server

from .client import FORMATS, JSON, MSGPACK, Client
from .commands import legal
from .conftest import StageOf
from .shapes import Message
from .stage import Stage, fresh

KEY = "not the secret of this server, and as long as the longest hash needs it"


async def test_hello_with_a_token_welcomes_its_user_and_roles(stage: Stage) -> None:
    user = fresh("mei")
    client = await stage.open()
    welcome = await client.hello(stage.server.token(user, "viewer", "host"))
    assert welcome["user"] == user
    assert sorted(welcome["roles"]) == ["host", "viewer"]
    assert welcome["heartbeat_ms"] == 25_000
    assert abs(welcome["server_time_ms"] - time.time() * 1000) < 60_000


async def test_hello_without_a_token_makes_a_guest(stage: Stage) -> None:
    first, second = await stage.open(), await stage.open()
    welcome = await first.hello()
    assert welcome["roles"] == []
    assert (await second.hello())["user"] != welcome["user"]


async def test_sessions_of_two_connections_differ(stage: Stage) -> None:
    first, second = await stage.open(), await stage.open()
    sessions = {(await each.hello())["session"] for each in (first, second)}
    assert len(sessions) == 2


async def test_guest_may_join_leave_and_ping(stage: Stage) -> None:
    show = await stage.show()
    guest = await stage.guest()
    await guest.join(show.room)
    await guest.do("ping")
    await guest.do("leave", room=show.room)


async def test_guest_only_watches(stage: Stage) -> None:
    show = await stage.show()
    guest = await stage.guest()
    await guest.join(show.room)
    watching = ("join", "leave", "ping")
    for command in legal(show):
        if command["type"] not in watching:
            assert await guest.refusal(**command) == "unauthenticated", command
    await guest.do("ping")


def tokens_that_are_not_ours(secret: str) -> dict[str, str]:
    good = {"sub": "eve", "roles": ["ops"], "exp": int(time.time()) + 600}
    without = {name: {k: v for k, v in good.items() if k != name} for name in good}
    return {
        "no token": "not.a.token",
        "empty": "",
        "another secret": jwt.encode(good, KEY),
        "alg none": jwt.encode(good, None, algorithm="none"),
        "another alg": jwt.encode(good, secret, algorithm="HS512"),
        "no exp": jwt.encode(without["exp"], secret),
        "no sub": jwt.encode(without["sub"], secret),
        "no roles": jwt.encode(without["roles"], secret),
        "roles empty": jwt.encode(good | {"roles": []}, secret),
        "unknown role": jwt.encode(good | {"roles": ["emperor"]}, secret),
        "roles no list": jwt.encode(good | {"roles": "ops"}, secret),
        "sub no id": jwt.encode(good | {"sub": "eve\nadam"}, secret),
        "sub too long": jwt.encode(good | {"sub": "e" * 65}, secret),
        "exp a word": jwt.encode(good | {"exp": "tomorrow"}, secret),
        "cut short": jwt.encode(good, secret)[:-2],
    }


@pytest.mark.parametrize("kind", tokens_that_are_not_ours(KEY))
async def test_token_that_is_not_ours_is_unauthenticated_and_closes_4401(
    stage: Stage, kind: str
) -> None:
    client = await stage.open()
    token = tokens_that_are_not_ours(stage.server.secret)[kind]
    assert await client.refusal("hello", token=token) == "unauthenticated"
    assert await client.closed() == 4401


async def test_expired_token_closes_4403(stage: Stage) -> None:
    client = await stage.open()
    await client.start("hello", token=stage.server.token(fresh("late"), ttl_s=-60))
    assert await client.closed() == 4403


async def test_connection_is_closed_with_4403_when_its_token_expires(stage_of: StageOf) -> None:
    stage = await stage_of(heartbeat_ms=200, workers=1)
    client = await stage.open()
    await client.hello(stage.server.token(fresh("late"), ttl_s=2))
    await client.do("ping")
    assert await client.closed() == 4403


@pytest.mark.parametrize(
    ("type", "fields"), [("ping", {}), ("join", {"room": "r"}), ("like", {"room": "r", "count": 1})]
)
async def test_another_command_before_hello_is_unauthenticated_and_closes_4401(
    stage: Stage, type: str, fields: dict[str, object]
) -> None:
    client = await stage.open()
    assert await client.refusal(type, **fields) == "unauthenticated"
    assert await client.closed() == 4401


async def test_no_hello_in_time_is_unauthenticated_and_closes_4401(stage_of: StageOf) -> None:
    stage = await stage_of(hello_timeout_ms=100, workers=1)
    client = await stage.open()
    error = await client.strayed()
    assert (error["id"], error["code"]) == (None, "unauthenticated")
    assert await client.closed() == 4401


async def test_second_hello_is_invalid_and_changes_nothing(stage: Stage) -> None:
    show = await stage.show()
    client = await stage.member(show)
    token = stage.server.token(fresh("other"), "host")
    assert await client.refusal("hello", token=token) == "invalid"
    await client.do("comment", room=show.room, text="still me")
    item = await client.heard(show.room, "comment", text="still me")
    assert item["user"]["id"] == client.user


async def test_name_of_the_token_is_what_others_see(stage: Stage) -> None:
    show = await stage.show()
    named = await stage.enter(fresh("bo"), name="Bo 🍑")
    await named.join(show.room)
    await named.do("comment", room=show.room, text="hello")
    item = await show.host.heard(show.room, "comment", text="hello")
    assert item["user"] | {"badges": []} == {"id": named.user, "name": "Bo 🍑", "badges": []}


async def test_ping_answers_the_time_of_the_server(stage: Stage) -> None:
    client = await stage.enter()
    pong = await client.do("ping")
    assert abs(pong["server_time_ms"] - time.time() * 1000) < 60_000


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ([JSON.subprotocol, MSGPACK.subprotocol], MSGPACK.subprotocol),
        ([MSGPACK.subprotocol, JSON.subprotocol], MSGPACK.subprotocol),
        (["other.v9", JSON.subprotocol], JSON.subprotocol),
        ([JSON.subprotocol], JSON.subprotocol),
    ],
)
async def test_msgpack_is_taken_when_both_are_offered(
    server: Server, offered: list[str], taken: str
) -> None:
    named = [Subprotocol(name) for name in offered]
    async with connect(server.ws_url, subprotocols=named) as socket:
        assert socket.subprotocol == taken
        format = next(each for each in FORMATS.values() if each.subprotocol == taken)
        await Client(socket, format).hello()


async def test_json_is_spoken_when_no_subprotocol_is_offered(server: Server) -> None:
    async with connect(server.ws_url) as socket:
        assert socket.subprotocol is None
        client = Client(socket, JSON)
        await client.hello()
        assert not client.breaches


@pytest.mark.parametrize("id", [0, 1, 2**31, 2**53 - 1, 2**63 - 1])
async def test_reply_has_the_id_of_its_command(stage: Stage, id: int) -> None:
    client = await stage.enter()
    client.last_id = id - 1
    assert (await client.do("ping"))["id"] == id


async def test_commands_of_a_connection_are_answered_in_the_order_sent(stage: Stage) -> None:
    show = await stage.show()
    client = await stage.member(show)
    answered: list[int] = []
    for number in range(30):
        commands: list[Message] = [
            {"type": "ping"},
            {"type": "comment", "room": show.room, "text": str(number)},
            {"type": "gift", "room": show.room, "gift": "rose", "key": fresh("c"), "count": 1},
        ]
        answer = await client.start(**commands[number % 3])
        answer.add_done_callback(lambda done: answered.append(done.result()["id"]))
    await client.until(lambda: len(answered) == 30)
    assert answered == sorted(answered)
