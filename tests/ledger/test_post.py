"""The ledger's one step, on a real store, rule by rule."""

import asyncio

import pytest

from livesrv.ledger import journal
from livesrv.ledger.entry import Entry, Leg, Rank, Write, leg
from livesrv.ledger.store import Fault, Ledger, Status


def move(entry_id: str, source: str, target: str, amount: int) -> Entry:
    legs = [leg(source, "CNY", -amount), leg(target, "CNY", amount)]
    content = f"{source}-{target}-{amount}"
    return Entry(id=entry_id, fingerprint=content, kind="x", legs=legs)


async def test_a_repeat_answers_the_first_outcome(ledger: Ledger) -> None:
    first = await ledger.post(move("t", "world", "wallet:a", 10))
    await ledger.post(move("u", "world", "wallet:a", 5))
    again = await ledger.post(move("t", "world", "wallet:a", 10))
    assert (first.after, again.after) == ((-10, 10), (-10, 10))
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert await ledger.balances([("wallet:a", "CNY")]) == [15]


async def test_a_known_id_with_other_content_is_a_conflict(ledger: Ledger) -> None:
    await ledger.post(move("t", "world", "wallet:a", 10))
    other = await ledger.post(move("t", "world", "wallet:a", 11))
    assert other.status is Status.CONFLICT
    assert await ledger.balances([("wallet:a", "CNY")]) == [10]


async def test_a_broken_floor_refuses_the_whole_entry_for_ever(ledger: Ledger) -> None:
    spend = Entry(
        id="s",
        fingerprint="f",
        kind="x",
        legs=[
            leg("stock:r:o", "SKU", 1),
            leg("supplier:r:o", "SKU", -1),
            leg("wallet:a", "CNY", -1),
            leg("orders:unsettled", "CNY", 1),
        ],
        writes=[Write("w", "1")],
        ranks=[Rank("r", "m", 1)],
    )
    refused = await ledger.post(spend)
    assert (refused.status, refused.why) == (Status.REFUSED, "floor wallet:a CNY")
    await ledger.post(move("t", "world", "wallet:a", 10))
    assert (await ledger.post(spend)).why == "floor wallet:a CNY"
    assert await ledger.balances([("stock:r:o", "SKU")]) == [0]
    assert (await ledger.read(["w"]))["w"].version == 0
    assert await ledger.top("r", 0, 9) == []


async def test_a_leg_may_bring_its_own_floor(ledger: Ledger) -> None:
    def quota(entry_id: str) -> Entry:
        legs = [leg("quota:r:o:a", "Q", -1, floor=-2), leg("quota:r:o", "Q", 1)]
        return Entry(id=entry_id, fingerprint=entry_id, kind="x", legs=legs)

    statuses = [(await ledger.post(quota(str(i)))).status for i in range(3)]
    assert statuses == [Status.POSTED, Status.POSTED, Status.REFUSED]


async def test_a_zero_leg_reads_the_balance_at_its_place(ledger: Ledger) -> None:
    await ledger.post(move("t", "world", "wallet:a", 10))
    looked = await ledger.post(
        Entry(id="l", fingerprint="l", kind="x", legs=[leg("wallet:a", "CNY", 0)])
    )
    assert looked.after == (10,)


async def test_a_moved_register_makes_an_entry_stale_and_leaves_no_record(ledger: Ledger) -> None:
    write = Entry(
        id="1", fingerprint="1", kind="x", reads=[("r", 0)], writes=[Write("r", '{"a":1}')]
    )
    late = Entry(id="2", fingerprint="2", kind="x", reads=[("r", 0)], writes=[Write("r", "2")])
    assert (await ledger.post(write)).status is Status.POSTED
    stale = await ledger.post(late)
    assert stale.status is Status.STALE
    moved = stale.moved["r"]
    assert (moved.version, moved.read(dict)) == (1, {"a": 1})
    late.reads = [("r", 1)]
    assert (await ledger.post(late)).status is Status.POSTED


async def test_a_declared_refusal_keeps_the_id_refused(ledger: Ledger) -> None:
    blank = Entry(id="o", fingerprint="f", kind="order", refusal="price_changed")
    assert (await ledger.post(blank)).why == "code price_changed"
    blank.refusal = ""
    again = await ledger.post(blank)
    assert (again.status, again.is_repeat) == (Status.REFUSED, True)


async def test_an_accepted_id_answers_a_later_refusal_with_its_acceptance(ledger: Ledger) -> None:
    entry = move("o", "world", "wallet:a", 1)
    await ledger.post(entry)
    entry.refusal = "not_live"
    again = await ledger.post(entry)
    assert (again.status, again.is_repeat) == (Status.POSTED, True)


@pytest.mark.parametrize(
    "legs",
    [
        [leg("world", "CNY", 1)],
        [leg("world", "CNY", -1), leg("wallet:a", "USD", 1)],
        [Leg("world", "CNY", "1.5"), Leg("wallet:a", "CNY", "-1.5")],
        [Leg("world", "CNY", str(-(2**51))), Leg("wallet:a", "CNY", str(2**51))],
        [Leg("world", "CNY", ""), Leg("wallet:a", "CNY", "0")],
    ],
)
async def test_legs_that_make_no_sense_are_a_fault_and_move_nothing(
    ledger: Ledger, legs: list[Leg]
) -> None:
    with pytest.raises(Fault):
        await ledger.post(Entry(id="x", fingerprint="x", kind="x", legs=legs))
    assert await journal.end(ledger.store) == 0


async def test_no_balance_passes_the_exact_range(ledger: Ledger) -> None:
    assert (await ledger.post(move("1", "world", "wallet:a", 2**50))).status is Status.POSTED
    over = await ledger.post(move("2", "world", "wallet:a", 1))
    assert over.why.startswith("range ")
    assert await ledger.balances([("wallet:a", "CNY")]) == [2**50]


async def test_places_and_room_numbers_have_no_holes(ledger: Ledger) -> None:
    entries = [Entry(id=str(i), fingerprint=str(i), kind="x", room="ab"[i % 2]) for i in range(300)]
    outcomes = await asyncio.gather(*(ledger.post(entry) for entry in entries))
    assert sorted(outcome.place for outcome in outcomes) == list(range(1, 301))
    assert sorted(outcome.room_seq for outcome in outcomes[::2]) == list(range(1, 151))
    assert [line.place async for line in journal.walk(ledger.store, 0)] == list(range(1, 301))


async def test_an_entry_that_outlives_its_poster_is_posted_once(ledger: Ledger) -> None:
    waiting = asyncio.create_task(ledger.post(move("t", "world", "wallet:a", 10)))
    await asyncio.sleep(0)
    waiting.cancel()
    other = await ledger.post(move("u", "world", "wallet:b", 7))
    assert other.after == (-17, 7)
    assert (await ledger.post(move("t", "world", "wallet:a", 10))).is_repeat
