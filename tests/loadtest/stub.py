"""A server of a few lines that keeps the wire's promises, or breaks the one it is told to.

It exists to prove that the harness sees each kind of fault. Invariant: with no fault it never
loses, doubles or reorders anything.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
import msgpack
from aiohttp import WSMsgType, web

SECRET = "a secret of more than thirty-two characters"
TICK_S = 0.02
MOVED_MS = 700
SUBPROTOCOL = "livesrv.v1.msgpack"


@dataclass(frozen=True)
class Faults:
    """What goes wrong. `at_event` names the event number in each room at which it does."""

    at_event: int = 5
    skips_event: bool = False
    has_amnesia: bool = False
    doubles_batch: bool = False
    swaps_events: bool = False
    tells_two_stories: bool = False
    hangs_up_with: int = 0
    moves: bool = False
    forgets_orders: bool = False
    overcharges: bool = False
    hides_gifts: bool = False
    sheds: bool = False
    is_busy_at_first: bool = False
    refuses_rooms: bool = False
    hides_sale: bool = False
    doubles_update: bool = False
    hides_update: bool = False
    answers_another_id: bool = False
    charges_twice: bool = False
    refuses_order: bool = False


@dataclass
class Room:
    events: list[dict[str, Any]] = field(default_factory=list)
    flushed: int = 0
    comments: list[dict[str, Any]] = field(default_factory=list)
    members: list[web.WebSocketResponse] = field(default_factory=list)
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    has_failed: bool = False


class Stub:
    """All rooms, wallets and orders."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.rooms: dict[str, Room] = {}
        self.wallets: dict[tuple[str, str], int] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.combos: dict[str, int] = {}
        self.answered: dict[str, dict[str, Any]] = {}
        self.busy: set[str] = set()
        self.has_failed = False

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/ws", self.socket),
                web.get("/v1/gifts", self.gifts),
                web.post("/v1/rooms", self.create),
                web.post("/v1/rooms/{room}/offers", self.put_on_sale),
                web.get("/v1/rooms/{room}/offers", self.offers),
                web.post("/v1/rooms/{room}/start", self.create),
                web.post("/v1/wallets/{user}/topups", self.topup),
                web.get("/v1/wallet", self.wallet),
                web.get("/v1/orders/{order}", self.order),
            ]
        )
        app.cleanup_ctx.append(self._ticking)
        return app

    async def _ticking(self, app: web.Application) -> AsyncIterator[None]:
        ticking = asyncio.create_task(self._tick())
        yield
        ticking.cancel()

    # --- HTTP -----------------------------------------------------------------------------------

    async def gifts(self, request: web.Request) -> web.Response:
        return web.json_response({"gifts": [{"gift": "rose", "price_minor": 3}]})

    async def create(self, request: web.Request) -> web.Response:
        _subject(request)
        if self.faults.refuses_rooms:
            return web.json_response({"code": "forbidden", "detail": "not you"}, status=403)
        body = await request.json()
        if "room" in body:
            self.rooms[body["room"]] = Room()
        return web.json_response({})

    async def put_on_sale(self, request: web.Request) -> web.Response:
        offer = await request.json()
        self.rooms[request.match_info["room"]].offers[offer["offer"]] = offer
        return web.json_response(offer)

    async def offers(self, request: web.Request) -> web.Response:
        offers = self.rooms[request.match_info["room"]].offers
        return web.json_response({"offers": list(offers.values())})

    async def topup(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.wallets[request.match_info["user"], body["currency"]] = body["amount_minor"]
        return web.json_response({"balance_minor": body["amount_minor"], "duplicate": False})

    async def wallet(self, request: web.Request) -> web.Response:
        user = _subject(request)
        balances = [
            {"currency": currency, "balance_minor": minor - self.faults.overcharges}
            for (owner, currency), minor in self.wallets.items()
            if owner == user
        ]
        return web.json_response({"balances": balances})

    async def order(self, request: web.Request) -> web.Response:
        order = self.orders.get(request.match_info["order"])
        if order is None or self.faults.forgets_orders:
            return web.json_response({"code": "not_found", "detail": "no such order"}, status=404)
        return web.json_response(order)

    # --- WebSocket ------------------------------------------------------------------------------

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL])
        await socket.prepare(request)
        user = "guest"
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                break
            command = msgpack.unpackb(message.data)
            if command["type"] == "hello" and "token" in command:
                user = jwt.decode(command["token"], SECRET, ["HS256"])["sub"]
            answer = getattr(self, f"_{command['type']}")
            await _tell(socket, {"id": command["id"], **answer(socket, user, command)})
            if command["type"] == "join":
                await self._catch_up(socket, command)
            elif command["type"] == "order":
                await self._tell_buyer(socket, user, command)
        for room in self.rooms.values():
            if socket in room.members:
                room.members.remove(socket)
        return socket

    def _hello(self, socket: Any, user: str, command: dict[str, Any]) -> dict[str, Any]:
        return {"type": "welcome", "user": user}

    def _join(self, socket: Any, user: str, command: dict[str, Any]) -> dict[str, Any]:
        room = self.rooms[command["room"]]
        if socket not in room.members:
            room.members.append(socket)
        joined = {"type": "joined", "room": command["room"], "epoch": "e", "state": {}}
        return {**joined, "seq": room.flushed, "recovered": self._recovers(command)}

    def _recovers(self, command: dict[str, Any]) -> bool:
        return "since" in command and not self.faults.has_amnesia

    def _leave(self, socket: Any, user: str, command: dict[str, Any]) -> dict[str, Any]:
        self.rooms[command["room"]].members.remove(socket)
        return {"type": "ok"}

    def _comment(self, socket: Any, user: str, command: dict[str, Any]) -> dict[str, Any]:
        comment = {"type": "comment", "user": {"id": user}, "text": command["text"]}
        self.rooms[command["room"]].comments.append(comment)
        return {"type": "ok", "comment": "c"}

    def _like(self, socket: Any, user: str, command: dict[str, Any]) -> dict[str, Any]:
        return {"type": "ok"}

    def _pin(self, socket: Any, user: str, command: dict[str, Any]) -> dict[str, Any]:
        event = {"type": f"{command['type']}ned", "offer": command["offer"]}
        self._happen(command["room"], event)
        return {"type": "ok"}

    _unpin = _pin

    def _gift(self, socket: Any, user: str, command: dict[str, Any]) -> dict[str, Any]:
        if self._is_busy(command["key"]):
            return {"type": "error", "code": "busy", "message": "", "retry_after_ms": 20}
        before = self.combos.get(command["key"], 0)
        added = max(0, command["count"] - before)
        if added:
            self.combos[command["key"]] = command["count"]
            self.wallets[user, "COIN"] -= 3 * added
            if not self.faults.hides_gifts:
                event = {"combo": command["key"], "count": command["count"], "added": added}
                self._happen(command["room"], {"type": "gift", "user": {"id": user}, **event})
        return {"type": "gifted", "charged_minor": 3 * added, "duplicate": not added}

    def _order(self, socket: Any, user: str, command: dict[str, Any]) -> dict[str, Any]:
        key = f"{user} {command['key']}"
        if key in self.answered:
            return self.answered[key]
        if self._is_busy(key):
            return {"type": "error", "code": "busy", "message": "", "retry_after_ms": 20}
        is_faulty = len(self.orders) == self.faults.at_event and not self.has_failed
        self.has_failed |= is_faulty
        if is_faulty and self.faults.refuses_order:
            return {"type": "error", "code": "sold_out", "message": ""}
        room = self.rooms[command["room"]]
        for line in command["lines"]:
            room.offers[line["offer"]]["stock"] -= line["quantity"]
        charges = 2 if is_faulty and self.faults.charges_twice else 1
        self.wallets[user, "CNY"] -= charges * command["total_minor"]
        paid = {name: command[name] for name in ("total_minor", "currency", "room", "lines")}
        order = f"or{len(self.orders)}"
        self.orders[order] = {"order": order, "buyer": user, "status": "paid", **paid}
        if not (is_faulty and self.faults.hides_sale):
            sold = {"type": "sold", "user": {"id": user}, "lines": command["lines"]}
            self._happen(command["room"], sold)
        balance = {"currency": "CNY", "balance_minor": self.wallets[user, "CNY"]}
        told = {"total_minor": command["total_minor"], **balance, "duplicate": False}
        self.answered[key] = {"type": "ordered", "order": order, "status": "paid", **told}
        if is_faulty and self.faults.answers_another_id:
            return {**self.answered[key], "id": command["id"] + 1_000_000}
        return self.answered[key]

    async def _tell_buyer(self, socket: Any, user: str, command: dict[str, Any]) -> None:
        """What comes behind an acknowledged order."""
        answer = self.answered.get(f"{user} {command['key']}")
        if answer is None:
            return
        update = {"type": "order_update", "order": answer["order"], "status": "paid"}
        is_faulty = answer["order"] == f"or{self.faults.at_event}"
        for _ in range(_times(is_faulty, self.faults)):
            await _tell(socket, update)
        balance = {"currency": "CNY", "balance_minor": answer["balance_minor"]}
        await _tell(socket, {"type": "balance", **balance})

    def _is_busy(self, key: str) -> bool:
        is_first = key not in self.busy
        self.busy.add(key)
        return is_first and self.faults.is_busy_at_first

    def _happen(self, room_id: str, event: dict[str, Any]) -> None:
        room = self.rooms[room_id]
        room.events.append({**event, "seq": len(room.events) + 1})

    # --- batches --------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for room_id, room in self.rooms.items():
                if room.comments or len(room.events) > room.flushed:
                    await self._flush(room_id, room)

    async def _flush(self, room_id: str, room: Room) -> None:
        events = room.events[room.flushed :]
        room.flushed = len(room.events)
        comments, room.comments = room.comments, []
        shed = len(comments) // 2 if self.faults.sheds else 0
        batch = _batch(room_id, room.flushed, events, comments[shed:], shed)
        if room.has_failed or room.flushed < self.faults.at_event or not events:
            await self._spread(room, batch)
        else:
            room.has_failed = True
            await self._fail(room, batch)

    async def _fail(self, room: Room, batch: dict[str, Any]) -> None:
        """Send a batch in the way of the one fault that is switched on."""
        faults = self.faults
        if faults.swaps_events:
            batch["events"] = [{**event, "seq": event["seq"] + 7} for event in batch["events"]]
        if not (faults.skips_event or faults.hangs_up_with):
            await self._spread(room, batch)
        if faults.doubles_batch:
            await self._spread(room, batch)
        if faults.hangs_up_with:
            for member in list(room.members):
                await self._hang_up(member)

    async def _hang_up(self, member: web.WebSocketResponse) -> None:
        if self.faults.moves:
            await _tell(member, {"type": "moved", "retry_after_ms": MOVED_MS})
        await member.close(code=self.faults.hangs_up_with)

    async def _spread(self, room: Room, batch: dict[str, Any]) -> None:
        for place, member in enumerate(list(room.members)):
            if self.faults.tells_two_stories and place == 0:
                liar = [{**event, "user": {"id": "else"}} for event in batch["events"]]
                await _tell(member, {**batch, "events": liar})
            else:
                await _tell(member, batch)

    async def _catch_up(self, socket: web.WebSocketResponse, command: dict[str, Any]) -> None:
        room = self.rooms[command["room"]]
        if self._recovers(command):
            missed = room.events[command["since"]["seq"] : room.flushed]
            if missed:
                await _tell(socket, _batch(command["room"], room.flushed, missed, [], 0))


def _times(is_faulty: bool, faults: Faults) -> int:
    """How often an order update is sent."""
    if not is_faulty:
        return 1
    return 2 if faults.doubles_update else 0 if faults.hides_update else 1


def _batch(room: str, seq: int, events: Any, comments: Any, shed: int) -> dict[str, Any]:
    batch = {"type": "batch", "room": room, "epoch": "e", "seq": seq, "shed": shed}
    return {**batch, "events": events, "waterfall": comments}


async def _tell(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    if not socket.closed:
        await socket.send_bytes(msgpack.packb(message))


def _subject(request: web.Request) -> str:
    token = request.headers["Authorization"].removeprefix("Bearer ")
    try:
        return str(jwt.decode(token, SECRET, ["HS256"])["sub"])
    except jwt.InvalidTokenError as error:
        raise web.HTTPUnauthorized(text='{"code": "unauthenticated"}') from error


@asynccontextmanager
async def serving_stub(faults: Faults) -> AsyncIterator[tuple[str, Stub]]:
    """Run a stub on a free port; gives its URL, and itself."""
    stub = Stub(faults)
    runner = web.AppRunner(stub.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", stub
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving(faults: Faults) -> AsyncIterator[str]:
    """Run a stub on a free port; gives its URL."""
    async with serving_stub(faults) as (url, _):
        yield url
