"""The stub's books: wallets, offers, gifts, orders. Pure.

Must not know rooms beyond their names, or sockets. It says what to answer and what the room is to
be shown. Invariant: with no fault a command sent again is answered as the first time, nothing is
sold that is not there, and every wallet is short of exactly what was acknowledged.
"""

from collections import Counter
from typing import Any

from .faults import Faults, is_nth

COINS = "COIN"
GIFT = "rose"
GIFT_MINOR = 3
BUSY_MS = 20
Message = dict[str, Any]
Outcome = tuple[Message, Message | None]
"""The reply, and the event that the room is shown, if any."""


class Shop:
    """What is owned, on sale and sold."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._topups: set[tuple[str, str]] = set()
        self._wallets: Counter[tuple[str, str]] = Counter()
        self._offers: dict[str, dict[str, Message]] = {}
        self._orders: dict[str, Message] = {}
        self._answers: dict[tuple[str, str], Message] = {}
        self._combos: Counter[str] = Counter()
        self._bought: Counter[tuple[str, str, str]] = Counter()
        self._busy: set[tuple[str, str]] = set()
        self._has_failed = False
        self.stocks: Counter[str] = Counter()
        self.sold: Counter[str] = Counter()

    @property
    def orders(self) -> list[str]:
        return list(self._orders)

    @property
    def forgotten(self) -> list[str]:
        return [order for order in self._orders if self.find(order) is None]

    def open(self, room: str) -> None:
        self._offers.setdefault(room, {})

    def top_up(self, user: str, key: str, currency: str, amount_minor: int) -> Message:
        is_new = (user, key) not in self._topups
        self._topups.add((user, key))
        self._wallets[user, currency] += amount_minor if is_new else 0
        return {"balance_minor": self._wallets[user, currency], "duplicate": not is_new}

    def balances(self, user: str) -> list[Message]:
        return [
            {"currency": currency, "balance_minor": minor - self.faults.overcharges}
            for (owner, currency), minor in self._wallets.items()
            if owner == user
        ]

    def put_on_sale(self, room: str, offer: Message) -> Message:
        """Put an offer on sale, once. Raises `KeyError` for a room that there is not."""
        known = self._offers[room].setdefault(offer["offer"], {"limit_per_buyer": None, **offer})
        self.stocks[f"{room}/{offer['offer']}"] = offer["stock"]
        return known

    def offers(self, room: str) -> list[Message]:
        """What is on sale in a room. Raises `KeyError` for a room that there is not."""
        return list(self._offers[room].values())

    def offer(self, room: str, offer: str) -> Message | None:
        return self._offers[room].get(offer)

    def find(self, order: str) -> Message | None:
        """An order, if the ledger still knows it."""
        found = self._orders.get(order)
        is_lost = found and is_nth(_number(order), self.faults.forgets_order_every)
        return None if is_lost else found

    def give(self, user: str, command: Message) -> Outcome:
        key, count = command["key"], command["count"]
        if self._is_busy(user, f"{key}/{count}"):
            return _busy(), None
        added = max(0, count - self._combos[key])
        cost_minor = GIFT_MINOR * added
        if self._wallets[user, COINS] < cost_minor:
            return _error("insufficient_funds"), None
        self._combos[key] += added
        self._wallets[user, COINS] -= cost_minor
        reply = {"type": "gifted", "key": key, "charged_minor": cost_minor, "duplicate": not added}
        reply["balance_minor"] = self._wallets[user, COINS]
        if not added or self.faults.hides_gifts:
            return reply, None
        shown = {"type": "gift", "user": person(user), "gift": command["gift"], "combo": key}
        return reply, {**shown, "count": count, "added": added, "coins": cost_minor}

    def order(self, user: str, command: Message) -> Outcome:
        key = (user, command["key"])
        if key in self._answers:
            return {**self._answers[key], "duplicate": True}, None
        if self._is_busy(*key):
            return _busy(), None
        is_faulty = len(self._orders) == self.faults.at_event and not self._has_failed
        self._has_failed |= is_faulty
        if is_faulty and self.faults.refuses_order:
            return _error("sold_out"), None
        refusal = self._refusal(user, command)
        if refusal:
            return _error(refusal), None
        return self._sell(user, command, is_faulty)

    def pushes(self, user: str, command: Message) -> list[Message]:
        """What the buyer is told behind the reply to an order."""
        answer = self._answers.get((user, command["key"]))
        if answer is None:
            return []
        update = {"type": "order_update", "order": answer["order"], "status": "paid"}
        is_faulty = _number(answer["order"]) == self.faults.at_event
        balance = {"currency": answer["currency"], "balance_minor": answer["balance_minor"]}
        return [update] * self._updates(is_faulty) + [{"type": "balance", **balance}]

    def _refusal(self, user: str, command: Message) -> str:
        """The code of why an order cannot be; empty when it can."""
        if self._wallets[user, command["currency"]] < command["total_minor"]:
            return "insufficient_funds"
        for line in command["lines"]:
            offer = self.offer(command["room"], line["offer"])
            if offer is None:
                return "not_found"
            if offer["stock"] < line["quantity"] and not self.faults.oversells:
                return "sold_out"
            bought = self._bought[user, command["room"], line["offer"]] + line["quantity"]
            if offer["limit_per_buyer"] and bought > offer["limit_per_buyer"]:
                return "limit_exceeded"
        return ""

    def _sell(self, user: str, command: Message, is_faulty: bool) -> Outcome:
        lines = [self._take(user, command["room"], line) for line in command["lines"]]
        wallet = (user, command["currency"])
        charges = 2 if is_faulty and self.faults.charges_twice else 1
        self._wallets[wallet] -= charges * command["total_minor"]
        order = f"or{len(self._orders)}"
        paid = {name: command[name] for name in ("total_minor", "currency", "room", "lines")}
        self._orders[order] = {"order": order, "buyer": user, "status": "paid", **paid}
        told = {"total_minor": command["total_minor"], "currency": command["currency"]}
        told |= {"balance_minor": self._wallets[wallet], "duplicate": False}
        reply = {"type": "ordered", "order": order, "status": "paid", **told}
        self._answers[user, command["key"]] = reply
        if is_faulty and self.faults.answers_another_id:
            reply = {**reply, "id": command["id"] + 1_000_000}
        if is_faulty and self.faults.hides_sale:
            return reply, None
        return reply, {"type": "sold", "user": person(user), "lines": lines}

    def _take(self, user: str, room: str, line: Message) -> Message:
        """Take a line's pieces from the stock; returns it as it is shown."""
        offer = self._offers[room][line["offer"]]
        offer["stock"] -= line["quantity"]
        self._bought[user, room, line["offer"]] += line["quantity"]
        self.sold[f"{room}/{line['offer']}"] += line["quantity"]
        return {**line, "stock": offer["stock"]}

    def _is_busy(self, user: str, key: str) -> bool:
        is_first = (user, key) not in self._busy
        self._busy.add((user, key))
        return is_first and self.faults.is_busy_at_first

    def _updates(self, is_faulty: bool) -> int:
        if is_faulty and self.faults.hides_update:
            return 0
        return 2 if is_faulty and self.faults.doubles_update else 1


def person(user: str) -> Message:
    return {"id": user, "name": user, "badges": []}


def _number(order: str) -> int:
    return int(order.removeprefix("or"))


def _busy() -> Message:
    return {**_error("busy"), "retry_after_ms": BUSY_MS}


def _error(code: str) -> Message:
    return {"type": "error", "code": code, "message": code}
