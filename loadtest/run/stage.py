"""What is prepared before a run: rooms with offers, and money in wallets.

Must not know the schedule's moments, only how much each viewer will spend at most. Invariant:
every id is fresh, so that a run owes nothing to the runs before it and its books start at zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..books.purchases import COINS, CURRENCY, OFFERS, STOCK, Offer, orders_topup_minor
from ..client.api import Api, all_of
from ..client.credentials import Mint


@dataclass(frozen=True)
class Gift:
    gift: str
    price_minor: int


@dataclass(frozen=True)
class Stage:
    """Everything a run stands on. `topups_minor`: viewer to currency to what it was given."""

    run: str
    room_ids: list[str]
    gift: Gift
    topups_minor: Mapping[int, Mapping[str, int]]


async def cheapest_gift(api: Api) -> Gift:
    gifts = (await api.get("/v1/gifts"))["gifts"]
    cheapest = min(gifts, key=lambda gift: gift["price_minor"])
    return Gift(cheapest["gift"], cheapest["price_minor"])


def topups_minor(
    gifts: Mapping[int, int], orders: Mapping[int, int], gift: Gift
) -> dict[int, dict[str, int]]:
    """What each viewer needs for its number of gifts and of orders, whatever they turn out to be.

    A viewer that does neither is not in the answer.
    """
    topups: dict[int, dict[str, int]] = {}
    for viewer, count in gifts.items():
        topups.setdefault(viewer, {})[COINS] = count * gift.price_minor
    for viewer, count in orders.items():
        topups.setdefault(viewer, {})[CURRENCY] = orders_topup_minor(count)
    return topups


async def open_room(
    api: Api,
    mint: Mint,
    room: str,
    *,
    limit_per_buyer: int | None,
    ttl_s: float,
    offers: Sequence[Offer] = OFFERS,
) -> None:
    """Make a room with its offers and start its show."""
    host = mint.token(f"{room}-host", "host", ttl_s=ttl_s)
    await api.post("/v1/rooms", host, {"room": room, "title": f"Load test {room}"})
    for offer in offers:
        body = {
            "offer": offer.offer,
            "title": offer.offer.capitalize(),
            "price_minor": offer.price_minor,
            "currency": CURRENCY,
            "stock": STOCK,
            "limit_per_buyer": limit_per_buyer,
        }
        await api.post(f"/v1/rooms/{room}/offers", host, body)
    await api.post(f"/v1/rooms/{room}/start", host, {})


async def fill_wallets(api: Api, stage: Stage, mint: Mint, *, ttl_s: float) -> None:
    ops = mint.token(f"{stage.run}-ops", "ops", ttl_s=ttl_s)

    async def fill(viewer: int, currency: str, amount_minor: int) -> None:
        user = f"{stage.run}-v{viewer}"
        key = f"{user}-{currency}"
        body = {"amount_minor": amount_minor, "currency": currency, "key": key}
        await api.post(f"/v1/wallets/{user}/topups", ops, body)

    await all_of(
        fill(viewer, currency, amount_minor)
        for viewer, topups in stage.topups_minor.items()
        for currency, amount_minor in topups.items()
    )
