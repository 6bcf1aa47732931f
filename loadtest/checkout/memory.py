"""What the ledger store keeps in memory, and how durably it writes. Reads only."""

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .ceiling import JOURNAL

SAMPLES = 100
"""Nodes of the journal looked at; each holds about a hundred lines."""


@dataclass(frozen=True)
class Memory:
    """Of one moment. The journal's bytes are extrapolated by the store from a sample."""

    used_bytes: int
    journal_bytes: int
    journal_lines: int

    @property
    def bytes_per_line(self) -> float:
        return self.journal_bytes / self.journal_lines if self.journal_lines else 0.0


async def read_memory(store: Redis) -> Memory:
    memory: Any = await store.info("memory")
    journal_bytes: Any = await store.memory_usage(JOURNAL, samples=SAMPLES)
    return Memory(int(memory["used_memory"]), int(journal_bytes or 0), await store.xlen(JOURNAL))


async def read_appendfsync(store: Redis) -> str:
    """`always`, `everysec` or `no`; empty where the store does not tell."""
    try:
        found: Any = await store.config_get("appendfsync")
    except ResponseError:
        return ""
    return next((text(value) for value in found.values()), "")


def text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
