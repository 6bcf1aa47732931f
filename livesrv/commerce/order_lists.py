"""What buyers, hosts and sellers see of their orders."""

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from livesrv.auth import Principal
from livesrv.ledger.split import Portion
from livesrv.ledger.store import Ledger
from livesrv.refusal import Refused
from protocol.codes import ErrorCode

from .order_states import (
    STATES,
    OrderLineSheet,
    OrderSheet,
    bought_ranking,
    order_register,
    read_order_sheet,
    sold_ranking,
)
from .orders import pay_url
from .terms import Terms


class OrderView(Struct, kw_only=True):
    """An order. `portions` says how its money is split, by which rates; buyers do not see it.

    `due_ms` is when the clock moves the order on. A held order is to be paid at `pay_url`.
    """

    order: str
    room: str
    buyer: str
    host: str
    seller: str
    status: str
    lines: tuple[OrderLineSheet, ...]
    total_minor: int
    refunded_minor: int
    currency: str
    at_ms: int
    payment: str
    due_ms: int | None = None
    carrier: str | None = None
    tracking: str | None = None
    pay_url: str | UnsetType = UNSET
    portions: tuple[Portion, ...] | UnsetType = UNSET


class OrderPage(Struct):
    orders: list[OrderView]
    next: str | None


async def read_order(
    ledger: Ledger, reader: Principal, order_id: str, *, terms: Terms
) -> OrderView:
    """An order, for its buyer, host, seller and ops. Raises `Refused` `not_found` to all others."""
    name = order_register(order_id)
    sheet = read_order_sheet((await ledger.read([name]))[name])
    if reader.user not in (sheet.buyer, *sheet.parties) and "ops" not in reader.roles:
        raise Refused(ErrorCode.NOT_FOUND, "there is no such order of yours")
    return view(sheet, reader, terms)


def view(sheet: OrderSheet, reader: Principal, terms: Terms) -> OrderView:
    """An order as somebody sees it whose order it is."""
    is_buyer = reader.user == sheet.buyer
    provider = terms.providers.get(sheet.provider)
    url = pay_url(provider, sheet) if provider and is_buyer else None
    return OrderView(
        order=sheet.order,
        room=sheet.room,
        buyer=sheet.buyer,
        host=sheet.host,
        seller=sheet.seller,
        status=sheet.status,
        lines=sheet.lines,
        total_minor=sheet.total_minor,
        refunded_minor=sheet.refunded_minor,
        currency=sheet.currency,
        at_ms=sheet.at_ms,
        payment=sheet.provider,
        due_ms=sheet.due_ms,
        carrier=sheet.carrier,
        tracking=sheet.tracking,
        pay_url=url or UNSET,
        portions=UNSET if is_buyer and reader.user not in sheet.parties else sheet.portions,
    )


async def list_orders(
    ledger: Ledger,
    reader: Principal,
    *,
    is_selling: bool,
    states: Sequence[str],
    behind: tuple[int, str] | None,
    limit: int,
    terms: Terms,
) -> OrderPage:
    """A page of what somebody bought or sold, newest first.

    Each state has a list of its own; those asked for are merged. They are read one after the other
    in the order of an order's life, so that one that moves meanwhile is met where it has gone.
    """
    ranking = sold_ranking if is_selling else bought_ranking
    pairs: set[tuple[int, str]] = set()
    for state in STATES:
        if not states or state in states:
            page = await ledger.page(ranking(reader.user, state), behind, limit + 1)
            pairs |= {(at_ms, order) for order, at_ms in page}
    found = sorted(pairs, reverse=True)
    names = [order_register(order) for _, order in found[:limit]]
    registers = await ledger.read(names)
    sheets = [read_order_sheet(registers[name]) for name in names]
    orders = [view(each, reader, terms) for each in sheets if not states or each.status in states]
    cursor = "{}.{}".format(*found[limit - 1]) if len(found) > limit else None
    return OrderPage(orders, cursor)
