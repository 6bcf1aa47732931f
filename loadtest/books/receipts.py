"""What was asked to be bought, and what the server acknowledged. Pure.

Invariant: every purchase is in exactly one place: open (not answered yet), acknowledged, refused,
skipped (never sent), or unknown (sent, never answered). Money and pieces of the unknown may or
may not have moved, so they widen what the ledger may hold and are reported apart.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from ..scenario.model import Kind


@dataclass(slots=True)
class Purchase:
    """A gift or an order under way: the same `command` is sent until it is answered."""

    kind: Kind
    number: int
    viewer: int
    intended_ms: float
    command: dict[str, Any]
    attempts: int = 0
    sent_ms: float = 0.0
    """When it was sent for the first time."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An acknowledged order."""

    order: str
    viewer: int
    room: str
    offer: str
    quantity: int
    total_minor: int
    currency: str


@dataclass(slots=True)
class Combo:
    """The gifts of one key, by their running count."""

    viewer: int
    acknowledged: int = 0
    possible: int = 0


class Receipts:
    """The account of gifts and orders as the buyers have it."""

    def __init__(self) -> None:
        self.orders: list[Receipt] = []
        self.combos: dict[str, Combo] = {}
        self.unknown_orders: list[Purchase] = []
        self.acknowledged: Counter[Kind] = Counter()
        self.refused: Counter[Kind] = Counter()
        self.skipped: Counter[Kind] = Counter()
        self.unknown: Counter[Kind] = Counter()
        self._open: dict[tuple[Kind, int], Purchase] = {}

    @property
    def open_count(self) -> int:
        return len(self._open)

    def is_open(self, purchase: Purchase) -> bool:
        return (purchase.kind, purchase.number) in self._open

    def open(self, purchase: Purchase) -> None:
        self._open[purchase.kind, purchase.number] = purchase
        if purchase.kind is Kind.GIFT:
            self.combos.setdefault(purchase.command["key"], Combo(purchase.viewer))

    def acknowledge(self, purchase: Purchase, reply: dict[str, Any]) -> None:
        """Take `gifted` or `ordered`."""
        self._close(purchase, self.acknowledged)
        if purchase.kind is Kind.GIFT:
            combo = self.combos[purchase.command["key"]]
            combo.acknowledged = max(combo.acknowledged, purchase.command["count"])
        else:
            self.orders.append(_receipt(purchase, reply))

    def refuse(self, purchase: Purchase) -> None:
        self._close(purchase, self.refused)

    def abandon(self, purchase: Purchase) -> None:
        """Give up: the purchase was skipped if it was never sent, else its outcome is unknown."""
        self._close(purchase, self.unknown if purchase.attempts else self.skipped)
        if not purchase.attempts:
            return
        if purchase.kind is Kind.GIFT:
            combo = self.combos[purchase.command["key"]]
            combo.possible = max(combo.possible, purchase.command["count"])
        else:
            self.unknown_orders.append(purchase)

    def abandon_open(self) -> None:
        for purchase in list(self._open.values()):
            self.abandon(purchase)

    def merge(self, other: "Receipts") -> None:
        """Add the account of other buyers; nothing may be open there."""
        self.orders += other.orders
        self.combos |= other.combos
        self.unknown_orders += other.unknown_orders
        for name in ("acknowledged", "refused", "skipped", "unknown"):
            getattr(self, name).update(getattr(other, name))

    def _close(self, purchase: Purchase, outcome: Counter[Kind]) -> None:
        del self._open[purchase.kind, purchase.number]
        outcome[purchase.kind] += 1


def _receipt(purchase: Purchase, reply: dict[str, Any]) -> Receipt:
    line = purchase.command["lines"][0]
    return Receipt(
        order=reply["order"],
        viewer=purchase.viewer,
        room=purchase.command["room"],
        offer=line["offer"],
        quantity=line["quantity"],
        total_minor=purchase.command["total_minor"],
        currency=purchase.command["currency"],
    )
