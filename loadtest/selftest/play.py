"""All cases played, some at a time, each against a stub in a process of its own.

Invariant: a case that missed nothing but timings is played again, alone, twice at most: an
instrument that is wrong is wrong every time, a machine that was busy is not. A wrong count is
wrong the first time. No stub outlives this.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from ..record.record import Record, Verdict
from .cases import Case, Meddling
from .judging import Check, check_figure
from .log import from_json
from .meddling import children, kill, starve
from .run import CREW_COMMAND, play
from .truth import figures

LANES = 3
"""Cases at a time: a case waits more than it works, and two cores are enough for three."""
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

    @property
    def is_met(self) -> bool:
        return all(check.is_met for check in self.checks)

    @property
    def is_worth_another_try(self) -> bool:
        missed = [check for check in self.checks if not check.is_met]
        return bool(missed) and all(c.is_timing for c in missed) and self.tries < TRIES_MAX


async def prove(cases: Sequence[Case], tell: Callable[[Outcome], object]) -> list[Outcome]:
    """Play all cases; each outcome is told as soon as it is final."""
    together = [case for case in cases if not case.is_alone]
    outcomes = await _play_together(together, tell)
    final = {outcome.case.name for outcome in outcomes}
    left = [case for case in cases if case.name not in final]
    async with _stub() as url:
        for case in left:
            outcomes.append(await _play_alone(case, url, tell))
    return outcomes


async def _play_together(
    cases: Sequence[Case], tell: Callable[[Outcome], object]
) -> list[Outcome]:
    """The outcomes of those that need no other try."""
    waiting = list(reversed(cases))
    final: list[Outcome] = []

    async def lane() -> None:
        async with _stub() as url:
            while waiting:
                outcome = await _play(waiting.pop(), url, 1)
                if not outcome.is_worth_another_try:
                    final.append(outcome)
                    tell(outcome)

    async with asyncio.TaskGroup() as lanes:
        for _ in range(LANES):
            lanes.create_task(lane())
    return final


async def _play_alone(case: Case, url: str, tell: Callable[[Outcome], object]) -> Outcome:
    tries = 1
    outcome = await _play(case, url, tries)
    while outcome.is_worth_another_try:
        tries += 1
        outcome = await _play(case, url, tries)
    tell(outcome)
    return outcome


async def _play(case: Case, url: str, tries: int) -> Outcome:
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        await session.put(f"{url}/faults", json=case.faults.as_json())
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(play(case.scenario, url))
            meddling = group.create_task(_meddle(case.meddling, session, url))
            playing.add_done_callback(lambda _: meddling.cancel())
        record, playbook = playing.result()
        async with session.get(f"{url}/truth") as response:
            log = from_json(await response.json())
    true = figures(log, playbook)
    checks = [
        check_figure(name, true, record.figures, case.told.get(name))
        for name in dict.fromkeys((*case.figures, *case.told))
    ]
    return Outcome(case, [_check_verdict(case, record), *checks], tries)


def _check_verdict(case: Case, record: Record) -> Check:
    is_said = not case.reason or any(case.reason in reason for reason in record.reasons)
    found = record.verdict
    return Check(
        what="verdict",
        told=case.verdict.name,
        true=case.verdict.name,
        reported=found.name if is_said else f"{found.name}: {' '.join(record.reasons)}",
        off="",
        is_met=found is case.verdict and is_said,
        is_timing=found is Verdict.INVALID,
    )


async def _meddle(meddling: Meddling, session: aiohttp.ClientSession, url: str) -> None:
    if meddling is Meddling.NONE:
        return
    await _begun(session, url)
    crews = children(CREW_COMMAND)
    if not crews:
        raise NotPlayed(f"no child process with {CREW_COMMAND} in its command line was found")
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
    assert process.stdin and process.stdout  # both were asked for
    try:
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise NotPlayed("the stub did not start")
        yield url
    finally:
        process.stdin.close()
        await process.wait()
