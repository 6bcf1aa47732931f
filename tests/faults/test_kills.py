"""Any process may die, or stand still, in the middle of a show; nothing acknowledged is lost.

Forty viewers in two rooms on two workers comment, give and buy while one process is killed again
and again. Afterwards the books, the screens and what was acknowledged must be the same story.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from random import Random

import pytest

from tests.server import Server
from tests.waiting import is_alive, until, until_awaited
from tests.wire.client import MSGPACK
from tests.wire.stage import Stage

from . import books
from .crowd import Crowd

ROOMS = 2
KILLS = (2, 3)
ANSWERS_BETWEEN = (75, 375)
"""How many orders and gifts are answered between two kills: the seeded moment."""
CALLS_BEHIND = 50
"""After so many answers the back office has something to tell a bus that stands still."""
PAUSED_S = 2.0
BACK_WITHIN_S = 20.0
READY_LOOKS = 8
"""The kernel picks the worker that answers; so often that both will have been asked."""

Harm = Callable[[list[Crowd]], Awaitable[None]]


@pytest.mark.parametrize("victim", ["worker", "backoffice", "ledger", "bus"])
async def test_killed_process_comes_back_and_nothing_acknowledged_is_lost_or_doubled(
    two_workers: Server, victim: str, seed: int
) -> None:
    rng = Random(f"{seed} {victim}")

    async def kill_again_and_again(crowds: list[Crowd]) -> None:
        names = _in_turns(victim, rng)
        for _ in range(rng.randint(*KILLS)):
            await _answers(crowds, rng.randint(*ANSWERS_BETWEEN))
            name = next(names)
            await _is_replaced(two_workers, name, two_workers.kill(name))

    await _play(two_workers, rng, kill_again_and_again)


@pytest.mark.parametrize(
    ("victim", "store"), [("worker", "ledger"), ("backoffice", "ledger"), ("backoffice", "bus")]
)
async def test_process_killed_before_it_hears_what_a_store_has_done_loses_and_doubles_nothing(
    two_workers: Server, victim: str, store: str, seed: int
) -> None:
    """The store stands still until calls wait for it, and carries them out when nobody listens."""
    rng = Random(f"{seed} {victim} {store}")

    async def kill_while_waiting(crowds: list[Crowd]) -> None:
        names = _in_turns(victim, rng)
        for _ in range(rng.randint(*KILLS)):
            await _answers(crowds, rng.randint(*ANSWERS_BETWEEN))
            with two_workers.paused(store):
                await _calls_wait(crowds, store)
                name = next(names)
                killed = two_workers.kill(name)
            await _is_replaced(two_workers, name, killed)

    crowds = await _play(two_workers, rng, kill_while_waiting)
    if victim == "worker":
        assert sum(crowd.unheard for crowd in crowds) > 0, "this was to happen"


@pytest.mark.parametrize("victim", ["ledger", "bus", "worker-1"])
async def test_process_that_stands_still_for_a_while_loses_and_doubles_nothing(
    two_workers: Server, victim: str, seed: int
) -> None:
    rng = Random(f"{seed} {victim} paused")

    async def pause_once(crowds: list[Crowd]) -> None:
        await _answers(crowds, rng.randint(*ANSWERS_BETWEEN))
        with two_workers.paused(victim):
            await asyncio.sleep(PAUSED_S)

    await _play(two_workers, rng, pause_once)


async def _play(server: Server, rng: Random, harm: Harm) -> list[Crowd]:
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
            crowd.check_lanes()
            await crowd.check_books()
        return crowds


async def _act_and_suffer(crowds: list[Crowd], harm: Harm) -> None:
    async with asyncio.TaskGroup() as acting:
        for crowd in crowds:
            crowd.act(acting)
        await harm(crowds)
        await _answers(crowds, ANSWERS_BETWEEN[1])
        for crowd in crowds:
            crowd.stop()


async def _answers(crowds: list[Crowd], more: int) -> None:
    """Let the show go on until so many more orders and gifts are answered."""
    upto = sum(crowd.answers for crowd in crowds) + more
    await until(lambda: sum(crowd.answers for crowd in crowds) >= upto, within_s=BACK_WITHIN_S)


def _in_turns(victim: str, rng: Random) -> Iterator[str]:
    """The processes to kill: the one, or the workers, each when the other's viewers are on it."""
    first = rng.randrange(2)
    names = [f"worker-{(first + i) % 2}" for i in range(2)] if victim == "worker" else [victim]
    return itertools.cycle(names)


async def _calls_wait(crowds: list[Crowd], store: str) -> None:
    """Return when a store that stands still has calls to answer."""
    if store == "ledger":
        await until(lambda: all(crowd.all_wait for crowd in crowds))
    else:
        await _answers(crowds, CALLS_BEHIND)


async def _is_replaced(server: Server, name: str, killed: int) -> None:
    """Return when another process has taken the place of the one that was killed."""

    def is_replaced() -> bool:
        pid = server.pids()[name]
        return pid != killed and is_alive(pid)

    await until(is_replaced, within_s=BACK_WITHIN_S)


async def _all_serve(stage: Stage) -> None:
    """Every process is alive, both workers take connections, and whoever is asked is ready."""

    async def are_ready() -> bool:
        looks = [await stage.http.ask("GET", "/readyz") for _ in range(READY_LOOKS)]
        return all(look.status == 200 for look in looks)

    await until_awaited(are_ready, within_s=BACK_WITHIN_S)
    await stage.enter_beside(await stage.enter())
    assert all(map(is_alive, stage.server.pids().values()))


def _both_workers_are_used(crowds: list[Crowd]) -> None:
    used = {viewer.worker for crowd in crowds for viewer in crowd.viewers}
    assert len(used) == 2, used
