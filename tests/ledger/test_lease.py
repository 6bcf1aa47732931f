"""The lease: one holder at a time, who keeps it, gives it back, or loses it when it is dead."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from livesrv import stores
from livesrv.ledger import lease as lease_module
from livesrv.ledger.lease import Lease
from tests.embedded import RunningStore
from tests.waiting import until, until_awaited


@pytest.fixture
async def client(ledger_store: RunningStore) -> AsyncIterator[Redis]:
    found = stores.connect(ledger_store.url, timeout_s=1)
    yield found
    await found.aclose()


async def test_one_holds_it_and_another_gets_it_as_soon_as_it_is_given_back(client: Redis) -> None:
    first, second = Lease(client, "l", "first"), Lease(client, "l", "second")
    assert await first.hold()
    assert not await second.hold()
    waiting = asyncio.create_task(second.taken())
    await second.release()
    assert await first.hold(), "only its holder gives it back"
    await first.release()
    async with asyncio.timeout(lease_module.TTL_MS / 1000):
        await waiting
    assert not await first.hold()


async def test_holder_that_was_killed_has_it_back_at_once(client: Redis) -> None:
    assert await Lease(client, "l", "first").hold()
    assert await Lease(client, "l", "first").hold()


async def test_lease_of_a_dead_host_runs_out(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "TTL_MS", 50)
    assert await Lease(client, "l", "first").hold()
    async with asyncio.timeout(10):
        await Lease(client, "l", "second").taken()


async def test_keeping_ends_when_somebody_else_has_it(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_S", 0.01)
    first = Lease(client, "l", "first")
    assert await first.hold()
    keeping = asyncio.create_task(first.keep())

    async def first_has_it() -> bool:
        return bool(await client.get("lease:l") == b"first")

    await client.delete("lease:l")
    await until_awaited(first_has_it)
    await client.set("lease:l", "second")
    async with asyncio.timeout(10):
        await keeping


async def test_store_that_is_away_takes_nobodys_lease(
    client: Redis,
    ledger_store: RunningStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_S", 0.01)
    first = Lease(client, "l", "first")
    assert await first.hold()
    keeping = asyncio.create_task(first.keep())
    await ledger_store.kill()
    await until(lambda: "cannot be renewed" in caplog.text)
    await ledger_store.start()
    assert not await Lease(client, "l", "second").hold()
    assert not keeping.done()
    keeping.cancel()
