"""An audience in its room: lets people come, has them do what they feel like, and lets them go.

Must not know why they do it. One of the viewers is a guest who only watches, so that the host can
mute or ban everybody else without making the audience blind. Invariants: what is under way is
bounded; when `visit` ends, everybody has left.
"""

import asyncio
import itertools
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, NoReturn

from ..client.api import Api, Refusal, Unreachable
from ..client.audience import websocket_url
from ..client.credentials import Mint
from ..client.person import TROUBLE, Client, Refused
from .phrases import PEOPLE, Person
from .purse import Purses
from .scene import Message, Scene, What
from .temper import Buy, Give, Impulse, Like, Rhythm, Say, Temper

ENTER_WITHIN_S = 10.0
SOON_S = 3.0
"""In which everything is done for the first time."""
LEAVE_S = 2.0
"""In which people go home after the show."""
TAP_S = (0.25, 0.7)
IMPULSES_MAX = 256
"""About to be done; while the server is away the crowd waits instead of piling up."""
DO_WITHIN_S = 30.0
"""For somebody who is banned, or does not get in again, nothing is ever done."""
TOKEN_SPARE_S = 600.0
COIN = "COIN"
GAVE_UP = frozenset({"limit_exceeded", "not_eligible", "forbidden", "invalid"})
"""A buyer who is told this does not ask for that offer again."""
VIEWERS_MAX = len(PEOPLE) + 1
_FAILED = (*TROUBLE, Refusal, Unreachable)


@dataclass(frozen=True)
class Invitation:
    """Who is to come where, and for how long."""

    url: str
    room: str
    viewers: int
    seconds: float
    seed: int


class Crowd:
    """One audience. `gifts` as the server lists them."""

    def __init__(
        self, invitation: Invitation, api: Api, mint: Mint, gifts: list[dict[str, Any]]
    ) -> None:
        self.done: Counter[str] = Counter()
        self._invitation = invitation
        self._random = Random(invitation.seed)
        self._mint = mint
        self._ttl_s = invitation.seconds + TOKEN_SPARE_S
        people = self._random.sample(PEOPLE, invitation.viewers - 1)
        self._scene = Scene()
        self._temper = Temper(people, gifts, self._random)
        self._purses = Purses(api, mint, self._ttl_s)
        self._watcher = self._client(None, self._hear)
        self._clients = {person.id: self._client(person) for person in people}
        self._staying: dict[str, asyncio.Task[None]] = {}
        self._impulses: set[asyncio.Task[None]] = set()
        self._gave_up: set[tuple[str, str]] = set()
        self._news = asyncio.Event()
        self._keys = (f"a{secrets.token_hex(6)}-{n}" for n in itertools.count(1))

    async def visit(self, stop: asyncio.Event) -> None:
        """Be there until the show ends, time is up or `stop` is set.

        Raises `TimeoutError` when nobody gets in at all.
        """
        watching = asyncio.create_task(self._watcher.stay())
        playing: list[asyncio.Task[Any]] = []
        try:
            await asyncio.wait_for(self._watcher.entered(), ENTER_WITHIN_S)
            playing = self._begin()
            await self._until_over(stop)
            if not stop.is_set():
                await self._go_home()
        finally:
            await _ended([watching, *playing, *self._impulses, *self._staying.values()])

    def _begin(self) -> list[asyncio.Task[Any]]:
        arriving = [
            asyncio.create_task(self._come(in_s, person))
            for in_s, person in self._temper.arrivals()
        ]
        rhythms = [asyncio.create_task(self._keep(each)) for each in self._temper.rhythms()]
        return arriving + rhythms

    async def _until_over(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        watching = asyncio.create_task(self._until_ended())
        try:
            await asyncio.wait(
                {stopping, watching},
                timeout=self._invitation.seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            await _ended([stopping, watching])

    async def _until_ended(self) -> None:
        while self._scene.status != "ended":
            await self._news.wait()
            self._news.clear()

    async def _go_home(self) -> None:
        """One after the other."""
        staying = list(self._staying.values())
        for task in staying:
            task.cancel()
            await asyncio.sleep(LEAVE_S / len(staying))

    # --- who is there

    async def _come(self, in_s: float, person: Person) -> None:
        await asyncio.sleep(in_s)
        client = self._clients[person.id]
        self._staying[person.id] = asyncio.create_task(client.stay(), name=f"{person.id} stays")
        self._feel(self._temper.welcome(person))

    def _client(self, person: Person | None, hear: Any = lambda message: None) -> Client:
        url = websocket_url(self._invitation.url)
        token = None if person is None else partial(self._token, person)
        return Client(url, self._invitation.room, self._random, token=token, hear=hear)

    def _token(self, person: Person) -> str:
        return self._mint.token(person.id, "viewer", ttl_s=self._ttl_s, name=person.name)

    def _hear(self, message: Message) -> None:
        for happening in self._scene.take(message):
            if happening.what is What.BANNED and happening.subject in self._staying:
                self._staying[happening.subject].cancel()
            self._feel(self._temper.react(happening, self._scene))
        self._news.set()

    # --- what they do

    async def _keep(self, rhythm: Rhythm) -> NoReturn:
        await asyncio.sleep(self._random.uniform(0, SOON_S))
        while True:
            if self._scene.status == "live":
                self._feel(rhythm.impulses(self._scene))
            await asyncio.sleep(self._temper.pause_s(rhythm.every_s))

    def _feel(self, impulses: Iterable[Impulse]) -> None:
        for impulse in impulses:
            if len(self._impulses) < IMPULSES_MAX:
                task = asyncio.create_task(self._follow(impulse))
                self._impulses.add(task)
                task.add_done_callback(self._impulses.discard)

    async def _follow(self, impulse: Impulse) -> None:
        """Do it, whatever becomes of it."""
        await asyncio.sleep(impulse.in_s)
        with suppress(*_FAILED):
            async with asyncio.timeout(DO_WITHIN_S):
                await self._do(impulse)

    def _do(self, impulse: Impulse) -> Awaitable[None]:
        person = impulse.person
        match impulse.deed:
            case Say(text):
                return self._ask(person, "comments", {"type": "comment", "text": text})
            case Like(taps):
                return self._ask(person, "likes", {"type": "like", "count": taps})
            case Give() as give:
                return self._give(person, give)
            case Buy():
                return self._buy(person)

    async def _ask(self, person: Person, what: str, command: Message) -> None:
        await self._clients[person.id].ask(command)
        self.done[what] += 1

    async def _give(self, person: Person, give: Give) -> None:
        """The same gift again and again, as fast as a thumb taps."""
        await self._purses.ready(person.id, COIN, give.taps * give.price_minor)
        combo = {"type": "gift", "gift": give.gift, "key": next(self._keys), "made_at_ms": _now()}
        for count in range(1, give.taps + 1):
            await self._pay(person, COIN, {**combo, "count": count})
            self.done["gifts"] += 1
            await asyncio.sleep(self._random.uniform(*TAP_S))

    async def _buy(self, person: Person) -> None:
        chosen = self._temper.chooses(self._scene)
        if chosen is None or (person.id, chosen[0]["offer"]) in self._gave_up:
            return
        offer, quantity = chosen
        total_minor, currency = quantity * offer["price_minor"], offer["currency"]
        await self._purses.ready(person.id, currency, total_minor)
        order = {
            "type": "order",
            "key": next(self._keys),
            "lines": [{"offer": offer["offer"], "quantity": quantity}],
            "total_minor": total_minor,
            "currency": currency,
            "made_at_ms": _now(),
        }
        try:
            await self._pay(person, currency, order)
        except Refused as refused:
            if refused.code in GAVE_UP:
                self._gave_up.add((person.id, offer["offer"]))
            raise
        self.done["orders"] += 1
        self._feel(self._temper.bought(person))

    async def _pay(self, person: Person, currency: str, command: Message) -> None:
        """Give or buy, once."""
        try:
            reply = await self._clients[person.id].insist(command)
        except Refused as refused:
            if refused.code == "insufficient_funds":
                self._purses.spent(person.id, currency)
            raise
        self._purses.paid(person.id, currency, reply["balance_minor"])


async def _ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


def _now() -> int:
    return time.time_ns() // 1_000_000
