"""Any process may die, or stand still, in the middle of a show; nothing acknowledged is lost.

Forty viewers in two rooms on two workers comment, give and buy while one process is killed again
and again. Afterwards the books, the screens and what was acknowledged must be the same story.
"""

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from tests.seeding import ROUNDS
from tests.server import Server

from .crowd import Crowd
from .play import ANSWERS_BETWEEN, answers, calls_wait, in_turns, is_replaced, play

KILLS = (2, 3)
KILLED = 0.6
"""How often a random victim is killed; else it stands still."""
PAUSED_S = 2.0
PAUSED_MAX_S = 3.0
HARMS = 4
"""In one round of anything that may happen."""
VICTIMS = ["worker-0", "worker-1", "backoffice", "ledger", "bus"]


@pytest.mark.parametrize("victim", ["worker", "backoffice", "ledger", "bus"])
async def test_killed_process_comes_back_and_nothing_acknowledged_is_lost_or_doubled(
    two_workers: Server, victim: str, seed: int
) -> None:
    rng = Random(f"{seed} {victim}")

    async def kill_again_and_again(crowds: list[Crowd]) -> None:
        names = in_turns(victim, rng)
        for _ in range(rng.randint(*KILLS)):
            await answers(crowds, rng.randint(*ANSWERS_BETWEEN))
            name = next(names)
            await is_replaced(two_workers, name, two_workers.kill(name))

    await play(two_workers, rng, kill_again_and_again)


@pytest.mark.parametrize(
    ("victim", "store"), [("worker", "ledger"), ("backoffice", "ledger"), ("backoffice", "bus")]
)
async def test_process_killed_before_it_hears_what_a_store_has_done_loses_and_doubles_nothing(
    two_workers: Server, victim: str, store: str, seed: int
) -> None:
    """The store stands still until calls wait for it, and carries them out when nobody listens."""
    rng = Random(f"{seed} {victim} {store}")

    async def kill_while_waiting(crowds: list[Crowd]) -> None:
        names = in_turns(victim, rng)
        for _ in range(rng.randint(*KILLS)):
            await answers(crowds, rng.randint(*ANSWERS_BETWEEN))
            with two_workers.paused(store):
                await calls_wait(crowds, store)
                name = next(names)
                killed = two_workers.kill(name)
            await is_replaced(two_workers, name, killed)

    crowds = await play(two_workers, rng, kill_while_waiting)
    if victim == "worker":
        assert sum(crowd.unheard for crowd in crowds) > 0, "this was to happen"


@pytest.mark.parametrize("victim", ["ledger", "bus", "worker-1"])
async def test_process_that_stands_still_for_a_while_loses_and_doubles_nothing(
    two_workers: Server, victim: str, seed: int
) -> None:
    rng = Random(f"{seed} {victim} paused")

    async def pause_once(crowds: list[Crowd]) -> None:
        await answers(crowds, rng.randint(*ANSWERS_BETWEEN))
        with two_workers.paused(victim):
            await asyncio.sleep(PAUSED_S)

    await play(two_workers, rng, pause_once)


async def test_any_process_killed_or_stopped_at_any_moment_loses_and_doubles_nothing(
    two_workers: Server, seed: int, record_property: Callable[[str, object], None]
) -> None:
    """The long form of all the above: as many harms as `ROUNDS` says, in no order.

    They come before the last one is over. So members may be told to start anew, and must not be
    told anything wrong.
    """
    rng = Random(f"{seed} anything")

    async def harm(crowds: list[Crowd]) -> None:
        for _ in range(HARMS * ROUNDS):
            await answers(crowds, rng.randint(*ANSWERS_BETWEEN) // 2)
            victim, is_killed = rng.choice(VICTIMS), rng.random() < KILLED
            print("kill" if is_killed else "stop", victim)
            if is_killed:
                await is_replaced(two_workers, victim, two_workers.kill(victim))
            else:
                with two_workers.paused(victim):
                    await asyncio.sleep(rng.uniform(0, PAUSED_MAX_S))

    await play(two_workers, rng, harm, may_start_anew=True)
    record_property("rounds", HARMS * ROUNDS)
