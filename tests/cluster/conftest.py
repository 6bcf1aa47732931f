"""What the tests of several nodes and several hosts share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from livesrv.rooms.nodes import Nodes
from tests.embedded import ledger as ledger
from tests.embedded import ledger_store as ledger_store
from tests.seeding import SEED

from .valkeys import Cluster, clustered


@pytest.fixture
def seed() -> int:
    print(f"SEED={SEED}")
    return SEED


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with clustered(tmp_path) as formed:
        yield formed


@pytest.fixture
async def cluster_nodes(cluster: Cluster) -> AsyncIterator[Nodes]:
    found = Nodes(cluster.url)
    yield found
    await found.aclose()
