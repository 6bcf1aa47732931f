"""Group commit: bounded, safe to repeat, and honest about a store that is away."""

import asyncio
from contextlib import suppress

import pytest

from livesrv import stores
from livesrv.ledger import journal
from livesrv.ledger.entry import Entry, Registers, Write, leg
from livesrv.ledger.store import Fault, Ledger, Outcome, Status, Unavailable
from tests.embedded import RunningStore, open_ledger
from tests.waiting import until, until_awaited


def fact(entry_id: str) -> Entry:
    return Entry(id=entry_id, fingerprint=entry_id, kind="x")


async def test_a_full_queue_answers_at_once_and_grows_no_further(
    ledger_store: RunningStore,
) -> None:
    client = stores.connect(ledger_store.url)
    ledger = Ledger(client, queue_max=10)  # nobody runs it, so nothing leaves the queue
    waiting = [asyncio.create_task(ledger.post(fact(str(i)))) for i in range(10)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable, match="10 entries"):
            await ledger.post(fact("one more"))
    for task in waiting:
        task.cancel()
    await client.aclose()


async def test_entries_wait_for_a_store_that_comes_back(ledger_store: RunningStore) -> None:
    async with open_ledger(ledger_store.url, deadline_ms=20_000) as ledger:
        await ledger.post(fact("before"))
        await ledger_store.kill()
        waiting = [asyncio.create_task(ledger.post(fact(str(i)))) for i in range(50)]
        await asyncio.sleep(0)
        await ledger_store.start()
        async with asyncio.timeout(15):
            outcomes = await asyncio.gather(*waiting)
        assert {outcome.status for outcome in outcomes} == {Status.POSTED}
        assert await journal.end(ledger.store) == 51


async def test_a_store_that_stays_away_makes_entries_unavailable_in_time(
    ledger_store: RunningStore,
) -> None:
    async with open_ledger(ledger_store.url, deadline_ms=200) as ledger:
        await ledger_store.kill()
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable):
                await ledger.post(fact("x"))
        await ledger_store.start()

        async def is_posted() -> bool:
            with suppress(Unavailable):  # the way back to the store may take longer than a deadline
                return (await ledger.post(fact("x"))).status is Status.POSTED
            return False

        await until_awaited(is_posted)


async def test_one_malformed_entry_does_not_fail_its_neighbours(ledger: Ledger) -> None:
    broken = Entry(id="b", fingerprint="b", kind="x", legs=[leg("world", "CNY", 1)])
    posts = [ledger.post(fact("1")), ledger.post(broken), ledger.post(fact("2"))]
    first, fault, second = await asyncio.gather(*posts, return_exceptions=True)
    assert isinstance(fault, Fault)
    assert {getattr(first, "status", None), getattr(second, "status", None)} == {Status.POSTED}


async def test_an_entry_that_breaks_the_function_does_not_fail_its_neighbours(
    ledger: Ledger,
) -> None:
    broken = Entry(id="b", fingerprint="b", kind="x", reads=[(None, 0)])  # type: ignore[list-item]
    posts = [ledger.post(fact("1")), ledger.post(broken), ledger.post(fact("2"))]
    first, fault, second = await asyncio.gather(*posts, return_exceptions=True)
    assert isinstance(fault, Fault)
    assert {getattr(first, "status", None), getattr(second, "status", None)} == {Status.POSTED}
    assert await journal.end(ledger.store) == 2


async def test_racing_transactions_lose_no_update(ledger_store: RunningStore) -> None:
    async def raise_by_one(ledger: Ledger, number: int) -> None:
        def compose(registers: Registers) -> Entry:
            register = registers["count"]
            version = register.version
            text = str(register.read(int) + 1 if version else 1)
            entry_id = f"{number}-{version}"
            return Entry(
                id=entry_id,
                fingerprint=entry_id,
                kind="x",
                reads=[("count", version)],
                writes=[Write("count", text)],
            )

        await ledger.transact(["count"], compose, likely_absent=["count"])

    async with open_ledger(ledger_store.url) as one, open_ledger(ledger_store.url) as other:
        for i in range(20):
            await asyncio.gather(*(raise_by_one([one, other][n % 2], 10 * i + n) for n in range(6)))
        count = (await one.read(["count"]))["count"]
        assert (count.version, count.read(int)) == (120, 120)


async def test_a_refusal_is_believed_only_over_fresh_registers(
    ledger_store: RunningStore,
) -> None:
    def open_only(registers: Registers) -> Entry:
        if not registers["door"].version or registers["door"].read(str) != "open":
            raise PermissionError
        return fact(f"through at {registers['door'].version}")

    async with open_ledger(ledger_store.url) as one, open_ledger(ledger_store.url) as other:
        with pytest.raises(PermissionError):
            await one.transact(["door"], open_only)
        await other.post(
            Entry(id="open", fingerprint="o", kind="x", writes=[Write("door", '"open"')])
        )
        outcome = await one.transact(["door"], open_only)
        assert outcome is not None
        assert outcome.status is Status.POSTED


async def test_a_store_that_has_lost_acknowledged_entries_gets_no_more_of_them(
    ledger_store: RunningStore,
) -> None:
    async with open_ledger(ledger_store.url, deadline_ms=2_000) as ledger:
        await ledger.post(fact("acknowledged"))
        await ledger.store.flushdb()
        with pytest.raises(Unavailable):
            await ledger.post(fact("into the past"))
        assert await journal.end(ledger.store) == 0


@pytest.mark.parametrize("turns", range(1, 9))
async def test_whoever_waits_is_answered_when_the_process_stops(
    ledger_store: RunningStore, turns: int
) -> None:
    """At whichever turn of the loop it is told to stop: queued, called, under way."""
    client = stores.connect(ledger_store.url)
    ledger = Ledger(client)
    running = asyncio.create_task(ledger.run())
    posts = [asyncio.create_task(ledger.post(fact(str(i)))) for i in range(3)]
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    async with asyncio.timeout(5):
        told = await asyncio.gather(*posts, return_exceptions=True)
    assert all(isinstance(each, Unavailable | Outcome) for each in told)
    await asyncio.gather(running, return_exceptions=True)
    with pytest.raises(Unavailable, match="stopping"):
        await ledger.post(fact("too late"))
    await client.aclose()


async def test_a_call_counts_while_it_is_under_way_and_once_it_is_answered(
    ledger_store: RunningStore,
) -> None:
    async with open_ledger(ledger_store.url) as ledger:
        await ledger.post(fact("quick"))
        assert 0 < ledger.take_longest_s() < 1
        with ledger_store.paused():
            posting = asyncio.create_task(ledger.post(fact("slow")))
            await until(lambda: ledger.take_longest_s() > 0.1)
        await posting
        assert ledger.take_longest_s() > 0.1
        assert ledger.take_longest_s() == 0
        assert sum(ledger.took.counts) == 2
