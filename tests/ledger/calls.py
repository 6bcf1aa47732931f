"""The functions of a ledger store, called directly: batches as they are, answers as texts."""

from collections.abc import Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis

from livesrv.ledger.entry import Entry
from livesrv.ledger.store import JOURNAL_KEY


async def call(store: Redis, name: str, *arguments: str | bytes) -> Any:
    return await store.fcall(name, 0, *arguments)


def encoded(batch: Sequence[Entry]) -> list[bytes]:
    return [msgspec.json.encode(entry) for entry in batch]


async def post(store: Redis, batch: Sequence[Entry], place: int = 0) -> list[str]:
    """Post a batch as somebody who was told `place`."""
    return [text.decode() for text in await call(store, "post", str(place), *encoded(batch))]


async def lines(store: Redis) -> list[list[bytes]]:
    """The journal, each line as the five arguments that `restore` takes."""
    found: Any = await store.xrange(JOURNAL_KEY)
    return [
        [name.partition(b"-")[0], *(fields[key] for key in (b"seq", b"at", b"after", b"entry"))]
        for name, fields in found
    ]


async def restore(store: Redis, told: Sequence[Sequence[bytes]]) -> None:
    answer = await call(store, "restore", *(argument for line in told for argument in line))
    assert answer == b"OK"
