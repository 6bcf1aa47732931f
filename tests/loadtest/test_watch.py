"""The watch beside a real server, and beside none."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from loadtest.run.exposition import parsed
from loadtest.run.vitals import WANTED
from loadtest.run.watch import ServerWatch

from ..server import Server
from ..waiting import end, until, until_awaited

SCRAPE_CPU_MS_MAX = 10.0
"""A generator has other things to do."""


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def test_all_processes_and_stores_of_a_server_are_seen(
    server: Server, session: aiohttp.ClientSession
) -> None:
    watch = ServerWatch(session, server.url, server.token("ada", "ops"))
    task = asyncio.create_task(watch.run())
    try:
        await until(lambda: len(watch.moments()) >= 3 and len(watch.processes()) == 5)
    finally:
        await end(task)
    names = [process.name for process in watch.processes()]
    assert names == ["backoffice", "worker-0", "worker-1", "bus", "ledger"]
    assert watch.stores().keys() == {"ledger", "bus"}
    assert all(value is not None for value in watch.second().values())
    assert watch.figures()["server.resident_mib"] > 50
    moment = watch.moments()[-1]
    assert {process.which for process in moment.processes} == {moment.processes[0].which}
    assert moment.processes[0].cores == moment.stores[0].cores
    assert moment.machine_busy_pct is not None
    assert watch.failed == 0


async def test_a_server_that_is_not_there_is_counted_and_ends_nothing(
    session: aiohttp.ClientSession,
) -> None:
    watch = ServerWatch(session, "http://127.0.0.1:1", "")
    await watch.scrape()
    assert (watch.scrapes, watch.failed) == (0, 1)
    assert watch.failure
    assert (watch.second(), watch.figures(), watch.processes()) == ({}, {}, [])


async def test_a_refused_scrape_says_so(server: Server, session: aiohttp.ClientSession) -> None:
    session.headers["X-Forwarded-For"] = "203.0.113.7"
    watch = ServerWatch(session, server.url, "of nobody")
    await watch.scrape()
    assert watch.failure == "/metrics was answered 401"


@pytest.mark.alone
async def test_reading_a_scrape_of_sixteen_workers_costs_little(
    server: Server, session: aiohttp.ClientSession
) -> None:
    lines: list[str] = []
    text = ""

    async def is_told() -> bool:
        nonlocal text
        async with session.get(f"{server.url}/metrics") as answer:
            text = await answer.text()
        lines[:] = [line for line in text.splitlines() if 'process="worker-0"' in line]
        return bool(lines) and 'process="worker-1"' in text

    await until_awaited(is_told)
    more = [line.replace("worker-0", f"worker-{n}") for n in range(2, 16) for line in lines]
    text = "\n".join([*text.splitlines(), *more, ""])
    began_s = time.process_time()
    scrape = parsed(text, WANTED)
    assert len(scrape) >= 15
    assert (time.process_time() - began_s) * 1000 < 2 * SCRAPE_CPU_MS_MAX
