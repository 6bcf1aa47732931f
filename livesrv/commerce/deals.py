"""Private prices: what a seller and one buyer agreed on in the chat, as an offer to that buyer.

A price is for one buyer, one quantity, once, until it expires; an order that names it accepts it.
"""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from livesrv.auth import Principal
from livesrv.ledger.entry import Entry, Registers
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import (
    AMOUNT_MAX,
    Id,
    OrderLine,
    OrderRequest,
    PriceMinor,
    Quantity,
    TimeMs,
)

from .parties import change_entry
from .registers import offer_register, read_room, read_sheet, room_register

VALID_MS_MAX = 30 * 86_400_000
CARRIAGE_MAX_MINOR = 10**9


class NewDeal(Struct, kw_only=True):
    """The body of `POST /v1/rooms/{room}/private-prices`. `price_minor` is for a piece."""

    private_price: Id | None = None
    offer: Id
    buyer: Id
    quantity: Quantity
    price_minor: PriceMinor
    carriage_minor: Annotated[int, Meta(ge=0, le=CARRIAGE_MAX_MINOR)] = 0
    expires_ms: TimeMs


class Deal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The register `deal:ID`. `order` is the one that has accepted it."""

    room: str
    offer: str
    buyer: str
    quantity: int
    price_minor: int
    carriage_minor: int = 0
    currency: str
    expires_ms: int
    by: str
    is_withdrawn: bool = False
    order: str | None = None


class DealView(Struct):
    """A private price as its seller and its buyer see it."""

    private_price: str
    room: str
    offer: str
    buyer: str
    quantity: int
    price_minor: int
    carriage_minor: int
    total_minor: int
    currency: str
    expires_ms: int
    status: str


def deal_register(deal_id: str) -> str:
    return f"deal:{deal_id}"


def read_deal(registers: Registers, deal_id: str) -> Deal:
    """The private price. Raises `Refused` `not_found` when there is none."""
    register = registers[deal_register(deal_id)]
    if register.version == 0:
        raise Refused(ErrorCode.NOT_FOUND, f"there is no private price {deal_id}")
    return register.read(Deal)


def require_acceptable(
    deal: Deal, room: str, buyer: str, request: OrderRequest, order_id: str, now_ms: int
) -> None:
    """Raise `Refused` unless this order may accept the price now."""
    if deal.buyer != buyer or deal.room != room:
        raise Refused(ErrorCode.NOT_ELIGIBLE, "this price was made for somebody else")
    if deal.order not in (None, order_id):
        raise Refused(ErrorCode.NOT_ELIGIBLE, "this price was accepted already")
    if deal.is_withdrawn or now_ms >= deal.expires_ms:
        raise Refused(ErrorCode.NOT_ELIGIBLE, "this price no longer holds")
    if request.lines != [OrderLine(deal.offer, deal.quantity)]:
        raise Refused(ErrorCode.INVALID, f"this price is for {deal.quantity} of {deal.offer}")


async def make(
    ledger: Ledger, by: Principal, room_id: str, deal_id: str, new: NewDeal, now_ms: int
) -> DealView:
    """Make one buyer a price; the same again answers the same.

    Raises `Refused`: `not_found`, `forbidden` for all but the offer's seller, `invalid` for a time
    that is over or too far or a total that no order can have, `conflict` when the id stands for
    something else.
    """
    if not now_ms < new.expires_ms <= now_ms + VALID_MS_MAX:
        raise Refused(
            ErrorCode.INVALID, f"expires_ms is {new.expires_ms}; {now_ms} to 30 days later is right"
        )
    if (total := new.quantity * new.price_minor + new.carriage_minor) > AMOUNT_MAX:
        raise Refused(ErrorCode.INVALID, f"the total {total} is over the limit {AMOUNT_MAX}")
    name, offer_name = deal_register(deal_id), offer_register(room_id, new.offer)

    def compose(registers: Registers) -> Entry | None:
        room = read_room(registers[room_register(room_id)])
        sheet = read_sheet(registers[offer_name], new.offer)
        if by.user != (sheet.seller or room.host.id):
            raise Refused(ErrorCode.FORBIDDEN, "only the seller of the goods may make a price")
        deal = _made(by, room_id, sheet.currency, new)
        register = registers[name]
        if register.version:
            if replace(register.read(Deal), order=None, is_withdrawn=False) != deal:
                raise Refused(ErrorCode.CONFLICT, f"{deal_id} exists with other content")
            return None
        facts = {"private_price": deal_id, "deal": deal}
        return change_entry("private_price", by, name, register, deal, facts)

    await ledger.transact([room_register(room_id), offer_name, name], compose, likely_absent=[name])
    return view(deal_id, read_deal(Registers(await ledger.read([name])), deal_id))


def _made(by: Principal, room_id: str, currency: str, new: NewDeal) -> Deal:
    return Deal(
        room=room_id,
        offer=new.offer,
        buyer=new.buyer,
        quantity=new.quantity,
        price_minor=new.price_minor,
        carriage_minor=new.carriage_minor,
        currency=currency,
        expires_ms=new.expires_ms,
        by=by.user,
    )


async def withdraw(ledger: Ledger, by: Principal, deal_id: str) -> DealView:
    """Take a private price back, unless an order has accepted it. Twice is once."""
    name = deal_register(deal_id)
    deal: Deal | None = None

    def compose(registers: Registers) -> Entry | None:
        nonlocal deal
        deal = read_deal(registers, deal_id)
        if deal.by != by.user:
            raise Refused(ErrorCode.NOT_FOUND, f"there is no private price {deal_id} of yours")
        if deal.order is not None:
            raise Refused(ErrorCode.CONFLICT, f"the order {deal.order} has accepted it")
        if deal.is_withdrawn:
            return None
        deal = replace(deal, is_withdrawn=True)
        facts = {"private_price": deal_id}
        return change_entry("private_price_withdrawn", by, name, registers[name], deal, facts)

    await ledger.transact([name], compose)
    assert deal is not None  # `compose` has set it
    return view(deal_id, deal)


async def read(ledger: Ledger, reader: Principal, deal_id: str) -> DealView:
    """A private price, for the two it concerns. Raises `Refused` `not_found` to all others."""
    deal = read_deal(Registers(await ledger.read([deal_register(deal_id)])), deal_id)
    if reader.user not in (deal.by, deal.buyer):
        raise Refused(ErrorCode.NOT_FOUND, f"there is no private price {deal_id} of yours")
    return view(deal_id, deal)


def view(deal_id: str, deal: Deal) -> DealView:
    status = "accepted" if deal.order else "withdrawn" if deal.is_withdrawn else "open"
    return DealView(
        private_price=deal_id,
        room=deal.room,
        offer=deal.offer,
        buyer=deal.buyer,
        quantity=deal.quantity,
        price_minor=deal.price_minor,
        carriage_minor=deal.carriage_minor,
        total_minor=deal.quantity * deal.price_minor + deal.carriage_minor,
        currency=deal.currency,
        expires_ms=deal.expires_ms,
        status=status,
    )
