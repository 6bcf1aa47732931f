"""The play money of an audience: wallets filled up by operations, when something is to be paid.

Must not know what is bought. Invariant: no wallet is filled up while it is known to hold enough.
"""

import secrets
from typing import Any

from ..client.api import Api
from ..client.credentials import Mint

OPS = "audience-ops"
AMOUNT_MAX = 2**50
"""What the wire takes at once."""
TIMES = 5
"""A wallet is filled up for so many purchases alike, so that it is seldom done."""


class Purses:
    """Everybody's wallet by user and currency, as far as it is known."""

    def __init__(self, api: Api, mint: Mint, ttl_s: float) -> None:
        self._api = api
        self._token = mint.token(OPS, "ops", ttl_s=ttl_s)
        self._held: dict[tuple[str, str], int] = {}

    async def ready(self, user: str, currency: str, amount_minor: int) -> None:
        """See that a wallet holds what is to be paid. Raises `Refusal`, `Unreachable`."""
        if self._held.get((user, currency), 0) >= amount_minor:
            return
        body: dict[str, Any] = {
            "amount_minor": min(amount_minor * TIMES, AMOUNT_MAX),
            "currency": currency,
            "key": f"audience-{secrets.token_hex(8)}",
        }
        answer = await self._api.post(f"/v1/wallets/{user}/topups", self._token, body)
        self._held[user, currency] = answer["balance_minor"]

    def paid(self, user: str, currency: str, balance_minor: int) -> None:
        """What a wallet holds after a purchase."""
        self._held[user, currency] = balance_minor

    def spent(self, user: str, currency: str) -> None:
        """A wallet held less than was known."""
        self._held.pop((user, currency), None)
