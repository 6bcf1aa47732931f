"""Real stores for tests: the embedded Valkey, started in milliseconds, one directory a test."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from livesrv import stores
from livesrv.ledger.store import Ledger, install
from livesrv.rooms.nodes import Nodes
from livesrv.stores import StoreRole
from tests.waiting import end


class RunningStore:
    """An embedded store that a test may kill and start again."""

    def __init__(self, role: StoreRole, directory: Path) -> None:
        self._store = stores.embedded(role, directory)
        self._role = role
        self.url = self._store.url

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._store.argv, cwd=self._store.cwd, stdout=DEVNULL
        )
        await stores.check(self.url, role=self._role)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop it in its tracks for a while: alive, and not answering."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def running(role: StoreRole, directory: Path) -> AsyncIterator[RunningStore]:
    store = RunningStore(role, directory)
    await store.start()
    try:
        yield store
    finally:
        await store.kill()


@asynccontextmanager
async def open_ledger(
    url: str, *, queue_max: int = 8192, deadline_ms: int = 5000
) -> AsyncIterator[Ledger]:
    """A ledger client that posts."""
    client = stores.connect(url)
    ledger = Ledger(client, queue_max=queue_max, deadline_ms=deadline_ms)
    task = asyncio.create_task(ledger.run())
    try:
        yield ledger
    finally:
        await end(task)
        await client.aclose()


@pytest.fixture
async def ledger_store(tmp_path: Path) -> AsyncIterator[RunningStore]:
    async with running("ledger", tmp_path) as store:
        client = stores.connect(store.url)
        await install(client)
        await client.aclose()
        yield store


@pytest.fixture
async def ledger(ledger_store: RunningStore) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_store.url) as opened:
        yield opened


@pytest.fixture
async def bus_store(tmp_path: Path) -> AsyncIterator[RunningStore]:
    async with running("bus", tmp_path) as store:
        yield store


@pytest.fixture
async def bus_client(bus_store: RunningStore) -> AsyncIterator[Redis]:
    client = stores.connect(bus_store.url)
    yield client
    await client.aclose()


@pytest.fixture
async def nodes(bus_store: RunningStore) -> AsyncIterator[Nodes]:
    found = Nodes(bus_store.url)
    yield found
    await found.aclose()
