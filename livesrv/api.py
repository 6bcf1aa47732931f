"""The HTTP door: REST under /v1, health, the API's own description.

Each endpoint is a row in `ROUTES`: method, path, who may, what the body is, what comes back. The
same table makes the routes and `/openapi.json`, so the two cannot differ.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from livesrv import auth
from livesrv.auth import BadToken, Principal
from livesrv.clock import now_ms
from livesrv.commerce import catalog, follows, orders, shows, wallets
from livesrv.config import Config
from livesrv.ledger.store import Ledger, Unavailable
from livesrv.refusal import Refused
from livesrv.rooms.bus import AWAY as BUS_AWAY
from livesrv.rooms.bus import Bus
from livesrv.rooms.hall import Hall
from livesrv.snapshot import load_head
from protocol.codec import Format
from protocol.codes import HTTP_STATUS, ErrorCode
from protocol.messages import (
    AMOUNT_MAX,
    Currency,
    Id,
    Offer,
    OrderContent,
    OrderRequest,
    State,
)

from .openapi import Route, describe

log = logging.getLogger(__name__)

PAGE_MAX = 100
READY_WITHIN_S = 0.8
"""Probes commonly give up after a second."""


class TopUp(Struct, kw_only=True):
    """Money into a wallet. `key` makes it happen once."""

    amount_minor: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    currency: Currency
    key: Id


class OrderBody(OrderContent, kw_only=True):
    """An order; `key` may come as the header `Idempotency-Key` instead."""

    key: Id | None = None


class RoomList(Struct):
    rooms: list[State]
    next: str | None


class OfferList(Struct):
    offers: list[Offer]


class GiftPrice(Struct):
    gift: str
    price_minor: int


class GiftList(Struct):
    gifts: list[GiftPrice]


class Wallet(Struct):
    balances: list[wallets.Holding]


class Earnings(Struct):
    earnings: list[wallets.Earning]


class Following(Struct):
    user: str
    following: bool


T = TypeVar("T")


class Api:
    """The endpoints of one worker."""

    def __init__(self, config: Config, secret: str, ledger: Ledger, bus: Bus, hall: Hall) -> None:
        self._config = config
        self._secret = secret
        self._ledger = ledger
        self._bus = bus
        self._hall = hall
        self._routes = [
            Route("POST", "/v1/rooms", "host", self._create_room, State, shows.NewRoom),
            Route("GET", "/v1/rooms", "", self._list_rooms, RoomList),
            Route("GET", "/v1/rooms/{room}", "", self._read_room, State),
            Route("POST", "/v1/rooms/{room}/start", "its host", self._start, State),
            Route("POST", "/v1/rooms/{room}/end", "its host", self._end, State),
            Route(
                "POST",
                "/v1/rooms/{room}/offers",
                "its host",
                self._put_offer,
                Offer,
                catalog.NewOffer,
            ),
            Route("GET", "/v1/rooms/{room}/offers", "", self._list_offers, OfferList),
            Route(
                "POST", "/v1/rooms/{room}/orders", "viewer", self._order, orders.Placed, OrderBody
            ),
            Route("GET", "/v1/orders/{order}", "its buyer", self._read_order, orders.OrderSheet),
            Route("GET", "/v1/wallet", "viewer", self._wallet, Wallet),
            Route("POST", "/v1/wallets/{user}/topups", "ops", self._topup, wallets.ToppedUp, TopUp),
            Route("GET", "/v1/earnings", "viewer", self._earnings, Earnings),
            Route("PUT", "/v1/follows/{user}", "viewer", self._follow, Following),
            Route("DELETE", "/v1/follows/{user}", "viewer", self._follow, Following),
            Route("GET", "/v1/gifts", "", self._gifts, GiftList),
            Route("GET", "/openapi.json", "", self._openapi),
            Route("GET", "/livez", "", self._livez),
            Route("GET", "/readyz", "", self._readyz),
        ]
        self._description = msgspec.json.encode(describe(self._routes))

    def add_routes(self, router: web.UrlDispatcher) -> None:
        for route in self._routes:
            router.add_route(route.method, route.path, _answering(route))

    @web.middleware
    async def answer_errors(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Every error is a problem document (RFC 9457)."""
        try:
            return await handler(request)
        except Refused as refused:
            return _problem(HTTP_STATUS[refused.code], refused.code, refused.message)
        except BadToken as bad:
            return _problem(401, ErrorCode.UNAUTHENTICATED, str(bad))
        except Unavailable as away:
            return _problem(503, ErrorCode.BUSY, str(away))
        except web.HTTPException as error:
            return _http_problem(error)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return _problem(500, ErrorCode.INTERNAL, "this is our bug")

    # --- rooms and offers

    async def _create_room(self, request: web.Request) -> State:
        host, new = self._user(request), await _body(request, shows.NewRoom)
        room = new.room or secrets.token_hex(8)
        await shows.create(self._ledger, host, room, new)
        return await self._state(room)

    async def _list_rooms(self, request: web.Request) -> RoomList:
        behind, limit = _page(request)
        ranked = await self._ledger.page(shows.LIVE_RANKING, behind, limit + 1)
        rooms = [await self._state(room) for room, _ in ranked[:limit]]
        room, started_ms = ranked[:limit][-1] if ranked else ("", 0)
        return RoomList(rooms, f"{started_ms}.{room}" if len(ranked) > limit else None)

    async def _read_room(self, request: web.Request) -> State:
        return await self._state(_id(request, "room"))

    async def _start(self, request: web.Request) -> State:
        room = _id(request, "room")
        await shows.start(self._ledger, self._user(request), room, now_ms())
        return await self._state(room)

    async def _end(self, request: web.Request) -> State:
        room = _id(request, "room")
        await shows.end(self._ledger, self._user(request), room)
        return await self._state(room)

    async def _state(self, room: str) -> State:
        """As members see it where the room is open here, else from the stores."""
        state = (await load_head(self._ledger, room)).state
        if opened := self._hall.find(room):
            live = opened.room.snapshot(Format.JSON)
            state.viewers, state.likes = live.viewers, live.likes
            state.top_gifters, state.comments = live.top_gifters, live.comments
            return state
        try:
            memory = await self._bus.memory(room, now_ms())
        except BUS_AWAY:
            return state
        state.viewers, state.likes = memory.viewers, memory.likes
        return state

    async def _put_offer(self, request: web.Request) -> Offer:
        host, new = self._user(request), await _body(request, catalog.NewOffer)
        offer = new.offer or secrets.token_hex(8)
        room = _id(request, "room")
        return await catalog.put_offer(self._ledger, host, room, offer, new, now_ms())

    async def _list_offers(self, request: web.Request) -> OfferList:
        return OfferList(await catalog.list_offers(self._ledger, _id(request, "room")))

    async def _gifts(self, _: web.Request) -> GiftList:
        return GiftList([GiftPrice(*item) for item in sorted(self._config.gifts.items())])

    # --- money

    async def _order(self, request: web.Request) -> orders.Placed:
        buyer, body = self._user(request), await _body(request, OrderBody)
        key = body.key or request.headers.get("Idempotency-Key", "")
        fields = {name: getattr(body, name) for name in OrderBody.__struct_fields__}
        wanted = _converted({**fields, "key": key}, OrderRequest)
        return await orders.place(
            self._ledger,
            buyer,
            _id(request, "room"),
            wanted,
            rates_bps=self._config.order_card_bps,
            key_window_h=self._config.key_window_h,
            now_ms=now_ms(),
        )

    async def _read_order(self, request: web.Request) -> orders.OrderSheet:
        return await orders.read_order(self._ledger, self._user(request), _id(request, "order"))

    async def _wallet(self, request: web.Request) -> Wallet:
        return Wallet(await wallets.holdings(self._ledger, self._user(request).user))

    async def _topup(self, request: web.Request) -> wallets.ToppedUp:
        if "ops" not in self._user(request).roles:
            raise Refused(ErrorCode.FORBIDDEN, "topping up a wallet takes the role ops")
        body = await _body(request, TopUp)
        return await wallets.topup(
            self._ledger,
            user=_id(request, "user"),
            amount_minor=body.amount_minor,
            currency=body.currency,
            key=body.key,
        )

    async def _earnings(self, request: web.Request) -> Earnings:
        return Earnings(await wallets.earnings(self._ledger, self._user(request).user))

    async def _follow(self, request: web.Request) -> Following:
        followed, is_following = _id(request, "user"), request.method == "PUT"
        await follows.follow(
            self._ledger,
            self._user(request),
            followed,
            is_following=is_following,
            now_ms=now_ms(),
        )
        return Following(followed, is_following)

    # --- health

    async def _openapi(self, _: web.Request) -> web.Response:
        return web.Response(body=self._description, content_type="application/json")

    async def _livez(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        """Ready: both stores answer, so a show can run."""
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await self._ledger.epoch()
                await self._bus.cursor()
        except (*BUS_AWAY, Unavailable) as error:
            raise Refused(ErrorCode.BUSY, f"a store is away: {error}") from None
        return web.Response(text="ok\n")

    def _user(self, request: web.Request) -> Principal:
        """Who asks. Raises `BadToken`, and `Refused` without a token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(ErrorCode.UNAUTHENTICATED, "this needs `Authorization: Bearer TOKEN`")
        return auth.verify(self._secret, token.strip())


def _answering(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        found = await route.handler(request)
        return found if isinstance(found, web.StreamResponse) else _json(found)

    return answer


async def _body(request: web.Request, type_: type[T]) -> T:
    """The request's JSON body. Raises `Refused` `invalid`."""
    try:
        return msgspec.json.decode(await request.read(), type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(ErrorCode.INVALID, f"the body is not valid: {error}") from None


def _converted(value: object, type_: Any) -> Any:
    try:
        return msgspec.convert(value, type_, from_attributes=True)
    except msgspec.ValidationError as error:
        raise Refused(ErrorCode.INVALID, str(error)) from None


def _id(request: web.Request, name: str) -> str:
    """An id in the path. Raises `Refused` `invalid`."""
    return str(_converted(request.match_info[name], Id))


def _page(request: web.Request) -> tuple[tuple[int, str] | None, int]:
    """Behind which room the page that is asked for begins, and its size."""
    cursor, limit = request.query.get("cursor", ""), request.query.get("limit", str(PAGE_MAX // 2))
    if not re.fullmatch(r"[1-9]\d{0,2}", limit, re.ASCII) or int(limit) > PAGE_MAX:
        raise Refused(ErrorCode.INVALID, f"limit is 1-{PAGE_MAX}")
    if not cursor:
        return None, int(limit)
    found = re.fullmatch(r"(\d{1,15})\.([A-Za-z0-9_-]{1,64})", cursor, re.ASCII)
    if not found:
        raise Refused(ErrorCode.INVALID, "cursor is what `next` of another page said")
    return (int(found[1]), found[2]), int(limit)


def _json(answer: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


def _problem(status: int, code: ErrorCode, detail: str) -> web.Response:
    title = HTTPStatus(status).phrase
    problem = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code.value,
        "detail": detail,
    }
    return web.Response(
        body=msgspec.json.encode(problem), status=status, content_type="application/problem+json"
    )


def _http_problem(error: web.HTTPException) -> web.Response:
    """aiohttp's own refusals: no such path, wrong method, body too large."""
    code = ErrorCode.NOT_FOUND if error.status == 404 else ErrorCode.INVALID
    response = _problem(error.status, code, error.text or error.reason)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
