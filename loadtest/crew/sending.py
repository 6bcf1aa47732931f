"""From a number of the schedule to the viewer who acts and what it sends.

Must not know moments beyond writing them into a purchase. Invariant: a purchase's command is made
once, here, and never changes after.
"""

import time
from typing import Any

from ..books.books import Books
from ..books.purchases import CURRENCY, combo_count, combo_key, order_key, order_line
from ..books.receipts import Purchase
from ..client.audience import Audience
from ..client.viewer import Viewer
from ..run.stage import Gift
from .schedule import Kind


class Sender:
    """Carries out single actions of the schedule."""

    def __init__(self, books: Books, audience: Audience, gift: Gift) -> None:
        self._books = books
        self._viewers = audience.viewers
        self._gift = gift

    def send(self, kind: Kind, number: int) -> None:
        viewer = self._viewers[self._books.tables[kind].viewer(number)]
        if kind is Kind.COMMENT:
            viewer.say(number)
        else:
            command = self._gift_of if kind is Kind.GIFT else self._order_of
            intended_ms = self._books.intended_ms(kind, number)
            purchase = Purchase(kind, number, viewer.number, intended_ms, command(viewer, number))
            viewer.buy(purchase)

    def _gift_of(self, viewer: Viewer, number: int) -> dict[str, Any]:
        ordinal = self._books.tables[Kind.GIFT].ordinal(number)
        return {
            "type": "gift",
            "room": viewer.room,
            "gift": self._gift.gift,
            "key": combo_key(self._books.run, viewer.number, ordinal),
            "count": combo_count(ordinal),
        }

    def _order_of(self, viewer: Viewer, number: int) -> dict[str, Any]:
        line = order_line(number)
        return {
            "type": "order",
            "room": viewer.room,
            "key": order_key(self._books.run, number),
            "lines": [{"offer": line.offer, "quantity": line.quantity}],
            "total_minor": line.total_minor,
            "currency": CURRENCY,
            "made_at_ms": int(time.time() * 1000),
        }
