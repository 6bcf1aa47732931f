"""What a payment provider tells us, and what it is to send back.

Each payment is taken once, whatever its webhooks do: repeated they find the payment noted, late
they find the order expired, out of order they find it paid. Money that fits no order that waits for
it is sent back; its return has an id that follows from the payment, so it cannot be sent twice.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from livesrv.ledger.entry import (
    ORDERS_UNSETTLED,
    Entry,
    Leg,
    Rank,
    Registers,
    Write,
    fingerprint,
    leg,
)
from livesrv.ledger.store import Ledger, Outcome, Status
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import AMOUNT_MAX, Currency, Id, User

from .order_life import Change, entry_of, expired, require_posted
from .order_states import OrderSheet, hold_legs, moved, order_register, quota_legs, read_order_sheet
from .providers import (
    RETURNS_RANKING,
    Return,
    clearing_account,
    owe_return,
    return_register,
    returns_account,
)
from .registers import held_account, sku, sold_account, stock_account

RETRY_MIN_MS, RETRY_MAX_MS = 2_000, 3_600_000
"""Pauses between attempts to have a provider send money back; each is twice the one before."""
QUOTA_FLOOR = -(10**9)
"""A late payment takes again what the order had: its quota was judged when it was placed."""


class PaymentEvent(Struct, kw_only=True):
    """The body of a webhook. `payment` is the provider's own name for the money."""

    type: Literal["paid", "failed"]
    order: Id
    payment: Id
    amount_minor: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    currency: Currency


class PaymentSheet(Struct, frozen=True):
    """The register `payment:PROVIDER:PAYMENT`: money that came in, and whether it was sent back."""

    order: str
    amount_minor: int
    currency: str
    is_returned: bool


class Taken(Struct):
    """What a webhook has led to: the order's status, and whether the money is sent back."""

    order: str
    status: str
    returned: bool


async def take(ledger: Ledger, provider: str, event: PaymentEvent, now_ms: int) -> Taken:
    """Take what a provider says about a payment; saying it again changes nothing.

    Raises `Refused`: `not_found` for an order that is not this provider's, `conflict` for a
    payment that was told with other content before.
    """
    if event.type == "failed":
        return await _failed(ledger, provider, event)
    taking = _Taking(provider, event, now_ms)
    names = [order_register(event.order), taking.name]
    outcome = await ledger.transact(names, taking.compose, likely_absent=[taking.name])
    if outcome is not None and outcome.status is Status.SHORT:
        taking.is_sold_out = True
        outcome = await ledger.transact(names, taking.compose)
    return await _taken(ledger, taking, outcome)


async def _taken(ledger: Ledger, taking: "_Taking", outcome: Outcome | None) -> Taken:
    require_posted(outcome)
    event = taking.event
    if outcome is not None and outcome.status is Status.CONFLICT:
        raise _told_otherwise(event)
    registers = await ledger.read([order_register(event.order), taking.name])
    order = registers[order_register(event.order)].read(OrderSheet)
    return Taken(event.order, order.status, registers[taking.name].read(PaymentSheet).is_returned)


class _Taking:
    """A payment on its way into the books. `is_sold_out`: its pieces could not be had again."""

    def __init__(self, provider: str, event: PaymentEvent, now_ms: int) -> None:
        self.provider = provider
        self.event = event
        self.now_ms = now_ms
        self.name = f"payment:{provider}:{event.payment}"
        self.is_sold_out = False

    def compose(self, registers: Registers) -> Entry | None:
        event = self.event
        sheet = _order_of(registers, self.provider, event)
        told = (event.order, event.amount_minor, event.currency)
        if registers[self.name].version:
            noted = registers[self.name].read(PaymentSheet)
            if (noted.order, noted.amount_minor, noted.currency) != told:
                raise _told_otherwise(event)
            return None
        fits = (event.amount_minor, event.currency) == (sheet.total_minor, sheet.currency)
        if fits and sheet.status in ("held", "expired") and not self.is_sold_out:
            return self._paid(registers, sheet)
        return self._returned(registers[self.name].version)

    def _paid(self, registers: Registers, sheet: OrderSheet) -> Entry:
        status, payment = moved(sheet, "pay"), self.event.payment
        paid = replace(sheet, status=status, payment=payment, due_ms=None, name="", show_ms=0)
        clearing = clearing_account(self.provider)
        change = Change(
            kind="pay",
            sheet=paid,
            legs=[
                leg(clearing, sheet.currency, -sheet.total_minor),
                leg(ORDERS_UNSETTLED, sheet.currency, sheet.total_minor),
                *_pieces(sheet),
            ],
            facts={
                "user": User(sheet.buyer, sheet.name or sheet.buyer),
                "payment": self.event.payment,
                "due": paid.due,
                **({"show": [sheet.host, sheet.show_ms]} if sheet.show_ms else {}),
            },
            reads=[(self.name, 0)],
            writes=[self._noted(is_returned=False)],
            is_told_room=True,
        )
        return replace(entry_of(registers, self.provider, sheet, change), unrecorded="stock")

    def _returned(self, version: int) -> Entry:
        event = self.event
        return_id = f"{event.order}:payment:{event.payment}"
        owed = Return(
            provider=self.provider,
            order=event.order,
            payment=event.payment,
            amount_minor=event.amount_minor,
            currency=event.currency,
        )
        writes, ranks = owe_return(return_id, owed, self.now_ms)
        identity = f"unwanted:{self.provider}:{event.payment}"
        return Entry(
            id=identity,
            fingerprint=fingerprint([identity, owed]),
            kind="unwanted_payment",
            legs=_through(self.provider, event.currency, event.amount_minor),
            reads=[(self.name, version)],
            writes=[self._noted(is_returned=True), *writes],
            ranks=ranks,
            facts={"payment": event.payment, "for": event.order, "return": return_id},
        )

    def _noted(self, *, is_returned: bool) -> Write:
        event = self.event
        sheet = PaymentSheet(event.order, event.amount_minor, event.currency, is_returned)
        return Write(self.name, msgspec.json.encode(sheet).decode())


def _pieces(sheet: OrderSheet) -> list[Leg]:
    """What is held becomes sold; after the hold has ended, the stock is asked again."""
    legs = hold_legs(sheet, -1) if sheet.status == "held" else []
    for line in sheet.lines:
        asset, stock = sku(sheet.room, line.offer), stock_account(sheet.room, line.offer)
        if sheet.status == "held":
            legs.append(leg(held_account(sheet.order), asset, -line.quantity))
            legs.append(leg(stock, asset, 0))
        else:
            legs.append(leg(stock, asset, -line.quantity))
            if line.is_limited:
                legs += quota_legs(sheet, line.offer, line.quantity, floor=QUOTA_FLOOR)
        legs.append(leg(sold_account(sheet.room, line.offer), asset, line.quantity))
    return legs


def _through(provider: str, currency: str, amount: int) -> list[Leg]:
    """Money that came in with a provider and is to go back out through it."""
    return [
        leg(clearing_account(provider), currency, -amount),
        leg(returns_account(provider), currency, amount),
    ]


def _told_otherwise(event: PaymentEvent) -> Refused:
    return Refused(ErrorCode.CONFLICT, f"the payment {event.payment} was told otherwise")


def _order_of(registers: Registers, provider: str, event: PaymentEvent) -> OrderSheet:
    sheet = read_order_sheet(registers[order_register(event.order)])
    if sheet.provider != provider:
        raise Refused(ErrorCode.NOT_FOUND, f"{provider} has no order {event.order}")
    return sheet


async def _failed(ledger: Ledger, provider: str, event: PaymentEvent) -> Taken:
    """The hold ends at once; a payment that comes after all is a late one."""
    name = order_register(event.order)
    status = ""

    def compose(registers: Registers) -> Entry | None:
        nonlocal status
        sheet = _order_of(registers, provider, event)
        status = sheet.status
        if status != "held":
            return None
        change = expired(sheet)
        change.facts = {**change.facts, "failed": event.payment}
        status = change.sheet.status
        return entry_of(registers, provider, sheet, change)

    await ledger.transact([name], compose)
    return Taken(event.order, status, returned=False)


async def note_sent(ledger: Ledger, return_id: str) -> None:
    """Note that a provider has taken it on to send money back. Twice is once."""
    name = return_register(return_id)

    def compose(registers: Registers) -> Entry | None:
        owed = registers[name].read(Return)
        if owed.is_sent:
            return None
        document = msgspec.json.encode(replace(owed, is_sent=True)).decode()
        identity = f"returned:{return_id}"
        return Entry(
            id=identity,
            fingerprint=fingerprint([identity, document]),
            kind="returned",
            legs=_through(owed.provider, owed.currency, -owed.amount_minor),
            reads=[(name, registers[name].version)],
            writes=[Write(name, document)],
            ranks=[Rank(RETURNS_RANKING, return_id, 0)],
            facts={"return": return_id, "for": owed.order},
        )

    await ledger.transact([name], compose)


async def postpone(ledger: Ledger, return_id: str, now_ms: int) -> int:
    """Note that a return could not be sent now; returns when it is to be tried again."""
    name = return_register(return_id)
    due_ms = now_ms

    def compose(registers: Registers) -> Entry | None:
        nonlocal due_ms
        owed = registers[name].read(Return)
        if owed.is_sent:
            return None
        due_ms = now_ms + min(RETRY_MIN_MS << min(owed.attempts, 16), RETRY_MAX_MS)
        later = replace(owed, attempts=owed.attempts + 1)
        writes, ranks = owe_return(return_id, later, due_ms)
        identity = f"postponed:{return_id}:{owed.attempts}"
        return Entry(
            id=identity,
            fingerprint=fingerprint(identity),
            kind="return_postponed",
            reads=[(name, registers[name].version)],
            writes=writes,
            ranks=ranks,
            facts={"return": return_id, "attempts": later.attempts},
        )

    await ledger.transact([name], compose)
    return due_ms
