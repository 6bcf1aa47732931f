"""What becomes of an order once it is placed. Each move is one entry over the order's register.

The register is the order's only state: a move is composed from it and accepted only if it has not
moved meanwhile, so of two that race one is composed again over what the other left, and refused if
it is no longer possible.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from livesrv.auth import Principal
from livesrv.ledger.entry import Entry, Leg, Rank, Registers, Write, fingerprint, leg
from livesrv.ledger.split import Movements, release, reversal
from livesrv.ledger.store import Ledger, Outcome, Status
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from protocol.messages import AMOUNT_MAX, Id, Short

from .order_states import (
    OrderSheet,
    hold_legs,
    moved,
    order_register,
    quota_legs,
    ranks,
    read_order_sheet,
)
from .providers import WALLET, Return, owe_return, payee
from .registers import held_account, sku, sold_account, stock_account
from .terms import Terms

EXPIRED_AT_ONCE_MAX = 100
CLOCK = "@clock"
"""Who moves an order on when its time has come."""


class Parcel(Struct, kw_only=True):
    """The body of `POST /v1/orders/{order}/ship`."""

    carrier: Short = ""
    tracking: Short = ""


class NewRefund(Struct, kw_only=True):
    """The body of `POST /v1/orders/{order}/refunds`; all that is left unless it says how much."""

    key: Id | None = None
    amount_minor: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)] | None = None
    reason: Annotated[str, Meta(max_length=200)] = ""


class RefundSheet(Struct, frozen=True, kw_only=True):
    """The register `refund:ORDER:KEY`: what was asked for, and what came of it."""

    asked: tuple[int | None, str]
    status: str
    amount_minor: int
    refunded_minor: int


class Refunded(Struct, kw_only=True):
    """What came of a refund, and where it left the order."""

    refund: str
    order: str
    status: str
    amount_minor: int
    refunded_minor: int
    currency: str
    duplicate: bool


class Change(Struct, kw_only=True):
    """A move of an order: what it becomes, what moves with it, and whether its room hears of it."""

    kind: str
    sheet: OrderSheet
    legs: list[Leg] = []
    facts: dict[str, Any] = {}
    reads: list[tuple[str, int]] = []
    writes: list[Write] = []
    ranks: list[Rank] = []
    is_told_room: bool = False


Step = Callable[[OrderSheet], Change | None]


async def ship(
    ledger: Ledger, by: Principal, order_id: str, parcel: Parcel, *, terms: Terms, now_ms: int
) -> OrderSheet:
    """Hand the goods to a carrier; the same again changes nothing. For the seller."""

    def step(sheet: OrderSheet) -> Change | None:
        require_seller(sheet, by)
        told = (parcel.carrier or None, parcel.tracking or None)
        if sheet.status == "shipped" and (sheet.carrier, sheet.tracking) == told:
            return None
        status, due_ms = moved(sheet, "ship"), now_ms + terms.deliver_after_ms
        shipped = replace(sheet, status=status, carrier=told[0], tracking=told[1], due_ms=due_ms)
        facts = {"carrier": parcel.carrier, "tracking": parcel.tracking}
        return Change(kind="ship", sheet=shipped, facts=facts)

    return await _move(ledger, by.user, order_id, step)


async def deliver(
    ledger: Ledger, by: Principal, order_id: str, *, terms: Terms, now_ms: int
) -> OrderSheet:
    """The goods have arrived: the return window opens. For the buyer and the seller."""

    def step(sheet: OrderSheet) -> Change | None:
        if by.user != sheet.buyer:
            require_seller(sheet, by)
        return None if sheet.status == "delivered" else _delivered(sheet, terms, now_ms)

    return await _move(ledger, by.user, order_id, step)


async def cancel(ledger: Ledger, by: Principal, order_id: str, *, now_ms: int) -> OrderSheet:
    """Undo an order that has not been shipped: money, pieces and quota go back where they were."""

    def step(sheet: OrderSheet) -> Change | None:
        if by.user != sheet.buyer:
            require_seller(sheet, by)
        if sheet.status == "cancelled":
            return None
        change = Change(
            kind="cancel", sheet=replace(sheet, status=moved(sheet, "cancel"), due_ms=None)
        )
        left = sheet.total_minor - sheet.refunded_minor
        if sheet.status == "paid" and left:
            change = _money_back(
                "cancel", sheet, change.sheet, left, f"{sheet.order}:cancel", now_ms
            )
        return _unsold(sheet, change)

    return await _move(ledger, by.user, order_id, step)


async def refund(
    ledger: Ledger, by: Principal, order_id: str, key: str, new: NewRefund, *, now_ms: int
) -> Refunded:
    """Give back a part of an order's money, or all that is left. For the seller; once a key.

    Raises `Refused`: `not_found`, `forbidden`, `limit_exceeded` for more than is left, `conflict`
    for a state that has nothing to give back or a used key.
    """
    name, refund_name = order_register(order_id), refund_register(order_id, key)

    def compose(registers: Registers) -> Entry | None:
        sheet, earlier = read_order_sheet(registers[name]), registers[refund_name]
        require_seller(sheet, by)
        if earlier.version:
            if earlier.read(RefundSheet).asked != (new.amount_minor, new.reason):
                raise Refused(ErrorCode.CONFLICT, f"the key {key} was used for another refund")
            return None
        left = sheet.total_minor - sheet.refunded_minor
        amount = left if new.amount_minor is None else new.amount_minor
        change = _refund_change(sheet, key, amount, left, now_ms)
        told = RefundSheet(
            asked=(new.amount_minor, new.reason),
            status=change.sheet.status,
            amount_minor=amount,
            refunded_minor=change.sheet.refunded_minor,
        )
        change.facts |= {"refund": key, "reason": new.reason}
        change.reads.append((refund_name, 0))
        change.writes.append(_write(refund_name, told))
        return entry_of(registers, by.user, sheet, change)

    outcome = await ledger.transact([name, refund_name], compose, likely_absent=[refund_name])
    require_posted(outcome)
    registers = await ledger.read([name, refund_name])
    told = registers[refund_name].read(RefundSheet)
    return Refunded(
        refund=key,
        order=order_id,
        status=told.status,
        amount_minor=told.amount_minor,
        refunded_minor=told.refunded_minor,
        currency=registers[name].read(OrderSheet).currency,
        duplicate=outcome is None or outcome.is_repeat,
    )


def _refund_change(sheet: OrderSheet, key: str, amount: int, left: int, now_ms: int) -> "Change":
    status = moved(sheet, "refund")
    if amount > left:
        raise Refused(ErrorCode.LIMIT_EXCEEDED, f"{left} {sheet.currency} is left, not {amount}")
    after = replace(sheet, status=status, due_ms=None) if amount == left else sheet
    return _money_back("refund", sheet, after, amount, f"{sheet.order}:refund:{key}", now_ms)


async def tick(ledger: Ledger, order_id: str, *, terms: Terms, now_ms: int) -> None:
    """Move an order on whose time has come: a hold ends, a parcel counts as delivered, a return
    window closes. Changes nothing before that time.
    """

    def step(sheet: OrderSheet) -> Change | None:
        if sheet.due_ms is None or now_ms < sheet.due_ms:
            return None
        match sheet.status:
            case "held":
                return expired(sheet)
            case "shipped":
                return _delivered(sheet, terms, now_ms)
            case _:
                return _settled(sheet)

    await _move(ledger, CLOCK, order_id, step)


async def expire_overdue(ledger: Ledger, ranking: str, *, terms: Terms, now_ms: int) -> None:
    """End the holds in a ranking whose time to pay is over."""
    for order_id in await ledger.upto(ranking, now_ms, EXPIRED_AT_ONCE_MAX):
        await tick(ledger, order_id, terms=terms, now_ms=now_ms)


def expired(sheet: OrderSheet) -> Change:
    """A hold that ends without money."""
    ended = replace(sheet, status=moved(sheet, "expire"), due_ms=None)
    return _unsold(sheet, Change(kind="expire", sheet=ended))


def _delivered(sheet: OrderSheet, terms: Terms, now_ms: int) -> Change:
    due_ms = now_ms + terms.return_window_ms
    return Change(
        kind="deliver", sheet=replace(sheet, status=moved(sheet, "deliver"), due_ms=due_ms)
    )


def _settled(sheet: OrderSheet) -> Change:
    """The return window is over: what the parties have earned becomes available to them."""
    return Change(
        kind="settle",
        sheet=replace(sheet, status=moved(sheet, "settle"), due_ms=None),
        legs=legs_of(release(sheet.due, sheet.refunded_minor)),
        facts={"refunded": sheet.refunded_minor},
    )


def _money_back(
    kind: str, before: OrderSheet, after: OrderSheet, amount: int, return_id: str, now_ms: int
) -> Change:
    """Give back `amount` of an order's money, each party its part of it."""
    refunded = before.refunded_minor + amount
    movements = reversal(
        before.due,
        before=before.refunded_minor,
        after=refunded,
        earnings="available" if before.status == "settled" else "pending",
        to=payee(before.provider, before.buyer),
    )
    change = Change(
        kind=kind,
        sheet=replace(after, refunded_minor=refunded),
        legs=legs_of(movements),
        facts={"before": before.refunded_minor, "refunded": refunded},
    )
    if before.provider != WALLET:
        owed = Return(
            provider=before.provider,
            order=before.order,
            payment=before.payment or "",
            amount_minor=amount,
            currency=before.currency,
        )
        change.writes, change.ranks = owe_return(return_id, owed, now_ms)
    return change


def _unsold(before: OrderSheet, change: Change) -> Change:
    """Put the pieces back on sale, and give the buyer's quota back."""
    for line in before.lines:
        asset = sku(before.room, line.offer)
        is_held = before.status == "held"
        source = held_account(before.order) if is_held else sold_account(before.room, line.offer)
        change.legs.append(leg(source, asset, -line.quantity))
        change.legs.append(leg(stock_account(before.room, line.offer), asset, line.quantity))
        if line.is_limited:
            change.legs += quota_legs(before, line.offer, -line.quantity)
    if before.status == "held":
        change.legs += hold_legs(before, -1)
    change.is_told_room = True
    return change


def legs_of(movements: Movements) -> list[Leg]:
    """Legs of what really moves."""
    return [leg(account, asset, amount) for (account, asset), amount in movements.items() if amount]


def require_seller(sheet: OrderSheet, by: Principal) -> None:
    """Raise `Refused` for all but those whose order it is to fulfil, and ops."""
    if by.user in sheet.parties or "ops" in by.roles:
        return
    if by.user == sheet.buyer:
        raise Refused(ErrorCode.FORBIDDEN, "only the seller may do this")
    raise Refused(ErrorCode.NOT_FOUND, "there is no such order of yours")


async def _move(ledger: Ledger, by: str, order_id: str, step: Step) -> OrderSheet:
    """Take a step of an order; returns what it is then."""
    name = order_register(order_id)
    sheet: OrderSheet | None = None

    def compose(registers: Registers) -> Entry | None:
        nonlocal sheet
        sheet = read_order_sheet(registers[name])
        change = step(sheet)
        if change is None:
            return None
        entry = entry_of(registers, by, sheet, change)
        sheet = change.sheet
        return entry

    require_posted(await ledger.transact([name], compose))
    assert sheet is not None  # `compose` has set it
    return sheet


def require_posted(outcome: Outcome | None) -> None:
    """Raise `Refused` `invalid` where an account would hold more than it can."""
    if outcome is not None and outcome.status is Status.REFUSED:
        raise Refused(ErrorCode.INVALID, f"the ledger cannot hold this amount: {outcome.why}")


def entry_of(registers: Registers, by: str, before: OrderSheet, change: Change) -> Entry:
    """The entry of a move. It happens once for the version of the order it was composed from.

    Its id follows from its content too: another move from the same version is another entry, which
    is stale once the first is posted, and so composed again.
    """
    name = order_register(before.order)
    version = registers[name].version
    writes = [_write(name, change.sheet), *change.writes]
    content = fingerprint([change.kind, version, writes])
    facts: dict[str, Any] = {
        "by": by,
        "order": before.order,
        "buyer": before.buyer,
        "status": change.sheet.status,
    }
    if change.is_told_room:
        facts["lines"] = [[line.offer, line.quantity] for line in before.lines]
    return Entry(
        id=f"{change.kind}:{before.order}:{content}",
        fingerprint=content,
        kind=change.kind,
        room=before.room if change.is_told_room else "",
        legs=change.legs,
        reads=[(name, version), *change.reads],
        writes=writes,
        ranks=[*ranks(before, change.sheet), *change.ranks],
        facts={**facts, **change.facts},
    )


def _write(name: str, document: Struct) -> Write:
    return Write(name, msgspec.json.encode(document).decode())


def refund_register(order_id: str, key: str) -> str:
    return f"refund:{order_id}:{key}"
