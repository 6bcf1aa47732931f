"""Close codes and `busy`: what ends a connection, and what only asks to wait."""

import asyncio
import contextlib
import secrets

import msgpack
import pytest
from websockets.exceptions import ConnectionClosed

from tests.waiting import until_awaited

from .client import JSON, MSGPACK, Client, Frame
from .conftest import StageOf
from .shapes import Message
from .stage import UNLIMITED, Stage, fresh, order_of

MESSAGE_BYTES_MAX = 16_384
TEXT = "\U0001f351" * 200
SMALL_BUFFER_BYTES = 4096
FLOOD_COMMANDS = 400
PINGS = 30_000
"""Their answers are 4 MB, more than the kernel keeps for a peer with a small buffer."""

UNDECODABLE: dict[str, dict[str, Frame]] = {
    MSGPACK.subprotocol: {
        "no message": b"",
        "reserved byte": b"\xc1",
        "cut short": msgpack.packb({"type": "ping", "id": 1})[:-1],
        "more than one": msgpack.packb({"type": "ping", "id": 1}) * 2,
        "text message": '{"type": "ping", "id": 1}',
        "invalid UTF-8 in a string": b"\x82\xa4type\xa4pi\xffg\xa2id\x01",
    },
    JSON.subprotocol: {
        "no message": "",
        "no JSON": "ping",
        "cut short": '{"type": "ping", "id": 1',
        "more than one": '{"type": "ping", "id": 1}{"type": "ping", "id": 2}',
        "binary message": b"\x81\xa4type\xa4ping",
        "NaN": '{"type": "ping", "id": NaN}',
    },
}


@pytest.mark.parametrize("number", range(6))
async def test_message_that_does_not_decode_closes_4400(stage: Stage, number: int) -> None:
    client = await stage.enter()
    kinds = UNDECODABLE[stage.format.subprotocol]
    await client.send([*kinds.values()][number])
    assert await client.closed() == 4400, [*kinds][number]


async def test_text_message_of_invalid_utf8_closes_the_connection(stage: Stage) -> None:
    client = await stage.enter()
    await client.socket.send(b'{"type": "ping", "id": 1, "x": "\xff"}', text=True)
    # RFC 6455 §8.1 has its own code for it, which WebSocket libraries send by themselves
    assert await client.closed() in (1007, 4400)


async def test_message_of_16384_bytes_is_taken(stage: Stage) -> None:
    client = await stage.enter()
    await client.do("ping", padding=padding(stage, MESSAGE_BYTES_MAX))


@pytest.mark.parametrize("size_bytes", [MESSAGE_BYTES_MAX + 1, 100_000, 2**21])
async def test_message_over_16384_bytes_closes_4400(stage: Stage, size_bytes: int) -> None:
    client = await stage.enter()
    with contextlib.suppress(ConnectionClosed):  # the server need not wait for all of it
        await client.start("ping", padding=padding(stage, size_bytes))
    assert await client.closed() == 4400


async def test_message_over_the_limit_before_hello_closes_4400(stage: Stage) -> None:
    client = await stage.open()
    await client.start("hello", token="x" * MESSAGE_BYTES_MAX)
    assert await client.closed() == 4400


async def test_fragments_are_one_message(stage: Stage) -> None:
    client = await stage.enter()
    whole = stage.format.pack({"type": "ping"})
    await client.socket.send([whole[:3], whole[3:9], whole[9:]])
    assert (await client.strayed())["code"] == "invalid"  # for it has no id
    await client.do("ping")


async def test_fragments_over_the_limit_together_close_4400(stage: Stage) -> None:
    client = await stage.enter()
    fragment = stage.format.pack("x" * 5000)
    await client.socket.send([fragment] * 4)
    assert await client.closed() == 4400


def padding(stage: Stage, size_bytes: int) -> str:
    """What makes the second command of a connection, a ping, that long."""

    def size(length: int) -> int:
        return len(stage.format.pack({"type": "ping", "id": 2, "padding": "x" * length}))

    length = size_bytes - size(0)
    length += size_bytes - size(length)  # MessagePack has more bytes of length for longer strings
    assert size(length) == size_bytes
    return "x" * length


async def test_one_connection_more_to_a_worker_than_a_user_may_have_closes_its_oldest_with_4409(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(connections_per_user_max=2)
    user = fresh("lan")
    of_worker: dict[str, list[Client]] = {}
    while max(map(len, of_worker.values()), default=0) < 3 or len(of_worker) < 2:
        client = await stage.enter(user)
        of_worker.setdefault(client.worker, []).append(client)
    for connections in of_worker.values():
        replaced, kept = connections[:-2], connections[-2:]
        assert [await client.closed() for client in replaced] == [4409] * len(replaced)
        for client in kept:
            await client.do("ping")


async def test_connections_of_other_users_and_guests_are_not_replaced(stage_of: StageOf) -> None:
    stage = await stage_of(connections_per_user_max=1, workers=1)
    clients = [await stage.guest() for _ in range(3)] + [await stage.enter() for _ in range(3)]
    for client in clients:
        await client.do("ping")


async def test_flooding_closes_4429(stage_of: StageOf) -> None:
    stage = await stage_of(commands_per_s=5, commands_burst=20, workers=1)
    calm, flooder = await stage.enter(), await stage.enter()
    for _ in range(10):
        await flooder.do("ping")
    for _ in range(FLOOD_COMMANDS):
        if not flooder.is_open:
            break
        with contextlib.suppress(ConnectionClosed):
            await flooder.start("ping")
    assert await flooder.closed() == 4429
    await calm.do("ping")


async def test_server_that_is_full_closes_1013_until_somebody_leaves(stage_of: StageOf) -> None:
    stage = await stage_of(connections_max=2, workers=1)
    first, second = await stage.enter(), await stage.enter()
    one_more = await stage.open()
    assert await one_more.closed() == 1013
    await second.do("ping")
    await first.close()

    async def is_let_in() -> bool:
        client = await stage.open()
        return await client.answered(await client.start("hello"))

    deadline_s = asyncio.get_running_loop().time() + 10
    while not await is_let_in():
        assert asyncio.get_running_loop().time() < deadline_s


async def test_connection_that_says_nothing_is_closed_with_4408(stage_of: StageOf) -> None:
    stage = await stage_of(heartbeat_ms=200, workers=1)
    silent, quiet = await stage.enter(), await stage.enter()
    silent.stop_reading()  # so it answers no ping; the other one does
    assert await quiet.stays_open(for_s=1.5)  # long past 2½ heartbeats
    silent.go_on_reading()
    assert await silent.closed() == 4408
    await quiet.do("ping")


async def test_connection_that_speaks_need_not_answer_pings(stage_of: StageOf) -> None:
    stage = await stage_of(heartbeat_ms=200, workers=1)
    client = await stage.enter()
    client.stop_reading()
    for _ in range(12):
        await client.start("ping")
        assert await client.stays_open(for_s=0.1)
    client.go_on_reading()
    await client.do("ping")


@pytest.mark.parametrize("cause", ["bytes", "time"])
async def test_reader_whose_reliable_lane_is_stuck_is_closed_with_4408(
    stage_of: StageOf, cause: str
) -> None:
    bytes_max, after_ms = {"bytes": (4096, 600_000), "time": (2**30, 300)}[cause]
    stage = await stage_of(
        workers=1, slow_skip_bytes=2048, slow_close_bytes=bytes_max, slow_close_after_ms=after_ms,
        **UNLIMITED,
    )  # fmt: skip
    show = await stage.show()
    stuck = await stage.enter(receive_buffer_bytes=SMALL_BUFFER_BYTES)
    await stuck.join(show.room)
    stuck.stop_reading()
    talker = await stage.member(show)
    clock = asyncio.get_running_loop()
    end_s = clock.time() + 1.5  # the limit in bytes is passed at once, that in time after 0.3 s
    rounds = 0
    while clock.time() < end_s or rounds < 4:
        rounds += 1
        answers = [await talker.start("comment", room=show.room, text=TEXT) for _ in range(50)]
        await talker.until(answers[-1].done)
        await show.host.do("pin", room=show.room, offer=show.offer)
        await show.host.do("unpin", room=show.room, offer=show.offer)
    stuck.go_on_reading()
    assert await stuck.closed() == 4408


async def test_who_pings_and_never_reads_the_answers_is_closed_with_4408(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(slow_skip_bytes=2048, slow_close_bytes=4096, **UNLIMITED)
    stuck = await stage.enter(receive_buffer_bytes=SMALL_BUFFER_BYTES)
    stuck.stop_reading()
    for _ in range(PINGS):
        await stuck.socket.ping(secrets.token_bytes(125))
    stuck.go_on_reading()
    assert await stuck.closed() == 4408


async def test_stores_that_do_not_answer_are_busy_and_what_is_sent_again_is_done_once(
    stage_of: StageOf,
) -> None:
    stage = await stage_of(post_deadline_ms=1_000)
    show = await stage.show()
    bo, lan = await stage.member(show), await stage.member(show)
    await stage.fund(bo.user, "COIN", 10_000)
    await stage.fund(lan.user, "CNY", 10_000)
    gift = {"room": show.room, "gift": "rose", "key": fresh("c"), "count": 3}
    order = order_of(show)
    with stage.server.paused("ledger"):
        refused = await asyncio.gather(bo.refused("gift", **gift), lan.refused("order", **order))
        await bo.do("ping")
        await lan.do("comment", room=show.room, text="still here")
        await show.host.heard(show.room, "comment", text="still here")
    for error in refused:
        assert error["code"] == "busy"
        assert error["retry_after_ms"] > 0

    async def done(client: Client, type: str, fields: Message) -> int:
        """Send it until it is done and once more; the balance."""
        while (answer := await client.ask(type, **fields)).get("code") == "busy":
            assert await client.stays_open(for_s=answer["retry_after_ms"] / 1000)
        assert answer["type"] in ("gifted", "ordered")
        again = await client.do(type, **fields)
        assert again["duplicate"] is True
        balance_minor: int = again["balance_minor"]
        return balance_minor

    assert await done(bo, "gift", gift) == 9_997 == await stage.balance(bo.user, "COIN")
    assert await done(lan, "order", order) == 7_010 == await stage.balance(lan.user, "CNY")
    stage.server.audit()


async def test_busy_comes_when_the_configured_deadline_has_passed(stage_of: StageOf) -> None:
    stage = await stage_of(post_deadline_ms=1_000)
    show = await stage.show()
    bo = await stage.member(show)
    await stage.fund(bo.user, "COIN", 10)
    ops = stage.server.token("ops", "ops")
    topup = {"amount_minor": 7, "currency": "COIN", "key": fresh("t")}
    with stage.server.paused("ledger"):
        answer = await bo.start("gift", room=show.room, gift="rose", key=fresh("c"), count=1)
        await bo.until(answer.done, within_s=5)
        assert answer.result()["code"] == "busy"
        over_http = stage.http.ask("POST", f"/v1/wallets/{bo.user}/topups", topup, token=ops)
        refused = await asyncio.wait_for(over_http, 5)
    assert (refused.status, refused.code) == (503, "busy")

    async def is_ready() -> bool:
        return (await stage.http.ask("GET", "/readyz")).status == 200

    await until_awaited(is_ready)
