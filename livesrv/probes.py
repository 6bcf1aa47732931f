"""What nobody counts and somebody has to look at: the loop's lag, the stores, the journal.

Invariant: no look outlasts its timeout, and none that fails ends anything; a store that does not
answer is a reading too.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from livesrv.commerce.shows import LIVE_RANKING
from livesrv.ledger.store import META_KEY, RANK_PREFIX

LAG_LOOK_S = 0.1
LOOK_S = 1.0
ANSWER_WITHIN_S = 1.0
"""A store that takes longer than this counts as away."""
AWAY = (RedisError, OSError, TimeoutError)


def _pause_s() -> float:
    """About `LOOK_S`: at even pauses, a store that stalls in a rhythm is met only when it runs."""
    return LOOK_S * random.uniform(0.5, 1.5)


class LoopLag:
    """How late the event loop calls; start `run` as a task."""

    def __init__(self) -> None:
        self._longest_s = 0.0

    async def run(self) -> None:
        while True:
            began_s = time.perf_counter()
            await asyncio.sleep(LAG_LOOK_S)
            late_s = time.perf_counter() - began_s - LAG_LOOK_S
            self._longest_s = max(self._longest_s, late_s)

    def take_s(self) -> float:
        """The longest since the last take."""
        longest_s, self._longest_s = self._longest_s, 0.0
        return longest_s


class StorePing:
    """Whether a store answers, and how fast; start `run` as a task."""

    def __init__(self, ask: Callable[[], Awaitable[object]]) -> None:
        self._ask = ask
        self.is_up: bool | None = None
        """None until it was asked for the first time."""
        self.took_s = 0.0

    async def run(self) -> None:
        while True:
            began_s = time.perf_counter()
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await self._ask()
                self.is_up = True
            except AWAY:
                self.is_up = False
            self.took_s = time.perf_counter() - began_s
            await asyncio.sleep(_pause_s())


class JournalPing(StorePing):
    """Asks the ledger's store where the journal stands and how many shows are on, as its ping."""

    def __init__(self, store: Redis) -> None:
        super().__init__(self._look)
        self._store = store
        self.end = 0
        self.sealed = 0
        self.is_money_stopped = False
        self.shows = 0

    async def _look(self) -> None:
        async with self._store.pipeline(transaction=False) as pipe:
            pipe.hmget(META_KEY, ["place", "sealed", "halted"])
            pipe.zcard(RANK_PREFIX + LIVE_RANKING)
            (end, sealed, halted), self.shows = await pipe.execute()
        self.end, self.sealed = int(end or 0), int(sealed or 0)
        self.is_money_stopped = halted is not None


class StoreUse:
    """What a store uses of its machine, as far as it tells; start `run` as a task."""

    def __init__(self, store: Redis, *, is_here: bool) -> None:
        """`is_here`: it runs on this machine, so that its process can be looked at."""
        self._store = store
        self._is_here = is_here
        self.pid: int | None = None
        """Its process, if it is here."""
        self.clock_s: float | None = None
        """Unix time at the store when it told; None until then, or if it does not tell us."""
        self.cpu_s = 0.0
        """Of the thread that carries out commands."""
        self.resident_bytes = 0

    async def run(self) -> None:
        while True:
            with suppress(*AWAY):
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    self._note(await self._store.info("server", "cpu", "memory"))
            await asyncio.sleep(_pause_s())

    def _note(self, told: dict[str, Any]) -> None:
        kinds = [f"used_cpu_{kind}_main_thread" for kind in ("sys", "user")]
        if not all(kind in told for kind in kinds):  # macOS, and some managed stores
            kinds = ["used_cpu_sys", "used_cpu_user"]
        if all(name in told for name in (*kinds, "server_time_usec", "used_memory_rss")):
            self.cpu_s = sum(float(told[kind]) for kind in kinds)
            self.resident_bytes = int(told["used_memory_rss"])
            self.pid = int(told["process_id"]) if self._is_here else None
            self.clock_s = int(told["server_time_usec"]) / 1e6
