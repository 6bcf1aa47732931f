"""The stub over its wire: without a fault as the spec has it, and its log is what was so."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from loadtest.client.credentials import Mint
from loadtest.selftest.faults import Delay, Faults
from loadtest.selftest.log import Log, from_json
from loadtest.selftest.stub import SECRET, serving
from loadtest.selftest.truth import Playbook, figures

from ...wire.shapes import check

MINT = Mint(SECRET, "the test")
PLAYBOOK = Playbook(lambda command: None, lambda one, other: True, lambda user: False)
AT_ONCE = Faults(tick_ms=0.0)
TIMER_EARLY_MS = 1.5


class Client:
    """One member, every message of which is checked against the spec."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._next_id = 0
        self.pushes: list[tuple[float, dict[str, Any]]] = []

    async def tell(self, kind: str, **fields: Any) -> int:
        self._next_id += 1
        await self._socket.send(msgpack.packb({"type": kind, "id": self._next_id, **fields}))
        return self._next_id

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a command and take what comes until it is answered."""
        command = await self.tell(kind, **fields)
        while (message := await self.take()).get("id") != command:
            pass
        return message

    async def take(self) -> dict[str, Any]:
        message = check(msgpack.unpackb(cast(bytes, await self._socket.recv())))
        if "id" not in message:
            self.pushes.append((time.monotonic() * 1000, message))
        return message

    async def take_batch(self) -> dict[str, Any]:
        while (message := await self.take())["type"] != "batch":
            pass
        return message

    async def close_code(self) -> int:
        try:
            while True:
                await self._socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


class House:
    """A stub with one room `r`, in which there are two peaches, and money for everybody."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self._http = http

    async def post(self, path: str, user: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {MINT.token(user, 'host', ttl_s=60)}"}
        async with self._http.post(self.url + path, headers=headers, json=body) as response:
            return await response.json(content_type=None)

    async def truth(self) -> Log:
        async with self._http.get(self.url + "/truth") as response:
            return from_json(await response.json())

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Client]:
        url = self.url.replace("http", "ws") + "/ws"
        protocols = [Subprotocol("livesrv.v1.msgpack")]
        async with connect(url, subprotocols=protocols, proxy=None) as socket:
            yield Client(socket)

    @asynccontextmanager
    async def member(self, user: str) -> AsyncIterator[Client]:
        async with self.connected() as client:
            await client.ask("hello", token=MINT.token(user, "viewer", ttl_s=60))
            await client.ask("join", room="r")
            yield client


@asynccontextmanager
async def house(faults: Faults) -> AsyncIterator[House]:
    async with serving(faults) as url, aiohttp.ClientSession() as http:
        made = House(url, http)
        await made.post("/v1/rooms", "mei", {"room": "r", "title": "Peaches"})
        peach = {"offer": "peach", "title": "Peaches", "price_minor": 5, "currency": "CNY"}
        await made.post("/v1/rooms/r/offers", "mei", {**peach, "stock": 2})
        await made.post("/v1/rooms/r/start", "mei", {})
        for user in ("lan", "bo"):
            for currency in ("CNY", "COIN"):
                topup = {"amount_minor": 100, "currency": currency, "key": currency}
                await made.post(f"/v1/wallets/{user}/topups", "ops", topup)
        yield made


def order(key: str, quantity: int = 1) -> dict[str, Any]:
    lines = [{"offer": "peach", "quantity": quantity}]
    total = {"total_minor": 5 * quantity, "currency": "CNY"}
    return {"room": "r", "key": key, "lines": lines, **total}


async def test_without_a_fault_every_message_is_as_the_spec_has_it() -> None:
    async with house(AT_ONCE) as made, made.member("lan") as lan, made.connected() as guest:
        assert (await guest.ask("hello"))["roles"] == []
        assert (await guest.ask("join", room="r"))["state"]["viewers"] == 2
        assert (await guest.ask("leave", room="r"))["type"] == "ok"
        assert (await guest.ask("join", room="nowhere"))["code"] == "not_found"
        assert (await lan.ask("comment", room="r", text="#run.0.3 hm"))["type"] == "ok"
        assert (await lan.ask("like", room="r", count=3))["type"] == "ok"
        gift = await lan.ask("gift", room="r", gift="rose", key="c", count=2)
        assert gift["charged_minor"] == 6
        assert (await lan.ask("order", **order("o")))["balance_minor"] == 95
        assert (await lan.ask("order", **order("p", 2)))["code"] == "sold_out"
        assert (await lan.ask("pin", room="r", offer="peach"))["type"] == "ok"
        assert (await lan.ask("unpin", room="r", offer="peach"))["type"] == "ok"
        assert (await lan.ask("comment", room="nowhere", text="hm"))["code"] == "not_found"
        assert (await lan.ask("ping"))["type"] == "pong"
        kinds = {message["type"] for _, message in lan.pushes}
        assert kinds == {"batch", "order_update", "balance"}
        log = await made.truth()
    assert [(c.kind, c.word, c.code) for c in log.commands] == [
        ("comment", "#run.0.3", ""),
        ("like", "", ""),
        ("gift", "c/2", ""),
        ("order", "o", ""),
        ("order", "p", "sold_out"),
        ("pin", "peach", ""),
        ("unpin", "peach", ""),
    ]
    assert log.sold == {"r/peach": 1}
    assert log.ends == {"r": 5}


async def test_no_hello_or_one_with_another_secret_is_turned_away() -> None:
    async with house(AT_ONCE) as made:
        async with made.connected() as client:
            assert (await client.ask("join", room="r"))["code"] == "unauthenticated"
            assert await client.close_code() == 4401
        async with made.connected() as client:
            token = Mint("another secret of enough characters", "").token("lan", "viewer", ttl_s=9)
            assert (await client.ask("hello", token=token))["code"] == "unauthenticated"


async def test_what_is_logged_as_sent_arrives_no_earlier_and_hardly_later() -> None:
    faults = Faults(tick_ms=0.0, waterfall=Delay(50))
    async with house(faults) as made, made.member("lan") as lan, made.member("bo") as bo:
        for number in range(5):
            await lan.ask("comment", room="r", text=f"#run.{number}.0 hm")
        for client in (lan, bo):
            while sum(len(m.get("waterfall", ())) for _, m in client.pushes) < 5:
                await client.take()
        log = await made.truth()
    sent = {
        (user, log.commands[place].word): (at_ms, at_ms - log.commands[place].came_ms)
        for frame in log.frames
        for place in frame.comments
        for user, at_ms in frame.sent
    }
    assert len(sent) == 10
    for at_ms, kept_ms in sent.values():
        assert kept_ms >= 50 - TIMER_EARLY_MS
        assert at_ms <= time.monotonic() * 1000
    arrived = [
        (at_ms, item["text"].split()[0]) for at_ms, m in bo.pushes for item in m["waterfall"]
    ]
    assert all(at_ms >= sent["bo", word][0] for at_ms, word in arrived)


async def test_delays_of_entry_and_of_replies_are_in_the_log() -> None:
    faults = Faults(
        tick_ms=0.0, connect=Delay(20), hello=Delay(30), join=Delay(40), replies=Delay(50)
    )
    async with house(faults) as made, made.member("lan") as lan:
        await lan.ask("order", **order("o"))
        await lan.ask("gift", room="r", gift="rose", key="c", count=1)
        found = figures(await made.truth(), PLAYBOOK)
    for name, told_ms in {"connect": 20, "hello": 30, "join": 40, "order_service": 50}.items():
        assert found[f"{name}.p50_ms"] >= told_ms - TIMER_EARLY_MS
    assert found["gift_service.p50_ms"] >= 50 - TIMER_EARLY_MS


async def test_what_comes_during_a_stall_is_noted_then_and_answered_in_order_when_it_is_over() -> (
    None
):
    async with house(Faults(tick_ms=0.0, stall_at_s=0.0, stall_s=0.2)) as made:
        async with made.member("lan") as lan:
            for number in range(5):
                await lan.tell("comment", room="r", text=f"#run.{number}.0 hm")
            began_s = time.monotonic()
            while sum(len(message["waterfall"]) for _, message in lan.pushes) < 5:
                await lan.take()
            assert time.monotonic() - began_s > 0.15
        log = await made.truth()
    comes, tells = [c.came_ms for c in log.commands], [c.told_ms for c in log.commands]
    assert max(comes) - min(comes) < 150
    assert all(told is not None and told - min(comes) > 195 for told in tells)
    assert [place for frame in log.frames for place in frame.comments] == [0, 1, 2, 3, 4]


async def test_a_comment_that_is_left_out_comes_to_its_author_all_the_same() -> None:
    async with (
        house(Faults(tick_ms=0.0, sheds_comment_every=1)) as made,
        made.member("lan") as lan,
        made.member("bo") as bo,
    ):
        await lan.ask("comment", room="r", text="#run.0.0 hm")
        for client, wanted in ((lan, (1, 0)), (bo, (0, 1))):
            while not client.pushes:
                await client.take()
            batch = client.pushes[0][1]
            assert (len(batch["waterfall"]), batch["shed"]) == wanted


async def test_whoever_missed_something_is_told_again_unless_it_is_forgotten() -> None:
    for has_amnesia in (False, True):
        faults = Faults(tick_ms=0.0, at_event=2, skips_event=True, has_amnesia=has_amnesia)
        async with house(faults) as made, made.member("lan") as lan:
            await lan.ask("order", **order("o"))
            joined = await lan.ask("join", room="r", since={"epoch": "e", "seq": 1})
            assert joined["recovered"] is not has_amnesia
            assert joined["seq"] == (2 if has_amnesia else 1)
            if not has_amnesia:
                assert (await lan.take_batch())["events"][0]["type"] == "sold"
            found = figures(await made.truth(), PLAYBOOK)
        assert (found["reliable.holes"], found["reliable.lost"]) == (1, int(has_amnesia))


async def test_a_member_is_hung_up_on_with_the_code_and_the_hint_it_was_told() -> None:
    faults = Faults(tick_ms=0.0, at_event=2, hangs_up_with=1012, moves=True)
    async with house(faults) as made, made.member("lan") as lan:
        await lan.ask("order", **order("o"))
        assert await lan.close_code() == 1012
        assert figures(await made.truth(), PLAYBOOK)["closes.1012"] == 1


async def test_a_new_case_begins_with_an_empty_log() -> None:
    async with house(AT_ONCE) as made, aiohttp.ClientSession() as http:
        async with made.member("lan") as lan:
            await lan.ask("comment", room="r", text="hm")
        assert (await made.truth()).commands
        plain = Faults(waterfall=Delay(1, 2, 3), at_event=7).as_json()
        assert (await http.put(f"{made.url}/faults", json=plain)).status == 200
        assert await made.truth() == Log()
