"""What the show stands on: the room, what is on sale in it, and money in the wallets.

Must not know the script's words or its timing. Invariant: everything here may be done again and
changes nothing the second time, so a second run goes on where the first one ended.
"""

import secrets
import time
from typing import Any

from livesrv import auth
from loadtest.client.api import Api, Refusal, all_of

from .figures import Shelf
from .people import CAST
from .script import (
    CURRENCY,
    HOST,
    HOST_NAME,
    PRODUCTS,
    ROOM,
    ROOM_CITY,
    ROOM_THEME,
    ROOM_TITLE,
)

TOKEN_TTL_S = 3600
CRATE_MAX = 10**9
"""The largest stock the server takes. Crates double, so a room's 200 offers last for centuries."""
OPS = "demo-ops"
LOW_MINOR = {"COIN": 2_500, CURRENCY: 60_000}
"""A wallet under this is filled up: a rocket and a few boxes must be in it."""
TOPUP_MINOR = {"COIN": 20_000, CURRENCY: 1_000_000}


class Tokens:
    """Mints what the cast shows at the door."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def of(self, user: str, role: str, name: str | None = None) -> str:
        return auth.mint(
            self._secret, user, [role], ttl_s=TOKEN_TTL_S, now_s=int(time.time()), name=name
        )

    def host(self) -> str:
        return self.of(HOST, "host", HOST_NAME)


def user_id(person: str) -> str:
    """Apart from anybody who logs in on the page."""
    return f"demo-{person}"


class Crates:
    """The offers of the room: `PRODUCT-1`, `PRODUCT-2`, each crate twice as large as the last."""

    def __init__(self, api: Api, tokens: Tokens, shelf: Shelf) -> None:
        self._api = api
        self._tokens = tokens
        self._shelf = shelf
        self._numbers = dict.fromkeys(PRODUCTS, 0)

    async def open(self) -> None:
        """Open the room and start its show, and bring the first crates where there are none."""
        await self._open_room()
        await self._post(f"/v1/rooms/{ROOM}/start", {})
        answer = await self._api.get(f"/v1/rooms/{ROOM}/offers")
        self._shelf.put(answer["offers"])
        for offer in answer["offers"]:
            product, _, number = offer["offer"].rpartition("-")
            if product in self._numbers and number.isdigit():
                self._numbers[product] = max(self._numbers[product], int(number))
        for product, number in self._numbers.items():
            if number == 0:
                await self.bring(product)

    async def bring(self, product_id: str) -> str:
        """Put the next crate of a product on sale; its offer's id."""
        product, number = PRODUCTS[product_id], self._numbers[product_id] + 1
        offer = {
            "offer": f"{product_id}-{number}",
            "title": product.title,
            "price_minor": product.price_minor,
            "currency": CURRENCY,
            "stock": min(product.first_crate * 2 ** (number - 1), CRATE_MAX),
        }
        self._shelf.put([await self._post(f"/v1/rooms/{ROOM}/offers", offer)])
        self._numbers[product_id] = number
        return self.current(product_id)

    def current(self, product_id: str) -> str:
        """The id of the offer that stands for a product now."""
        return f"{product_id}-{self._numbers[product_id]}"

    async def _open_room(self) -> None:
        room = {"room": ROOM, "title": ROOM_TITLE, "city": ROOM_CITY, "theme": ROOM_THEME}
        try:
            await self._post("/v1/rooms", room)
        except Refusal as refusal:
            if refusal.code != "conflict":  # it has another title from an earlier version
                raise

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        return await self._api.post(path, self._tokens.host(), body)


class Purses:
    """The cast's wallets, filled up when they run low."""

    def __init__(self, api: Api, tokens: Tokens) -> None:
        self._api = api
        self._tokens = tokens

    async def open(self) -> None:
        await all_of(self._look(user_id(person.id)) for person in CAST)

    async def spent(self, user: str, currency: str, balance_minor: int) -> None:
        """A wallet holds so much now; fill it up where that is too little."""
        if balance_minor < LOW_MINOR[currency]:
            body = {
                "amount_minor": TOPUP_MINOR[currency],
                "currency": currency,
                "key": f"demo-{secrets.token_hex(8)}",
            }
            await self._api.post(f"/v1/wallets/{user}/topups", self._tokens.of(OPS, "ops"), body)

    async def _look(self, user: str) -> None:
        answer = await self._api.get("/v1/wallet", self._tokens.of(user, "viewer"))
        held = {line["currency"]: line["balance_minor"] for line in answer["balances"]}
        for currency in LOW_MINOR:
            await self.spent(user, currency, held.get(currency, 0))
