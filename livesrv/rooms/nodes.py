"""The nodes of the bus: one store, or the primaries of a cluster, and which lanes each of them has.

Must not know what is kept in a lane. Invariants: a node that does not answer costs one call its
time-out, and from then on nobody until it answers again; a lane's calls go to one node at a time.
"""

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from redis import exceptions
from redis.asyncio import Redis

from livesrv import stores

from .lanes import LANES, slot_of

log = logging.getLogger(__name__)

AWAY = (exceptions.RedisError, OSError, TimeoutError)
"""What says that the bus, or the part of it that was asked, is away."""
SILENCE = (exceptions.TimeoutError, TimeoutError)
NODE_TIMEOUT_S = 1.0
"""For a node of a cluster: so long may one that has died silently hold up a call to all of them."""
PROBE_PAUSE_S = 0.1
LOOK_PAUSE_S = 0.2
"""Between two looks at who has which lane."""

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
View = dict[str, frozenset[int]]
"""The lanes of each node, by its plain URL."""


class Node:
    """One store of the bus. A node whose lanes change becomes another `Node` on the same client."""

    def __init__(self, url: str, client: Redis, lanes: frozenset[int]) -> None:
        self.url = url
        self.client = client
        self.lanes = lanes
        self.is_away = False
        """Its last call has failed."""
        self.is_silent = False
        """It did not even refuse; it is asked nothing before it has answered a ping."""

    def __repr__(self) -> str:
        return stores.redacted(self.url)


class Nodes:
    """All there are now. `changed` is set whenever others have come, or lanes have moved."""

    def __init__(self, url: str) -> None:
        self.changed = asyncio.Event()
        self._url = url
        self.is_cluster = stores.is_cluster(url)
        self._nodes: list[Node] = []
        self._home: list[Node | None] = [None] * LANES
        self._turns = itertools.count()
        self._looking: asyncio.Task[None] | None = None
        self._probes: dict[Node, asyncio.Task[None]] = {}
        if not self.is_cluster:
            self._settle([Node(url, stores.connect(url), frozenset(range(LANES)))])

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    async def aclose(self) -> None:
        tasks = [*self._probes.values(), *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for node in self._nodes:
            await node.client.aclose()

    # --- asking

    async def ask(self, lane: int, work: Callable[[Redis], Awaitable[T]]) -> T:
        """Work on the node that has a lane. Raises `AWAY`."""
        node = self._home[lane]
        if node is None:
            self.doubt()
            raise exceptions.ConnectionError("nobody is known to have this part of the bus")
        return await self._ask(node, work)

    async def spread(
        self,
        names: Iterable[T],
        lane_of: Callable[[T], int],
        work: Callable[[Redis, list[T]], Awaitable[dict[K, V]]],
    ) -> dict[K, V]:
        """Work on all nodes at once, on each with the names it has; all that they answer.

        What belongs to a node that is away is left out. Raises `AWAY` when all nodes are.
        """
        shares: defaultdict[Node, list[T]] = defaultdict(list)
        for name in names:
            if node := self._home[lane_of(name)]:
                shares[node].append(name)
            else:
                self.doubt()
        calls = [self._answer(node, work, share) for node, share in shares.items()]
        answers = [await calls[0]] if len(calls) == 1 else await asyncio.gather(*calls)
        return self._merged(answers)

    async def _answer(
        self, node: Node, work: Callable[[Redis, list[T]], Awaitable[dict[K, V]]], share: list[T]
    ) -> dict[K, V] | Exception:
        try:
            return await self._ask(node, lambda client: work(client, share))
        except AWAY as error:
            return error

    def _merged(self, answers: Iterable[dict[K, V] | Exception]) -> dict[K, V]:
        merged: dict[K, V] = {}
        for answer in answers:
            if isinstance(answer, dict):
                merged |= answer
            elif all(node.is_away for node in self._nodes):
                raise answer
        if not self._nodes:
            raise exceptions.ConnectionError("no node of the bus is known")
        return merged

    async def _ask(self, node: Node, work: Callable[[Redis], Awaitable[T]]) -> T:
        if node.is_silent:
            raise exceptions.ConnectionError(f"{node} is silent")
        try:
            answer = await work(node.client)
        except AWAY as error:
            self._note_away(node, error)
            raise
        node.is_away = False
        return answer

    def _note_away(self, node: Node, error: Exception) -> None:
        if not node.is_away:
            log.warning("%r of the bus is away: %s", node, error)
        node.is_away = True
        node.is_silent = node.is_silent or isinstance(error, SILENCE)
        if node not in self._probes and node in self._nodes:
            self._probes[node] = asyncio.create_task(self._probe(node))
        self.doubt()

    async def _probe(self, node: Node) -> None:
        """Ping a node that is away until it answers, or is none of ours any more."""
        try:
            while node in self._nodes:
                await asyncio.sleep(PROBE_PAUSE_S)
                with suppress(*AWAY):
                    await node.client.ping()
                    node.is_away = node.is_silent = False
                    return
        finally:
            self._probes.pop(node, None)

    # --- who has what

    def is_away(self, lane: int) -> bool:
        """Whether the node that has a lane did not answer lately."""
        node = self._home[lane]
        return node is None or node.is_away

    def doubt(self) -> None:
        """Something said that lanes may have moved: look who has them now."""
        if self.is_cluster and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Ask one of those that are known; each look begins with another, which may know better."""
        named = dict.fromkeys([*(node.url for node in self._nodes), *stores.node_urls(self._url)])
        urls, turn = list(named), next(self._turns)
        for i in range(len(urls)):
            with suppress(*AWAY):
                if view := await _view_of(self._url, urls[(turn + i) % len(urls)]):
                    await self._take(view)
                    break
        await asyncio.sleep(LOOK_PAUSE_S)

    async def _take(self, view: View) -> None:
        known = {node.url: node for node in self._nodes}
        if view == {url: node.lanes for url, node in known.items()}:
            return
        self._settle([_renewed(known.get(url), url, lanes) for url, lanes in view.items()])
        log.info("the bus is on %s", ", ".join(f"{n!r} ({len(n.lanes)} lanes)" for n in self))
        for url in known.keys() - view.keys():
            await known[url].client.aclose()

    def _settle(self, nodes: list[Node]) -> None:
        self._nodes = nodes
        self._home = [None] * LANES
        for node in nodes:
            for lane in node.lanes:
                self._home[lane] = node
        self.changed.set()


def _renewed(known: Node | None, url: str, lanes: frozenset[int]) -> Node:
    if known is None:
        return Node(url, stores.connect(url, timeout_s=NODE_TIMEOUT_S), lanes)
    return known if known.lanes == lanes else Node(url, known.client, lanes)


async def _view_of(cluster_url: str, url: str) -> View:
    """Who has which lanes, as one node sees it; empty when it belongs to no cluster."""
    client = stores.connect(url, timeout_s=NODE_TIMEOUT_S, max_connections=1)
    try:
        ranges: Any = await client.cluster("SLOTS")
    finally:
        await client.aclose()
    slots = {lane: slot_of(lane) for lane in range(LANES)}
    view: View = {}
    for first, last, primary, *_ in ranges:
        lanes = frozenset(lane for lane, slot in slots.items() if first <= slot <= last)
        where = stores.node_url(cluster_url, primary[0], int(primary[1]), asked=url)
        if lanes:
            view[where] = view.get(where, frozenset()) | lanes
    return view
