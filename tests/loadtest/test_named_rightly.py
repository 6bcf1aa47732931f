"""A server that is given too little, under a real load: what it lacks is named."""

import asyncio
import io
import os
import re
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from loadtest.capacity.bottleneck import name_bottleneck
from loadtest.checkout.plan import CheckoutPlan
from loadtest.checkout.run import run
from loadtest.client.credentials import Mint
from loadtest.run.watch import ServerWatch

from ..server import Server, serving
from ..waiting import end, until

pytestmark = pytest.mark.alone

MOMENTS = 4
NAMED_WITHIN_S = 30.0
"""Others on this machine may have the cores for a while."""
ASKERS, AHEAD = 16, 8
STOPPED_S, RUNNING_S = 0.15, 0.05
"""A store that stands still for three quarters of the time, as one on a stalling disk does."""
BUSY_PCT = 20.0
"""CPU of a worker that has orders to carry out; without any it is below 3."""


@asynccontextmanager
async def beside(server: Server, *loads: Coroutine[Any, Any, object]) -> AsyncIterator[ServerWatch]:
    """A watch of a server that is busy with loads."""
    async with aiohttp.ClientSession() as session:
        watch = ServerWatch(session, server.url, server.token("ada", "ops"))
        tasks = [asyncio.create_task(each) for each in (watch.run(), *loads)]
        try:
            await until(lambda: (watch.second().get("server_cpu_pct") or 0) > BUSY_PCT)
            yield watch
        finally:
            await end(*tasks)


async def ordering(server: Server) -> None:
    """Buyers who order as fast as they are answered."""
    plan = CheckoutPlan(url=server.url, connections=20, duration_s=60)
    await run(plan, Mint(server.secret, "the test"), Console(file=io.StringIO()))


async def asking(server: Server) -> None:
    """One who asks for the rooms ever again, some questions ahead of the answers.

    It costs the server far more than us, so that the one core that fills is the server's.
    """
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    question, head, unread = b"GET /v1/rooms HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200", b""
    writer.write(question * AHEAD)
    while True:
        unread += await reader.read(65_536)
        answers = unread.count(head)
        unread = unread[-len(head) + 1 :]
        writer.write(question * answers)


async def named(watch: ServerWatch, pattern: str) -> tuple[int, ...]:
    """The numbers of the sentence, as soon as it is so after `MOMENTS`."""
    watch.begin()
    found: list[re.Match[str]] = []

    def is_named() -> bool:
        sentence = name_bottleneck(watch.moments()) or ""
        if len(watch.moments()) >= MOMENTS and (match := re.fullmatch(pattern, sentence)):
            found.append(match)
        return bool(found)

    try:
        await until(is_named, within_s=NAMED_WITHIN_S)
    except AssertionError:
        pytest.fail(f"it was named: {name_bottleneck(watch.moments())}; {watch.moments()[-1]}")
    return tuple(map(int, found[0].groups()))


@asynccontextmanager
async def stalling(server: Server, name: str) -> AsyncIterator[None]:
    """One process stands still most of the time."""

    async def stall() -> None:
        while True:
            with server.paused(name):
                await asyncio.sleep(STOPPED_S)
            await asyncio.sleep(RUNNING_S)

    task = asyncio.create_task(stall())
    try:
        yield
    finally:
        await end(task)


@contextmanager
def kept_off(core: int) -> Iterator[None]:
    """This process leaves a core to the server."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, allowed - {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


async def test_a_slowed_ledger_is_named_with_how_long_it_took(tmp_path: Path) -> None:
    with serving(tmp_path, {"workers": 1}) as server:
        async with beside(server, ordering(server)) as watch, stalling(server, "ledger"):
            took_ms, cpu_pct = await named(
                watch,
                r"the ledger's store took (\d+) ms to answer while worker-0 used (\d+) % of its .*",
            )
    assert 100 < took_ms < 400
    assert cpu_pct < 60


async def test_processes_on_one_core_are_named_with_how_full_it_is(tmp_path: Path) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("needs two cores: one for the server, one for who asks it")
    pinned = ("taskset", "-c", str(cores[0]))
    with serving(tmp_path, {"workers": 2}, inside=pinned) as server, kept_off(cores[0]):
        async with beside(server, *(asking(server) for _ in range(ASKERS))) as watch:
            (used_pct,) = await named(
                watch, r"the server's processes share 1 core and used (\d+) % of it.*"
            )
    assert 50 <= used_pct <= 100
