"""Order -> entry: one entry moves the buyer's money, the stock and the buyer's quota, or nothing.

A key that was refused for the order's own sake stays refused; the refusal is recorded under the
same id as the order would be, so whichever was first answers every repeat. An order that is paid
elsewhere is held: its pieces leave the stock until its money has come or its time is over.
"""

from hashlib import blake2b
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from livesrv.auth import Principal
from livesrv.ledger.entry import (
    ORDERS_UNSETTLED,
    Entry,
    Leg,
    Registers,
    Write,
    class_of,
    fingerprint,
    leg,
)
from livesrv.ledger.store import Ledger, Outcome, Status
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import OrderRequest

from .basket import Basket, fill
from .deals import Deal, deal_register, read_deal, require_acceptable
from .keys import forget_at_ms
from .once import transact_once
from .order_life import expire_overdue
from .order_states import (
    OrderLineSheet,
    OrderSheet,
    hold_legs,
    holds_ranking,
    order_register,
    quota_legs,
    ranks,
)
from .parties import CARDS_REGISTER
from .providers import Provider
from .registers import (
    Room,
    held_account,
    moderation_register,
    offer_register,
    read_moderation,
    read_room,
    require_live,
    require_not_banned,
    room_register,
    sku,
    sold_account,
    stock_account,
)
from .terms import Terms

RECORDED = {
    ErrorCode.NOT_FOUND,
    ErrorCode.NOT_LIVE,
    ErrorCode.NOT_ELIGIBLE,
    ErrorCode.PRICE_CHANGED,
    ErrorCode.LIMIT_EXCEEDED,
}
"""Refusals that we, not the ledger's floors, decide and that a key keeps."""
FLOOR_CODES = {
    "wallet": (ErrorCode.INSUFFICIENT_FUNDS, "the wallet does not hold enough"),
    "stock": (ErrorCode.SOLD_OUT, "fewer pieces are left than you ask for"),
    "quota": (ErrorCode.LIMIT_EXCEEDED, "this is more than one buyer may have"),
    "holding": (ErrorCode.LIMIT_EXCEEDED, "too many of your orders wait for their payment"),
    "followers": (ErrorCode.NOT_ELIGIBLE, "the host has too few followers to sell these goods"),
}


class Placed(Struct, kw_only=True):
    """What came of an order, for either door. When held, to be paid at `pay_url` until `due_ms`."""

    order: str
    status: str
    total_minor: int
    currency: str
    balance_minor: int
    duplicate: bool
    pay_url: str | UnsetType = UNSET
    due_ms: int | UnsetType = UNSET


def order_id_of(buyer: str, key: str) -> str:
    """An order's id follows from its buyer and key, so a repeat cannot get another one."""
    return "o" + blake2b(f"{buyer}:{key}".encode(), digest_size=12).hexdigest()


async def place(
    ledger: Ledger,
    buyer: Principal,
    room_id: str,
    request: OrderRequest,
    *,
    terms: Terms,
    now_ms: int,
) -> Placed:
    """Place an order, paid from the wallet or held until it is paid; on disk when this returns.

    Raises `Refused`: `not_found`, `not_live`, `banned`, `not_eligible`, `price_changed`,
    `sold_out`, `insufficient_funds`, `limit_exceeded`, `conflict`, `too_old`, `invalid`.
    """
    provider = terms.providers.get(request.payment)
    if provider is None:
        known = ", ".join(sorted(terms.providers))
        raise Refused(ErrorCode.INVALID, f"unknown payment {request.payment}; here are {known}")
    if request.promoter == buyer.user:
        raise Refused(
            ErrorCode.INVALID, "promoter is who brought the buyer; it cannot be the buyer"
        )
    blank = Entry(
        id=f"order:{buyer.user}:{request.key}",
        fingerprint=fingerprint([room_id, request]),
        kind="order" if provider.hold_ms is None else "hold",
        unrecorded="stock" if len(terms.providers) > 1 else "",
        forget_at_ms=forget_at_ms(request.made_at_ms, now_ms, terms.key_window_h),
    )
    order_id = order_id_of(buyer.user, request.key)
    draft = _Draft(blank, order_id, buyer, room_id, request, terms, provider, now_ms)
    outcome = await draft.post(ledger)
    if outcome.status is Status.SHORT:
        # Before sold out is final, pieces held for those whose time to pay is over become free.
        for line in request.lines:
            ranking = holds_ranking(room_id, line.offer)
            await expire_overdue(ledger, ranking, terms=terms, now_ms=now_ms)
        outcome = await draft._replace(blank=replace(blank, unrecorded="")).post(ledger)
    return await _placed(ledger, outcome, draft)


class _Draft(NamedTuple):
    """An order on its way to an entry: composed from the room and the offers as they stand."""

    blank: Entry
    id: str
    buyer: Principal
    room: str
    request: OrderRequest
    terms: Terms
    provider: Provider
    now_ms: int

    async def post(self, ledger: Ledger) -> Outcome:
        offers = {line.offer: offer_register(self.room, line.offer) for line in self.request.lines}
        names = [room_register(self.room), moderation_register(self.room), CARDS_REGISTER]
        return await transact_once(
            ledger, self.blank, [*names, *offers.values()], self.compose, recorded=RECORDED
        )

    def compose(self, registers: Registers) -> Entry:
        room = read_room(registers[room_register(self.room)])
        require_live(room)
        moderation = read_moderation(registers[moderation_register(self.room)])
        require_not_banned(moderation, self.buyer.user, self.now_ms)
        deal = self._deal(registers)
        basket = fill(registers, self.room, room, self.request, deal, self.terms, self.now_ms)
        order = self._order(room, basket)
        return replace(
            self.blank,
            room=self.room,
            legs=[*self._legs(order, basket), *basket.gates],
            reads=[(name, register.version) for name, register in registers.items()],
            writes=self._writes(order, deal),
            ranks=ranks(None, order),
            facts=self._facts(order, basket, room),
        )

    def _deal(self, registers: Registers) -> Deal | None:
        if self.request.private_price is None:
            return None
        deal = read_deal(registers, self.request.private_price)
        require_acceptable(deal, self.room, self.buyer.user, self.request, self.id, self.now_ms)
        return deal

    def _order(self, room: Room, basket: Basket) -> OrderSheet:
        hold_ms = self.provider.hold_ms
        return OrderSheet(
            order=self.id,
            room=self.room,
            buyer=self.buyer.user,
            host=room.host.id,
            seller=basket.seller,
            status="paid" if hold_ms is None else "held",
            lines=tuple(
                OrderLineSheet(each.offer, each.quantity, each.price_minor, each.is_limited)
                for each in basket.goods
            ),
            total_minor=self.request.total_minor,
            currency=self.request.currency,
            at_ms=self.now_ms,
            portions=basket.portions,
            name="" if hold_ms is None else self.buyer.name,
            show_ms=0 if hold_ms is None else room.began_ms,
            provider=self.provider.name,
            due_ms=None if hold_ms is None else self.now_ms + hold_ms,
        )

    def _legs(self, order: OrderSheet, basket: Basket) -> list[Leg]:
        """The wallet first, whoever pays: its balance is in the answer."""
        is_paid = order.status == "paid"
        total, currency = order.total_minor if is_paid else 0, order.currency
        legs = [leg(f"wallet:{order.buyer}", currency, -total)]
        if is_paid:
            legs.append(leg(ORDERS_UNSETTLED, currency, total))
        else:
            legs += hold_legs(order, 1, floor=-self.terms.holds_per_buyer_max)
        for offer, quantity, _, sheet, is_limited in basket.goods:
            asset = sku(order.room, offer)
            to = sold_account(order.room, offer) if is_paid else held_account(order.order)
            legs.append(leg(stock_account(order.room, offer), asset, -quantity))
            legs.append(leg(to, asset, quantity))
            if is_limited:
                assert sheet.limit_per_buyer is not None  # that is what limited means
                legs += quota_legs(order, offer, quantity, floor=-sheet.limit_per_buyer)
        return legs

    def _writes(self, order: OrderSheet, deal: Deal | None) -> list[Write]:
        writes = [_write(order_register(order.order), order)]
        if deal is not None and self.request.private_price is not None:
            name = deal_register(self.request.private_price)
            writes.append(_write(name, replace(deal, order=order.order)))
        return writes

    def _facts(self, order: OrderSheet, basket: Basket, room: Room) -> dict[str, object]:
        facts: dict[str, object] = {
            "user": self.buyer.as_user(),
            "order": order.order,
            "status": order.status,
            "lines": [[line.offer, line.quantity] for line in order.lines],
            "cards": basket.cards,
        }
        if order.status == "paid":
            facts |= {"due": order.due, "show": [order.host, room.began_ms]}
        return facts


def _write(name: str, document: Struct) -> Write:
    return Write(name, msgspec.json.encode(document).decode())


async def _placed(ledger: Ledger, outcome: Outcome, draft: _Draft) -> Placed:
    if outcome.status is Status.REFUSED:
        raise refusal_of(outcome.why)
    request, hold_ms = draft.request, draft.provider.hold_ms
    placed = Placed(
        order=draft.id,
        status="paid" if hold_ms is None else "held",
        total_minor=request.total_minor,
        currency=request.currency,
        balance_minor=outcome.after[0],
        duplicate=outcome.is_repeat,
    )
    if hold_ms is not None:
        name = order_register(draft.id)
        order = (await ledger.read([name]))[name].read(OrderSheet)
        placed.status, placed.due_ms = "held", order.due_ms or UNSET
        placed.pay_url = pay_url(draft.provider, order) or UNSET
    return placed


def pay_url(provider: Provider, order: OrderSheet) -> str | None:
    """Where a held order is paid; None when it is no longer held."""
    if order.status != "held" or order.due_ms is None:
        return None
    return provider.pay_url(order.order, order.total_minor, order.currency, order.due_ms)


def refusal_of(why: str) -> Refused:
    """The refusal that a recorded reason stands for."""
    word, _, rest = why.partition(" ")
    if word == "code":
        return Refused(ErrorCode(rest), "this key was refused before; make a new one to try again")
    if word == "floor":
        return Refused(*FLOOR_CODES[class_of(rest)])
    return Refused(ErrorCode.INVALID, "the amount is out of range")
