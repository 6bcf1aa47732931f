"""What is on sale in a room: offers, and the stock behind them."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from livesrv.auth import Principal
from livesrv.ledger.entry import Entry, Rank, Register, leg
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import (
    OFFERS_PER_ROOM_MAX,
    QUANTITY_MAX,
    Currency,
    Id,
    Offer,
    PriceMinor,
    Title,
)

from .registers import (
    OfferSheet,
    offer_register,
    offers_ranking,
    read_room,
    read_sheet,
    room_register,
    sku,
    stock_account,
)
from .shows import require_host, show_entry

STOCK_MAX = 10**9


class NewOffer(Struct, kw_only=True):
    """The body of `POST /v1/rooms/{room}/offers`."""

    offer: Id | None = None
    title: Title
    price_minor: PriceMinor
    currency: Currency
    stock: Annotated[int, Meta(ge=0, le=STOCK_MAX)]
    limit_per_buyer: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)] | None = None


async def put_offer(
    ledger: Ledger, host: Principal, room_id: str, offer_id: str, new: NewOffer, now_ms: int
) -> Offer:
    """Put an offer on sale; the same again answers the same.

    Raises `Refused`: `forbidden`, `not_found` (the room), `conflict` when the id stands for
    something else, `limit_exceeded` when the room is full.
    """
    room_name, name = room_register(room_id), offer_register(room_id, offer_id)
    sheet = OfferSheet(
        title=new.title,
        price_minor=new.price_minor,
        currency=new.currency,
        limit_per_buyer=new.limit_per_buyer,
        stocked=new.stock,
    )
    last = OFFERS_PER_ROOM_MAX - 1
    is_full = bool(await ledger.top(offers_ranking(room_id), last, last))

    def compose(registers: dict[str, Register]) -> Entry | None:
        require_host(read_room(registers[room_name]), host)
        register = registers[name]
        if register.version > 0:
            if read_sheet(register, offer_id) != sheet:
                raise Refused(ErrorCode.CONFLICT, f"the offer {offer_id} exists with other content")
            return None
        if is_full:
            raise Refused(ErrorCode.LIMIT_EXCEEDED, f"a room has {OFFERS_PER_ROOM_MAX} offers")
        asset = sku(room_id, offer_id)
        return show_entry(
            "offer",
            room_id,
            host,
            reads={name: register},
            writes={name: sheet},
            facts={"offer": offer_id, "sheet": msgspec.to_builtins(sheet)},
            legs=[
                leg(stock_account(room_id, offer_id), asset, new.stock),
                leg(f"supplier:{room_id}:{offer_id}", asset, -new.stock),
            ],
            ranks=[Rank(offers_ranking(room_id), offer_id, now_ms)],
        )

    await ledger.transact([room_name, name], compose, likely_absent=[name])
    return (await read_offers(ledger, room_id, [offer_id]))[0]


async def list_offers(ledger: Ledger, room_id: str) -> list[Offer]:
    """Everything on sale in a room, newest first. Raises `Refused` `not_found` for the room."""
    name = room_register(room_id)
    read_room((await ledger.read([name]))[name])
    ranked = await ledger.top(offers_ranking(room_id), 0, OFFERS_PER_ROOM_MAX)
    return await read_offers(ledger, room_id, [offer_id for offer_id, _ in ranked])


async def read_offers(ledger: Ledger, room_id: str, offer_ids: Iterable[str]) -> list[Offer]:
    """Offers with what is left of them now."""
    ids = list(offer_ids)
    registers = await ledger.read([offer_register(room_id, offer_id) for offer_id in ids])
    stocks = await ledger.balances([(stock_account(room_id, o), sku(room_id, o)) for o in ids])
    return [
        offer_of(
            offer_id, read_sheet(registers[offer_register(room_id, offer_id)], offer_id), stock
        )
        for offer_id, stock in zip(ids, stocks, strict=True)
    ]


def offer_of(offer_id: str, sheet: OfferSheet, stock: int) -> Offer:
    return Offer(
        offer=offer_id,
        title=sheet.title,
        price_minor=sheet.price_minor,
        currency=sheet.currency,
        stock=stock,
        limit_per_buyer=sheet.limit_per_buyer,
    )
