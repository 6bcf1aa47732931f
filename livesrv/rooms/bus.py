"""The bus between workers: what is published reaches every worker that holds members of a room.

May lose everything at any moment; nothing here is the truth. The numbers it carries are the
ledger's, by which a worker notices what it missed; the recent history kept here heals that.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from .fair import Comment

log = logging.getLogger(__name__)

USERS_CHANNEL = "users"
CURSOR_KEY = "cursor"
VIEWERS_TTL_S = 15
KEPT_S = {"viewers": VIEWERS_TTL_S, "comments": 86_400, "likes": 86_400}
"""How long what is known of a room outlives its last report."""
RECONNECT_S = 0.1
SUBSCRIBE_TIMEOUT_S = 5.0

AWAY = (RedisError, OSError, TimeoutError)
"""What says that the bus is away."""


class Run(Struct, array_like=True, tag="run"):
    """Consecutive events of a room, encoded; `first` is the number of the first."""

    first: int
    events: list[bytes]


class Wave(Struct, array_like=True, tag="wave"):
    """Waterfall of a room from one worker: comments with their authors, encoded; how many were shed
    before they came here. `likes_total` is what the new `likes` lead to."""

    comments: list[Comment] = []
    shed: int = 0
    likes: int = 0
    likes_total: int = 0


class Memory(Struct):
    """What the bus remembers of a room. `last` is -1 when it has never heard of it."""

    last: int
    events: list[bytes]
    likes: int
    comments: list[bytes]
    viewers: int


Told = list[tuple[str, bytes]]
"""Pushes to single users, encoded."""

_messages = msgspec.msgpack.Decoder(Run | Wave)
_told = msgspec.msgpack.Decoder(Told)


def _encode(message: object) -> bytes:
    return msgspec.msgpack.encode(message)


def _key(room: str, what: str) -> str:
    return f"{{room:{room}}}:{what}"


class Bus:
    """One process's way to the bus store.

    `on_room` and `on_users` are called for what arrives; `on_connect` after each (re)connection,
    when what was published meanwhile is lost and rooms are being subscribed again.
    """

    def __init__(self, store: Redis, *, history_events: int, recent_comments: int) -> None:
        self._store = store
        self._history_events = history_events
        self._recent_comments = recent_comments
        self._relay = store.register_script(Path(__file__).with_name("bus.lua").read_text())
        self._rooms: dict[str, asyncio.Future[None]] = {}
        self._pubsub: PubSub | None = None
        self._subscribing = asyncio.Lock()
        """Keeps a room from being left out of a new connection, and an unsubscribe from overtaking
        the subscribe that follows it."""

    # --- publishing

    async def relay(self, runs: Sequence[tuple[str, Run]], told: Told, cursor: int) -> bool:
        """Publish runs of events and pushes to users, then note how far the journal is relayed.

        Returns False, with little or nothing published, when the bus has lost its memory.
        """
        async with self._store.pipeline(transaction=False) as pipe:
            for room, run in runs:
                keys = [_key(room, what) for what in ("history", "last", "channel")]
                args: list[Any] = [self._history_events, run.first, _encode(run), *run.events]
                await self._relay(keys=[*keys, CURSOR_KEY], args=args, client=pipe)
            if told:
                pipe.publish(USERS_CHANNEL, _encode(told))
            pipe.set(CURSOR_KEY, cursor, xx=True)
            *relayed, is_noted = await pipe.execute()
        return bool(is_noted) and -1 not in relayed[: len(runs)]

    async def begin(self, cursor: int) -> None:
        """Tell a bus that knows nothing from where the journal is being relayed to it."""
        await self._store.set(CURSOR_KEY, cursor)

    async def cursor(self) -> int | None:
        """How far the journal is relayed, None when the bus knows nothing."""
        found = await self._store.get(CURSOR_KEY)
        return None if found is None else int(found)

    async def count_likes(self, likes: dict[str, int]) -> dict[str, int]:
        """Add to rooms' like counts; returns their totals."""
        async with self._store.pipeline(transaction=False) as pipe:
            for room, count in likes.items():
                pipe.incrby(_key(room, "likes"), count)
            return dict(zip(likes, await pipe.execute(), strict=True))

    async def wait_to_speak_ms(self, room: str, user: str, pause_s: int) -> int:
        """0 and the user has spoken, or how long until this user may, on whichever worker."""
        key = _key(room, f"spoke:{user}")
        async with self._store.pipeline(transaction=True) as pipe:
            pipe.set(key, 1, nx=True, ex=pause_s)
            pipe.pttl(key)
            has_spoken, wait_ms = await pipe.execute()
        return 0 if has_spoken else max(1, int(wait_ms))

    async def publish(self, waves: dict[str, Wave]) -> None:
        """Publish waterfall, and keep the latest comments for those who come later."""
        async with self._store.pipeline(transaction=False) as pipe:
            for room, wave in waves.items():
                pipe.publish(_key(room, "channel"), _encode(wave))
                if wave.comments and self._recent_comments:
                    recent = [each for _, each in wave.comments[-self._recent_comments :]]
                    pipe.rpush(_key(room, "comments"), *recent)
                    pipe.ltrim(_key(room, "comments"), -self._recent_comments, -1)
            await pipe.execute()

    async def count_viewers(
        self, worker: str, members: dict[str, int], now_ms: int
    ) -> dict[str, int]:
        """Report this worker's members of each room; returns the rooms' sums over all workers."""
        async with self._store.pipeline(transaction=False) as pipe:
            for room, count in members.items():
                pipe.hset(_key(room, "viewers"), worker, f"{count} {now_ms}")
                for what, ttl_s in KEPT_S.items():
                    pipe.expire(_key(room, what), ttl_s)
            await pipe.execute()
        return await self.viewers(list(members), now_ms)

    async def viewers(self, rooms: Sequence[str], now_ms: int) -> dict[str, int]:
        """How many are in each room now, over all workers that reported lately."""
        async with self._store.pipeline(transaction=False) as pipe:
            for room in rooms:
                pipe.hvals(_key(room, "viewers"))
            reports = await pipe.execute()
        return {room: _sum(found, now_ms) for room, found in zip(rooms, reports, strict=True)}

    async def memory(self, room: str, now_ms: int) -> Memory:
        """What the bus remembers of a room, all of one moment."""
        async with self._store.pipeline(transaction=True) as pipe:
            pipe.get(_key(room, "last"))
            pipe.lrange(_key(room, "history"), 0, -1)
            pipe.get(_key(room, "likes"))
            pipe.lrange(_key(room, "comments"), 0, -1)
            pipe.hvals(_key(room, "viewers"))
            last, events, likes, comments, viewers = await pipe.execute()
        known = -1 if last is None else int(last)
        return Memory(known, events, int(likes or 0), comments, _sum(viewers, now_ms))

    # --- listening

    async def subscribe(self, room: str) -> None:
        """Begin to hear a room; when this returns, nothing published from now on is missed."""
        channel = _key(room, "channel")
        async with self._subscribing:
            if channel not in self._rooms:
                self._rooms[channel] = asyncio.get_running_loop().create_future()
                if self._pubsub is not None:
                    await self._pubsub.subscribe(channel)
        async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S):
            await asyncio.shield(self._rooms[channel])

    async def unsubscribe(self, room: str) -> None:
        channel = _key(room, "channel")
        async with self._subscribing:
            self._rooms.pop(channel, None)
            if self._pubsub is not None:
                await self._pubsub.unsubscribe(channel)

    async def listen(
        self,
        on_room: Callable[[str, Run | Wave], None],
        on_users: Callable[[Told], None],
        on_connect: Callable[[], Awaitable[None]],
    ) -> None:
        """Hear until cancelled, through any number of lost connections."""
        while True:
            try:
                async with self._store.pubsub() as pubsub:
                    async with self._subscribing:
                        await pubsub.subscribe(USERS_CHANNEL, *self._rooms)
                        self._pubsub = pubsub
                    await on_connect()
                    while True:
                        self._hear(await self._next(pubsub), on_room, on_users)
            except AWAY as error:
                log.warning("the bus is away: %s", error)
            finally:
                self._pubsub = None
                self._forget_confirmations()
            await asyncio.sleep(RECONNECT_S)

    def _forget_confirmations(self) -> None:
        loop = asyncio.get_running_loop()
        for channel, confirmed in self._rooms.items():
            if confirmed.done():
                self._rooms[channel] = loop.create_future()

    async def _next(self, pubsub: PubSub) -> dict[str, Any]:
        while True:
            message = await pubsub.get_message(timeout=None)
            if message is not None:
                return dict(message)

    def _hear(
        self,
        message: dict[str, Any],
        on_room: Callable[[str, Run | Wave], None],
        on_users: Callable[[Told], None],
    ) -> None:
        channel = message["channel"].decode()
        if message["type"] == "subscribe" and channel in self._rooms:
            confirmed = self._rooms[channel]
            if not confirmed.done():
                confirmed.set_result(None)
        elif message["type"] == "message" and channel == USERS_CHANNEL:
            on_users(_told.decode(message["data"]))
        elif message["type"] == "message":
            on_room(channel[len("{room:") : -len("}:channel")], _messages.decode(message["data"]))


def _sum(reports: Sequence[bytes], now_ms: int) -> int:
    """The viewers in reports "COUNT AT_MS", without those that have gone stale."""
    pairs = [report.split(b" ") for report in reports]
    return sum(int(count) for count, at in pairs if int(at) > now_ms - VIEWERS_TTL_S * 1000)
