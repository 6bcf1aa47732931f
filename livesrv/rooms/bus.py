"""The bus between workers: what is published reaches every worker that holds members of a room.

May lose everything, or any part of it, at any moment; nothing here is the truth. The numbers it
carries are the ledger's, by which a worker notices what it missed; the recent history kept here
heals that. It lies on one store or on the nodes of a cluster, lane by lane; what concerns a node
that is away is left undone, and the rest is done.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from .lanes import LANES, cursor_key, lane_of, room_channel, room_key, users_channel
from .listener import Callbacks, Listener
from .nodes import AWAY as AWAY
from .nodes import Nodes

VIEWERS_TTL_S = 15
KEPT_S = {"viewers": VIEWERS_TTL_S, "comments": 86_400, "likes": 86_400}
"""How long what is known of a room outlives its last report."""
RELAY_LUA = Path(__file__).with_name("bus.lua").read_text()
RELAY_SHA = sha1(RELAY_LUA.encode(), usedforsecurity=False).hexdigest()


class Run(Struct, array_like=True, tag="run"):
    """Consecutive events of a room, encoded; `first` is the number of the first."""

    first: int
    events: list[bytes]


class Wave(Struct, array_like=True, tag="wave"):
    """Waterfall of a room from one worker. `likes_total` is what the new `likes` lead to."""

    comments: list[bytes] = []
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


class Parcel(Struct):
    """What one lane is told: all that the journal has for it from behind `known` up to `upto`.

    `known` is how far the publisher knows the lane to be told already.
    """

    known: int
    upto: int
    runs: dict[str, Run] = {}
    told: Told = []


_messages = msgspec.msgpack.Decoder(Run | Wave)
_told = msgspec.msgpack.Decoder(Told)


def _encode(message: object) -> bytes:
    return msgspec.msgpack.encode(message)


class Bus:
    """One process's way to the bus. All of it may raise `AWAY`."""

    def __init__(self, nodes: Nodes, *, history_events: int, recent_comments: int) -> None:
        self._nodes = nodes
        self._history_events = history_events
        self._recent_comments = recent_comments
        self._listener = Listener(nodes)

    # --- relaying the journal

    async def relay(self, parcels: Mapping[int, Parcel]) -> dict[int, int]:
        """Tell lanes their parcels; returns how far each stands then.

        One that stands before `known` was told nothing: it has lost its memory (-1), or a part of
        it. Lanes of nodes that are away are left out.
        """
        commands = {lane: self._command(lane, parcel) for lane, parcel in parcels.items()}

        async def tell(store: Redis, lanes: list[int]) -> dict[int, int]:
            found = await _replies(store, [commands[lane] for lane in lanes])
            if any(isinstance(reply, NoScriptError) for reply in found):
                await store.script_load(RELAY_LUA)
                found = await _replies(store, [commands[lane] for lane in lanes])
            return self._done(lanes, found)

        return await self._nodes.spread(parcels, _same, tell)

    def _command(self, lane: int, parcel: Parcel) -> list[Any]:
        keys, runs = [cursor_key(lane)], list[Any]()
        for room, run in parcel.runs.items():
            keys += [room_key(room, what) for what in ("history", "last", "channel")]
            runs += [run.first, len(run.events), _encode(run), *run.events]
        told = _encode(parcel.told) if parcel.told else b""
        places = [parcel.known, parcel.upto, self._history_events]
        arguments = [*places, users_channel(lane), told, *runs]
        return ["EVALSHA", RELAY_SHA, len(keys), *keys, *arguments]

    async def begin(self, cursors: Mapping[int, int]) -> None:
        """Tell lanes that know nothing from where the journal is being relayed to them."""

        async def tell(store: Redis, share: list[int]) -> dict[int, Any]:
            commands = [["SET", cursor_key(lane), cursors[lane], "NX"] for lane in share]
            return self._done(share, await _replies(store, commands))

        await self._nodes.spread(cursors, _same, tell)

    async def cursors(self, lanes: Iterable[int]) -> dict[int, int | None]:
        """How far the journal is relayed into lanes, None for one that knows nothing.

        Lanes of nodes that are away are left out.
        """

        async def look(store: Redis, share: list[int]) -> dict[int, int | None]:
            found = await _replies(store, [["GET", cursor_key(lane)] for lane in share])
            cursors = self._done(share, found)
            return {lane: None if at is None else int(at) for lane, at in cursors.items()}

        return await self._nodes.spread(lanes, _same, look)

    def _done(self, lanes: list[int], replies: list[Any]) -> dict[int, Any]:
        """The answers without errors; raises the first error when there is nothing else."""
        pairs = zip(lanes, replies, strict=True)
        done = {lane: reply for lane, reply in pairs if not isinstance(reply, Exception)}
        if not done and replies:
            raise replies[0]
        if len(done) < len(lanes):  # some of the node's lanes have moved
            self._nodes.doubt()
        return done

    # --- publishing

    async def count_likes(self, likes: dict[str, int]) -> dict[str, int]:
        """Add to rooms' like counts; returns their totals."""

        async def count(store: Redis, rooms: list[str]) -> dict[str, int]:
            async with store.pipeline(transaction=False) as pipe:
                for room in rooms:
                    pipe.incrby(room_key(room, "likes"), likes[room])
                return dict(zip(rooms, await pipe.execute(), strict=True))

        return await self._nodes.spread(likes, lane_of, count)

    async def wait_to_speak_ms(self, room: str, user: str, pause_s: int) -> int:
        """0 and the user has spoken, or how long until this user may, on whichever worker."""
        key = room_key(room, f"spoke:{user}")

        async def speak(store: Redis) -> tuple[Any, int]:
            async with store.pipeline(transaction=True) as pipe:
                pipe.set(key, 1, nx=True, ex=pause_s)
                pipe.pttl(key)
                has_spoken, wait_ms = await pipe.execute()
                return has_spoken, int(wait_ms)

        has_spoken, wait_ms = await self._nodes.ask(lane_of(room), speak)
        return 0 if has_spoken else max(1, wait_ms)

    async def publish(self, waves: dict[str, Wave]) -> None:
        """Publish waterfall, and keep the latest comments for those who come later.

        Waves to nodes that are away are lost.
        """

        async def tell(store: Redis, rooms: list[str]) -> dict[str, None]:
            async with store.pipeline(transaction=False) as pipe:
                for room in rooms:
                    wave = waves[room]
                    pipe.execute_command("SPUBLISH", room_channel(room), _encode(wave))
                    if wave.comments and self._recent_comments:
                        recent = wave.comments[-self._recent_comments :]
                        pipe.rpush(room_key(room, "comments"), *recent)
                        pipe.ltrim(room_key(room, "comments"), -self._recent_comments, -1)
                await pipe.execute()
            return {}

        await self._nodes.spread(waves, lane_of, tell)

    async def count_viewers(
        self, worker: str, members: dict[str, int], now_ms: int
    ) -> dict[str, int]:
        """Report this worker's members of each room; returns the rooms' sums over all workers."""

        async def report(store: Redis, rooms: list[str]) -> dict[str, None]:
            async with store.pipeline(transaction=False) as pipe:
                for room in rooms:
                    pipe.hset(room_key(room, "viewers"), worker, f"{members[room]} {now_ms}")
                    for what, ttl_s in KEPT_S.items():
                        pipe.expire(room_key(room, what), ttl_s)
                await pipe.execute()
            return {}

        await self._nodes.spread(members, lane_of, report)
        return await self.viewers(list(members), now_ms)

    async def viewers(self, rooms: Sequence[str], now_ms: int) -> dict[str, int]:
        """How many are in each room now, over all workers that reported lately."""

        async def look(store: Redis, share: list[str]) -> dict[str, int]:
            async with store.pipeline(transaction=False) as pipe:
                for room in share:
                    pipe.hvals(room_key(room, "viewers"))
                reports = await pipe.execute()
            return {room: _sum(found, now_ms) for room, found in zip(share, reports, strict=True)}

        return await self._nodes.spread(rooms, lane_of, look)

    async def memory(self, room: str, now_ms: int) -> Memory:
        """What the bus remembers of a room, all of one moment."""

        async def look(store: Redis) -> list[Any]:
            async with store.pipeline(transaction=True) as pipe:
                pipe.get(room_key(room, "last"))
                pipe.lrange(room_key(room, "history"), 0, -1)
                pipe.get(room_key(room, "likes"))
                pipe.lrange(room_key(room, "comments"), 0, -1)
                pipe.hvals(room_key(room, "viewers"))
                return await pipe.execute()

        last, events, likes, comments, viewers = await self._nodes.ask(lane_of(room), look)
        known = -1 if last is None else int(last)
        return Memory(known, events, int(likes or 0), comments, _sum(viewers, now_ms))

    # --- listening

    async def ping(self) -> None:
        """Raise `AWAY` unless a node of the bus answers."""
        await self.cursors(range(LANES))

    def is_away(self, room: str) -> bool:
        """Whether the part of the bus that has a room did not answer lately."""
        return self._nodes.is_away(lane_of(room))

    async def subscribe(self, room: str) -> None:
        """Begin to hear a room; when this returns, nothing published from now on is missed."""
        await self._listener.subscribe(room)

    async def unsubscribe(self, room: str) -> None:
        await self._listener.unsubscribe(room)

    async def listen(
        self,
        on_room: Callable[[str, Run | Wave], None],
        on_users: Callable[[Told], None],
        on_connect: Callable[[list[str]], Awaitable[None]],
    ) -> None:
        """Hear until cancelled, through any number of lost connections.

        `on_connect` is called with rooms of which something may have been missed, when they are
        being heard again.
        """
        await self._listener.listen(
            Callbacks(
                lambda room, message: on_room(room, _messages.decode(message)),
                lambda message: on_users(_told.decode(message)),
                on_connect,
            )
        )


async def _replies(store: Redis, commands: list[list[Any]]) -> list[Any]:
    """What each command is answered, which may be an error."""
    async with store.pipeline(transaction=False) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        return await pipe.execute(raise_on_error=False)


def _same(lane: int) -> int:
    return lane


def _sum(reports: Sequence[bytes], now_ms: int) -> int:
    """The viewers in reports "COUNT AT_MS", without those that have gone stale."""
    pairs = [report.split(b" ") for report in reports]
    return sum(int(count) for count, at in pairs if int(at) > now_ms - VIEWERS_TTL_S * 1000)
