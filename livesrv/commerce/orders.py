"""Order -> entry: one entry moves the buyer's money, the stock and the buyer's quota, or nothing.

A key that was refused for the order's own sake stays refused; the refusal is recorded under the
same id as the order would be, so whichever was first answers every repeat.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from livesrv.auth import Principal
from livesrv.ledger.entry import (
    ORDERS_UNSETTLED,
    Entry,
    Leg,
    Rank,
    Register,
    Write,
    class_of,
    fingerprint,
    leg,
)
from livesrv.ledger.split import Due, Share
from livesrv.ledger.store import Ledger, Outcome, Status
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import AMOUNT_MAX, OrderRequest

from .cards import order_card
from .keys import forget_at_ms
from .registers import (
    OfferSheet,
    Room,
    moderation_register,
    offer_register,
    read_moderation,
    read_room,
    read_sheet,
    require_live,
    require_not_banned,
    room_register,
    sku,
    stock_account,
)

RECORDED = {
    ErrorCode.NOT_FOUND,
    ErrorCode.NOT_LIVE,
    ErrorCode.PRICE_CHANGED,
    ErrorCode.LIMIT_EXCEEDED,
}
"""Refusals that we, not the ledger's floors, decide and that a key keeps."""
NEVER = ("", -1)
"""A read that no register meets: the entry is answered if its id is known, and stale otherwise."""
FLOOR_CODES = {
    "wallet": (ErrorCode.INSUFFICIENT_FUNDS, "the wallet does not hold enough"),
    "stock": (ErrorCode.SOLD_OUT, "fewer pieces are left than you ask for"),
    "quota": (ErrorCode.LIMIT_EXCEEDED, "this is more than one buyer may have"),
}


class OrderLineSheet(Struct):
    offer: str
    quantity: int
    price_minor: int


class OrderSheet(Struct, kw_only=True):
    """The register `order:ORDER`."""

    order: str
    room: str
    buyer: str
    host: str
    status: str
    lines: list[OrderLineSheet]
    total_minor: int
    currency: str
    at_ms: int


class Placed(Struct, kw_only=True):
    """What came of an order, for either door."""

    order: str
    status: str
    total_minor: int
    currency: str
    balance_minor: int
    duplicate: bool


def order_register(order_id: str) -> str:
    return f"order:{order_id}"


def order_id_of(buyer: str, key: str) -> str:
    """An order's id follows from its buyer and key, so a repeat cannot get another one."""
    return "o" + blake2b(f"{buyer}:{key}".encode(), digest_size=12).hexdigest()


async def place(
    ledger: Ledger,
    buyer: Principal,
    room_id: str,
    request: OrderRequest,
    *,
    rates_bps: Mapping[str, int],
    key_window_h: int,
    now_ms: int,
) -> Placed:
    """Place an order and pay it from the wallet; on disk when this returns.

    Raises `Refused`: `not_found`, `not_live`, `banned`, `price_changed`, `sold_out`,
    `insufficient_funds`, `limit_exceeded`, `conflict`, `too_old`.
    """
    forget_ms = forget_at_ms(request.made_at_ms, now_ms, key_window_h)
    blank = Entry(
        id=f"order:{buyer.user}:{request.key}",
        fingerprint=fingerprint([room_id, request]),
        kind="order",
        forget_at_ms=forget_ms,
    )
    draft = _Draft(blank, buyer, room_id, request, rates_bps, now_ms)
    try:
        outcome = await ledger.transact(draft.names, draft.compose)
    except Refused as refused:
        outcome = await _first_answer(ledger, blank, refused)
    assert outcome is not None  # an order always composes an entry
    return _placed(outcome, buyer, request)


class _Draft(NamedTuple):
    """An order on its way to an entry: composed from the room and the offers as they stand."""

    blank: Entry
    buyer: Principal
    room: str
    request: OrderRequest
    rates_bps: Mapping[str, int]
    now_ms: int

    @property
    def names(self) -> list[str]:
        offers = {line.offer: offer_register(self.room, line.offer) for line in self.request.lines}
        return [room_register(self.room), moderation_register(self.room), *offers.values()]

    def compose(self, registers: dict[str, Register]) -> Entry:
        room = read_room(registers[room_register(self.room)])
        require_live(room)
        moderation = read_moderation(registers[moderation_register(self.room)])
        require_not_banned(moderation, self.buyer.user, self.now_ms)
        demand = _demand(self.request)
        sheets = {o: read_sheet(registers[offer_register(self.room, o)], o) for o in demand}
        _check(self.request, demand, sheets)
        order = self._order(room, demand, sheets)
        card = order_card(self.rates_bps, host=order.host, seller=order.host)
        return msgspec.structs.replace(
            self.blank,
            room=self.room,
            legs=_legs(order, sheets),
            reads=[(name, registers[name].version) for name in self.names],
            writes=[Write(order_register(order.order), msgspec.json.encode(order).decode())],
            ranks=[Rank(f"orders:{order.buyer}", order.order, self.now_ms)],
            facts=_facts(self.buyer, order, card),
        )

    def _order(
        self, room: Room, demand: Mapping[str, int], sheets: Mapping[str, OfferSheet]
    ) -> OrderSheet:
        return OrderSheet(
            order=order_id_of(self.buyer.user, self.request.key),
            room=self.room,
            buyer=self.buyer.user,
            host=room.host.id,
            status="paid",
            lines=[OrderLineSheet(o, count, sheets[o].price_minor) for o, count in demand.items()],
            total_minor=self.request.total_minor,
            currency=self.request.currency,
            at_ms=self.now_ms,
        )


async def _first_answer(ledger: Ledger, blank: Entry, refused: Refused) -> Outcome:
    """What this key was answered before; else it is refused now, for good where that is due."""
    if refused.code in RECORDED:
        look = msgspec.structs.replace(blank, refusal=refused.code.value)
    else:
        look = msgspec.structs.replace(blank, reads=[NEVER])
    outcome = await ledger.post(look)
    if outcome.is_repeat or outcome.status is Status.CONFLICT:
        return outcome
    raise refused


async def read_order(ledger: Ledger, reader: Principal, order_id: str) -> OrderSheet:
    """An order, for its buyer, its host and ops. Raises `Refused` `not_found` to all others."""
    name = order_register(order_id)
    register = (await ledger.read([name]))[name]
    if register.version > 0:
        sheet = msgspec.convert(register.value, OrderSheet)
        if reader.user in (sheet.buyer, sheet.host) or "ops" in reader.roles:
            return sheet
    raise Refused(ErrorCode.NOT_FOUND, "there is no such order of yours")


def _demand(request: OrderRequest) -> dict[str, int]:
    """Pieces asked for per offer, summed over lines that name the same one."""
    demand: Counter[str] = Counter()
    for line in request.lines:
        demand[line.offer] += line.quantity
    return dict(demand)


def _check(
    request: OrderRequest, demand: Mapping[str, int], sheets: Mapping[str, OfferSheet]
) -> None:
    currencies = {sheet.currency for sheet in sheets.values()}
    if len(currencies) > 1:
        raise Refused(ErrorCode.INVALID, f"one order, one currency; these are {sorted(currencies)}")
    total = sum(sheets[offer].price_minor * quantity for offer, quantity in demand.items())
    if total > AMOUNT_MAX:
        raise Refused(ErrorCode.INVALID, f"the total {total} is over the limit {AMOUNT_MAX}")
    if (total, {request.currency}) != (request.total_minor, currencies):
        now = f"{total} {currencies.pop()}"
        seen = f"{request.total_minor} {request.currency}"
        raise Refused(ErrorCode.PRICE_CHANGED, f"the total is {now} now, you saw {seen}")
    for offer, quantity in demand.items():
        limit = sheets[offer].limit_per_buyer
        if limit is not None and quantity > limit:
            raise Refused(ErrorCode.LIMIT_EXCEEDED, f"one buyer may have {limit} of {offer}")


def _facts(buyer: Principal, order: OrderSheet, card: list[Share]) -> dict[str, Any]:
    return {
        "user": buyer.as_user(),
        "order": order.order,
        "lines": [[line.offer, line.quantity] for line in order.lines],
        "due": Due(ORDERS_UNSETTLED, order.currency, order.total_minor, card),
    }


def _legs(order: OrderSheet, sheets: Mapping[str, OfferSheet]) -> list[Leg]:
    """Money first; then each offer's stock, then quotas: `_placed` and the events rely on it."""
    room_id, total, currency = order.room, order.total_minor, order.currency
    legs = [
        leg(f"wallet:{order.buyer}", currency, -total),
        leg(ORDERS_UNSETTLED, currency, total),
    ]
    for line in order.lines:
        asset = sku(room_id, line.offer)
        legs.append(leg(stock_account(room_id, line.offer), asset, -line.quantity))
        legs.append(leg(f"sold:{room_id}:{line.offer}", asset, line.quantity))
    for line in order.lines:
        limit = sheets[line.offer].limit_per_buyer
        if limit is not None:
            asset, account = f"QUOTA:{room_id}:{line.offer}", f"quota:{room_id}:{line.offer}"
            legs.append(leg(f"{account}:{order.buyer}", asset, -line.quantity, floor=-limit))
            legs.append(leg(account, asset, line.quantity))
    return legs


def _placed(outcome: Outcome, buyer: Principal, request: OrderRequest) -> Placed:
    if outcome.status is Status.CONFLICT:
        raise Refused(ErrorCode.CONFLICT, f"the key {request.key} was used for another order")
    if outcome.status is Status.REFUSED:
        raise refusal_of(outcome.why)
    return Placed(
        order=order_id_of(buyer.user, request.key),
        status="paid",
        total_minor=request.total_minor,
        currency=request.currency,
        balance_minor=outcome.after[0],
        duplicate=outcome.is_repeat,
    )


def refusal_of(why: str) -> Refused:
    """The refusal that a recorded reason stands for."""
    word, _, rest = why.partition(" ")
    if word == "code":
        return Refused(ErrorCode(rest), "this key was refused before; make a new one to try again")
    if word == "floor":
        return Refused(*FLOOR_CODES[class_of(rest)])
    return Refused(ErrorCode.INVALID, "the amount is out of range")
