"""A live room with peaches on sale, who buys there, and what the books say of it."""

import time
from typing import Any

from tests.server import Server
from tests.web.people import Host, Message, Person, fresh

MONEY_MINOR = 50_000
COINS = 500
DEAL_MINOR = 10 * 2_500 + 1_200


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Buyer(Person):
    """A viewer with a wallet."""

    def __init__(
        self,
        server: Server,
        name: str = "Lan",
        *,
        money_minor: int = MONEY_MINOR,
        coins: int = COINS,
    ) -> None:
        super().__init__(server, "viewer", name=name)
        for currency, amount_minor in (("CNY", money_minor), ("COIN", coins)):
            if amount_minor > 0:
                self.topup(amount_minor, currency)

    def orders(self) -> list[Message]:
        """The newest first."""
        orders: list[Message] = self.call("GET", "orders")["orders"]
        return orders

    def order(self, stall: "Stall", quantity: int = 1, **fields: object) -> str:
        """Buy peaches on some other device; the order's id."""
        total_minor = quantity * int(stall.read()["price_minor"])
        lines = [{"offer": stall.peach, "quantity": quantity}]
        body: Message = {"key": fresh("o"), "lines": lines, "total_minor": total_minor}
        body |= {"currency": "CNY", **fields}
        order: str = self.call("POST", f"rooms/{stall.room}/orders", body)["order"]
        return order

    def holds(self, currency: str) -> int:
        balances = self.call("GET", "wallet")["balances"]
        found = {each["currency"]: each["balance_minor"] for each in balances}
        return int(found.get(currency, 0))


class Stall(Host):
    """A live room in which `peach` is pinned; `terms` are its terms."""

    def __init__(self, server: Server, **terms: Any) -> None:
        super().__init__(server)
        self.peach = self.offer(**terms)

    def change(self, **terms: object) -> None:
        self.call("PATCH", f"rooms/{self.room}/offers/{self.peach}", terms)

    def read(self) -> Message:
        """The peaches as they are offered now."""
        offers = self.call("GET", f"rooms/{self.room}/offers")["offers"]
        return next(each for each in offers if each["offer"] == self.peach)

    def price_for(self, buyer: Buyer, **fields: object) -> str:
        """Ten pieces for one buyer, for 25 CNY each and 12 CNY of carriage; the price's id."""
        price = {"offer": self.peach, "buyer": buyer.user, "quantity": 10, "price_minor": 2500}
        price |= {"carriage_minor": 1200, "expires_ms": now_ms() + 600_000, **fields}
        made: str = self.call("POST", f"rooms/{self.room}/private-prices", price)["private_price"]
        return made

    def ship(self, order: str) -> None:
        parcel = {"carrier": "SF", "tracking": "SF1234567890"}
        self.call("POST", f"orders/{order}/ship", parcel)
