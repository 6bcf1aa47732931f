"""Watches the server while a run goes on: scrapes `/metrics` once a second.

Must not touch what is measured. Invariants: a scrape that fails is counted and ends nothing, and
none takes longer than `SCRAPE_WITHIN_S`; scrapes never overlap.
"""

import asyncio
import os
import time
from urllib.parse import urlsplit

import aiohttp

from ..checkout.machine import LOOPBACK_HOSTS, busy_s
from ..record.record import Process
from .exposition import parsed
from .moment import Moment
from .vitals import WANTED, Sight, Vitals

SCRAPE_EVERY_S = 1.0
SCRAPE_WITHIN_S = 2.0
"""A worker that needs longer has no time for us; the other scrapes are then late as well."""
FRESH_S = 2.5
"""A scrape older than this tells nothing of the last second."""
LOST = (aiohttp.ClientError, OSError, TimeoutError, ValueError)


class ServerWatch:
    """One server, seen from here. Start `run` as a task."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        """`token` is of operations: from elsewhere the server tells nobody else."""
        self._session = session
        self._url = url.rstrip("/") + "/metrics"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._is_here = urlsplit(url).hostname in LOOPBACK_HOSTS
        self._vitals = Vitals(os.cpu_count() or 1)
        self._scraped_s = float("-inf")
        self.scrapes = 0
        self.failed = 0
        """Scrapes that failed."""
        self.failure = ""
        """Why the last of them did."""

    async def run(self) -> None:
        """Scrape until cancelled, each second at its moment; a moment missed is left out."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            await self.scrape()
            due_s += SCRAPE_EVERY_S * max(1, -(-(loop.time() - due_s) // SCRAPE_EVERY_S))
            await asyncio.sleep(due_s - loop.time())

    async def scrape(self) -> None:
        """Look once."""
        try:
            text = await self._asked()
            now_s = time.monotonic()
            busy = (busy_s() or None) if self._is_here else None
            self._vitals.add(Sight(now_s, parsed(text, WANTED), busy))
            self._scraped_s = now_s
            self.scrapes += 1
        except LOST as error:
            self.failed += 1
            self.failure = str(error) or type(error).__name__

    def begin(self) -> None:
        """The show begins: figures, processes, stores and moments are of what comes from now on."""
        self._vitals.begin()

    def second(self) -> dict[str, float | None]:
        """The series `server_…` of the last second; empty when the server did not tell."""
        is_fresh = time.monotonic() - self._scraped_s < FRESH_S
        return self._vitals.second if is_fresh else {}

    def processes(self) -> list[Process]:
        """The server's processes and, where they tell, its stores (which have no lag: 0)."""
        return self._vitals.processes()

    def stores(self) -> dict[str, float]:
        """Each store's slowest answer by name, in milliseconds."""
        return self._vitals.stores()

    def figures(self) -> dict[str, float]:
        """The figures `server.…`, as far as the server told."""
        return self._vitals.figures()

    def moments(self) -> list[Moment]:
        """What `capacity.bottleneck.name_bottleneck` judges by."""
        return self._vitals.moments

    async def _asked(self) -> str:
        timeout = aiohttp.ClientTimeout(total=SCRAPE_WITHIN_S)
        async with self._session.get(self._url, headers=self._headers, timeout=timeout) as answer:
            if answer.status != 200:
                raise ValueError(f"/metrics was answered {answer.status}")
            return await answer.text()
