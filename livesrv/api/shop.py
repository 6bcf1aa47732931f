"""Endpoints of what is on sale: offers, private prices, who may sell whose goods."""

import secrets

from aiohttp import web
from msgspec import Struct

from livesrv.clock import now_ms
from livesrv.commerce import catalog, deals, parties
from protocol.messages import Offer

from .desk import Desk
from .http import body, path_id
from .openapi import Route


class OfferList(Struct):
    offers: list[Offer]


class Consent(Struct):
    """Whether `owner` lets `seller` sell what is theirs."""

    owner: str
    seller: str
    allowed: bool


class ShopEndpoints:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        offers, deal = "/v1/rooms/{room}/offers", "/v1/private-prices/{private_price}"
        self.routes = [
            Route("POST", offers, "its host", self._put, Offer, catalog.NewOffer),
            Route("GET", offers, "", self._list, OfferList),
            Route(
                "PATCH",
                f"{offers}/{{offer}}",
                "its host or seller",
                self._change,
                Offer,
                catalog.OfferChange,
            ),
            Route(
                "POST",
                "/v1/rooms/{room}/private-prices",
                "the goods' seller",
                self._make_deal,
                deals.DealView,
                deals.NewDeal,
            ),
            Route("GET", deal, "its seller or buyer", self._read_deal, deals.DealView),
            Route("DELETE", deal, "its seller", self._withdraw_deal, deals.DealView),
            Route("PUT", "/v1/consents/{user}", "viewer", self._consent, Consent),
            Route("DELETE", "/v1/consents/{user}", "viewer", self._consent, Consent),
        ]

    async def _put(self, request: web.Request) -> Offer:
        host, new = self._desk.user(request), await body(request, catalog.NewOffer)
        offer, room = new.offer or secrets.token_hex(8), path_id(request, "room")
        return await catalog.put_offer(self._ledger, host, room, offer, new, now_ms())

    async def _list(self, request: web.Request) -> OfferList:
        room = path_id(request, "room")
        return OfferList(await catalog.list_offers(self._ledger, room, now_ms()))

    async def _change(self, request: web.Request) -> Offer:
        by, change = self._desk.user(request), await body(request, catalog.OfferChange)
        room, offer = path_id(request, "room"), path_id(request, "offer")
        return await catalog.change_offer(self._ledger, by, room, offer, change, now_ms())

    async def _make_deal(self, request: web.Request) -> deals.DealView:
        by, new = self._desk.user(request), await body(request, deals.NewDeal)
        deal, room = new.private_price or secrets.token_hex(8), path_id(request, "room")
        return await deals.make(self._ledger, by, room, deal, new, now_ms())

    async def _read_deal(self, request: web.Request) -> deals.DealView:
        deal = path_id(request, "private_price")
        return await deals.read(self._ledger, self._desk.user(request), deal)

    async def _withdraw_deal(self, request: web.Request) -> deals.DealView:
        deal = path_id(request, "private_price")
        return await deals.withdraw(self._ledger, self._desk.user(request), deal)

    async def _consent(self, request: web.Request) -> Consent:
        owner, seller = self._desk.user(request), path_id(request, "user")
        is_allowed = request.method == "PUT"
        await parties.let_sell(self._ledger, owner, seller, is_allowed=is_allowed)
        return Consent(owner.user, seller, is_allowed)
