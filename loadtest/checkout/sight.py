"""The ledger store itself, as far as it is in sight: memory, durability, ceiling.

Must not know buyers. Invariant: what cannot be looked at is None, or empty, and stands in
`left_out` with the reason; nothing here fails a run.
"""

from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from . import ceiling
from .machine import OutOfSight, ledger_url
from .memory import Memory, read_appendfsync, read_memory
from .result import Ceiling

T = TypeVar("T")


class Sight:
    """One run's look at the ledger of a data directory."""

    def __init__(self, data_dir: Path | None) -> None:
        self.left_out: list[str] = []
        self._data_dir = data_dir
        self._store: Redis | None = None
        try:
            self._url = ledger_url(data_dir)
            self._store = Redis.from_url(self._url, protocol=2)
        except OutOfSight as reason:
            self._leave_out("the ledger's ceiling, memory and CPU", reason)

    async def memory(self) -> Memory | None:
        if self._store is None:
            return None
        return await self._look("the ledger's memory", read_memory(self._store))

    async def appendfsync(self) -> str:
        if self._store is None:
            return ""
        return await self._look("appendfsync", read_appendfsync(self._store)) or ""

    async def ceiling(self, run: str, room: str, acknowledged_per_s: float) -> Ceiling | None:
        """What the ledger takes, and how much of it the server's rate is."""
        if self._store is None:
            return None
        measuring = ceiling.measure(self._url, run, room, self._data_dir)
        trials = await self._look("the ledger's ceiling", measuring)
        if trials is None:
            return None
        best = max(trials, key=lambda trial: trial.entries_per_s)
        ratio = acknowledged_per_s / best.entries_per_s
        return Ceiling(**asdict(best), ratio=ratio, trials=[asdict(trial) for trial in trials])

    async def aclose(self) -> None:
        if self._store is not None:
            await self._store.aclose()

    async def _look(self, what: str, looking: Awaitable[T]) -> T | None:
        try:
            return await looking
        except (OutOfSight, RedisError, OSError, ceiling.Refused) as reason:
            self._leave_out(what, reason)
            return None

    def _leave_out(self, what: str, reason: Exception) -> None:
        self.left_out.append(f"{what}: {reason}")
