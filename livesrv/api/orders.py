"""Endpoints of orders: placed, paid, shipped, given back."""

import time

from aiohttp import web

from livesrv.clock import now_ms
from livesrv.commerce import order_life, order_lists, orders, payments
from livesrv.commerce.order_states import STATES, OrderSheet
from livesrv.commerce.providers import WebhookProvider, signature_error
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import Id, OrderContent, OrderRequest

from .desk import Desk
from .http import body, converted, key_of, page_of, path_id
from .openapi import Route

SIDES = {"buyer": False, "seller": True}
"""The query parameter `as`, and whether it asks for what was sold."""


class OrderBody(OrderContent, kw_only=True):
    """An order; `key` may come as the header `Idempotency-Key` instead."""

    key: Id | None = None


class OrderEndpoints:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        order, seller = "/v1/orders/{order}", "its seller"
        view, page = order_lists.OrderView, order_lists.OrderPage
        refund, refunded = order_life.NewRefund, order_life.Refunded
        taken, event = payments.Taken, payments.PaymentEvent
        self.routes = [
            Route(
                "POST", "/v1/rooms/{room}/orders", "viewer", self._place, orders.Placed, OrderBody
            ),
            Route("GET", "/v1/orders", "viewer", self._list, page),
            Route("GET", order, "its buyer and seller", self._read, view),
            Route("POST", f"{order}/ship", seller, self._ship, view, order_life.Parcel, True),
            Route("POST", f"{order}/deliver", "its buyer and seller", self._deliver, view),
            Route("POST", f"{order}/cancel", "its buyer and seller", self._cancel, view),
            Route("POST", f"{order}/refunds", seller, self._refund, refunded, refund, True),
            Route("POST", "/v1/payments/{provider}", "", self._webhook, taken, event),
        ]

    async def _place(self, request: web.Request) -> orders.Placed:
        buyer, wanted = self._desk.user(request), await body(request, OrderBody)
        fields = {name: getattr(wanted, name) for name in OrderBody.__struct_fields__}
        key = key_of(request, wanted.key)
        return await orders.place(
            self._ledger,
            buyer,
            path_id(request, "room"),
            converted({**fields, "key": key}, OrderRequest),
            terms=self._desk.terms,
            now_ms=now_ms(),
        )

    async def _list(self, request: web.Request) -> order_lists.OrderPage:
        reader = self._desk.user(request)
        side, asked = request.query.get("as", "buyer"), request.query.get("state", "")
        states = asked.split(",") if asked else []
        if side not in SIDES:
            raise Refused(ErrorCode.INVALID, f"as is one of {', '.join(SIDES)}")
        if unknown := sorted(set(states) - set(STATES)):
            raise Refused(
                ErrorCode.INVALID, f"unknown state {unknown[0]!r}; known are {', '.join(STATES)}"
            )
        behind, limit = page_of(request)
        return await order_lists.list_orders(
            self._ledger,
            reader,
            is_selling=SIDES[side],
            states=states,
            behind=behind,
            limit=limit,
            terms=self._desk.terms,
        )

    async def _read(self, request: web.Request) -> order_lists.OrderView:
        reader, order = self._desk.user(request), path_id(request, "order")
        return await order_lists.read_order(self._ledger, reader, order, terms=self._desk.terms)

    async def _ship(self, request: web.Request) -> order_lists.OrderView:
        by, parcel = (
            self._desk.user(request),
            await body(request, order_life.Parcel, is_optional=True),
        )
        order, terms = path_id(request, "order"), self._desk.terms
        sheet = await order_life.ship(self._ledger, by, order, parcel, terms=terms, now_ms=now_ms())
        return self._view(request, sheet)

    async def _deliver(self, request: web.Request) -> order_lists.OrderView:
        by, order, terms = self._desk.user(request), path_id(request, "order"), self._desk.terms
        sheet = await order_life.deliver(self._ledger, by, order, terms=terms, now_ms=now_ms())
        return self._view(request, sheet)

    async def _cancel(self, request: web.Request) -> order_lists.OrderView:
        by, order = self._desk.user(request), path_id(request, "order")
        return self._view(
            request, await order_life.cancel(self._ledger, by, order, now_ms=now_ms())
        )

    async def _refund(self, request: web.Request) -> order_life.Refunded:
        by, new = (
            self._desk.user(request),
            await body(request, order_life.NewRefund, is_optional=True),
        )
        order, key = path_id(request, "order"), key_of(request, new.key)
        return await order_life.refund(self._ledger, by, order, key, new, now_ms=now_ms())

    async def _webhook(self, request: web.Request) -> payments.Taken:
        """Only what is signed with the provider's secret is read at all."""
        name = path_id(request, "provider")
        provider = self._desk.terms.providers.get(name)
        if not isinstance(provider, WebhookProvider):
            raise Refused(ErrorCode.NOT_FOUND, f"there is no provider {name}")
        content = await request.read()
        wrong = signature_error(
            provider.secrets,
            request.headers.get("webhook-id", ""),
            request.headers.get("webhook-timestamp", ""),
            request.headers.get("webhook-signature", ""),
            content,
            int(time.time()),
        )
        if wrong is not None:
            raise Refused(ErrorCode.UNAUTHENTICATED, wrong)
        event = await body(request, payments.PaymentEvent)
        return await payments.take(self._ledger, name, event, now_ms())

    def _view(self, request: web.Request, sheet: OrderSheet) -> order_lists.OrderView:
        return order_lists.view(sheet, self._desk.user(request), self._desk.terms)
