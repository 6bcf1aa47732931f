"""A show with its crowd: who is there, who acts, and what must be true of them in the end."""

import asyncio
from collections import Counter
from random import Random

from tests.waiting import until
from tests.wire.shapes import Message
from tests.wire.stage import PRICE_MINOR, Show, Stage, fresh

from . import books, shares
from .trade import Actor, Buyer, Combo, Deal, Giver, Talker, Tally
from .viewer import Viewer

GIVERS, BUYERS, TALKERS, GUESTS = 5, 6, 4, 5
STOCK = 100_000
RARE_STOCK = 200
"""Few enough to be sold out while somebody is killed."""
RARE_PRICE_MINOR = 333
FUNDS = {"CNY": 10**9, "COIN": 10**7}
HEARD_WITHIN_S = 20.0


class Crowd:
    """Everybody in one room."""

    def __init__(self, stage: Stage, show: Show, stocks: dict[str, int], rng: Random) -> None:
        prices = dict.fromkeys(stocks, RARE_PRICE_MINOR) | {show.offer: PRICE_MINOR}
        self._stage = stage
        self._show = show
        self._stocks = stocks
        self._tally = Tally()
        self.givers = [Giver(self._new(rng), _own(rng)) for _ in range(GIVERS)]
        self.buyers = [Buyer(self._new(rng), _own(rng), prices) for _ in range(BUYERS)]
        self._talkers = [Talker(self._new(rng), _own(rng)) for _ in range(TALKERS)]
        self._actors: list[Actor] = [*self.givers, *self.buyers, *self._talkers]
        guests = [Viewer(stage, show.room, None, _own(rng)) for _ in range(GUESTS)]
        self.viewers = [*(actor.viewer for actor in self._actors), *guests]

    @classmethod
    async def gathered(cls, stage: Stage, rng: Random) -> "Crowd":
        """A fresh room with two offers, and users with money who have not come yet."""
        show = await stage.show(stock=STOCK)
        rare = await stage.offer(
            show.room, show.token, stock=RARE_STOCK, price_minor=RARE_PRICE_MINOR
        )
        crowd = cls(stage, show, {show.offer: STOCK, rare: RARE_STOCK}, rng)
        for user in crowd.users:
            for currency, amount in FUNDS.items():
                await stage.fund(user, currency, amount)
        return crowd

    def _new(self, rng: Random) -> Viewer:
        return Viewer(self._stage, self._show.room, fresh("user"), _own(rng))

    @property
    def room(self) -> str:
        return self._show.room

    @property
    def users(self) -> list[str]:
        return [actor.user for actor in self._actors]

    @property
    def all_wait(self) -> bool:
        """Whether everybody who gives or buys waits for an answer."""
        return all(actor.viewer.is_waiting for actor in [*self.givers, *self.buyers])

    @property
    def answers(self) -> int:
        """How many orders and gifts have been answered so far."""
        return self._tally.answers

    @property
    def unheard(self) -> int:
        """How many of them had been carried out before, by an answer that never came."""
        return sum(actor.unheard for actor in self._actors)

    async def come(self, group: asyncio.TaskGroup) -> list["asyncio.Task[None]"]:
        """Everybody enters, and stays until their tasks are cancelled."""
        staying = [group.create_task(viewer.stay()) for viewer in self.viewers]
        await until(lambda: all(viewer.is_here for viewer in self.viewers))
        return staying

    def act(self, group: asyncio.TaskGroup, *, is_roaming: bool = True) -> None:
        """Everybody does what they do until `stop`; roaming, they lose connections meanwhile."""
        for actor in self._actors:
            group.create_task(actor.act(self._tally))
        for viewer in self.viewers if is_roaming else ():
            group.create_task(viewer.roam(lambda: self._tally.is_over))

    def stop(self) -> None:
        """Let everybody finish the deed they are at."""
        self._tally.is_over = True

    # --- what must be true in the end

    async def talk_reaches_everybody(self) -> None:
        """Comments may be lost, but not for ever."""
        text = f"still here {fresh('word')}"
        talker = self._talkers[0].viewer

        async def repeat() -> None:
            while not all(viewer.has_read(text) for viewer in self.viewers):
                await talker.try_once("comment", room=self._show.room, text=text)
                await asyncio.sleep(0.2)

        try:
            await asyncio.wait_for(repeat(), HEARD_WITHIN_S)
        except TimeoutError:
            deaf = [viewer for viewer in self.viewers if not viewer.has_read(text)]
            raise AssertionError(f"comments do not reach {deaf}") from None

    async def end(self) -> None:
        """The host ends the show; return when that event, the last one, has reached everybody."""
        await self._stage.http.post(f"/v1/rooms/{self._show.room}/end", token=self._show.token)
        try:
            await until(self._all_heard_the_end, within_s=HEARD_WITHIN_S)
        except AssertionError:
            late = [viewer for viewer in self.viewers if not viewer.has_heard_the_end]
            raise AssertionError(f"have not heard the end: {late}") from None

    def _all_heard_the_end(self) -> bool:
        return all(viewer.has_heard_the_end for viewer in self.viewers)

    def check_lanes(self, *, may_start_anew: bool = False) -> None:
        """Everybody heard the same, without hole or repeat: exactly what was acknowledged.

        With `may_start_anew`, those who were told that they must are left out: when a worker and
        the bus are killed together, nobody is left to remember what was missed.
        """
        anew = [viewer for viewer in self.viewers if viewer.holes]
        assert may_start_anew or not anew, anew
        steady = [viewer for viewer in self.viewers if not viewer.holes]
        longest = max((viewer.events for viewer in steady), key=len, default=[])
        for viewer in steady:
            events = viewer.events
            assert events == longest[-len(events) :], viewer
            numbers = [event["seq"] for event in events]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), viewer
            heard = [event for event in events if event["type"] in ("gift", "sold")]
            self._check_gifts([event for event in heard if event["type"] == "gift"])
            self._check_sales([event for event in heard if event["type"] == "sold"])

    def _check_gifts(self, events: list[Message]) -> None:
        """Each acknowledged count is one event, in its place."""
        by_combo: dict[str, list[tuple[str, int, int]]] = {}
        for event in events:
            said = (event["user"]["id"], event["count"], event["coins"])
            by_combo.setdefault(event["combo"], []).append(said)
        assert by_combo == {
            combo.key: [
                (giver.user, count, coins)
                for count, coins in zip(combo.counts, combo.charges, strict=True)
            ]
            for giver in self.givers
            for combo in giver.combos
        }

    def _check_sales(self, events: list[Message]) -> None:
        """Each acknowledged order is one event, and the stock falls by what it says."""
        left = dict(self._stocks)
        for line in (line for event in events for line in event["lines"]):
            left[line["offer"]] -= line["quantity"]
            assert line["stock"] == left[line["offer"]], line
        heard = Counter(_sale(event["user"]["id"], event["lines"]) for event in events)
        assert heard == Counter(
            _sale(buyer.user, deal.order["lines"]) for buyer in self.buyers for deal in buyer.bought
        )

    async def check_books(self) -> None:
        """Stock, orders, wallets and the host's earnings follow from what was acknowledged."""
        await self._check_orders()
        await self._check_wallets()
        earnings = await self._stage.http.get("/v1/earnings", token=self._show.token)
        totals = [deal.order["total_minor"] for deal in self.deals if deal.is_bought]
        charges = [coins for combo in self.combos for coins in combo.charges]
        assert shares.earned(earnings) == {
            "CNY": shares.of_orders(totals),
            "COIN": shares.of_gifts(charges),
        }

    @property
    def deals(self) -> list[Deal]:
        return [deal for buyer in self.buyers for deal in buyer.deals]

    @property
    def combos(self) -> list[Combo]:
        return [combo for giver in self.givers for combo in giver.combos]

    async def _check_orders(self) -> None:
        bought = {deal.answer["order"]: deal for deal in self.deals if deal.is_bought}
        sheets = await books.orders(self._stage, self._show, list(bought))
        for order_id, sheet in sheets.items():
            deal = bought[order_id]
            lines = {line["offer"]: line["quantity"] for line in sheet["lines"]}
            assert (lines, sheet["total_minor"]) == (deal.pieces, deal.order["total_minor"]), sheet
        sold = sum((deal.pieces for deal in bought.values()), Counter[str]())
        left = await books.stock_left(self._stage, self._show.room)
        assert left == {offer: stock - sold[offer] for offer, stock in self._stocks.items()}

    async def _check_wallets(self) -> None:
        spent = {viewer.user: Counter[str]() for viewer in self.viewers if viewer.user is not None}
        for buyer in self.buyers:
            spent[buyer.user]["CNY"] = sum(d.order["total_minor"] for d in buyer.bought)
        for giver in self.givers:
            spent[giver.user]["COIN"] = sum(sum(c.charges) for c in giver.combos)
        held = await books.wallets(self._stage, [user for user in spent if user is not None])
        assert held == {
            user: {currency: amount - used[currency] for currency, amount in FUNDS.items()}
            for user, used in spent.items()
        }


def _own(rng: Random) -> Random:
    """Random numbers of one's own, so that nobody's depend on who acts first."""
    return Random(rng.getrandbits(64))


def _sale(user: str, lines: list[Message]) -> tuple[object, ...]:
    return user, *((line["offer"], line["quantity"]) for line in lines)
