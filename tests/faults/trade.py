"""Those who act in a room, and what the server has acknowledged to each of them.

Every order and gift has its key and is sent until answered; some are said once more long after.
An answer that contradicts an earlier one fails at once.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.wire.shapes import Message

from .viewer import Viewer

PAUSE_S = (0.02, 0.1)
"""Between two deeds of one person."""
REPEATING = 0.15
"""How often a deed is an old one said again."""
PRICES_COINS = {"rose": 1, "heart": 10, "rocket": 1000}
COMBO_STEP_MAX = 3
COMBO_COUNTS_MAX = 8
PIECES_MAX = 3


class Tally:
    """How many orders and gifts were answered, for those who wait for more; and when to stop."""

    def __init__(self) -> None:
        self.answers = 0
        self.is_over = False


@dataclass
class Actor:
    """`unheard` counts deeds that were done before, by an answer that never came."""

    viewer: Viewer
    rng: Random
    unheard: int = field(default=0, kw_only=True)

    @property
    def user(self) -> str:
        assert self.viewer.user is not None, "guests only watch"
        return self.viewer.user

    async def act(self, tally: Tally) -> None:
        while not tally.is_over:
            answers = await self.do_something()
            tally.answers += answers
            await asyncio.sleep(self.rng.uniform(*PAUSE_S))

    async def do_something(self) -> int:
        """How many answers came of it that matter."""
        raise NotImplementedError


class Talker(Actor):
    """Comments may be lost; whether they come through again afterwards is for others to see."""

    async def do_something(self) -> int:
        await self.viewer.try_once("comment", room=self.viewer.room, text="so sweet!")
        return 0


@dataclass
class Combo:
    """A streak of one gift; `counts` are those that were acknowledged, in order."""

    key: str
    gift: str
    counts: list[int] = field(default_factory=list)

    @property
    def charges(self) -> list[int]:
        """The coins that each acknowledged count cost."""
        before = [0, *self.counts]
        price = PRICES_COINS[self.gift]
        return [price * (new - old) for old, new in zip(before, self.counts, strict=False)]


@dataclass
class Giver(Actor):
    combos: list[Combo] = field(default_factory=list)

    async def do_something(self) -> int:
        if self.combos and self.rng.random() < REPEATING:
            await self._repeat(self.rng.choice(self.combos))
        else:
            await self._give()
        return 1

    async def _give(self) -> None:
        """One more count of the running streak, or the first of a new one."""
        if not self.combos or len(self.combos[-1].counts) >= self.rng.randint(1, COMBO_COUNTS_MAX):
            key = f"combo-{self.rng.getrandbits(64):x}"
            self.combos.append(Combo(key, self.rng.choice(list(PRICES_COINS))))
        combo = self.combos[-1]
        count = (combo.counts or [0])[-1] + self.rng.randint(1, COMBO_STEP_MAX)
        answer = await self._say(combo, count)
        combo.counts.append(count)
        self.unheard += answer["duplicate"]
        expected = 0 if answer["duplicate"] else combo.charges[-1]
        assert answer["charged_minor"] == expected, f"{combo}: {answer}"

    async def _repeat(self, combo: Combo) -> None:
        """A count that was acknowledged costs nothing any more."""
        answer = await self._say(combo, self.rng.choice(combo.counts))
        assert answer["duplicate"], f"{combo}: {answer}"
        assert answer["charged_minor"] == 0, f"{combo}: {answer}"

    async def _say(self, combo: Combo, count: int) -> Message:
        answer = await self.viewer.answer_to(
            "gift", room=self.viewer.room, gift=combo.gift, key=combo.key, count=count
        )
        assert answer["type"] == "gifted", f"{combo}, {count}: {answer}"
        return answer


@dataclass
class Deal:
    """An order and the first answer to it."""

    order: dict[str, Any]
    answer: Message

    @property
    def is_bought(self) -> bool:
        return bool(self.answer["type"] == "ordered")

    @property
    def pieces(self) -> Counter[str]:
        return Counter({line["offer"]: line["quantity"] for line in self.order["lines"]})


@dataclass
class Buyer(Actor):
    """`prices_minor`: what is on sale, and for how much a piece."""

    prices_minor: dict[str, int]
    deals: list[Deal] = field(default_factory=list)

    @property
    def bought(self) -> list[Deal]:
        return [deal for deal in self.deals if deal.is_bought]

    async def do_something(self) -> int:
        if self.deals and self.rng.random() < REPEATING:
            await self._repeat(self.rng.choice(self.deals))
        else:
            await self._buy()
        return 1

    async def _buy(self) -> None:
        offers = self.rng.sample(sorted(self.prices_minor), k=self.rng.randint(1, 2))
        quantities = {offer: self.rng.randint(1, PIECES_MAX) for offer in offers}
        order = {
            "room": self.viewer.room,
            "key": f"order-{self.rng.getrandbits(64):x}",
            "lines": [{"offer": offer, "quantity": quantities[offer]} for offer in offers],
            "total_minor": sum(self.prices_minor[offer] * quantities[offer] for offer in offers),
            "currency": "CNY",
        }
        answer = await self.viewer.answer_to("order", **order)
        assert answer["type"] == "ordered" or answer["code"] == "sold_out", f"{order}: {answer}"
        self.unheard += answer.get("duplicate", False)
        self.deals.append(Deal(order, answer))

    async def _repeat(self, deal: Deal) -> None:
        """The same again answers as the first time."""
        answer = await self.viewer.answer_to("order", **deal.order)
        assert answer.get("duplicate", True), f"{deal}: {answer}"
        for name in ("type", "code", "order", "status", "total_minor", "balance_minor"):
            assert answer.get(name) == deal.answer.get(name), f"{deal}: {answer}"
