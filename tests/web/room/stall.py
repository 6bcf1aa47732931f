"""What somebody sells in a room, over HTTP, and what the books say of it afterwards.

Knows the spec and nothing of the code. Invariant: rooms and people are fresh, so tests share a
server.
"""

import json
import secrets
import time
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.server import Server

JSON = Subprotocol("livesrv.v1.json")
PRICE_MINOR = 2990
COINS = 500
WAIT_S = 15.0
Message = dict[str, Any]


def fresh(word: str) -> str:
    """An id nobody has used."""
    return f"{word}-{secrets.token_hex(6)}"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Stall:
    """A live room with its host, and peaches on sale in it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.room, self.host = fresh("room"), fresh("mei")
        self.token = server.token(self.host, "host", name="Mei")
        self.path = f"/v1/rooms/{self.room}"
        self.url = f"{server.url}/room/{self.room}"

    @classmethod
    def open(cls, server: Server, **offer: object) -> Self:
        """A live room in which peaches are pinned; the fields of `offer` are theirs."""
        stall = cls(server)
        stall.ask("POST", "/v1/rooms", {"room": stall.room, "title": "🍑 Peaches from the hill"})
        stall.sell("peach", **offer)
        stall.ask("POST", f"{stall.path}/start")
        stall.pin("peach")
        return stall

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> Message:
        """What the server answers, asked by the host or with another token; must not be refused."""
        request = Request(
            self._server.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token or self.token}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urlopen(request, timeout=WAIT_S) as response:
                answer: Message = json.load(response)
        except HTTPError as refusal:
            raise AssertionError(f"{method} {path} {body}: {refusal.read()!r}") from refusal
        return answer

    def command(self, type: str, **fields: object) -> None:
        """Something that the host says over the wire."""
        with connect(self._server.ws_url, subprotocols=[JSON], compression=None) as socket:
            for said in (
                {"type": "hello", "token": self.token},
                {"type": type, "room": self.room, **fields},
            ):
                socket.send(json.dumps(said | {"id": 1}))
                reply = json.loads(socket.recv(WAIT_S))
                assert reply["type"] in ("welcome", "ok"), reply

    # --- what the host does

    def sell(self, offer: str, **fields: object) -> Message:
        peaches = {"title": "🍑 Hill peaches", "price_minor": PRICE_MINOR, "currency": "CNY"}
        return self.ask(
            "POST", f"{self.path}/offers", {"offer": offer, **peaches, "stock": 100, **fields}
        )

    def change(self, offer: str = "peach", **fields: object) -> Message:
        return self.ask("PATCH", f"{self.path}/offers/{offer}", fields)

    def pin(self, offer: str) -> None:
        self.command("pin", offer=offer)

    def price_for(self, buyer: str, **fields: object) -> Message:
        """A price made for one buyer: ten pieces for 25 CNY each, and 12 CNY for carriage."""
        price = {"offer": "peach", "buyer": buyer, "quantity": 10, "price_minor": 2500}
        price |= {"carriage_minor": 1200, "expires_ms": now_ms() + 600_000}
        return self.ask("POST", f"{self.path}/private-prices", price | fields)

    def ship(self, order: str) -> None:
        parcel = {"carrier": "SF", "tracking": "SF1234567890"}
        self.ask("POST", f"/v1/orders/{order}/ship", parcel)

    def deliver(self, order: str) -> None:
        self.ask("POST", f"/v1/orders/{order}/deliver")

    # --- who comes to buy

    def buyer(self, name: str = "Lan", *, money_minor: int = 50_000, coins: int = COINS) -> Message:
        """Somebody with a wallet: {user, token}."""
        user, ops = fresh(name.lower()), self._server.token("ops", "ops")
        for currency, amount_minor in (("CNY", money_minor), ("COIN", coins)):
            body = {"amount_minor": amount_minor, "currency": currency, "key": fresh("t")}
            if amount_minor > 0:
                self.ask("POST", f"/v1/wallets/{user}/topups", body, ops)
        return {"user": user, "token": self._server.token(user, "viewer", name=name)}

    # --- what the books say

    def orders_of(self, buyer: Message) -> list[Message]:
        """A buyer's orders, the newest first."""
        orders: list[Message] = self.ask("GET", "/v1/orders", None, buyer["token"])["orders"]
        return orders

    def balance_of(self, buyer: Message, currency: str) -> int:
        balances = self.ask("GET", "/v1/wallet", None, buyer["token"])["balances"]
        found = {each["currency"]: each["balance_minor"] for each in balances}
        return int(found.get(currency, 0))

    def stock_of(self, offer: str = "peach") -> int:
        offers = self.ask("GET", f"{self.path}/offers")["offers"]
        return next(int(each["stock"]) for each in offers if each["offer"] == offer)
