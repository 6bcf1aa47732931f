"""What is on sale in a room: offers, their terms, and the stock behind them.

An offer is sold by the room's host, or by a seller who has let the host sell, directly or through
a broker who found the goods. Prices and windows that change by the clock are told to the room by
the back office when the moment comes; an order is judged by the clock itself.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from livesrv.auth import Principal
from livesrv.ledger.entry import DUE_RANKING, Entry, Leg, Rank, Registers, leg
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
    TimeMs,
    Title,
)

from .parties import require_consent
from .registers import (
    Flash,
    OfferSheet,
    offer_register,
    offers_ranking,
    read_room,
    read_sheet,
    require_host,
    room_register,
    sku,
    stock_account,
    terms_shown,
)
from .shows import show_entry

CLOCK = Principal(user="@clock", name="@clock")
"""Who tells a room what the time has changed."""

STOCK_MAX = 10**9

Stock = Annotated[int, Meta(ge=0, le=STOCK_MAX)]
Limit = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]


class NewOffer(Struct, kw_only=True):
    """The body of `POST /v1/rooms/{room}/offers`.

    `seller`: whose goods they are, when not the host's own; `broker`: who found them.
    """

    offer: Id | None = None
    title: Title
    price_minor: PriceMinor
    currency: Currency
    stock: Stock
    limit_per_buyer: Limit | None = None
    seller: Id | None = None
    broker: Id | None = None
    category: Id | None = None
    opens_ms: TimeMs | None = None
    closes_ms: TimeMs | None = None
    flash: Flash | None = None


class OfferChange(Struct, kw_only=True):
    """The body of `PATCH /v1/rooms/{room}/offers/{offer}`: what is to be otherwise from now on.

    `restock` adds pieces, once a `key`. Null takes a limit, a window's end or a flash price away.
    """

    title: Title | UnsetType = UNSET
    price_minor: PriceMinor | UnsetType = UNSET
    limit_per_buyer: Limit | UnsetType | None = UNSET
    opens_ms: TimeMs | UnsetType | None = UNSET
    closes_ms: TimeMs | UnsetType | None = UNSET
    flash: Flash | UnsetType | None = UNSET
    is_withdrawn: bool | UnsetType = UNSET
    restock: Annotated[int, Meta(ge=1, le=STOCK_MAX)] | UnsetType = UNSET
    key: Id | UnsetType = UNSET


async def put_offer(
    ledger: Ledger, host: Principal, room_id: str, offer_id: str, new: NewOffer, now_ms: int
) -> Offer:
    """Put an offer on sale; the same again answers the same.

    Raises `Refused`: `forbidden`, `not_found` (the room), `not_eligible` without the consent of
    the goods' owner, `conflict` when the id stands for something else, `limit_exceeded` when the
    room is full.
    """
    room_name, name = room_register(room_id), offer_register(room_id, offer_id)
    sheet = _sheet(new)
    last = OFFERS_PER_ROOM_MAX - 1
    is_full = bool(await ledger.top(offers_ranking(room_id), last, last))

    def compose(registers: Registers) -> Entry | None:
        room = read_room(registers[room_name])
        require_host(room, host)
        if registers[name].version > 0:
            if read_sheet(registers[name], offer_id) != sheet:
                raise Refused(ErrorCode.CONFLICT, f"the offer {offer_id} exists with other content")
            return None
        if is_full:
            raise Refused(ErrorCode.LIMIT_EXCEEDED, f"a room has {OFFERS_PER_ROOM_MAX} offers")
        require_consent(registers, room.host.id, sheet.seller, sheet.broker)
        entry = _entry(registers, host, room_id, offer_id, sheet, new.stock, now_ms)
        entry.ranks.append(Rank(offers_ranking(room_id), offer_id, now_ms))
        return entry

    await ledger.transact([room_name, name], compose, likely_absent=[name])
    return (await read_offers(ledger, room_id, [offer_id], now_ms))[0]


async def change_offer(
    ledger: Ledger, by: Principal, room_id: str, offer_id: str, change: OfferChange, now_ms: int
) -> Offer:
    """Change an offer's terms from now on, or add pieces. For the host and the goods' owner.

    Orders placed before keep their price. Raises `Refused`: `forbidden`, `not_found`, `invalid`.
    """
    if (change.restock is UNSET) != (change.key is UNSET):
        raise Refused(ErrorCode.INVALID, "`restock` and `key` belong together: it happens once")
    room_name, name = room_register(room_id), offer_register(room_id, offer_id)
    restock_name = f"restock:{room_id}:{offer_id}:{change.key}"

    def compose(registers: Registers) -> Entry | None:
        room, before = read_room(registers[room_name]), read_sheet(registers[name], offer_id)
        if by.user not in (room.host.id, before.seller):
            raise Refused(ErrorCode.FORBIDDEN, "only the room's host and the seller may do this")
        if change.restock is UNSET:
            sheet = _changed(before, change, 0)
            if sheet == before:
                return None
            return _entry(registers, by, room_id, offer_id, sheet, 0, now_ms)
        if registers[restock_name].version:
            if registers[restock_name].read(int) != change.restock:
                raise Refused(ErrorCode.CONFLICT, f"the key {change.key} was used otherwise")
            return None
        sheet = _changed(before, change, change.restock)
        done = {restock_name: change.restock}
        return _entry(registers, by, room_id, offer_id, sheet, change.restock, now_ms, done)

    await ledger.transact([room_name, name], compose)
    return (await read_offers(ledger, room_id, [offer_id], now_ms))[0]


async def announce_terms(ledger: Ledger, room_id: str, offer_id: str, now_ms: int) -> None:
    """Tell the room what an offer's terms are now that a moment in them has come.

    The moment is part of what is told, so each is told once, whoever looks and however often.
    """
    name = offer_register(room_id, offer_id)

    def compose(registers: Registers) -> Entry | None:
        sheet = read_sheet(registers[name], offer_id)
        come_ms = max((ms for ms in _edges_ms(sheet) if ms <= now_ms), default=0)
        facts = {**_facts(offer_id, sheet, now_ms), "come_ms": come_ms}
        entry = show_entry("offer", room_id, CLOCK, reads=registers, writes={}, facts=facts)
        entry.legs = _stock_in(room_id, offer_id, 0)
        entry.ranks = [_next_edge(room_id, offer_id, sheet, now_ms)]
        return entry

    await ledger.transact([name], compose)


async def list_offers(ledger: Ledger, room_id: str, now_ms: int) -> list[Offer]:
    """Everything on sale in a room, newest first. Raises `Refused` `not_found` for the room."""
    name = room_register(room_id)
    read_room((await ledger.read([name]))[name])
    ranked = await ledger.top(offers_ranking(room_id), 0, OFFERS_PER_ROOM_MAX)
    return await read_offers(ledger, room_id, [offer_id for offer_id, _ in ranked], now_ms)


async def read_offers(
    ledger: Ledger, room_id: str, offer_ids: Iterable[str], now_ms: int
) -> list[Offer]:
    """Offers with what they cost and what is left of them now."""
    ids = list(offer_ids)
    registers = await ledger.read([offer_register(room_id, offer_id) for offer_id in ids])
    stocks = await ledger.balances([(stock_account(room_id, o), sku(room_id, o)) for o in ids])
    return [
        Offer(
            offer=offer_id,
            stock=stock,
            **terms_shown(
                read_sheet(registers[offer_register(room_id, offer_id)], offer_id), now_ms
            ),
        )
        for offer_id, stock in zip(ids, stocks, strict=True)
    ]


def _sheet(new: NewOffer) -> OfferSheet:
    sheet = OfferSheet(
        title=new.title,
        price_minor=new.price_minor,
        currency=new.currency,
        limit_per_buyer=new.limit_per_buyer,
        stocked=new.stock,
        seller=new.seller,
        broker=new.broker,
        category=new.category,
        opens_ms=new.opens_ms,
        closes_ms=new.closes_ms,
        flash=new.flash,
    )
    return _checked(sheet)


def _changed(before: OfferSheet, change: OfferChange, added: int) -> OfferSheet:
    named = {
        name: getattr(change, name)
        for name in ("title", "price_minor", "limit_per_buyer", "opens_ms", "closes_ms", "flash")
        if getattr(change, name) is not UNSET
    }
    if change.is_withdrawn is not UNSET:
        named["is_withdrawn"] = change.is_withdrawn
    stocked = before.stocked + added
    if stocked > STOCK_MAX:
        raise Refused(ErrorCode.LIMIT_EXCEEDED, f"{stocked} pieces in all; at most {STOCK_MAX}")
    return _checked(replace(before, stocked=stocked, **named))


def _checked(sheet: OfferSheet) -> OfferSheet:
    windows = [("closes_ms", sheet.opens_ms, sheet.closes_ms)]
    if sheet.flash is not None:
        windows.append(("flash.until_ms", sheet.flash.from_ms, sheet.flash.until_ms))
    for name, begin_ms, end_ms in windows:
        if begin_ms is not None and end_ms is not None and end_ms <= begin_ms:
            raise Refused(ErrorCode.INVALID, f"{name} is {end_ms}, not after {begin_ms}")
    return sheet


def _entry(
    registers: Registers,
    by: Principal,
    room_id: str,
    offer_id: str,
    sheet: OfferSheet,
    added: int,
    now_ms: int,
    also: Mapping[str, object] | None = None,
) -> Entry:
    """An offer's new terms, with the pieces that come in."""
    return show_entry(
        "offer",
        room_id,
        by,
        reads=registers,
        writes={offer_register(room_id, offer_id): sheet, **(also or {})},
        facts=_facts(offer_id, sheet, now_ms),
        legs=_stock_in(room_id, offer_id, added),
        ranks=[_next_edge(room_id, offer_id, sheet, now_ms)],
    )


def _facts(offer_id: str, sheet: OfferSheet, now_ms: int) -> dict[str, Any]:
    return {"offer": offer_id, "sheet": terms_shown(sheet, now_ms)}


def _stock_in(room_id: str, offer_id: str, added: int) -> list[Leg]:
    """Stock first: the event tells the balance behind the first leg."""
    asset = sku(room_id, offer_id)
    legs = [leg(stock_account(room_id, offer_id), asset, added)]
    return [*legs, leg(f"supplier:{room_id}:{offer_id}", asset, -added)] if added else legs


def _next_edge(room_id: str, offer_id: str, sheet: OfferSheet, now_ms: int) -> Rank:
    """When the clock must look at the offer again, if ever."""
    to_come = [edge_ms for edge_ms in _edges_ms(sheet) if edge_ms > now_ms]
    return Rank(DUE_RANKING, offer_register(room_id, offer_id), min(to_come, default=0))


def _edges_ms(sheet: OfferSheet) -> list[int]:
    """The moments at which the terms change by themselves."""
    edges_ms = [sheet.opens_ms, sheet.closes_ms]
    if sheet.flash is not None:
        edges_ms += [sheet.flash.from_ms, sheet.flash.until_ms]
    return [edge_ms for edge_ms in edges_ms if edge_ms is not None]
