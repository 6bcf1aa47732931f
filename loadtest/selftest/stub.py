"""A small server that speaks the wire, and does wrong what it is told, by known amounts.

It exists to prove the harness. It is a process of its own (`python -m loadtest.selftest.stub`), so
that its work does not disturb what is proved, or part of a test's. `PUT /faults` begins a case,
`GET /truth` ends it. Must not import the server or its messages. Invariant: with no fault it keeps
the wire's promises.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import jwt
import msgpack
from aiohttp import WSMsgType, web

from ..process import spare_collector
from .faults import Faults, from_json
from .log import Visit
from .membership import Member
from .shop import GIFT, GIFT_MINOR, Message
from .show import MOVED_MS, Room, Show
from .stall import now_ms

__all__ = ["MOVED_MS", "SECRET", "Faults", "Stub", "serving", "serving_stub"]
SECRET = "a secret of more than thirty-two characters"
"""Signs the tokens of a server that has nothing to lose."""
SUBPROTOCOL = "livesrv.v1.msgpack"
BAD_HELLO = 4401
GUEST: Message = {"sub": "guest", "roles": []}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stub:
    """The doors of the show that is on."""

    def __init__(self, faults: Faults) -> None:
        self.show = Show(faults)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._stand_still])
        app.add_routes(
            [
                web.get("/ws", self._socket),
                web.get("/livez", self._alive),
                web.get("/readyz", self._alive),
                web.get("/v1/gifts", self._gifts),
                web.post("/v1/rooms", self._create),
                web.post("/v1/rooms/{room}/offers", self._put_on_sale),
                web.get("/v1/rooms/{room}/offers", self._offers),
                web.post("/v1/rooms/{room}/{step:start|end}", self._step),
                web.post("/v1/wallets/{user}/topups", self._topup),
                web.get("/v1/wallet", self._wallet),
                web.get("/v1/orders/{order}", self._order),
                web.put("/faults", self._begin),
                web.get("/truth", self._truth),
            ]
        )
        return app

    @web.middleware
    async def _stand_still(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.path.startswith("/v1"):
            await self.show.stall.over()
        return await handler(request)

    # --- a case ---------------------------------------------------------------------------------

    async def _begin(self, request: web.Request) -> web.Response:
        self.show = Show(from_json(await request.json()))
        return web.json_response({})

    async def _truth(self, request: web.Request) -> web.Response:
        """The log, without the moments when `?brief=1` only asks how far the show is."""
        if "brief" in request.query:
            return web.json_response({"commands": len(self.show.log.commands)})
        return web.json_response(self.show.truth().as_json())

    # --- HTTP -----------------------------------------------------------------------------------

    async def _alive(self, request: web.Request) -> web.Response:
        return web.json_response({})

    async def _gifts(self, request: web.Request) -> web.Response:
        return web.json_response({"gifts": [{"gift": GIFT, "price_minor": GIFT_MINOR}]})

    async def _create(self, request: web.Request) -> web.Response:
        host = _subject(request)
        if self.show.faults.refuses_rooms:
            raise _problem(web.HTTPForbidden, "forbidden")
        body = await request.json()
        room = self.show.open(body["room"], body["title"], host)
        return web.json_response(self.show.state(room))

    async def _put_on_sale(self, request: web.Request) -> web.Response:
        room = self._room(request)
        return web.json_response(self.show.shop.put_on_sale(room.room, await request.json()))

    async def _offers(self, request: web.Request) -> web.Response:
        return web.json_response({"offers": self.show.shop.offers(self._room(request).room)})

    async def _step(self, request: web.Request) -> web.Response:
        room = self._room(request)
        self.show.set_status(room, "live" if request.match_info["step"] == "start" else "ended")
        return web.json_response(self.show.state(room))

    async def _topup(self, request: web.Request) -> web.Response:
        _subject(request)
        body = await request.json()
        told = (request.match_info["user"], body["key"], body["currency"], body["amount_minor"])
        return web.json_response(self.show.shop.top_up(*told))

    async def _wallet(self, request: web.Request) -> web.Response:
        return web.json_response({"balances": self.show.shop.balances(_subject(request))})

    async def _order(self, request: web.Request) -> web.Response:
        order = self.show.shop.find(request.match_info["order"])
        if order is None:
            raise _problem(web.HTTPNotFound, "not_found")
        return web.json_response(order)

    def _room(self, request: web.Request) -> Room:
        room = self.show.rooms.get(request.match_info["room"])
        if room is None:
            raise _problem(web.HTTPNotFound, "not_found")
        return room

    # --- WebSocket ------------------------------------------------------------------------------

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        show = self.show
        visit = Visit(asked_ms=now_ms())
        show.log.visits.append(visit)
        await asyncio.sleep(show.next_of("visit", show.faults.connect) / 1000)
        await show.stall.over()
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL], compress=False)
        await socket.prepare(request)
        visit.opened_ms = now_ms()
        visit.head_bytes = _head_bytes(socket)
        assert request.transport is not None  # there is one until the handshake has failed
        member = Member(socket, request.transport, show.log, visit)
        try:
            await self._listen(show, socket, member)
        finally:
            show.lose(member)
        return socket

    async def _listen(self, show: Show, socket: web.WebSocketResponse, member: Member) -> None:
        claims: Message | None = None
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                return
            command = msgpack.unpackb(message.data)
            if claims is None and command["type"] == "hello":
                claims = _claims(command["token"]) if "token" in command else GUEST
            if claims is None:
                code = "unauthenticated"
                member.tell({"type": "error", "id": command["id"], "code": code, "message": code})
                await member.hang_up(BAD_HELLO)
                return
            show.take(member, claims, command)


def _head_bytes(socket: web.WebSocketResponse) -> int:
    """What the answer to the handshake took."""
    lines = [f"HTTP/1.1 {socket.status} {socket.reason}"]
    lines += [f"{name}: {value}" for name, value in socket.headers.items()]
    return len("\r\n".join(lines)) + len("\r\n\r\n")


def _claims(token: str) -> Message | None:
    """Whom a token is of, and what they may do; None where it is not one of ours."""
    try:
        claims: Message = jwt.decode(token, SECRET, ["HS256"])
    except jwt.InvalidTokenError:
        return None
    return claims


def _subject(request: web.Request) -> str:
    claims = _claims(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if claims is None:
        raise _problem(web.HTTPUnauthorized, "unauthenticated")
    return str(claims["sub"])


def _problem(kind: type[web.HTTPClientError], code: str) -> web.HTTPClientError:
    problem = {"type": "about:blank", "title": kind.__name__, "status": kind.status_code}
    text = json.dumps({**problem, "code": code, "detail": code})
    return kind(text=text, content_type="application/problem+json")


@asynccontextmanager
async def serving(faults: Faults) -> AsyncIterator[str]:
    """Run a stub on a free port; gives its URL."""
    async with serving_stub(faults) as (url, _):
        yield url


@asynccontextmanager
async def serving_stub(faults: Faults) -> AsyncIterator[tuple[str, Stub]]:
    """The same; gives its URL, and itself."""
    stub = Stub(faults)
    runner = web.AppRunner(stub.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1_024)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", stub
    finally:
        await runner.cleanup()


async def _serve_until_abandoned() -> None:
    """Say where we are on standard output, and end when standard input does."""
    async with serving(Faults()) as url:
        print(url, flush=True)
        spare_collector()
        await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(_serve_until_abandoned())
