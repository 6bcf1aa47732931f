"""Hears the bus: one connection to each of its nodes, with the rooms that are wanted there.

Must not know what a message says. Invariant: whenever something may have been missed, because a
connection was lost or a lane has moved, `on_connect` is called with the rooms concerned after they
are being heard again.
"""

import asyncio
import logging
from asyncio import FIRST_COMPLETED
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from msgspec import Struct
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as LostError

from .lanes import USER_LANES, lane_of, room_channel, users_channel
from .nodes import AWAY, Node, Nodes

log = logging.getLogger(__name__)

RECONNECT_S = 0.1
LOOK_S = 1.0
"""Between two tries to find a cluster of which nobody answers."""
SUBSCRIBE_TIMEOUT_S = 5.0
CANCEL_AGAIN_S = 0.1
PULSE_S = 3.0
"""A connection is lost when so long not even the answer to a ping has come over it."""


class Callbacks(Struct, frozen=True):
    """Who is told: what a room says, what users are told, which rooms are heard anew."""

    on_room: Callable[[str, bytes], None]
    on_users: Callable[[bytes], None]
    on_connect: Callable[[list[str]], Awaitable[None]]


class Ear:
    """The connection to one node, while there is one."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.pubsub: PubSub | None = None
        self.heard = False
        self.leaving: set[str] = set()
        """Channels that we left; any other that we are put out of has moved to another node."""
        self.lock = asyncio.Lock()
        """Keeps an unsubscribe from overtaking the subscribe that follows it."""


class Listener:
    """What this process hears of the bus."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._rooms: dict[str, asyncio.Future[None]] = {}
        """Rooms that are wanted; each is done while the room is heard."""
        self._names: dict[str, str] = {}
        """The same rooms by their channels."""
        self._ears: dict[int, Ear] = {}
        """By lane."""

    async def subscribe(self, room: str) -> None:
        """Begin to hear a room; when this returns, nothing published from now on is missed."""
        async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S):
            if room not in self._rooms:
                self._rooms[room] = asyncio.get_running_loop().create_future()
                self._names[room_channel(room)] = room
                await self._tell(room, is_wanted=True)
            if confirmed := self._rooms.get(room):
                await asyncio.shield(confirmed)

    async def unsubscribe(self, room: str) -> None:
        self._rooms.pop(room, None)
        self._names.pop(room_channel(room), None)
        await self._tell(room, is_wanted=False)

    async def _tell(self, room: str, *, is_wanted: bool) -> None:
        """Tell the node, unless it was told the contrary meanwhile or is told when it connects."""
        if ear := self._ears.get(lane_of(room)):
            async with ear.lock:
                if ear.pubsub is None or is_wanted != (room in self._rooms):
                    return
                channel = room_channel(room)
                if is_wanted:
                    await ear.pubsub.ssubscribe(channel)
                else:
                    ear.leaving.add(channel)
                    await ear.pubsub.sunsubscribe(channel)

    async def listen(self, callbacks: Callbacks) -> None:
        """Hear all nodes until cancelled, whichever there are."""
        listening: dict[Node, asyncio.Task[None]] = {}
        try:
            while True:
                self._nodes.changed.clear()
                if not list(self._nodes):
                    self._nodes.doubt()
                await _end([listening.pop(node) for node in listening.keys() - set(self._nodes)])
                for node in set(self._nodes) - listening.keys():
                    ear = Ear(node)
                    self._ears |= dict.fromkeys(node.lanes, ear)
                    listening[node] = asyncio.create_task(self._stay(ear, callbacks))
                await self._until_changed(list(listening.values()))
        finally:
            await _end(list(listening.values()))

    async def _until_changed(self, listening: list[asyncio.Task[None]]) -> None:
        """Wait until other nodes have come; a listening that ends has met our bug."""
        changed = asyncio.create_task(self._nodes.changed.wait())
        try:
            await asyncio.wait({changed, *listening}, timeout=LOOK_S, return_when=FIRST_COMPLETED)
        finally:
            changed.cancel()
        for task in listening:
            if task.done():
                task.result()

    async def _stay(self, ear: Ear, callbacks: Callbacks) -> None:
        """Hear one node through any number of lost connections."""
        while True:
            try:
                async with ear.node.client.pubsub() as pubsub:
                    rooms = await self._connect(ear, pubsub)
                    await callbacks.on_connect(rooms)
                    await _first_to_end(self._hear(ear, pubsub, callbacks), _pulse(ear, pubsub))
            except AWAY as error:
                log.warning("%r of the bus cannot be heard: %s", ear.node, error)
                self._nodes.doubt()
            finally:
                ear.pubsub = None
                self._forget_confirmations(ear.node)
            await asyncio.sleep(RECONNECT_S)

    async def _connect(self, ear: Ear, pubsub: PubSub) -> list[str]:
        """Subscribe to all that is wanted of a node: the channels of one lane can go together."""
        async with ear.lock:
            ear.leaving.clear()
            rooms: defaultdict[int, list[str]] = defaultdict(list)
            for room in self._rooms:
                rooms[lane_of(room)].append(room)
            for lane in ear.node.lanes:
                channels = [users_channel(lane)] if lane < USER_LANES else []
                channels += map(room_channel, rooms[lane])
                if channels:
                    await pubsub.ssubscribe(*channels)
            ear.pubsub = pubsub
            return [room for lane in ear.node.lanes for room in rooms[lane]]

    def _forget_confirmations(self, node: Node) -> None:
        loop = asyncio.get_running_loop()
        for room, confirmed in self._rooms.items():
            if confirmed.done() and lane_of(room) in node.lanes:
                self._rooms[room] = loop.create_future()

    async def _hear(self, ear: Ear, pubsub: PubSub, callbacks: Callbacks) -> None:
        while True:
            message = await pubsub.get_message(timeout=None)
            ear.heard = True
            if message is not None:
                self._take(ear, message, callbacks)

    def _take(self, ear: Ear, message: dict[str, Any], callbacks: Callbacks) -> None:
        kind = message["type"]
        if kind == "pong":
            return
        channel = message["channel"].decode()
        room = self._names.get(channel)
        if kind == "smessage" and channel.endswith("}:users"):
            callbacks.on_users(message["data"])
        elif kind == "smessage" and room is not None:
            callbacks.on_room(room, message["data"])
        elif kind == "ssubscribe" and room is not None:
            if not self._rooms[room].done():
                self._rooms[room].set_result(None)
        elif kind == "sunsubscribe":
            if channel not in ear.leaving:
                raise LostError(f"{channel} has moved to another node")
            ear.leaving.discard(channel)


async def _pulse(ear: Ear, pubsub: PubSub) -> None:
    """Ping now and then; a cut line says nothing by itself, for ever."""
    while True:
        ear.heard = False
        await pubsub.ping()
        await asyncio.sleep(PULSE_S)
        if not ear.heard:
            raise LostError("nothing comes from it, not even the answer to a ping")


async def _first_to_end(*work: Coroutine[Any, Any, None]) -> None:
    """Do all at once until one ends, which it does by an exception."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await _end(tasks)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel until all have ended, though we be cancelled meanwhile: nothing is left running.

    Python 3.11's `wait_for`, within redis-py, may swallow one cancellation.
    """
    left = {task for task in tasks if not task.done()}
    cancelled = False
    while left:
        for task in left:
            task.cancel()
        try:
            _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
        except asyncio.CancelledError:
            cancelled = True
            left = {task for task in left if not task.done()}
    await asyncio.gather(*tasks, return_exceptions=True)
    if cancelled:
        raise asyncio.CancelledError
