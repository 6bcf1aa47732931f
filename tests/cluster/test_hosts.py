"""Two servers on hosts of their own, one ledger, and a bus of three nodes: one show.

A node of the bus dies in the middle and comes back empty; a server, which had the back office, goes
while its members move to the other. What members hear has no hole, no repeat, and one order.
"""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import pytest

from livesrv import stores
from tests.faults.crowd import Crowd
from tests.faults.shares import GIFT_CARD_BPS, ORDER_CARD_BPS
from tests.server import Server, serving
from tests.waiting import until

from .hosts import Hosts, goes_on, play
from .network import Network, network
from .valkeys import Cluster, clustered

SECRET = "a secret that both servers know, for tests"
"""Signs the tokens of both."""


@pytest.fixture
async def cluster(tmp_path: Path, net: Network) -> AsyncIterator[Cluster]:
    async with clustered(tmp_path, net.address) as formed:
        yield formed


@pytest.fixture
def net() -> Iterator[Network]:
    with network(hosts=2) as made:
        yield made


@pytest.fixture
def servers(tmp_path: Path, net: Network, cluster: Cluster) -> Iterator[list[Server]]:
    """The second one came first, so that its back office works and the other's stands by."""
    with ExitStack() as stack:
        settings = {
            "workers": 1,
            "jwt_secret": SECRET,
            "ledger_url": stack.enter_context(ledger_at(net.address, tmp_path)),
            "bus_url": cluster.url,
            "gift_card_bps": GIFT_CARD_BPS,
            "order_card_bps": ORDER_CARD_BPS,
        }
        running = [
            stack.enter_context(
                serving(
                    tmp_path / f"host-{index}",
                    settings | {"host": host.address},
                    inside=host.inside,
                )
            )
            for index, host in enumerate(net.hosts)
        ]
        yield running[::-1]


@contextmanager
def ledger_at(address: str, directory: Path) -> Iterator[str]:
    """A ledger store as an operator would run it; its URL."""
    with socket.create_server((address, 0)) as free:
        port = free.getsockname()[1]
    store = stores.embedded("ledger", directory)
    open_to_all = ["--bind", address, "--port", str(port), "--protected-mode", "no"]
    process = subprocess.Popen(
        [*store.argv, *open_to_all], cwd=store.cwd, stdout=subprocess.DEVNULL
    )
    try:
        yield f"redis://{address}:{port}"
    finally:
        process.kill()
        process.wait()


async def test_node_of_the_bus_that_dies_and_comes_back_empty_is_missed_by_its_rooms_alone(
    cluster: Cluster, servers: list[Server], seed: int
) -> None:
    victim = cluster.nodes[seed % len(cluster.nodes)]
    async with Hosts(servers, [node.fresh_room() for node in cluster.nodes]) as stage:

        async def lose_a_node(crowds: list[Crowd]) -> None:
            living = [crowd for crowd in crowds if not victim.has(crowd.room)]
            assert 0 < len(living) < len(crowds)
            await asyncio.to_thread(victim.kill)
            await goes_on(living)
            victim.start()
            await goes_on(crowds)

        crowds = await play(stage, Random(seed), lose_a_node, is_roaming=False)
    comings = {viewer.comings for crowd in crowds for viewer in crowd.viewers}
    assert comings == {1}, "somebody was closed"


async def test_server_that_goes_in_mid_show_loses_nothing_its_members_hear_on_the_other(
    cluster: Cluster, servers: list[Server], seed: int
) -> None:
    staying, going = servers
    async with Hosts(servers, [cluster.nodes[0].fresh_room()]) as stage:

        async def leave(crowds: list[Crowd]) -> None:
            assert "holding the lease" not in staying.log_text()
            stage.servers = [staying]
            await asyncio.to_thread(going.stop)
            await until(lambda: "holding the lease" in staying.log_text())
            await goes_on(crowds)

        await play(stage, Random(seed), leave, is_roaming=True)
