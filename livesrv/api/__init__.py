"""The HTTP door: REST under /v1, health, metrics, the API's own description.

Each endpoint is a row in a table of `Route`s: method, path, who may, what comes back, what the body
is. The same tables make the routes and `/openapi.json`, so the two cannot differ.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from livesrv.auth import BadToken
from livesrv.bulletin import Bulletin
from livesrv.config import Config
from livesrv.ledger.store import Ledger, Unavailable
from livesrv.refusal import Refused
from livesrv.rooms.bus import AWAY as BUS_AWAY
from livesrv.rooms.bus import Bus
from livesrv.rooms.hall import Hall
from livesrv.tally import DoorTally
from livesrv.turnstile import Turnstile
from protocol.codes import HTTP_STATUS, ErrorCode

from .desk import Desk
from .http import http_problem, json_answer, problem
from .metrics import MetricsEndpoint
from .money import MoneyEndpoints
from .openapi import Route, describe
from .orders import OrderEndpoints
from .pages import PagesEndpoint
from .rooms import RoomEndpoints
from .shop import ShopEndpoints
from .statements import StatementEndpoints

log = logging.getLogger(__name__)

AWAY_RETRY_MS = 500
READY_WITHIN_S = 0.8
"""Probes commonly give up after a second."""


class Api:
    """The endpoints of one worker."""

    def __init__(
        self,
        config: Config,
        secret: str,
        ledger: Ledger,
        bus: Bus,
        hall: Hall,
        turnstile: Turnstile,
        tally: DoorTally,
        bulletin: Bulletin,
    ) -> None:
        self._ledger = ledger
        self._tally = tally
        self._bus = bus
        desk = Desk(config, secret, ledger)
        self._routes = [
            *RoomEndpoints(desk, bus, hall).routes,
            *ShopEndpoints(desk).routes,
            *OrderEndpoints(desk).routes,
            *MoneyEndpoints(desk).routes,
            *StatementEndpoints(desk).routes,
            *PagesEndpoint(desk).routes,
            *MetricsEndpoint(desk, turnstile, bulletin).routes,
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
        except web.HTTPException as error:
            return http_problem(error)
        except Exception as error:
            refused = _refusal(request, error)
            self._tally.errors[refused.code] += 1
            status = HTTP_STATUS[refused.code]
            return problem(status, refused.code, refused.message, refused.retry_after_ms)

    async def _openapi(self, _: web.Request) -> web.Response:
        return web.Response(body=self._description, content_type="application/json")

    async def _livez(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        """Ready: the ledger and some node of the bus answer, so a show can run."""
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await self._ledger.epoch()
                await self._bus.ping()
        except (*BUS_AWAY, Unavailable) as error:
            raise Refused(ErrorCode.BUSY, f"a store is away: {error}") from None
        return web.Response(text="ok\n")


def _refusal(request: web.Request, error: Exception) -> Refused:
    """What an endpoint's error says to whoever asked."""
    match error:
        case Refused():
            return error
        case BadToken():
            return Refused(ErrorCode.UNAUTHENTICATED, str(error))
        case Unavailable():
            return Refused(ErrorCode.BUSY, str(error), AWAY_RETRY_MS)
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return Refused(ErrorCode.INTERNAL, "this is our bug")


def _answering(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        found = await route.handler(request)
        return found if isinstance(found, web.StreamResponse) else json_answer(found)

    return answer
