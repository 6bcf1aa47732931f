"""Whatever the network does to a call, nobody is told an outcome that is not the true one.

Many post at once over a bad network: under each fault alone, and under all of them. Every call
ends in time, and afterwards each outcome that was told is held against the books.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from redis.asyncio import Redis

from livesrv import stores
from livesrv.ledger import journal
from livesrv.ledger.audit import audit
from livesrv.ledger.entry import Entry, Line, leg
from livesrv.ledger.store import Ledger, Outcome, Status, Unavailable, parse_outcome
from tests.embedded import RunningStore, open_ledger, running
from tests.ledger.state import RECORD_PREFIX
from tests.seeding import ROUNDS
from tests.server import Serve
from tests.waiting import until

from .crowd import Crowd
from .play import answers, play
from .proxy import STALLING, Fault, Proxy, at_random
from .shares import GIFT_CARD_BPS, ORDER_CARD_BPS

DEADLINE_MS = 700
LATE_MAX_S = 5.0
"""What a deadline may be missed by: a pause between two tries, and a busy machine."""
CLIENTS = 3
CALLERS = 20
"""Of each client, all at the same time."""
CALLS = 12 * ROUNDS
IDS = CLIENTS * CALLERS * CALLS // 2
"""Half of all posts are somebody's second."""
STOCK = IDS // 4
GIVING_UP = 0.1
"""How often a caller does not wait for the answer."""
SETTLED = 40
"""Accounts with known balances that nobody moves."""

T = TypeVar("T")
Record = Callable[[str, object], None]


@dataclass
class Told:
    """What callers were told, and how many were told nothing."""

    outcomes: list[tuple[Entry, Outcome]] = field(default_factory=list)
    away: int = 0
    given_up: int = 0


@pytest.mark.alone  # each call is given a time
@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name.lower())
async def test_under_one_fault_every_outcome_told_is_the_true_one(
    ledger_store: RunningStore, fault: Fault, seed: int, record_property: Record
) -> None:
    share = 0.03 if fault in STALLING else 0.2
    told = await suffer(ledger_store, Random(f"{seed} {fault.name}"), [fault], share)
    record_property("rounds", len(told.outcomes))


@pytest.mark.alone
async def test_under_all_faults_every_outcome_told_is_the_true_one(
    ledger_store: RunningStore, seed: int, record_property: Record
) -> None:
    told = await suffer(ledger_store, Random(f"{seed} all"), list(Fault), 0.15)
    record_property("rounds", len(told.outcomes))


async def test_a_reply_that_nobody_waits_for_any_more_is_not_the_next_callers(
    ledger_store: RunningStore, seed: int
) -> None:
    rng = Random(f"{seed} slow")
    async with Proxy(ledger_store.url, rng) as proxy, open_ledger(proxy.url) as ledger:
        await settle(ledger)
        proxy.schedule = lambda request: Fault.SLOW_REPLY if request.is_look else None
        for number, other in [rng.sample(range(SETTLED), 2) for _ in range(20)]:
            await give_up_once_sent(ledger, proxy, other)
            assert await ledger.balances([settled(number)]) == [number]


async def test_a_show_over_a_bad_network_to_the_ledger_tells_everybody_the_truth(
    serve: Serve, tmp_path: Path, seed: int
) -> None:
    rng = Random(f"{seed} show")
    cards = {"gift_card_bps": GIFT_CARD_BPS, "order_card_bps": ORDER_CARD_BPS}
    async with running("ledger", tmp_path / "apart") as store, Proxy(store.url, rng) as proxy:
        server = await asyncio.to_thread(serve, workers=2, ledger_url=proxy.url, **cards)

        async def bad_network(crowds: list[Crowd]) -> None:
            quick = [fault for fault in Fault if fault not in STALLING]
            for faults, share in [(quick, 0.1), (list(STALLING), 0.004)] * ROUNDS:
                proxy.schedule = at_random(rng, faults, share)
                await answers(crowds, 300)
            proxy.schedule = None

        crowds = await play(server, rng, bad_network)
        assert sum(crowd.unheard for crowd in crowds) > 0, "this was to happen"
        await asyncio.to_thread(server.stop)


# --- many callers


async def suffer(store: RunningStore, rng: Random, faults: list[Fault], share: float) -> Told:
    """Let many callers post and look, and hold all they heard against the books."""
    told = Told()
    async with Proxy(store.url, rng) as proxy, ledgers(proxy.url) as clients:
        await settle(clients[0])
        proxy.schedule = at_random(rng, faults, share)
        async with asyncio.TaskGroup() as group:
            for ledger in clients:
                for _ in range(CALLERS):
                    group.create_task(call_often(ledger, Random(rng.getrandbits(64)), told))
        assert set(proxy.faults) == set(faults), "not every fault happened"
    direct = stores.connect(store.url)
    await check(direct, told)
    await direct.aclose()
    return told


@asynccontextmanager
async def ledgers(url: str) -> AsyncIterator[list[Ledger]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_ledger(url, deadline_ms=DEADLINE_MS))
            for _ in range(CLIENTS)
        ]


async def call_often(ledger: Ledger, rng: Random, told: Told) -> None:
    for _ in range(CALLS):
        if rng.random() < GIVING_UP:
            told.given_up += await is_given_up(post(ledger, rng, Told()), rng)
        await in_time(post(ledger, rng, told))
        await in_time(look(ledger, rng))


async def post(ledger: Ledger, rng: Random, told: Told) -> None:
    entry = sale(rng.randrange(IDS))
    try:
        outcome = await ledger.post(entry)
    except Unavailable:
        told.away += 1
    else:
        told.outcomes.append((entry, outcome))


async def look(ledger: Ledger, rng: Random) -> None:
    """Read what is known to be so; an answer that is somebody else's is another."""
    numbers = rng.sample(range(SETTLED), 3)
    try:
        found = await ledger.balances([settled(number) for number in numbers])
    except Unavailable:
        return
    assert found == numbers


async def give_up_once_sent(ledger: Ledger, proxy: Proxy, number: int) -> None:
    """Look at a balance, and stop waiting for it when the proxy has seen the request."""
    seen = proxy.faults.total()
    looking = asyncio.create_task(ledger.balances([settled(number)]))
    await until(lambda: proxy.faults.total() > seen)
    looking.cancel()


async def in_time(call: Awaitable[T]) -> T:
    async with asyncio.timeout(DEADLINE_MS / 1000 + LATE_MAX_S):
        return await call


async def is_given_up(call: Awaitable[None], rng: Random) -> bool:
    try:
        await asyncio.wait_for(call, rng.uniform(0, 0.02))
    except TimeoutError:
        return True
    return False


# --- what they post


def settled(number: int) -> tuple[str, str]:
    return f"wallet:settled-{number}", "CNY"


async def settle(ledger: Ledger) -> None:
    """Fill the accounts that nobody moves, and the stock that is not enough for all."""
    legs = [leg(*settled(number), number) for number in range(SETTLED)]
    legs += [leg("world", "CNY", -sum(range(SETTLED)))]
    legs += [leg("supplier:p", "SKU:p", -STOCK), leg("stock:p", "SKU:p", STOCK)]
    await ledger.post(Entry(id="settle", fingerprint="f", kind="x", legs=legs))


def sale(number: int) -> Entry:
    """A piece of what is scarce, for a price that is nobody else's."""
    return Entry(
        id=f"sale-{number}",
        fingerprint="f",
        kind="x",
        room=f"room-{number % 3}",
        legs=[
            leg("stock:p", "SKU:p", -1),
            leg("sold:p", "SKU:p", 1),
            leg("world", "CNY", -1_000 - number),
            leg(f"wallet:{number}", "CNY", 1_000 + number),
        ],
    )


# --- the books


async def check(store: Redis, told: Told) -> None:
    assert (await audit(store)).breaches == []
    lines = {line.entry.id: line async for line in journal.walk(store, 0)}
    assert len(lines) == await journal.end(store), "an id is in the journal twice"
    for entry, outcome in told.outcomes:
        await check_outcome(store, lines.get(entry.id), entry, outcome)
    firsts = [entry.id for entry, outcome in told.outcomes if not outcome.is_repeat]
    assert len(firsts) == len(set(firsts)), "two were told that theirs was the first"
    assert {outcome.status for _, outcome in told.outcomes} == {Status.POSTED, Status.REFUSED}
    assert told.given_up, "nobody gave up"


async def check_outcome(store: Redis, line: Line | None, entry: Entry, outcome: Outcome) -> None:
    """The journal says the same of this entry, and so does its record."""
    record: Any = await store.get(RECORD_PREFIX + entry.id)
    assert record is not None, entry.id
    noted = parse_outcome(record.partition(b" ")[2])
    assert (outcome.status, outcome.why) == (noted.status, noted.why), entry.id
    if outcome.status is Status.REFUSED:
        assert line is None, entry.id
    else:
        assert line is not None, entry.id
        assert (outcome.place, outcome.room_seq) == (line.place, line.room_seq), entry.id
        assert outcome.after == line.after, entry.id
