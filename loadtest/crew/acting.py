"""From an entry of the schedule to the person who acts and what it sends.

Must not know moments beyond writing them into a purchase. Invariant: a purchase's command is made
once, here, and never changes after.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..books.books import Books
from ..books.purchases import (
    CURRENCY,
    combo_count,
    combo_key,
    order_key,
    order_line,
    streak_key,
)
from ..books.receipts import Purchase
from ..client.viewer import LIKES, Viewer
from ..scenario.cast import Cast, Movement
from ..scenario.model import Kind, Offer, Recording
from ..scenario.schedule import Timetable
from .messages import Gift
from .presence import Presence

Action = tuple[Timetable, int] | Movement


class Actor:
    """Carries out single actions of the people of one crew, as far as they may be there."""

    def __init__(
        self,
        books: Books,
        cast: Cast,
        people: Mapping[int, Viewer],
        presence: Presence,
        gift: Gift,
    ) -> None:
        self._books = books
        self._cast = cast
        self._people = people
        self._presence = presence
        self._gift = gift
        self._say = {Kind.COMMENT: self._comment, Kind.LIKE: self._like, Kind.PIN: self._pin}

    def do(self, action: Action) -> None:
        if isinstance(action, Movement):
            self._presence.move(action)
            return
        table, number = action
        if not self._presence.may_act(table.viewer(number)):
            return
        viewer = self._people[table.viewer(number)]
        if table.kind in self._say:
            self._say[table.kind](viewer, table, number)
            return
        intended_ms = self._books.start_ms + table.intended_ms[number]
        number_of_kind = table.first + number
        if table.kind is Kind.GIFT:
            command = self._gift_command(viewer, table.ordinal(number), _size(table, number))
        else:
            command = self._order_command(viewer, table, number)
        viewer.buy(Purchase(table.kind, number_of_kind, viewer.number, intended_ms, command))

    def _comment(self, viewer: Viewer, table: Timetable, number: int) -> None:
        intended_ms = self._books.start_ms + table.intended_ms[number]
        viewer.say(table.first + number, intended_ms, _size(table, number) or 0)

    def _like(self, viewer: Viewer, table: Timetable, number: int) -> None:
        viewer.like(table.first + number, _size(table, number) or LIKES)

    def _pin(self, viewer: Viewer, table: Timetable, number: int) -> None:
        """Up and down again, one offer after the other."""
        ordinal = table.ordinal(number)
        offers = self._offers(viewer, table)
        offer = offers[ordinal // 2 % len(offers)].offer
        viewer.pin(table.first + number, offer, is_up=ordinal % 2 == 0)

    def _gift_command(self, viewer: Viewer, ordinal: int, size: int | None) -> dict[str, Any]:
        key = streak_key if size else combo_key
        return {
            "type": "gift",
            "room": viewer.room_id,
            "gift": self._gift.gift,
            "key": key(self._books.run, viewer.number, ordinal),
            "count": size or combo_count(ordinal),
        }

    def _order_command(self, viewer: Viewer, table: Timetable, number: int) -> dict[str, Any]:
        quantity = _size(table, number) or (table.act.quantity if table.act else None)
        number_of_kind = table.first + number
        line = order_line(number_of_kind, self._offers(viewer, table), quantity)
        return {
            "type": "order",
            "room": viewer.room_id,
            "key": order_key(self._books.run, number_of_kind),
            "lines": [{"offer": line.offer, "quantity": line.quantity}],
            "total_minor": line.total_minor,
            "currency": CURRENCY,
            "made_at_ms": int(time.time() * 1000),
        }

    def _offers(self, viewer: Viewer, table: Timetable) -> Sequence[Offer]:
        """What an act is about, of what the room has."""
        offers = self._cast.offers(viewer.room)
        wanted = table.act.offers if table.act else ()
        return [offer for offer in offers if not wanted or offer.offer in wanted] or offers


def _size(table: Timetable, number: int) -> int | None:
    """What a recording says of an action's size."""
    when = table.act.when if table.act else None
    return when.sizes[number] if isinstance(when, Recording) else None
