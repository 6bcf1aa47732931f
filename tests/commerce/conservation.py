"""What must hold of all balances together, whatever was done: nothing comes from nowhere. Pure.

The books are held against the orders' own documents and against what came in and went out.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from livesrv.commerce.order_states import OrderSheet
from livesrv.commerce.registers import quota_account, quota_asset, sku

MONEY, COIN = "CNY", "COIN"
UNDONE = ("expired", "cancelled")
"""States of orders whose pieces and quota are back."""
OWN = ("wallet", "stock", "held", "sold", "returns", "paid_out", "tax_withheld", "orders", "gifts")
"""Classes of accounts that may never fall below zero."""

Balances = Mapping[tuple[str, str], int]


class Outside(Struct):
    """What crossed the border: money and coins that came in, and what went out again."""

    topped_up: Counter[str] = field(default_factory=Counter)
    stocked: Counter[tuple[str, str]] = field(default_factory=Counter)
    payments: dict[str, int] = field(default_factory=dict)
    unwanted: dict[str, int] = field(default_factory=dict)
    sent_back: int = 0
    paid_out: Counter[str] = field(default_factory=Counter)
    coins_sold_for: int = 0


class Found(NamedTuple):
    """A sum that the books have, and what it must be."""

    what: str
    found: int
    expected: int


def differences(balances: Balances, orders: Sequence[OrderSheet], outside: Outside) -> list[str]:
    """Everything that is not as it must be, in words."""
    below = [
        f"{account} {asset} is {amount}"
        for (account, asset), amount in balances.items()
        if amount < 0 and account.partition(":")[0] in OWN
    ]
    checks = [
        *_money(balances, orders, outside),
        *_coins(balances, outside),
        *_pieces(balances, orders, outside),
        *_quotas(balances, orders),
    ]
    return below + [f"{what}: {f}, not {e}" for what, f, e in checks if f != e]


def _of_class(balances: Balances, asset: str, *classes: str) -> int:
    return sum(
        amount
        for (account, each), amount in balances.items()
        if each == asset and account.partition(":")[0] in classes
    )


def _was_paid(order: OrderSheet) -> bool:
    """Whether its money was ever taken; what was cancelled while held never was."""
    return order.status not in ("held", "expired") and (
        order.status != "cancelled" or order.refunded_minor > 0
    )


def _money(balances: Balances, orders: Sequence[OrderSheet], outside: Outside) -> list[Found]:
    paid = [order for order in orders if _was_paid(order)]
    kept = sum(order.total_minor - order.refunded_minor for order in paid)
    by_wallet = [order for order in paid if order.provider == "wallet"]
    spent = sum(order.total_minor - order.refunded_minor for order in by_wallet)
    back = sum(order.refunded_minor for order in paid if order.provider != "wallet")
    earned = _of_class(balances, MONEY, "pending", "available", "orders")
    gone = _of_class(balances, MONEY, "paid_out", "tax_withheld")
    owed = back + sum(outside.unwanted.values()) - outside.sent_back
    taken = outside.sent_back - sum(outside.payments.values())
    return [
        Found("what parties have and had", earned + gone, kept + outside.coins_sold_for),
        Found("paid out", gone, outside.paid_out[MONEY] + outside.coins_sold_for),
        Found("wallets", _of_class(balances, MONEY, "wallet"), outside.topped_up[MONEY] - spent),
        Found("still to be sent back", _of_class(balances, MONEY, "returns"), owed),
        Found("what the provider has of ours", _of_class(balances, MONEY, "clearing"), taken),
    ]


def _coins(balances: Balances, outside: Outside) -> list[Found]:
    held = _of_class(balances, COIN, "wallet", "gifts", "pending", "available")
    return [Found("coins", held, outside.topped_up[COIN] - outside.paid_out[COIN])]


def _pieces(balances: Balances, orders: Sequence[OrderSheet], outside: Outside) -> list[Found]:
    held, sold = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for order in orders:
        for line in order.lines:
            offer = (order.room, line.offer)
            held[offer] += line.quantity if order.status == "held" else 0
            sold[offer] += line.quantity if order.status not in ("held", *UNDONE) else 0
    return [
        found
        for offer, stocked in outside.stocked.items()
        for found in (
            Found(f"held of {offer}", _of_class(balances, sku(*offer), "held"), held[offer]),
            Found(f"sold of {offer}", _of_class(balances, sku(*offer), "sold"), sold[offer]),
            Found(
                f"left of {offer}",
                _of_class(balances, sku(*offer), "stock"),
                stocked - held[offer] - sold[offer],
            ),
        )
    ]


def _quotas(balances: Balances, orders: Sequence[OrderSheet]) -> list[Found]:
    charged = Counter[tuple[str, str]]()
    for order in orders:
        for line in order.lines:
            account = f"{quota_account(order.room, line.offer)}:{order.buyer}"
            taken = line.is_limited and order.status not in UNDONE
            charged[account, quota_asset(order.room, line.offer)] += line.quantity if taken else 0
    return [
        Found(f"quota {' '.join(name)}", balances.get(name, 0), -quantity)
        for name, quantity in charged.items()
    ]
