"""What tests of orders play on: a stage whose server has a payment provider, and what people do.

Knows the spec and nothing of the code: it signs webhooks as the spec says.
"""

import base64
import hmac
import json
import time
from hashlib import sha256
from typing import Any

from .api import Answer
from .client import JSON, Client
from .shapes import Message
from .stage import PRICE_MINOR, Show, Stage, fresh, order_of

SECRET, OLD_SECRET = "k" * 32, "o" * 32
NOWHERE = "http://127.0.0.1:9"
"""Where no provider answers."""
PAYMENTS: dict[str, object] = {
    "payment_url": NOWHERE,
    "payment_secrets": [SECRET, OLD_SECRET],
    "payment_hold_s": 600,
}
SHORT: dict[str, object] = PAYMENTS | {
    "payment_hold_s": 1,
    "deliver_after_h": 0.0003,
    "return_window_h": 0.0003,
    "gift_window_h": 0.0003,
    "payout_tax_bps": 1000,
}
"""About a second of everything."""
FUNDS_MINOR = 100_000


def signature(secret: str, message: str, at_s: int, content: bytes) -> str:
    signed = f"{message}.{at_s}.".encode() + content
    digest = hmac.digest(secret.encode(), signed, sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def signed(
    content: bytes, *, secret: str = SECRET, at_s: int | None = None, message: str | None = None
) -> dict[str, str]:
    """The headers of a webhook."""
    message, at_s = message or fresh("m"), int(time.time()) if at_s is None else at_s
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature(secret, message, at_s, content),
    }


class Shop(Stage):
    """A stage with buyers, sellers, and a provider that says what it likes."""

    async def buyer(self, show: Show, funds_minor: int = FUNDS_MINOR) -> Client:
        client = await self.member(show, fresh("lan"))
        await self.fund(client.user, "CNY", funds_minor)
        return client

    def token(self, user: str | Client, *roles: str) -> str:
        return self.server.token(user if isinstance(user, str) else user.user, *roles)

    @property
    def ops(self) -> str:
        return self.server.token("ops", "ops")

    async def hold(self, lan: Client, show: Show, quantity: int = 1, **fields: Any) -> Message:
        """An order to be paid elsewhere."""
        return await lan.do("order", **order_of(show, quantity, payment="pay", **fields))

    async def tell(
        self,
        type: str,
        order: str,
        *,
        payment: str | None = None,
        amount_minor: int = PRICE_MINOR,
        currency: str = "CNY",
    ) -> Message:
        """A webhook that holds."""
        content = {
            "type": type,
            "order": order,
            "payment": payment or fresh("p"),
            "amount_minor": amount_minor,
            "currency": currency,
        }
        answer = await self.webhook(content)
        assert answer.status == 200, answer
        told: Message = answer.body
        return told

    async def webhook(
        self, content: object, headers: dict[str, str] | None = None, provider: str = "pay"
    ) -> Answer:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = signed(raw) if headers is None else headers
        return await self.http.ask("POST", f"/v1/payments/{provider}", raw=raw, headers=headers)

    async def move(self, order: str, move: str, token: str, body: object = None) -> Message:
        return await self.http.post(f"/v1/orders/{order}/{move}", body, token=token)

    async def read(self, order: str, token: str) -> Message:
        return await self.http.get(f"/v1/orders/{order}", token=token)

    async def stock(self, show: Show) -> int:
        offers = (await self.http.get(f"/v1/rooms/{show.room}/offers"))["offers"]
        return next(int(each["stock"]) for each in offers if each["offer"] == show.offer)

    async def earned(self, user: str, currency: str = "CNY") -> tuple[int, int]:
        """Pending and available."""
        found = (await self.http.get("/v1/earnings", token=self.token(user)))["earnings"]
        amounts = {
            each["currency"]: (each["pending_minor"], each["available_minor"]) for each in found
        }
        return amounts.get(currency, (0, 0))

    async def card(self, scope: str, rates_bps: dict[str, int], **fields: str) -> Message:
        body = {"scope": scope, "rates_bps": rates_bps, **fields}
        return await self.http.do("PUT", "/v1/cards", body, token=self.ops)


def on(server: Any) -> Shop:
    """HTTP and JSON are enough where the format is not what is tested."""
    return Shop(server, JSON)
