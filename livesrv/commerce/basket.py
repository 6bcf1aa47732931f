"""What an order is made of: the goods, what they cost now, and who earns from them. Pure.

Everything is taken from the registers as they stand, so an order that was composed over stale ones
is never accepted, and a changed price is found out here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from livesrv.ledger.entry import Leg, Registers, leg
from livesrv.ledger.split import Portion
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import AMOUNT_MAX, OrderRequest

from .cards import Card, choose, order_shares
from .deals import Deal
from .parties import (
    CARDS_REGISTER,
    Party,
    party_register,
    read_cards,
    read_party,
    require_consent,
)
from .registers import (
    FOLLOWER,
    OfferSheet,
    Room,
    followers_account,
    offer_register,
    read_sheet,
)
from .terms import Terms


class Goods(NamedTuple):
    """Pieces of one offer, and what each costs. `is_limited`: the buyer has a quota of them."""

    offer: str
    quantity: int
    price_minor: int
    sheet: OfferSheet
    is_limited: bool


class Basket(NamedTuple):
    """The goods of an order; all are of one seller and in one currency.

    `cards` says which rate card each portion is under, as `SCOPE:SUBJECT vVERSION`. `gates` are
    legs that move nothing and hold the order back where a condition is not met.
    """

    goods: Sequence[Goods]
    seller: str
    portions: tuple[Portion, ...]
    cards: tuple[str, ...]
    gates: Sequence[Leg]


def fill(
    registers: Registers,
    room_id: str,
    room: Room,
    request: OrderRequest,
    deal: Deal | None,
    terms: Terms,
    now_ms: int,
) -> Basket:
    """Take the goods of a request from the room's offers.

    Raises `Refused`: `not_found`, `not_eligible`, `price_changed`, `limit_exceeded`, `invalid`.
    """
    demand: dict[str, int] = {}
    for line in request.lines:
        demand[line.offer] = demand.get(line.offer, 0) + line.quantity
    goods = [_goods(registers, room_id, *each, deal, now_ms) for each in demand.items()]
    carriage_minor = deal.carriage_minor if deal else 0
    _check_total(request, goods, carriage_minor)
    seller, sheet = _one_seller(goods, room), goods[0].sheet
    require_consent(registers, room.host.id, sheet.seller, sheet.broker)
    party = read_party(registers[party_register(seller)])
    portions = _portions(registers, room, goods, seller, party, request.promoter, terms)
    first, *others = portions.values()
    first = Portion(first.gross + carriage_minor, first.card, carriage_minor)
    gates = _gates(party, seller, room, terms, now_ms)
    return Basket(goods, seller, (first, *others), tuple(portions), gates)


def _goods(
    registers: Registers, room_id: str, offer: str, quantity: int, deal: Deal | None, now_ms: int
) -> Goods:
    sheet = read_sheet(registers[offer_register(room_id, offer)], offer)
    _require_on_sale(offer, sheet, now_ms)
    if deal is not None:
        return Goods(offer, quantity, deal.price_minor, sheet, is_limited=False)
    limit = sheet.limit_per_buyer
    if limit is not None and quantity > limit:
        raise Refused(ErrorCode.LIMIT_EXCEEDED, f"one buyer may have {limit} of {offer}")
    return Goods(offer, quantity, sheet.price_at(now_ms), sheet, limit is not None)


def _require_on_sale(offer: str, sheet: OfferSheet, now_ms: int) -> None:
    if sheet.is_withdrawn:
        raise Refused(ErrorCode.NOT_ELIGIBLE, f"{offer} was taken off sale")
    if sheet.opens_ms is not None and now_ms < sheet.opens_ms:
        wait_ms = sheet.opens_ms - now_ms
        raise Refused(ErrorCode.NOT_ELIGIBLE, f"{offer} goes on sale in {wait_ms} ms", wait_ms)
    if sheet.closes_ms is not None and now_ms >= sheet.closes_ms:
        raise Refused(ErrorCode.NOT_ELIGIBLE, f"the sale of {offer} has ended")


def _check_total(request: OrderRequest, goods: Sequence[Goods], carriage_minor: int) -> None:
    currencies = {each.sheet.currency for each in goods}
    if len(currencies) > 1:
        raise Refused(ErrorCode.INVALID, f"one order, one currency; these are {sorted(currencies)}")
    total = carriage_minor + sum(each.price_minor * each.quantity for each in goods)
    if total > AMOUNT_MAX:
        raise Refused(ErrorCode.INVALID, f"the total {total} is over the limit {AMOUNT_MAX}")
    if (total, {request.currency}) != (request.total_minor, currencies):
        now = f"{total} {currencies.pop()}"
        seen = f"{request.total_minor} {request.currency}"
        raise Refused(ErrorCode.PRICE_CHANGED, f"the total is {now} now, you saw {seen}")


def _one_seller(goods: Sequence[Goods], room: Room) -> str:
    pairs = {(each.sheet.seller or room.host.id, each.sheet.broker) for each in goods}
    if len(pairs) > 1:
        raise Refused(ErrorCode.INVALID, "one order, one seller and one broker; order them apart")
    return pairs.pop()[0]


def _portions(
    registers: Registers,
    room: Room,
    goods: Sequence[Goods],
    seller: str,
    party: Party,
    promoter: str | None,
    terms: Terms,
) -> dict[str, Portion]:
    """What of the order's money is under which card."""
    host = read_party(registers[party_register(room.host.id)])
    cards = read_cards(registers[CARDS_REGISTER])
    roles = {
        "host": room.host.id,
        "broker": goods[0].sheet.broker,
        "agency": host.agency,
        "promoter": promoter,
    }
    gross: dict[str, int] = {}
    chosen: dict[str, Card] = {}
    for each in goods:
        category = each.sheet.category or ""
        card, name = choose(
            [
                ("offer", each.offer, each.sheet.card),
                ("seller", seller, party.seller_card),
                ("host", room.host.id, host.host_card),
                ("category", category, cards.categories.get(category)),
                ("default", "", cards.order or terms.order_card),
            ]
        )
        gross[name] = gross.get(name, 0) + each.price_minor * each.quantity
        chosen[name] = card
    return {
        name: Portion(gross[name], order_shares(card, roles, seller, room.shares_bps))
        for name, card in chosen.items()
    }


def _gates(party: Party, seller: str, room: Room, terms: Terms, now_ms: int) -> list[Leg]:
    """A manufacturer's goods are for hosts with a following, under a contract with the platform."""
    if not party.is_manufacturer:
        return []
    if party.contract is None or not party.contract.holds_at(now_ms):
        raise Refused(ErrorCode.NOT_ELIGIBLE, f"{seller} has no contract with the platform now")
    account, least = followers_account(room.host.id), terms.quick_order_followers_min
    return [leg(account, FOLLOWER, 0, floor=least)]
