"""One buyer on one connection, with at most one order under way.

Must not know when to order: whoever made it idle decides, through `Desk.on_idle`. Nothing here
makes a task or a future per order. Invariant: an order is counted as acknowledged exactly when its
`ordered` came; whatever in that reply is not as it must be is noted.
"""

import asyncio
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from ..books.batches import Batch
from ..books.books import Books
from ..books.receipts import Purchase, Receipt
from ..client.commands import ATTEMPTS_MAX, RETRIED_CODES, RETRY_AFTER_DEFAULT_MS, Commands
from ..client.connection import Connection
from ..scenario.model import Kind
from .form import OrderForm
from .sales import Sales, Updates, Wrongs

NOTHING = -1
"""No order under way."""


class Desk:
    """What all buyers of a run share: the form, the numbers, and the account of this phase."""

    def __init__(self, form: OrderForm, books: Books) -> None:
        self.form = form
        self.books = books
        self.clock = books.clock
        self.numbers = count()
        self.sales = Sales()
        self.wrongs = Wrongs()
        self.on_idle: Callable[[Buyer], None] = lambda buyer: None


class Buyer:
    """A user who orders and checks what it is told. `viewer` is its number in the books."""

    def __init__(self, viewer: int, room: str, balance_minor: int, desk: Desk) -> None:
        self.viewer = viewer
        self.room = room
        self.balance_minor = balance_minor
        self.acknowledged = 0
        self.last_order = ""
        self.balances = 0
        self.updates = Updates()
        self.unknown: list[int] = []
        self._desk = desk
        self._commands = Commands(desk.books)
        self._connection: Connection | None = None
        self._number = NOTHING
        self._frame = b""
        self._intended_ms = 0.0
        self._attempts = 0
        self._is_leaving = False

    @property
    def is_connected(self) -> bool:
        """Whether it may order."""
        return self._connection is not None and not self._is_leaving

    @property
    def has_connection(self) -> bool:
        return self._connection is not None

    @property
    def is_idle(self) -> bool:
        return self._number == NOTHING

    async def greet(self, connection: Connection, token: str) -> None:
        """Say hello on a fresh connection. Raises `Refused`, `ConnectionError`."""
        self._connection = connection
        await self._commands.ask(connection, {"type": "hello", "token": token})

    def leave(self) -> None:
        self._is_leaving = True
        if self._connection:
            self._connection.close()

    def order(self, intended_ms: float) -> None:
        """Send the next order now; its latency counts from `intended_ms`. Only while idle."""
        desk = self._desk
        self._number = number = next(desk.numbers)
        self._intended_ms = intended_ms
        self._attempts = 0
        self._frame = desk.form.fill(number, time.time_ns() // 1_000_000)
        desk.sales.sent += 1
        self._send()

    def give_up_waiting(self) -> None:
        """Leave if an order is still under way: an answer to it could not be told from others."""
        if self._number != NOTHING:
            self._give_up()
            self.leave()

    def take_batch(self, batch: Batch) -> None:
        self._desk.wrongs.note("batches for who is in no room", batch.room)

    def take_message(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "ordered":
            self._take_ordered(message)
        elif kind == "order_update":
            self._take_update(message)
        elif kind == "balance":
            self.balances += 1
        elif kind == "error":
            self._take_error(message)
        elif "id" in message:
            self._commands.take_reply(message)

    def take_loss(self, connection: Connection, close_code: int) -> None:
        """A buyer that lost its connection stays away; its order's outcome is not known."""
        self._connection = None
        self._commands.suspend()
        self._give_up()
        if not self._is_leaving:
            self._desk.books.account.close_codes[close_code] += 1

    def receipts(self) -> list[Receipt]:
        """All acknowledged orders as one, for sums."""
        line, orders = self._desk.form.line, self.acknowledged
        quantity, total_minor = orders * line.quantity, orders * line.total_minor
        return [self._receipt("", quantity, total_minor)] if orders else []

    def last_receipt(self) -> list[Receipt]:
        """The last acknowledged order, if there is one."""
        line = self._desk.form.line
        if not self.last_order:
            return []
        return [self._receipt(self.last_order, line.quantity, line.total_minor)]

    def unknown_purchases(self) -> list[Purchase]:
        form = self._desk.form
        return [
            Purchase(Kind.ORDER, number, self.viewer, 0.0, form.command(number, 0))
            for number in self.unknown
        ]

    def _give_up(self) -> None:
        """Count the order under way, if any, as one whose outcome is not known."""
        if self._number != NOTHING:
            self.unknown.append(self._number)
            self._number = NOTHING

    def _receipt(self, order: str, quantity: int, total_minor: int) -> Receipt:
        currency, offer = self._desk.form.currency, self._desk.form.line.offer
        return Receipt(order, self.viewer, self.room, offer, quantity, total_minor, currency)

    def _send(self) -> None:
        if self._connection and self._connection.is_open:
            self._attempts += 1
            self._connection.send_frame(self._frame)

    def _take_ordered(self, reply: dict[str, Any]) -> None:
        desk = self._desk
        if reply["id"] != self._number:
            desk.wrongs.note("replies to another id", f"{reply['id']}, not {self._number}")
            return
        now_ms = desk.clock()
        desk.sales.acknowledge(now_ms - self._intended_ms, now_ms)
        self._check(reply)
        self.acknowledged += 1
        self.last_order = order = reply["order"]
        self.updates.owe(order)
        self._number = NOTHING
        desk.on_idle(self)

    def _check(self, reply: dict[str, Any]) -> None:
        """The reply says what the wire promises, and the balance is the one before less the total.

        Only an order that had to be sent again may be a duplicate.
        """
        total_minor = self._desk.form.line.total_minor
        self.balance_minor -= total_minor
        said = (reply["status"], reply["total_minor"], reply["balance_minor"])
        if said != ("paid", total_minor, self.balance_minor):
            wanted = ("paid", total_minor, self.balance_minor)
            self._desk.wrongs.note("replies with another content", f"{said}, not {wanted}")
        if reply["duplicate"] and self._attempts == 1:
            self._desk.wrongs.note("duplicates of orders sent once", str(reply["order"]))

    def _take_update(self, push: dict[str, Any]) -> None:
        if push["status"] != "paid":
            self._desk.wrongs.note("order updates with another status", str(push["status"]))
        if not self.updates.take(push["order"]):
            self._desk.wrongs.note("order updates told twice", str(push["order"]))

    def _take_error(self, error: dict[str, Any]) -> None:
        sales = self._desk.sales
        if self._number == NOTHING or error["id"] != self._number:
            self._commands.take_reply(error)  # it notes the code, and knows whether hello was meant
            return
        self._desk.books.account.errors[error["code"]] += 1
        if error["code"] in RETRIED_CODES and self._attempts < ATTEMPTS_MAX:
            sales.retries += 1
            pause_ms = error.get("retry_after_ms", RETRY_AFTER_DEFAULT_MS)
            loop = asyncio.get_running_loop()
            loop.call_later(pause_ms / 1000, self._send_again, self._number)
            return
        if error["code"] in RETRIED_CODES:
            self._give_up()
        else:
            sales.refused += 1
            self._number = NOTHING
        self._desk.on_idle(self)

    def _send_again(self, number: int) -> None:
        """The order may have been given up during the pause."""
        if number == self._number:
            self._send()
