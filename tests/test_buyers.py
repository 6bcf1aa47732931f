"""The badge of a buyer where a room's memory may be wrong: the books decide, when they can."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import msgspec
import pytest

from livesrv import buyers as buyers_module
from livesrv.buyers import Buyers, is_undone, load
from livesrv.commerce.order_states import buyers_ranking
from livesrv.config import Config
from livesrv.ledger.entry import Entry, Rank
from livesrv.ledger.store import Ledger
from livesrv.rooms import room as room_module
from livesrv.rooms.open_room import OpenRoom
from livesrv.rooms.room import Head, Room
from livesrv.rooms.tally import Tally
from protocol import messages as m
from tests.embedded import RunningStore, open_ledger
from tests.embedded import ledger as ledger
from tests.embedded import ledger_store as ledger_store
from tests.waiting import end, until


def opened_with(*remembered: str) -> OpenRoom:
    """An open room that takes these for its buyers."""
    state = m.State(room="r", title="t", host=m.User("h", "H"), status="live")
    head = Head(state=state, seq=0, muted={}, banned={}, gifters={}, buyers=remembered)
    room = Room(head, epoch="e", history_max=10, recent_max=10)
    return OpenRoom("r", room, Config(), Tally())


async def count(ledger: Ledger, **orders: int) -> None:
    """Write down how many orders of each stand."""
    ranks = [Rank(buyers_ranking("r"), user, n, is_raise=True) for user, n in orders.items()]
    name = str(orders)
    await ledger.post(Entry(id=name, fingerprint=name, kind="order", ranks=ranks))


def remembered(opened: OpenRoom, users: Iterable[str]) -> set[str]:
    return {user for user in users if opened.room.is_buyer(user)}


@pytest.fixture
async def buyers(ledger: Ledger) -> AsyncIterator[Buyers]:
    found = Buyers(ledger)
    task = asyncio.create_task(found.run())
    yield found
    await end(task)


async def test_a_room_is_told_who_bought_least_first_and_only_whose_orders_stand(
    ledger: Ledger,
) -> None:
    await count(ledger, lan=3, bo=1, mei=2, eve=-1)
    await count(ledger, mei=-2)
    assert await load(ledger, "r") == ["bo", "lan"]
    assert await load(ledger, "other") == []


async def test_who_comes_in_with_a_badge_that_no_longer_holds_loses_it(
    ledger: Ledger, buyers: Buyers
) -> None:
    await count(ledger, lan=1)
    opened = opened_with("lan", "eve")
    for user in ("lan", "eve"):
        buyers.entered(opened, user)
    await until(lambda: remembered(opened, ["lan", "eve"]) == {"lan"})


async def test_who_was_forgotten_among_many_is_found_again(
    ledger: Ledger, buyers: Buyers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "BUYERS_LOADED", 2)
    await count(ledger, lan=1)
    opened = opened_with("bo", "mei")
    for user in ("lan", "eve"):
        buyers.entered(opened, user)
    await until(lambda: remembered(opened, ["lan", "eve"]) == {"lan"})


async def test_all_who_are_doubted_are_looked_up_however_many_they_are(
    ledger: Ledger, buyers: Buyers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buyers_module, "LOOKED_UP_MAX", 3)
    users = [f"u{n}" for n in range(20)]
    await count(ledger, **dict.fromkeys(users[::2], 1))
    opened = opened_with(*users)
    for user in users:
        buyers.entered(opened, user)
    await until(lambda: remembered(opened, users) == set(users[::2]))


async def test_books_that_are_away_are_asked_again(
    ledger_store: RunningStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(buyers_module, "RETRY_S", 0.01)
    async with open_ledger(ledger_store.url, deadline_ms=50) as ledger:
        buyers, opened = Buyers(ledger), opened_with("eve")
        task = asyncio.create_task(buyers.run())
        with ledger_store.paused():
            buyers.entered(opened, "eve")
            await until(lambda: "looked up later" in caplog.text)
            assert opened.room.is_buyer("eve")
        await until(lambda: not opened.room.is_buyer("eve"))
        await end(task)


@pytest.mark.parametrize(
    ("push", "undone"),
    [
        (m.OrderUpdate(order="o", status="cancelled"), True),
        (m.OrderUpdate(order="o", status="refunded", refunded_minor=5), True),
        (m.OrderUpdate(order="o", status="paid", refunded_minor=5), False),
        (m.OrderUpdate(order="cancelled", status="shipped"), False),
        (m.Balance(currency="CNY", balance_minor=1), False),
        (
            m.PrivatePrice(
                private_price="order_update",
                room="cancelled",
                offer="o",
                quantity=1,
                price_minor=1,
                carriage_minor=0,
                currency="CNY",
                expires_ms=1,
            ),
            False,
        ),
    ],
)
def test_only_an_order_that_was_undone_is_a_reason_to_doubt(push: m.Push, undone: bool) -> None:
    assert is_undone(msgspec.msgpack.encode(push)) is undone
