"""A file that ends in the middle: whatever byte a crash leaves last, whole calls are what is left.

The append-only file of a real store is cut within its last calls, and a store is started on what is
left. It must hold exactly what it held after one of the calls, and take the others once more.
"""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as StoreConnectionError

from livesrv import stores
from livesrv.ledger.audit import audit
from livesrv.ledger.entry import Entry, Rank, Write, leg
from livesrv.ledger.store import install
from tests.embedded import running
from tests.seeding import EVERYTHING, SEED
from tests.waiting import until_awaited

from . import state
from .calls import post

NEAR_BYTES = 2
"""Cuts this close to the end of a call are all tried."""
SAMPLE = 150
AT_ONCE = 2
FILES = "ledger/appendonlydir"


class History(NamedTuple):
    """Calls, the state before the first and after each, and how long the file was then."""

    directory: Path
    calls: list[list[Entry]]
    states: list[state.State]
    sizes: list[int]


@pytest.mark.timeout(3600 if EVERYTHING else 240)
async def test_a_file_cut_anywhere_in_its_last_calls_holds_whole_calls(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    history = await recorded(tmp_path / "whole")
    cuts = chosen_cuts(history.sizes)
    print(f"SEED={SEED}, {len(cuts)} cuts of {history.sizes[-1] - history.sizes[0]} bytes")
    gate = asyncio.Semaphore(AT_ONCE)

    async def try_cut(cut: int) -> None:
        async with gate:
            await check_cut(history, cut, tmp_path / str(cut))

    async with asyncio.TaskGroup() as group:
        for cut in cuts:
            group.create_task(try_cut(cut))
    record_property("rounds", len(cuts))


def chosen_cuts(sizes: list[int]) -> list[int]:
    """Lengths to cut the file to: all of them, or those near a call's end and a sample."""
    every = range(sizes[0], sizes[-1] + 1)
    if EVERYTHING:
        return list(every)
    near = {size + by for size in sizes for by in range(-NEAR_BYTES, NEAR_BYTES + 1)}
    return sorted(near & set(every) | set(Random(SEED).sample(every, SAMPLE)))


async def check_cut(history: History, cut: int, directory: Path) -> None:
    """Start a store on a file of that length, compare, and post to it what it has lost."""
    whole = bisect_right(history.sizes, cut) - 1
    copy_cut(history.directory, directory, cut)
    async with loaded(directory) as store:
        state.check_same(await state.of_store(store), history.states[whole])
        assert (await audit(store)).breaches == [], f"cut at {cut}"
        for call in history.calls[whole:]:
            await post(store, call)
        state.check_same(await state.of_store(store), history.states[-1])
    shutil.rmtree(directory)


# --- a file and its history


async def recorded(directory: Path) -> History:
    """Post all calls to a store, one after the other, and note what it holds."""
    history = History(directory, calls(), [], [])
    async with running("ledger", directory) as running_store:
        store = stores.connect(running_store.url)
        await install(store)
        await note(history, store)
        for call in history.calls:
            await post(store, call)
            await note(history, store)
        await store.aclose()
    assert history.sizes == sorted(set(history.sizes))
    return history


async def note(history: History, store: Redis) -> None:
    history.states.append(await state.of_store(store))
    history.sizes.append(journal_file(history.directory).stat().st_size)


def journal_file(directory: Path) -> Path:
    (found,) = (directory / FILES).glob("*.incr.aof")
    return found


def copy_cut(source: Path, target: Path, cut: int) -> None:
    shutil.copytree(source / FILES, target / FILES)
    with journal_file(target).open("r+b") as file:
        file.truncate(cut)


@asynccontextmanager
async def loaded(directory: Path) -> AsyncIterator[Redis]:
    """A store started on a directory, without the checks that cost most of the time."""
    store = stores.embedded("ledger", directory)
    process = await asyncio.create_subprocess_exec(
        *store.argv, cwd=store.cwd, stdout=DEVNULL, stderr=DEVNULL
    )
    client = stores.connect(store.url)
    try:
        await until_awaited(lambda: answers(client))
        yield client
    finally:
        await client.aclose()
        process.kill()
        await process.wait()


async def answers(client: Redis) -> bool:
    with suppress(StoreConnectionError):
        return bool(await client.ping())
    return False


# --- what is posted


def calls() -> list[list[Entry]]:
    """Single entries and batches with all that a call can write, and one that writes a refusal."""
    return [
        [topup("a", 900), topup("b", 50)],
        [order("1", "a", 300)],
        [fact("started"), order("2", "b", 100), order("3", "a", 20), fact("ended")],
        [order("4", "b", 60)],
        [Entry(id="gone", fingerprint="f", kind="x", refusal="not_live")],
        [order(str(number), "a", number) for number in range(5, 9)],
    ]


def fact(name: str) -> Entry:
    return Entry(id=name, fingerprint="f", kind=name, room="r")


def topup(user: str, amount: int) -> Entry:
    legs = [leg("world", "CNY", -amount), leg(f"wallet:{user}", "CNY", amount)]
    return Entry(id=f"topup-{user}", fingerprint="f", kind="topup", legs=legs)


def order(number: str, user: str, total: int) -> Entry:
    return Entry(
        id=f"order-{number}",
        fingerprint="f",
        kind="sale",
        room="r",
        legs=[leg(f"wallet:{user}", "CNY", -total), leg("orders:unsettled", "CNY", total)],
        writes=[Write(f"order:{number}", f'{{"total":{total}}}'), Write("last", f'"{number}"')],
        ranks=[Rank("orders", number, total), Rank("buyers", user, 1, True)],
        forget_at_ms=4_000_000_000_000,
    )
