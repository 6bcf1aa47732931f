"""Somebody's one wish to buy: the same order with the same key, said several times and ways."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from tests.wire.client import Client
from tests.wire.shapes import Message
from tests.wire.stage import Show, Stage, order_of

VANISHING = 0.2
"""How many close their first connection without reading the answer."""
AT_ONCE = 0.5
"""How many do not wait for one answer before they say it again."""
REPEATS_MAX = 3


@dataclass
class Wish:
    """`answers` holds all that was read, whatever way it came, in the order it was read."""

    stage: Stage
    show: Show
    user: str
    ways: list[str]
    is_hasty: bool
    order: Message
    answers: list[Message] = field(default_factory=list)
    main: Client | None = None

    @classmethod
    def made(cls, stage: Stage, show: Show, user: str, rng: Random) -> "Wish":
        first = "vanish" if rng.random() < VANISHING else "same"
        least = 1 if first == "vanish" else 0
        often = rng.randint(least, REPEATS_MAX)
        again = ["elsewhere", "http"] if first == "vanish" else ["same", "elsewhere", "http"]
        ways = [first, *rng.choices(again, k=often)]
        key = f"key-{rng.getrandbits(64):x}"
        return cls(stage, show, user, ways, rng.random() < AT_ONCE, order_of(show, key=key))

    async def come(self) -> None:
        """Be in the room before the sale."""
        self.main = await self.stage.member(self.show, self.user)

    async def say(self) -> None:
        """Send the order in all its ways."""
        if self.is_hasty:
            await asyncio.gather(*(self._say(way) for way in self.ways))
        else:
            for way in self.ways:
                await self._say(way)

    async def _say(self, way: str) -> None:
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "same": self._same,
            "vanish": self._vanish,
            "elsewhere": self.say_elsewhere,
            "http": self._http,
        }
        await ways[way]()

    async def _same(self) -> None:
        assert self.main is not None
        self.answers.append(await self.main.ask("order", **self.order))

    async def _vanish(self) -> None:
        assert self.main is not None
        await self.main.start("order", **self.order)
        self.main.socket.transport.abort()

    async def say_elsewhere(self) -> None:
        client = await self.stage.enter(self.user)
        self.answers.append(await client.ask("order", **self.order))

    async def _http(self) -> None:
        body = {name: value for name, value in self.order.items() if name not in ("room", "key")}
        answer = await self.stage.http.ask(
            "POST",
            f"/v1/rooms/{self.show.room}/orders",
            body,
            token=self.stage.server.token(self.user),
            headers={"Idempotency-Key": self.order["key"]},
        )
        refusal = {"type": "error", "code": answer.code} if answer.status >= 400 else None
        self.answers.append(refusal or {"type": "ordered", **answer.body})

    @property
    def is_bought(self) -> bool:
        return bool(self.answers[0]["type"] == "ordered")

    @property
    def code(self) -> str:
        """Why it was refused, "" when it was not."""
        return str(self.answers[0].get("code", ""))

    def check_answers(self) -> None:
        """All answers say the same, and at most one of them says that it was the first."""
        said = [_content(answer) for answer in self.answers]
        assert said == said[:1] * len(said), f"{self.user} {self.ways}: {self.answers}"
        if self.is_bought:
            firsts = [answer for answer in self.answers if not answer["duplicate"]]
            expected = (0, 1) if self.ways[0] == "vanish" else (1,)
            assert len(firsts) in expected, f"{self.user} {self.ways}: {self.answers}"


def _content(answer: Message) -> Message:
    """What must be the same every time: of a refusal the code, of an order all of it."""
    if answer["type"] == "error":
        return {"code": answer["code"]}
    return {name: value for name, value in answer.items() if name not in ("id", "duplicate")}
