"""A room of our own with a show in it: people who talk, and one who counts what is shown.

The talkers join as those who save data, so that hearing each other costs little. Invariant: what
was said, shown and left out is counted, so that nobody takes a server that lets less through for
a page that is fast.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from random import Random
from typing import Any

import aiohttp
import msgpack

from ..client.api import Api, Unreachable, open_session
from ..client.audience import websocket_url
from ..client.credentials import TOKEN_MARGIN_S, Mint
from ..crowd.phrases import PEOPLE, PHRASES
from .plan import Mix

TALKERS = 24
"""At 200 comments/s some 8 a second each: a connection may say 20."""
SUBPROTOCOL = "livesrv.v1.msgpack"
ENTER_WITHIN_S = 15.0
TICK_S = 0.05
TOPUP_COINS = 10_000_000
COMBO_TAPS = 10
LIKES = 3
OFFER = {
    "offer": "peach",
    "title": "🍑 A box of peaches",
    "price_minor": 2990,
    "currency": "CNY",
    "stock": 100,
    "limit_per_buyer": 2,
}


class Person:
    """One on a WebSocket. What comes is counted in `heard`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, room: str) -> None:
        self._socket = socket
        self._room = room
        self._ids = count(1)
        self.heard: Counter[str] = Counter()

    async def say(self, kind: str, **fields: Any) -> int:
        """Send a command, and wait for no answer; its id."""
        number = next(self._ids)
        await self._socket.send_bytes(msgpack.packb({"type": kind, "id": number, **fields}))
        return number

    async def ask(self, kind: str, **fields: Any) -> None:
        """Send a command, and read on until it is answered. Before `listen`."""
        number = await self.say(kind, **fields)
        while (message := msgpack.unpackb(await self._socket.receive_bytes())).get("id") != number:
            self._count(message)
        if message["type"] == "error":
            raise Unreachable(f"{kind} was refused: {message['code']}: {message.get('message')}")

    async def listen(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self._count(msgpack.unpackb(message.data))
        self.heard["lost"] += 1

    def _count(self, message: dict[str, Any]) -> None:
        if message["type"] == "batch":
            self.heard["events"] += len(message["events"])
            self.heard["shed"] += message["shed"]
            self.heard["comments"] += sum(
                drop["type"] == "comment" for drop in message["waterfall"]
            )
        elif message["type"] == "gap":
            self.heard["shed"] += message["shed"]
        elif message["type"] == "error":
            self.heard[f"error {message['code']}"] += 1


class Show:
    """The people of one room. `said` counts what they have sent."""

    def __init__(self, url: str, room: str, mint: Mint, gift: str) -> None:
        self.url = url
        self.room = room
        self.mint = mint
        self.said: Counter[str] = Counter()
        self._gift = gift
        self._random = Random(7)
        self._talkers: list[Person] = []
        self._watcher: Person | None = None

    def token(self, user: str, *roles: str) -> str:
        return self.mint.token(f"{self.room}-{user}", *roles, ttl_s=TOKEN_MARGIN_S)

    @property
    def tally(self) -> Counter[str]:
        """What was said, shown and shed so far, and how often each error was told."""
        total = Counter({f"said {what}": number for what, number in self.said.items()})
        for talker in self._talkers:
            total.update({w: n for w, n in talker.heard.items() if w.startswith(("error", "lost"))})
        if self._watcher:
            total.update(self._watcher.heard)
        return total

    @asynccontextmanager
    async def peopled(self) -> AsyncIterator[None]:
        """Everybody is in for the length of the block."""
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            async with asyncio.timeout(ENTER_WITHIN_S):
                self._watcher = await self._enter(stack, session, "watcher", "Watcher", False)
                self._talkers = [
                    await self._enter(stack, session, f"talker-{number}", person.name, True)
                    for number, person in enumerate(PEOPLE[:: len(PEOPLE) // TALKERS][:TALKERS])
                ]
            yield

    @asynccontextmanager
    async def talking(self, mix: Mix) -> AsyncIterator[None]:
        """They talk for the length of the block."""
        task = asyncio.create_task(self._talk(mix))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _enter(
        self,
        stack: AsyncExitStack,
        session: aiohttp.ClientSession,
        user: str,
        name: str,
        is_saving: bool,
    ) -> Person:
        socket = await stack.enter_async_context(
            session.ws_connect(websocket_url(self.url), protocols=[SUBPROTOCOL], max_msg_size=0)
        )
        person = Person(socket, self.room)
        token = self.mint.token(f"{self.room}-{user}", "viewer", ttl_s=TOKEN_MARGIN_S, name=name)
        await person.ask("hello", token=token)
        await person.ask("join", room=self.room, saver=is_saving)
        listening = asyncio.create_task(person.listen())
        stack.callback(listening.cancel)
        return person

    async def _talk(self, mix: Mix) -> None:
        """Each kind at its own even pace; what a slow moment held up is said after it."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        said: Counter[str] = Counter()
        deeds = {"comment": mix.comments, "gift": mix.gifts, "like": mix.likes}
        while True:
            for deed, per_s in deeds.items():
                while said[deed] < per_s * (loop.time() - began_s):
                    await self._do(deed)
                    said[deed] += 1
                    self.said[deed] += 1
            await asyncio.sleep(TICK_S)

    async def _do(self, deed: str) -> None:
        number = self.said[deed]
        person = self._talkers[number % len(self._talkers)]
        if deed == "comment":
            await person.say("comment", room=self.room, text=self._words())
        elif deed == "like":
            await person.say("like", room=self.room, count=LIKES)
        else:
            await self._give(number)

    async def _give(self, number: int) -> None:
        """Combos of `COMBO_TAPS`, one after the other."""
        combo, tap = divmod(number, COMBO_TAPS)
        person = self._talkers[combo % len(self._talkers)]
        fields = {"room": self.room, "gift": self._gift, "key": f"{self.room}-{combo}"}
        await person.say("gift", **fields, count=tap + 1)

    def _words(self) -> str:
        language = self._random.choice(tuple(PHRASES))
        return self._random.choice(self._random.choice(tuple(PHRASES[language].values())))


@asynccontextmanager
async def show_at(url: str, mint: Mint, **about: str) -> AsyncIterator[Show]:
    """A fresh room that is live, with an offer pinned; it is ended with the block."""
    room = f"pages-{secrets.token_hex(4)}"
    async with open_session() as session:
        api = Api(session, url)
        await api.reach()
        gifts: Sequence[dict[str, Any]] = (await api.get("/v1/gifts"))["gifts"]
        gift = min(gifts, key=lambda gift: int(gift["price_minor"]))["gift"]
        show = Show(url, room, mint, gift)
        host = mint.token(f"{room}-host", "host", ttl_s=TOKEN_MARGIN_S, name="Mei")
        await api.post("/v1/rooms", host, {"room": room, "title": "🍑 Peaches", **about})
        await api.post(f"/v1/rooms/{room}/offers", host, OFFER)
        await api.post(f"/v1/rooms/{room}/start", host, {})
        await _fill(api, show)
        try:
            await _pin(show, host)
            yield show
        finally:
            await api.post(f"/v1/rooms/{room}/end", host, {})


async def _fill(api: Api, show: Show) -> None:
    ops = show.token("ops", "ops")
    for number in range(TALKERS):
        user = f"{show.room}-talker-{number}"
        body = {"amount_minor": TOPUP_COINS, "currency": "COIN", "key": user}
        await api.post(f"/v1/wallets/{user}/topups", ops, body)


async def _pin(show: Show, token: str) -> None:
    async with (
        asyncio.timeout(ENTER_WITHIN_S),
        aiohttp.ClientSession() as session,
        session.ws_connect(websocket_url(show.url), protocols=[SUBPROTOCOL]) as socket,
    ):
        host = Person(socket, show.room)
        await host.ask("hello", token=token)
        await host.ask("pin", room=show.room, offer=OFFER["offer"])
