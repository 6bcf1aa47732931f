"""All cases played, some at a time, each in a process of its own against a stub in another.

Invariant: a case that missed nothing but timings, or whose run calls itself INVALID when it was not
to be, is played again, alone, twice at most: an instrument that is wrong is wrong every time, a
machine that was busy is not. A wrong count of a valid run is wrong the first time. No stub
outlives its case.
"""

import asyncio
import multiprocessing
import os
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp

from ..record.record import Record, Verdict
from .cases import Case, Meddling
from .judging import Check, judge, not_played
from .log import Log, from_json
from .meddling import children, kill, starve
from .run import CREW_COMMAND, play
from .truth import Playbook, figures

LANES = 4
"""Cases at a time: a case waits more than it works, and two cores are enough for four."""
TRIES_MAX = 3
BEGUN_COMMANDS = 10
"""Commands after which a show is well on its way."""
BEGIN_WITHIN_S = 30.0
POLL_S = 0.02
STARVED_S = 1.0


class NotPlayed(Exception):
    """A case could not be played at all; the message says why."""


@dataclass(frozen=True)
class Outcome:
    """What a case's last try showed."""

    case: Case
    checks: list[Check]
    tries: int
    was_starved: bool
    """Whether the generator was, although nobody meddled with it; or nothing could be played."""

    @property
    def is_met(self) -> bool:
        return all(check.is_met for check in self.checks)

    @property
    def is_worth_another_try(self) -> bool:
        if self.is_met or self.tries == TRIES_MAX:
            return False
        return self.was_starved or all(check.is_timing for check in self.checks if not check.is_met)


async def prove(cases: Sequence[Case], tell: Callable[[Outcome], object]) -> list[Outcome]:
    """Play all cases; each outcome is told as soon as it is final."""
    loop = asyncio.get_running_loop()
    final: list[Outcome] = []
    with _lanes(min(LANES, len(cases))) as pool:
        playing = [loop.run_in_executor(pool, _play_now, case, 1) for case in cases]
        again: list[Outcome] = []
        for outcome in asyncio.as_completed(playing):
            _sort(await outcome, final, again, tell)
        while again:
            last = again.pop()
            outcome = loop.run_in_executor(pool, _play_now, last.case, last.tries + 1)
            _sort(await outcome, final, again, tell)
    return final


@contextmanager
def _lanes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes to play in. Leaving early drops what has not begun, and waits for the rest.

    They are sessions of their own: Ctrl-C is for the one who began them, and not for their shows.
    """
    fresh = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=fresh, initializer=os.setsid)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _sort(
    outcome: Outcome,
    final: list[Outcome],
    again: list[Outcome],
    tell: Callable[[Outcome], object],
) -> None:
    if outcome.is_worth_another_try:
        again.append(outcome)
    else:
        final.append(outcome)
        tell(outcome)


def _play_now(case: Case, tries: int) -> Outcome:
    """Play a case in this process, whose child processes are then this case's alone."""
    try:
        record, log, playbook = asyncio.run(_play(case))
    except Exception as error:  # the process's outer edge: whatever it was, it proves nothing
        traceback.print_exc()
        return Outcome(case, [not_played(error)], tries, was_starved=True)
    checks = judge(case, figures(log, playbook), record)
    was_starved = record.verdict is Verdict.INVALID and case.verdict is not Verdict.INVALID
    return Outcome(case, checks, tries, was_starved)


async def _play(case: Case) -> tuple[Record, Log, Playbook]:
    async with _stub() as url, aiohttp.ClientSession(raise_for_status=True) as session:
        await session.put(f"{url}/faults", json=case.faults.as_json())
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(play(case.scenario, url))
            meddling = group.create_task(_meddle(case.meddling, session, url))
            playing.add_done_callback(lambda _: meddling.cancel())
        record, playbook = playing.result()
        async with session.get(f"{url}/truth") as response:
            return record, from_json(await response.json()), playbook


async def _meddle(meddling: Meddling, session: aiohttp.ClientSession, url: str) -> None:
    if meddling is Meddling.NONE:
        return
    await _begun(session, url)
    crews = children(CREW_COMMAND)
    if not crews:
        raise NotPlayed(f"no child process has {CREW_COMMAND} in its command line")
    if meddling is Meddling.KILL:
        kill(crews[0])
    else:
        await starve(crews, STARVED_S)


async def _begun(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until the show is on its way."""
    async with asyncio.timeout(BEGIN_WITHIN_S):
        while True:
            async with session.get(f"{url}/truth", params={"brief": "1"}) as response:
                if (await response.json())["commands"] >= BEGUN_COMMANDS:
                    return
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def _stub() -> AsyncIterator[str]:
    """A stub in a process of its own, which ends when its standard input does; gives its URL."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.selftest.stub"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None  # both were asked for
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise NotPlayed("the stub did not start")
        yield url
    finally:
        process.stdin.close()
        await process.wait()
