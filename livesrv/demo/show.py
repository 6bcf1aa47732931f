"""The show itself: the host follows the script, and the crowd comments, gives, likes and buys.

Must not know the server: everything is said through clients and over HTTP, as anybody could.
Invariant: whatever is refused, lost or away, the show goes on; what it pays for it pays once.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, NoReturn

from loadtest.client.api import Refusal, Unreachable
from loadtest.client.person import Client, Lost, Refused

from .figures import Figures, Shelf
from .people import CAST, PHRASES, Mood, Person
from .script import ACTS, NEARLY_SOLD_OUT, NEW_CRATE, THANKS_FOR_BIG_GIFT, Act, Exchange
from .stage import Crates, Purses, user_id

GIFTS = ("rose",) * 13 + ("heart",) * 6 + ("rocket",)
"""What one in twenty gives is the rocket."""
BIG_GIFT = "rocket"
GIFT_EVERY_S = 2.6
STREAK_MAX = 6
STREAK_PAUSE_S = (0.25, 0.7)
ORDER_EVERY_S = 5.0
QUANTITIES = (1, 1, 1, 2, 2, 3)
LIKE_EVERY_S = 0.8
LIKES_MAX = 12
THINK_S = (1.2, 3.0)
"""From a question to its answer, from a purchase to a word about it."""
LOOK_S = 1.0
SOON_S = 1.5
PAUSE_LEAST_S = 0.05
NEARLY_STOCK = 10
CHEERS = 4
ACTIONS_MAX = 64
"""Under way at once; while the server is away the crowd waits instead of piling up."""
BOUGHT_TELLS = 0.5
"""How many of those who bought say so."""

TROUBLE = (Refused, Lost, Refusal, Unreachable)
Action = Callable[[], Awaitable[object]]


class Decks:
    """Draws from tuples so that what was said lately is not said again."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._decks: dict[tuple[str, ...], list[str]] = {}

    def draw(self, cards: tuple[str, ...]) -> str:
        """One of the first half of the deck; it goes back under the rest."""
        deck = self._decks.setdefault(cards, self._random.sample(cards, len(cards)))
        card = deck.pop(self._random.randrange((len(deck) + 1) // 2))
        deck.append(card)
        return card


class Show:
    """One rehearsed show over the clients of its host and its crowd (by the person's id)."""

    def __init__(
        self,
        host: Client,
        crowd: dict[str, Client],
        crates: Crates,
        purses: Purses,
        figures: Figures,
        shelf: Shelf,
        random: Random,
    ) -> None:
        self._host = host
        self._crowd = crowd
        self._crates = crates
        self._purses = purses
        self._figures = figures
        self._shelf = shelf
        self._random = random
        self._decks = Decks(random)
        self._act = ACTS[0]
        self._actions: set[asyncio.Task[None]] = set()
        self._keys = (f"{random.getrandbits(48):x}-{n}" for n in itertools.count(1))

    async def play(self) -> None:
        """Play the acts over and over until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in (self._acts, self._crates_in_time):
                group.create_task(part())
            for what, every_s in (
                (self._comment, lambda: 1 / self._act.comments_per_s),
                (self._streak, lambda: GIFT_EVERY_S),
                (self._order, lambda: ORDER_EVERY_S),
                (self._like, lambda: LIKE_EVERY_S),
            ):
                group.create_task(self._now_and_then(what, every_s))

    async def _now_and_then(self, action: Action, every_s: Callable[[], float]) -> NoReturn:
        """Do something soon, and then at irregular moments, as independent people do."""
        pause_s = self._random.uniform(0, SOON_S)
        while True:
            await asyncio.sleep(pause_s)
            self._start(action)
            likely_s = every_s() * self._random.expovariate(1)
            pause_s = min(max(likely_s, PAUSE_LEAST_S), 3 * every_s())

    def _start(self, action: Action) -> None:
        """Begin something and do not wait for it."""
        if len(self._actions) < ACTIONS_MAX:
            task = asyncio.create_task(_whatever_happens(action))
            self._actions.add(task)
            task.add_done_callback(self._actions.discard)

    # --- the host

    async def _acts(self) -> NoReturn:
        for act in itertools.cycle(ACTS):
            self._act = act
            await _whatever_happens(self._pin)
            beats = self._beats(act)
            for beat in beats:
                self._start(beat)
                await asyncio.sleep(act.seconds / len(beats))
        raise AssertionError("the acts never end")

    def _beats(self, act: Act) -> list[Action]:
        """The host's lines in order, with the exchanges between them."""
        lines = [self._saying(self._decks.draw(line)) for line in act.host]
        exchanges = [self._exchanging(exchange) for exchange in act.exchanges]
        pairs = itertools.zip_longest(lines, exchanges)
        return [beat for pair in pairs for beat in pair if beat is not None]

    def _saying(self, text: str) -> Action:
        return partial(_say, self._host, text)

    def _exchanging(self, exchange: Exchange) -> Action:
        async def exchange_words() -> None:
            await _say(self._crowd[exchange.asker], exchange.question)
            await self._think()
            await _say(self._host, exchange.answer)

        return exchange_words

    async def _pin(self) -> None:
        """Have this act's offers on the table, the first one in front."""
        wanted = [self._crates.current(product) for product in self._act.pinned]
        pinned = list(self._figures.pinned)
        for offer in pinned:
            is_behind = offer == wanted[0] and offer != pinned[0]
            if offer not in wanted or is_behind:
                await self._host.insist({"type": "unpin", "offer": offer})
        for offer in reversed(wanted):
            await self._host.insist({"type": "pin", "offer": offer})

    async def _crates_in_time(self) -> NoReturn:
        announced = ""
        while True:
            await asyncio.sleep(LOOK_S)
            for product in self._act.pinned:
                offer = self._shelf.get(self._crates.current(product))
                if offer is None or offer["stock"] > NEARLY_STOCK:
                    continue
                if offer["stock"] <= 0:
                    await _whatever_happens(partial(self._restock, product))
                elif offer["offer"] != announced:
                    announced = offer["offer"]
                    self._start(self._saying(self._about(NEARLY_SOLD_OUT, offer)))

    async def _restock(self, product: str) -> None:
        await self._think()
        empty = self._crates.current(product)
        offer = await self._crates.bring(product)
        await self._host.insist({"type": "pin", "offer": offer})
        await self._host.insist({"type": "unpin", "offer": empty})
        if brought := self._shelf.get(offer):
            await _say(self._host, self._about(NEW_CRATE, brought))

    def _about(self, wordings: tuple[str, ...], offer: dict[str, Any]) -> str:
        return self._decks.draw(wordings).format(title=offer["title"], stock=offer["stock"])

    # --- the crowd

    async def _comment(self) -> None:
        await self._speak(self._anybody(), self._random.choice(self._act.moods))

    async def _like(self) -> None:
        client = self._crowd[self._anybody().id]
        await client.ask({"type": "like", "count": self._random.randint(1, LIKES_MAX)})

    async def _streak(self) -> None:
        """A gift, or the same one again and again as fast as a thumb taps."""
        giver, gift = self._anybody(), self._random.choice(GIFTS)
        command = {"type": "gift", "gift": gift, "key": next(self._keys), "made_at_ms": _now_ms()}
        count = 0
        for _ in range(1 if gift == BIG_GIFT else self._random.randint(1, STREAK_MAX)):
            count += 1 if gift == BIG_GIFT else self._random.randint(1, 3)
            await self._pay(giver, {**command, "count": count}, "COIN")
            await asyncio.sleep(self._random.uniform(*STREAK_PAUSE_S))
        if gift == BIG_GIFT:
            await self._marvel(giver)

    async def _marvel(self, giver: Person) -> None:
        for person in self._random.sample(CAST, CHEERS):
            self._start(partial(self._speak, person, "cheer"))
        await self._think()
        await _say(self._host, self._decks.draw(THANKS_FOR_BIG_GIFT).format(name=giver.name))

    async def _order(self) -> None:
        buyer, offer = self._anybody(), self._something_on_sale()
        if offer is None:
            return
        quantity = min(self._random.choice(QUANTITIES), offer["stock"])
        order = {
            "type": "order",
            "key": next(self._keys),
            "lines": [{"offer": offer["offer"], "quantity": quantity}],
            "total_minor": quantity * offer["price_minor"],
            "currency": offer["currency"],
            "made_at_ms": _now_ms(),
        }
        await self._pay(buyer, order, offer["currency"])
        if self._random.random() < BOUGHT_TELLS:
            await self._think()
            await self._speak(buyer, "bought")

    async def _pay(self, person: Person, command: dict[str, Any], currency: str) -> None:
        """Give or buy, once; a wallet that has run low or empty is filled up."""
        client, user = self._crowd[person.id], user_id(person.id)
        try:
            reply = await client.insist(command)
        except Refused as refused:
            if refused.code == "insufficient_funds":
                await self._purses.spent(user, currency, 0)
            raise
        await self._purses.spent(user, currency, reply["balance_minor"])

    def _something_on_sale(self) -> dict[str, Any] | None:
        """An offer that is pinned and not sold out; mostly the one in front."""
        pinned = [self._shelf.get(offer) for offer in self._figures.pinned]
        there = [offer for offer in pinned if offer is not None and offer["stock"] > 0]
        if len(there) > 1 and self._random.random() < 1 / 3:
            return self._random.choice(there[1:])
        return there[0] if there else None

    def _anybody(self) -> Person:
        return self._random.choice(CAST)

    async def _speak(self, person: Person, mood: Mood) -> None:
        text = self._decks.draw(PHRASES[person.language][mood])
        await _say(self._crowd[person.id], text)

    async def _think(self) -> None:
        await asyncio.sleep(self._random.uniform(*THINK_S))


async def _say(client: Client, text: str) -> None:
    await client.ask({"type": "comment", "text": text})


async def _whatever_happens(action: Action) -> None:
    """Do it; the show goes on when it could not be done."""
    with suppress(*TROUBLE):
        await action()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
