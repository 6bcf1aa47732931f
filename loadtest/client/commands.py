"""The commands of one viewer that have no answer yet.

Must not know how a connection comes about. Invariant: a purchase handed to `buy` is in exactly one
place here (asked, waiting for a connection, or pausing before a retry) until the receipts have it
as acknowledged, refused, skipped or unknown; it is always sent with the content it was made with.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

from ..books.books import Books
from ..books.latency import Measure
from ..books.receipts import Purchase
from ..scenario.model import Kind
from .connection import Connection

ATTEMPTS_MAX = 50
"""Then a purchase's outcome is reported as unknown. At the server's pace, about half a minute."""
OPEN_COMMANDS_MAX = 1_000
"""Beyond this the viewer skips: a server that answers nothing must not eat our memory."""
RETRY_AFTER_DEFAULT_MS = 500
RETRIED_CODES = frozenset({"busy", "rate_limited"})
Answer = asyncio.Future[dict[str, Any]]
_RESPONSE = {Kind.GIFT: Measure.GIFT_REPLY, Kind.ORDER: Measure.ORDER_REPLY}
_SERVICE = {Kind.GIFT: Measure.GIFT_SERVICE, Kind.ORDER: Measure.ORDER_SERVICE}


class Refused(Exception):
    """The server answered a command with an `error`; the text is its code.

    `retry_after_ms` is None where waiting does not help.
    """

    def __init__(self, code: str, retry_after_ms: int | None) -> None:
        super().__init__(code)
        self.retry_after_ms = retry_after_ms


@dataclass(frozen=True, slots=True)
class Said:
    """A comment, a like or a pin under way. `room` is the room's number."""

    kind: Kind
    number: int
    room: int
    sent_ms: float


class Commands:
    """What one viewer asked of the server, over however many connections."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._account = books.account
        self._connection: Connection | None = None
        self._next_id = 0
        self._asked: dict[int, Answer] = {}
        self._said: dict[int, Said] = {}
        self._bought: dict[int, Purchase] = {}
        self._waiting: deque[Purchase] = deque()
        self._is_over = False

    def ask(
        self, connection: Connection, command: dict[str, Any]
    ) -> asyncio.Future[dict[str, Any]]:
        """Send what belongs to this connection alone. Fails with `Refused`, `ConnectionError`."""
        answer: Answer = asyncio.get_running_loop().create_future()
        if connection.is_open:
            self._asked[self._send(connection, command)] = answer
        else:
            answer.set_exception(ConnectionError("the connection is not open"))
        return answer

    def resume(self, connection: Connection) -> None:
        """The viewer is in its room: send what has been waiting."""
        self._connection = connection
        waiting, self._waiting = self._waiting, deque()
        for purchase in waiting:
            self._buy(purchase)

    def suspend(self) -> None:
        """The connection is lost: purchases wait for the next one, the rest has no answer."""
        self._connection = None
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the connection was lost"))
        self._account.counts["resent"] += len(self._bought)
        self._waiting.extend(self._bought.values())
        for open_commands in (self._asked, self._said, self._bought):
            open_commands.clear()

    def end(self) -> None:
        """There will be no other connection: give up what waits for one, or for an answer."""
        self._is_over = True
        under_way = [*self._waiting, *self._bought.values()]
        self._waiting.clear()
        self._bought.clear()
        for purchase in under_way:
            self._account.receipts.abandon(purchase)

    @property
    def can_speak(self) -> bool:
        return self._usable() is not None and len(self._said) < OPEN_COMMANDS_MAX

    def say(self, said: Said, command: dict[str, Any]) -> None:
        """Send what is worth nothing later, if the connection can take it."""
        connection = self._usable()
        if connection is None or not self.can_speak:
            self._account.said[said.kind, "skipped"] += 1
            return
        self._said[self._send(connection, command)] = said
        self._account.said[said.kind, "sent"] += 1

    def buy(self, purchase: Purchase) -> None:
        """Send a gift or an order now, or as soon as there is a connection again."""
        self._books.open(purchase)
        if len(self._bought) + len(self._waiting) >= OPEN_COMMANDS_MAX:
            self._account.receipts.abandon(purchase)
            return
        self._account.counts["late"] += self._usable() is None
        self._buy(purchase)

    def take_reply(self, message: dict[str, Any]) -> None:
        """Take a message that has an `id`, an `error` included."""
        command_id = message["id"]
        if message["type"] == "error":
            self._account.errors[message["code"]] += 1
        if (said := self._said.pop(command_id, None)) is not None:
            self._end_saying(said, message)
        elif (purchase := self._bought.pop(command_id, None)) is not None:
            self._end_purchase(purchase, message)
        elif (answer := self._asked.pop(command_id, None)) is not None and not answer.done():
            _resolve(answer, message)

    def _usable(self) -> Connection | None:
        connection = self._connection
        return connection if connection is not None and connection.is_open else None

    def _send(self, connection: Connection, command: dict[str, Any]) -> int:
        self._next_id += 1
        connection.send({**command, "id": self._next_id})
        return self._next_id

    def _buy(self, purchase: Purchase) -> None:
        connection = self._usable()
        if connection is None and self._is_over:
            self._account.receipts.abandon(purchase)
            return
        if connection is None:
            self._waiting.append(purchase)
            return
        if not purchase.attempts:
            purchase.sent_ms = self._books.clock()
        purchase.attempts += 1
        self._bought[self._send(connection, purchase.command)] = purchase

    def _end_saying(self, said: Said, message: dict[str, Any]) -> None:
        if message["type"] == "error":
            self._account.said[said.kind, "refused"] += 1
            return
        self._account.said[said.kind, "acknowledged"] += 1
        if said.kind is Kind.COMMENT:
            self._account.deliveries.accept(said.number, said.room, said.sent_ms)

    def _end_purchase(self, purchase: Purchase, message: dict[str, Any]) -> None:
        receipts = self._account.receipts
        if message["type"] != "error":
            receipts.acknowledge(purchase, message)
            self._books.record(_RESPONSE[purchase.kind], purchase.intended_ms)
            self._books.record(_SERVICE[purchase.kind], purchase.sent_ms)
        elif message["code"] not in RETRIED_CODES:
            self._books.refuse(purchase)
        elif purchase.attempts >= ATTEMPTS_MAX:
            receipts.abandon(purchase)
        else:
            self._retry(purchase, message.get("retry_after_ms", RETRY_AFTER_DEFAULT_MS))

    def _retry(self, purchase: Purchase, pause_ms: float) -> None:
        self._account.counts["retries"] += 1
        asyncio.get_running_loop().call_later(pause_ms / 1000, self._buy_if_open, purchase)

    def _buy_if_open(self, purchase: Purchase) -> None:
        """The run may have been settled during the pause."""
        if self._account.receipts.is_open(purchase):
            self._buy(purchase)


def _resolve(answer: Answer, message: dict[str, Any]) -> None:
    if message["type"] == "error":
        answer.set_exception(Refused(message["code"], message.get("retry_after_ms")))
    else:
        answer.set_result(message)
