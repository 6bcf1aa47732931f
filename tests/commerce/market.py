"""A market for tests: a real ledger, a clock that a test sets, and what people do there."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import msgspec
import pytest

from livesrv.auth import Principal, Role
from livesrv.commerce import (
    catalog,
    deals,
    gifts,
    joint,
    order_life,
    orders,
    parties,
    payments,
    payouts,
    shows,
    wallets,
)
from livesrv.commerce.clockwork import Clockwork
from livesrv.commerce.order_states import OrderSheet, order_register, read_order_sheet
from livesrv.commerce.parties import NewCard, PartyChange
from livesrv.commerce.terms import Terms
from livesrv.ledger.accountant import Accountant
from livesrv.ledger.audit import audit
from livesrv.ledger.store import Ledger
from livesrv.ledger.tail import Tail
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import Gift, Gifted, Offer, OrderLine, OrderRequest

from .terms import NOW_MS, terms

OPS = Principal("olga", "Olga", frozenset({"ops"}))
_numbers = itertools.count(1)


def person(user: str, *roles: Role) -> Principal:
    if user == OPS.user:
        return OPS
    return Principal(user, user.title(), frozenset(roles or ("viewer", "host")))


@contextmanager
def refused(code: ErrorCode, *, saying: str = "") -> Iterator[None]:
    """What is done inside must be refused with this code, and these words."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.code is code, caught.value
    assert saying in caught.value.message


class Market:
    """One worker's and the back office's way to the books. Whoever acts is named by user id."""

    def __init__(self, ledger: Ledger, chosen: Terms | None = None) -> None:
        self.ledger = ledger
        self.terms = chosen or terms()
        self.now_ms = NOW_MS
        self.prices: dict[tuple[str, str], int] = {}

    def fresh(self, word: str) -> str:
        return f"{word}{next(_numbers)}"

    # --- on sale

    async def room(self, room: str = "r", host: str = "mei") -> None:
        """A show that has begun."""
        await shows.create(self.ledger, person(host), room, shows.NewRoom(title="t"))
        await shows.start(self.ledger, person(host), room, self.now_ms)

    async def offer(
        self, offer: str = "peach", *, room: str = "r", by: str = "mei", **fields: Any
    ) -> Offer:
        """An offer of 10 pieces at 1000 CNY cents, unless the fields say otherwise."""
        new = catalog.NewOffer(
            **{"title": offer, "price_minor": 1000, "currency": "CNY", "stock": 10, **fields}
        )
        self.prices[room, offer] = new.price_minor
        return await catalog.put_offer(self.ledger, person(by), room, offer, new, self.now_ms)

    async def change(
        self, offer: str = "peach", *, room: str = "r", by: str = "mei", **fields: Any
    ) -> Offer:
        change = catalog.OfferChange(**fields)
        return await catalog.change_offer(self.ledger, person(by), room, offer, change, self.now_ms)

    async def shown(self, offer: str = "peach", room: str = "r") -> Offer:
        return (await catalog.read_offers(self.ledger, room, [offer], self.now_ms))[0]

    async def consent(self, owner: str, seller: str, *, is_allowed: bool = True) -> None:
        await parties.let_sell(self.ledger, person(owner), seller, is_allowed=is_allowed)

    async def deal(
        self, deal: str = "d", *, by: str = "mei", room: str = "r", **fields: Any
    ) -> deals.DealView:
        """A private price: 3 peaches at 700 for lan, for an hour."""
        new = deals.NewDeal(
            **{
                "offer": "peach",
                "buyer": "lan",
                "quantity": 3,
                "price_minor": 700,
                "expires_ms": self.now_ms + 3_600_000,
                **fields,
            }
        )
        return await deals.make(self.ledger, person(by), room, deal, new, self.now_ms)

    # --- agreements

    async def card(self, scope: str, subject: str | None = None, **rates_bps: int) -> int:
        """Put a card in force; returns its version. An offer's subject is `ROOM/OFFER`."""
        room, _, offer = (subject or "").partition("/")
        fields = {"subject": offer, "room": room} if offer else {"subject": subject}
        new = msgspec.convert({"scope": scope, "rates_bps": rates_bps, **fields}, NewCard)
        return (await parties.set_card(self.ledger, OPS, new)).version

    async def party(self, user: str, **change: Any) -> None:
        await parties.set_party(self.ledger, OPS, user, PartyChange(**change))

    async def contract(self, user: str, from_ms: int, until_ms: int | None = None) -> None:
        new = parties.NewContract(reference="c", from_ms=from_ms, until_ms=until_ms)
        await parties.sign_contract(self.ledger, OPS, user, new)

    async def propose(self, host: str = "mei", room: str = "r", **shares: int) -> joint.JointSale:
        new = joint.NewJointSale(shares_bps=shares)
        return await joint.propose(self.ledger, person(host), room, new)

    async def agree(self, user: str, number: int, room: str = "r") -> joint.JointSale:
        return await joint.agree(self.ledger, person(user), room, number)

    # --- money

    async def fund(self, user: str, amount: int, currency: str = "CNY") -> None:
        await wallets.topup(
            self.ledger, user=user, amount_minor=amount, currency=currency, key=self.fresh("t")
        )

    async def give(self, user: str, count: int, *, room: str = "r", gift: str = "rose") -> Gifted:
        command = Gift(id=1, room=room, gift=gift, key=self.fresh("g"), count=count)
        return await gifts.give(
            self.ledger, person(user), command, terms=self.terms, now_ms=self.now_ms
        )

    async def pay_out(
        self, party: str, amount: int, currency: str = "CNY", **fields: Any
    ) -> payouts.PaidOut:
        key = fields.pop("key", None) or self.fresh("out")
        new = payouts.NewPayout(amount_minor=amount, currency=currency, **fields)
        return await payouts.pay_out(
            self.ledger,
            party,
            key,
            new,
            tax_bps=self.terms.payout_tax_bps,
            now_ms=self.now_ms,
        )

    async def balance(self, account: str, asset: str = "CNY") -> int:
        return (await self.ledger.balances([(account, asset)]))[0]

    async def earned(self, *users: str, asset: str = "CNY", of: str = "pending") -> list[int]:
        return await self.ledger.balances([(f"{of}:{user}", asset) for user in users])

    async def stock(self, offer: str = "peach", room: str = "r") -> int:
        return await self.balance(f"stock:{room}:{offer}", f"SKU:{room}:{offer}")

    # --- orders

    async def buy(
        self,
        buyer: str = "lan",
        *lines: tuple[str, int],
        room: str = "r",
        total: int | None = None,
        **fields: Any,
    ) -> orders.Placed:
        """Order one peach, unless the lines say otherwise, at the prices first asked."""
        chosen = lines or (("peach", 1),)
        if total is None:
            total = sum(self.prices[room, offer] * quantity for offer, quantity in chosen)
        request = OrderRequest(
            **{
                "key": self.fresh("k"),
                "lines": [OrderLine(*line) for line in chosen],
                "total_minor": total,
                "currency": "CNY",
                **fields,
            }
        )
        return await orders.place(
            self.ledger, person(buyer), room, request, terms=self.terms, now_ms=self.now_ms
        )

    async def hold(self, buyer: str = "lan", *lines: tuple[str, int], **fields: Any) -> str:
        """Place an order to be paid at the provider; its id."""
        return (await self.buy(buyer, *lines, payment="pay", **fields)).order

    async def paid(self, order: str, payment: str = "p", **other: Any) -> payments.Taken:
        """The provider says that an order was paid, in full unless told otherwise."""
        return await self.told("paid", order, payment, **other)

    async def failed(self, order: str, payment: str = "p") -> payments.Taken:
        return await self.told("failed", order, payment)

    async def told(
        self, type: Literal["paid", "failed"], order: str, payment: str = "p", **other: Any
    ) -> payments.Taken:
        if "amount_minor" not in other:
            other["amount_minor"] = (await self.order(order)).total_minor
        event = payments.PaymentEvent(
            type=type, order=order, payment=payment, **{"currency": "CNY", **other}
        )
        return await payments.take(self.ledger, "pay", event, self.now_ms)

    async def order(self, order: str) -> OrderSheet:
        name = order_register(order)
        return read_order_sheet((await self.ledger.read([name]))[name])

    async def status(self, order: str) -> str:
        return (await self.order(order)).status

    async def ship(self, order: str, by: str = "mei", **parcel: str) -> OrderSheet:
        return await order_life.ship(
            self.ledger,
            person(by),
            order,
            order_life.Parcel(**parcel),
            terms=self.terms,
            now_ms=self.now_ms,
        )

    async def deliver(self, order: str, by: str = "mei") -> OrderSheet:
        return await order_life.deliver(
            self.ledger, person(by), order, terms=self.terms, now_ms=self.now_ms
        )

    async def cancel(self, order: str, by: str = "mei") -> OrderSheet:
        return await order_life.cancel(self.ledger, person(by), order, now_ms=self.now_ms)

    async def refund(
        self, order: str, amount: int | None = None, *, by: str = "mei", key: str | None = None
    ) -> order_life.Refunded:
        return await order_life.refund(
            self.ledger,
            person(by),
            order,
            key or self.fresh("f"),
            order_life.NewRefund(amount_minor=amount),
            now_ms=self.now_ms,
        )

    # --- the back office

    def clockwork(self) -> Clockwork:
        return Clockwork(self.ledger, self.terms, lambda: self.now_ms)

    def accountant(self) -> Accountant:
        tail = Tail(self.ledger.store)
        return Accountant(self.ledger, tail, self.terms.gift_window_ms, lambda: self.now_ms)

    async def settle(self) -> None:
        """Post the commission on everything."""
        while await self.accountant().settle():
            pass

    async def pass_ms(self, ms: int) -> None:
        """Let time pass, and do what is due then."""
        self.now_ms += ms
        clock = self.clockwork()
        for _ in range(20):
            if not await clock.look():
                return
        raise AssertionError("the clock does not come to rest")

    async def through_life(self, order: str) -> None:
        """Ship a paid order, deliver it, and let its return window pass."""
        await self.ship(order)
        await self.deliver(order)
        await self.pass_ms(self.terms.return_window_ms)

    async def breaches(self) -> Sequence[str]:
        return (await audit(self.ledger.store)).breaches
