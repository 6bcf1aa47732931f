"""A journal restored, sealed and trimmed by the store's functions: exactly, or not at all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from livesrv import stores
from livesrv.ledger import journal
from livesrv.ledger.entry import Entry, Rank, Write, leg
from livesrv.ledger.store import Ledger, install
from tests.embedded import running

from . import state
from .calls import call, lines, post, restore


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Redis]:
    """A second store that holds nothing but the function."""
    async with running("ledger", tmp_path / "empty") as store:
        client = stores.connect(store.url)
        await install(client)
        yield client
        await client.aclose()


def sale(number: int) -> Entry:
    return Entry(
        id=f"sale-{number}",
        fingerprint="f",
        kind="x",
        room="r",
        legs=[leg("world", "CNY", -number), leg("wallet:a", "CNY", number)],
        writes=[Write("last", str(number))],
        ranks=[Rank("sales", "a", number, True)],
    )


async def told(ledger: Ledger) -> list[list[bytes]]:
    """Three lines of a journal."""
    await post(ledger.store, [sale(number) for number in (1, 2, 3)])
    return await lines(ledger.store)


async def test_a_restored_journal_makes_the_same_books(ledger: Ledger, empty: Redis) -> None:
    await restore(empty, await told(ledger))
    assert await state.of_store(empty) == await state.of_store(ledger.store)


async def test_a_restored_ledger_goes_on_where_the_journal_ended(
    ledger: Ledger, empty: Redis
) -> None:
    await restore(empty, await told(ledger))
    assert await post(empty, [sale(3), sale(4)]) == ["again posted 3 3 -6,6", "posted 4 4 -10,10"]


async def test_a_register_that_was_forgotten_in_between_is_restored_at_the_version_that_was_read(
    ledger: Ledger, empty: Redis
) -> None:
    passing, lasting = Write("combo", "1", forget_at_ms=1), Write("combo", "2")
    first = Entry(id="1", fingerprint="f", kind="x", writes=[passing])
    second = Entry(id="2", fingerprint="f", kind="x", reads=[("combo", 0)], writes=[lasting])
    for entry in (first, second):
        await post(ledger.store, [entry])
    await restore(empty, await lines(ledger.store))
    assert (await state.of_store(empty)).registers == {"combo": "1 2"}


@pytest.mark.parametrize(
    ("field", "value"),
    [(0, b"9"), (1, b"9"), (3, b"-6,7"), (3, b""), (4, b'{"id":"x","fingerprint":"f"}')],
)
async def test_a_line_that_does_not_follow_is_named_and_nothing_is_written(
    ledger: Ledger, empty: Redis, field: int, value: bytes
) -> None:
    found = await told(ledger)
    found[2][field] = value
    with pytest.raises(ResponseError, match="INVALID"):
        await restore(empty, found)
    assert (await state.of_store(empty)).place == 0
    assert (await state.of_store(empty)).balances == {}


async def test_a_line_that_was_left_out_is_missed(ledger: Ledger, empty: Redis) -> None:
    first, _, third = await told(ledger)
    with pytest.raises(ResponseError, match="INVALID"):
        await restore(empty, [first, third])


@pytest.mark.parametrize(("first", "upto"), [("0", "4"), ("1", "2")])
async def test_a_seal_that_does_not_follow_the_last_one_is_not_put(
    ledger: Ledger, first: str, upto: str
) -> None:
    await told(ledger)
    with pytest.raises(ResponseError, match="STALE"):
        await call(ledger.store, "seal", first, upto, "ab")


async def test_seals_follow_each_other(ledger: Ledger) -> None:
    await told(ledger)
    assert await call(ledger.store, "seal", "0", "2", "ab") == b"OK"
    with pytest.raises(ResponseError, match="sealed up to 2"):
        await call(ledger.store, "seal", "0", "3", "cd")
    assert await call(ledger.store, "seal", "2", "3", "cd") == b"OK"


async def test_only_sealed_lines_are_trimmed(ledger: Ledger) -> None:
    await told(ledger)
    assert await call(ledger.store, "trim", "3") == 0
    await call(ledger.store, "seal", "0", "2", "ab")
    assert await call(ledger.store, "trim", "3") == 2
    assert [line.place async for line in journal.walk(ledger.store, 0)] == [3]
    assert await post(ledger.store, [sale(4)]) == ["posted 4 4 -10,10"]
