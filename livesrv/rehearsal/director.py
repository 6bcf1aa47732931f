"""The director: sees which rooms of the rehearsal are live, and has an audience played into each.

Must not know what an audience does; it is the load test's, and comes in at the rehearsal's own
doors like anybody else. Invariant: when `direct` ends, no audience is left.
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any, NoReturn

import aiohttp

from livesrv.children import tie
from livesrv.clock import now_ms

from .casting import Casting, Part, Show

LOOK_S = 0.5
ANSWER_WITHIN_S = 5.0
LATE_S = 10.0
"""What an audience has beyond its time, to come in and to leave."""
LEAVE_WITHIN_S = 5.0
VIEWERS = 30
LISTED_MAX = 100
"""Live rooms looked at, newest first: one that just began is among them."""
AUDIENCE = (sys.executable, "-m", "loadtest", "audience")
SECRET_VARIABLE = "LIVESRV_JWT_SECRET"
TROUBLE = (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError)

log = logging.getLogger(__name__)


class Director:
    """The audiences of one rehearsal, which serves at `url`."""

    def __init__(self, url: str, secret: str, seconds_max: float) -> None:
        self._url = url
        self._secret = secret
        self._casting = Casting(seconds_max)
        self._audiences: set[asyncio.Task[None]] = set()

    async def direct(self) -> NoReturn:
        """Look, and begin what is to begin, until cancelled."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                while True:
                    with suppress(*TROUBLE):  # the worker is about to come back
                        live = await self._live(session)
                        self._begin(self._casting.begin(live, now_ms()))
                    await asyncio.sleep(LOOK_S)
        finally:
            for audience in self._audiences:
                audience.cancel()
            await asyncio.gather(*self._audiences, return_exceptions=True)

    async def _live(self, session: aiohttp.ClientSession) -> list[Show]:
        async with session.get(f"{self._url}/v1/rooms?limit={LISTED_MAX}") as response:
            response.raise_for_status()
            rooms: list[dict[str, Any]] = (await response.json())["rooms"]
        return [
            Show(room["room"], room["started_at_ms"])
            for room in rooms
            if room["started_at_ms"] is not None
        ]

    def _begin(self, parts: list[Part]) -> None:
        for part in parts:
            task = asyncio.create_task(self._play(part))
            self._audiences.add(task)
            task.add_done_callback(self._audiences.discard)

    async def _play(self, part: Part) -> None:
        """Have one audience come, and see that it goes."""
        try:
            process = await self._started(part)
            try:
                async with asyncio.timeout(part.seconds + LATE_S):
                    status = await process.wait()
                if status:
                    log.warning("the audience of %s ended with %d", part.show.room, status)
            finally:
                await _end(process)
        except (OSError, TimeoutError) as error:
            log.warning("no audience for %s: %s", part.show.room, error or "it would not leave")
        finally:
            self._casting.ended(part.show)

    async def _started(self, part: Part) -> asyncio.subprocess.Process:
        """The secret goes by the environment, where other people's `ps` does not show it."""
        return await asyncio.create_subprocess_exec(
            *(*AUDIENCE, part.show.room, "--url", self._url),
            *("--viewers", str(VIEWERS), "--seconds", f"{part.seconds:.1f}"),
            *("--seed", str(part.show.started_at_ms)),
            env={**os.environ, SECRET_VARIABLE: self._secret},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=tie(signal.SIGKILL),
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to leave, and in the end make it."""
    for number, within_s in ((signal.SIGTERM, LEAVE_WITHIN_S), (signal.SIGKILL, None)):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), within_s)
