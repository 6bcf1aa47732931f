"""What is prepared before a run: rooms with offers, and money in wallets.

Must not know the schedule's moments, only how much each person will spend at most. Invariant:
every id is fresh, so that a run owes nothing to the runs before it and its books start at zero.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..books.account import user_of
from ..books.purchases import COINS, CURRENCY, QUANTITY_MAX, orders_topup_minor
from ..client.api import Api, all_of
from ..client.credentials import Mint
from ..crew.messages import Gift, host_of
from ..scenario.cast import Cast
from ..scenario.model import OFFERS_DEFAULT, Kind, Offer, Recording
from ..scenario.schedule import Timetable


@dataclass(frozen=True)
class Stage:
    """Everything a run stands on. `topups_minor`: person to currency to what it was given."""

    run: str
    room_ids: list[str]
    gift: Gift
    topups_minor: Mapping[int, Mapping[str, int]]


async def cheapest_gift(api: Api) -> Gift:
    gifts = (await api.get("/v1/gifts"))["gifts"]
    cheapest = min(gifts, key=lambda gift: gift["price_minor"])
    return Gift(cheapest["gift"], cheapest["price_minor"])


def topups_minor(cast: Cast, gift: Gift) -> dict[int, dict[str, int]]:
    """What each person needs for its gifts and orders, whatever they turn out to be.

    Who does neither is not in the answer.
    """
    topups: dict[int, Counter[str]] = {}
    for table in cast.schedule.of(Kind.GIFT):
        most = _size_max(table, 1)
        for viewer, count in table.counts().items():
            topups.setdefault(viewer, Counter())[COINS] += count * most * gift.price_minor
    for table in cast.schedule.of(Kind.ORDER):
        quantity = table.act.quantity if table.act else None
        most = _size_max(table, quantity or QUANTITY_MAX)
        for viewer, count in table.counts().items():
            needed = orders_topup_minor(count, cast.all_offers(), most)
            topups.setdefault(viewer, Counter())[CURRENCY] += needed
    return {viewer: dict(topup) for viewer, topup in topups.items()}


async def open_room(
    api: Api, mint: Mint, room: str, offers: Sequence[Offer] = OFFERS_DEFAULT, *, ttl_s: float
) -> None:
    """Make a room with its offers and start its show."""
    host = mint.token(host_of(room), "host", ttl_s=ttl_s)
    await api.post("/v1/rooms", host, {"room": room, "title": f"Load test {room}"})
    for offer in offers:
        body = {
            "offer": offer.offer,
            "title": offer.offer.capitalize(),
            "price_minor": offer.price_minor,
            "currency": CURRENCY,
            "stock": offer.stock,
            "limit_per_buyer": offer.limit_per_buyer,
        }
        await api.post(f"/v1/rooms/{room}/offers", host, body)
    await api.post(f"/v1/rooms/{room}/start", host, {})


async def fill_wallets(api: Api, stage: Stage, mint: Mint, *, ttl_s: float) -> None:
    ops = mint.token(f"{stage.run}-ops", "ops", ttl_s=ttl_s)

    async def fill(viewer: int, currency: str, amount_minor: int) -> None:
        user = user_of(stage.run, viewer)
        key = f"{user}-{currency}"
        body = {"amount_minor": amount_minor, "currency": currency, "key": key}
        await api.post(f"/v1/wallets/{user}/topups", ops, body)

    await all_of(
        fill(viewer, currency, amount_minor)
        for viewer, topups in stage.topups_minor.items()
        for currency, amount_minor in topups.items()
    )


def _size_max(table: Timetable, unrecorded: int) -> int:
    """How many pieces, or how large a streak, one action is at most."""
    when = table.act.when if table.act else None
    return max(when.sizes, default=1) if isinstance(when, Recording) else unrecorded
