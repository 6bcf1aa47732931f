"""An order's document and its life, as a table: what is not in it is illegal. Pure.

held ──pay──▶ paid ──ship──▶ shipped ──deliver──▶ delivered ──settle──▶ settled
held ──expire──▶ expired ──pay──▶ paid        (a payment that came late, if stock is left)
held, paid ──cancel──▶ cancelled
paid, shipped, delivered, settled ──refund──▶ the same, or refunded once all has gone back
"""

from msgspec import Struct

from livesrv.ledger.entry import DUE_RANKING, ORDERS_UNSETTLED, Leg, Rank, Register, leg
from livesrv.ledger.split import Due, Portion
from livesrv.refusal import Refused
from protocol.codes import ErrorCode

from .registers import quota_account, quota_asset

BOUGHT = frozenset({"paid", "shipped", "delivered", "settled"})
"""States in which the goods are the buyer's, and paid."""
MOVES: dict[str, dict[str, str]] = {
    "held": {"pay": "paid", "expire": "expired", "cancel": "cancelled"},
    "expired": {"pay": "paid"},
    "paid": {"ship": "shipped", "cancel": "cancelled", "refund": "refunded"},
    "shipped": {"deliver": "delivered", "refund": "refunded"},
    "delivered": {"settle": "settled", "refund": "refunded"},
    "settled": {"refund": "refunded"},
    "cancelled": {},
    "refunded": {},
}
"""From a state by a move to a state. `refund` arrives only when nothing is left to give back."""

STATES = tuple(MOVES)
HOLD = "HOLD"
"""The asset of which a buyer may owe as many units as orders may wait for the buyer's payment."""
"""In an order in which every move leads further on."""


class OrderLineSheet(Struct, frozen=True, omit_defaults=True):
    """`is_limited`: the buyer's quota for the offer was charged."""

    offer: str
    quantity: int
    price_minor: int
    is_limited: bool = False


class OrderSheet(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The register `order:ORDER`.

    `name` is the buyer's, kept until the order is paid so that its room may be told who bought;
    `show_ms` is when the show began in which it was placed, kept as long.
    `provider` holds the money, `payment` is its name for it; `due_ms` is when the clock moves the
    order on by itself: a hold ends, a parcel counts as delivered, the return window closes.
    """

    order: str
    room: str
    buyer: str
    host: str
    status: str
    lines: tuple[OrderLineSheet, ...]
    total_minor: int
    currency: str
    at_ms: int
    portions: tuple[Portion, ...]
    seller: str
    refunded_minor: int = 0
    name: str = ""
    show_ms: int = 0
    provider: str = "wallet"
    payment: str | None = None
    due_ms: int | None = None
    carrier: str | None = None
    tracking: str | None = None

    @property
    def due(self) -> Due:
        """The money of the order as it is split."""
        return Due(ORDERS_UNSETTLED, self.currency, self.portions)

    @property
    def parties(self) -> tuple[str, ...]:
        """Those whose order it is, besides the buyer."""
        return (self.host,) if self.seller == self.host else (self.host, self.seller)


def moved(sheet: OrderSheet, move: str) -> str:
    """The state a move leads to. Raises `Refused` `conflict` for an illegal one."""
    moves = MOVES[sheet.status]
    if move not in moves:
        possible = ", ".join(moves) or "nothing more can happen to it"
        raise Refused(
            ErrorCode.CONFLICT, f"the order is {sheet.status}; {move} is not possible ({possible})"
        )
    return moves[move]


def order_register(order_id: str) -> str:
    return f"order:{order_id}"


def read_order_sheet(register: Register) -> OrderSheet:
    """The order in a register. Raises `Refused` `not_found` when there is none."""
    if register.version == 0:
        raise Refused(ErrorCode.NOT_FOUND, "there is no such order of yours")
    return register.read(OrderSheet)


def bought_ranking(buyer: str, status: str) -> str:
    return f"bought:{buyer}:{status}"


def sold_ranking(party: str, status: str) -> str:
    return f"sales:{party}:{status}"


def holds_ranking(room: str, offer: str) -> str:
    """The orders that hold pieces of an offer, by when their hold ends."""
    return f"holds:{room}:{offer}"


def buyers_ranking(room: str) -> str:
    """Who has bought in a room, by how many of the orders still stand; 0 where none does."""
    return f"buyers:{room}"


def ranks(before: OrderSheet | None, after: OrderSheet) -> list[Rank]:
    """Where an order stands in the lists of its parties and in the clock's."""
    moves: list[Rank] = []
    if before is None or before.status != after.status:
        if before is not None:
            moves += [Rank(name, before.order, 0) for name in _lists(before)]
        moves += [Rank(name, after.order, after.at_ms) for name in _lists(after)]
    if change := _is_bought(after) - _is_bought(before):
        moves.append(Rank(buyers_ranking(after.room), after.buyer, change, is_raise=True))
    if (before.due_ms if before else None) != after.due_ms:
        moves.append(Rank(DUE_RANKING, order_register(after.order), after.due_ms or 0))
    if "held" in (after.status, before and before.status):
        ends_ms = after.due_ms or 0 if after.status == "held" else 0
        for line in after.lines:
            moves.append(Rank(holds_ranking(after.room, line.offer), after.order, ends_ms))
    return moves


def _is_bought(sheet: OrderSheet | None) -> bool:
    return sheet is not None and sheet.status in BOUGHT


def _lists(sheet: OrderSheet) -> list[str]:
    return [
        bought_ranking(sheet.buyer, sheet.status),
        *(sold_ranking(party, sheet.status) for party in sheet.parties),
    ]


def quota_legs(order: OrderSheet, offer: str, quantity: int, floor: int | None = None) -> list[Leg]:
    """Charge a buyer's quota, or give it back where `quantity` is negative."""
    asset, account = quota_asset(order.room, offer), quota_account(order.room, offer)
    return [
        leg(f"{account}:{order.buyer}", asset, -quantity, floor),
        leg(account, asset, quantity),
    ]


def hold_legs(order: OrderSheet, count: int, floor: int | None = None) -> list[Leg]:
    """Count an order that waits for its payment against its buyer, or no longer: `count` -1."""
    return [
        leg(f"holding:{order.buyer}", HOLD, -count, floor),
        leg("holding", HOLD, count),
    ]
