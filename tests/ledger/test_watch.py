"""The live audit: a line that cannot be right stops money, and nothing else does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from msgspec.structs import replace

from livesrv.ledger.entry import Entry, Leg, Line, leg
from livesrv.ledger.store import BALANCES_KEY, Ledger, Status, Unavailable
from livesrv.ledger.tail import Tail
from livesrv.ledger.watch import Watch, halted, resume, watch
from tests.waiting import end, until_awaited

WITHIN_S = 5.0


def line(place: int, *legs: Leg, after: tuple[int, ...] = (), room_seq: int = 0) -> Line:
    room = "r" if room_seq else ""
    entry = Entry(id=str(place), fingerprint="f", kind="x", room=room, legs=list(legs))
    return Line(place=place, room_seq=room_seq, at_ms=0, after=after, entry=entry)


def pay(amount: int) -> tuple[Leg, Leg]:
    return leg("world", "CNY", -amount), leg("wallet:a", "CNY", amount)


FIRST = line(7, *pay(5), after=(-5, 5), room_seq=3)


@pytest.mark.parametrize(
    ("second", "found"),
    [
        (line(9), "place 9: it follows place 7"),
        (line(8, room_seq=5), "place 8: room r goes from 3 to 5"),
        (line(8, *pay(1), after=(-6,)), "place 8: 2 legs, 1 balances"),
        (
            line(8, leg("world", "CNY", 1), after=(-4,)),
            "place 8: the legs in CNY do not sum to zero",
        ),
        (line(8, *pay(1), after=(-6, 7)), "place 8: wallet:a CNY goes from 5 by 1 to 7"),
        (line(8, *pay(-6), after=(1, -1)), "place 8: wallet:a CNY falls to -1"),
    ],
)
def test_each_thing_that_cannot_be_right_is_named(second: Line, found: str) -> None:
    judge = Watch()
    assert judge.breach(FIRST) is None
    assert judge.breach(second) == found


def test_what_follows_is_right_and_what_was_not_seen_is_learnt() -> None:
    judge = Watch()
    lines = [FIRST, line(8, *pay(1), after=(-6, 6), room_seq=4), line(9, room_seq=5)]
    other = replace(lines[1].entry, legs=[leg("world", "COIN", -1), leg("wallet:b", "COIN", 1)])
    lines.append(replace(lines[1], place=10, entry=other, after=(-41, 40), room_seq=6))
    assert [judge.breach(each) for each in lines] == [None] * 4


@pytest.fixture
async def watched(ledger: Ledger) -> AsyncIterator[Ledger]:
    task = asyncio.create_task(watch(Tail(ledger.store), after=0))
    yield ledger
    await end(task)


def topup(number: int) -> Entry:
    name = str(number)
    return Entry(id=name, fingerprint=name, kind="topup", legs=list(pay(10)))


async def test_a_balance_changed_by_hand_stops_money_but_not_the_show(watched: Ledger) -> None:
    async def is_halted() -> bool:
        await watched.post(Entry(id=f"f{next(numbers)}", fingerprint="f", kind="fact"))
        return await halted(watched.store) is not None

    numbers = iter(range(1_000_000))
    await watched.post(topup(1))
    await watched.store.hset(BALANCES_KEY, "wallet:a CNY", 999)
    for number in range(2, 5):
        with suppress(Unavailable):
            await watched.post(topup(number))
    await until_awaited(is_halted, within_s=WITHIN_S)
    reason = await halted(watched.store)
    assert reason is not None
    assert "wallet:a CNY" in reason
    with pytest.raises(Unavailable, match="money is stopped"):
        await watched.post(topup(99))
    looked = Entry(id="pin", fingerprint="p", kind="pin", legs=[leg("wallet:a", "CNY", 0)])
    assert (await watched.post(looked)).status is Status.POSTED
    again = await watched.post(topup(1))
    assert (again.status, again.is_repeat) == (Status.POSTED, True)
    await resume(watched.store)
    assert (await watched.post(topup(99))).status is Status.POSTED
