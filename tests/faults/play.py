"""A show that goes on while harm is done to it, and the comparison of all stories afterwards."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from random import Random

from tests.server import Server
from tests.waiting import is_alive, until, until_awaited
from tests.wire.client import MSGPACK
from tests.wire.stage import Stage

from . import books
from .crowd import Crowd

ROOMS = 2
ANSWERS_BETWEEN = (75, 375)
"""How many orders and gifts are answered between two harms: the seeded moment."""
CALLS_BEHIND = 50
"""After so many answers the back office has something to tell a bus that stands still."""
BACK_WITHIN_S = 20.0
READY_LOOKS = 8
"""The kernel picks the worker that answers; so often that both will have been asked."""

Harm = Callable[[list[Crowd]], Awaitable[None]]


async def play(
    server: Server, rng: Random, harm: Harm, *, may_start_anew: bool = False
) -> list[Crowd]:
    """Run two shows, do harm in the middle, and compare all that is known afterwards."""
    async with Stage(server, MSGPACK) as stage:
        crowds = [await Crowd.gathered(stage, rng) for _ in range(ROOMS)]
        async with asyncio.TaskGroup() as staying:
            tasks = [task for crowd in crowds for task in await crowd.come(staying)]
            _both_workers_are_used(crowds)
            await _act_and_suffer(crowds, harm)
            await _all_serve(stage)
            for crowd in crowds:
                await crowd.talk_reaches_everybody()
                await crowd.end()
            for task in tasks:
                task.cancel()
        await books.settled(server)
        for crowd in crowds:
            crowd.check_lanes(may_start_anew=may_start_anew)
            await crowd.check_books()
        return crowds


async def answers(crowds: list[Crowd], more: int) -> None:
    """Let the show go on until so many more orders and gifts are answered."""
    upto = sum(crowd.answers for crowd in crowds) + more
    await until(lambda: sum(crowd.answers for crowd in crowds) >= upto, within_s=BACK_WITHIN_S)


async def calls_wait(crowds: list[Crowd], store: str) -> None:
    """Return when a store that stands still has calls to answer."""
    if store == "ledger":
        await until(lambda: all(crowd.all_wait for crowd in crowds))
    else:
        await answers(crowds, CALLS_BEHIND)


async def is_replaced(server: Server, name: str, killed: int) -> None:
    """Return when another process has taken the place of the one that was killed."""

    def has_changed() -> bool:
        pid = server.pids()[name]
        return pid != killed and is_alive(pid)

    await until(has_changed, within_s=BACK_WITHIN_S)


def in_turns(victim: str, rng: Random) -> Iterator[str]:
    """The processes to kill: the one, or the workers, each when the other's viewers are on it."""
    first = rng.randrange(2)
    names = [f"worker-{(first + i) % 2}" for i in range(2)] if victim == "worker" else [victim]
    return itertools.cycle(names)


async def _act_and_suffer(crowds: list[Crowd], harm: Harm) -> None:
    async with asyncio.TaskGroup() as acting:
        for crowd in crowds:
            crowd.act(acting)
        await harm(crowds)
        await answers(crowds, ANSWERS_BETWEEN[1])
        for crowd in crowds:
            crowd.stop()


async def _all_serve(stage: Stage) -> None:
    """Every process is alive, both workers take connections, and whoever is asked is ready."""

    async def are_ready() -> bool:
        looks = [await stage.http.ask("GET", "/readyz") for _ in range(READY_LOOKS)]
        return all(look.status == 200 for look in looks)

    await until_awaited(are_ready, within_s=BACK_WITHIN_S)
    first = await stage.enter()

    async def comes_beside() -> bool:
        """A worker that is replaced takes connections only when it has started."""
        client = await stage.enter()
        await client.close()
        return client.worker != first.worker

    await until_awaited(comes_beside, within_s=BACK_WITHIN_S)
    assert all(map(is_alive, stage.server.pids().values()))


def _both_workers_are_used(crowds: list[Crowd]) -> None:
    used = {viewer.worker for crowd in crowds for viewer in crowd.viewers}
    assert len(used) == 2, used
