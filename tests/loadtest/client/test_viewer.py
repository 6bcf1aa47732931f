"""One viewer: it comes, stays through lost connections, moves and goes, and owes nothing after."""

import asyncio
from typing import Any

import pytest

from loadtest.books.batches import Batch
from loadtest.books.latency import Measure
from loadtest.books.purchases import combo_key
from loadtest.books.receipts import Purchase
from loadtest.client.connection import Connection, Peer
from loadtest.client.viewer import Door, Viewer
from loadtest.scenario.model import Kind
from loadtest.selftest.faults import Faults

from ...waiting import until
from .conftest import ROOMS, RUN, House

BEGUN = 1
"""The number of `started`, with which each room's lane begins."""


def count(house: House, measure: Measure) -> int:
    return house.account.latencies.summary(measure).count


def gift(viewer: Viewer, ordinal: int = 0) -> Purchase:
    key = combo_key(RUN, viewer.number, ordinal)
    command: dict[str, Any] = {"type": "gift", "room": viewer.room_id, "gift": "rose"}
    return Purchase(Kind.GIFT, ordinal, viewer.number, 0.0, {**command, "key": key, "count": 1})


async def give(house: House, viewer: Viewer, ordinal: int = 0) -> None:
    """Give something, and wait until the giver was told."""
    told = house.account.receipts.acknowledged[Kind.GIFT]
    viewer.buy(gift(viewer, ordinal))
    await until(lambda: house.account.receipts.acknowledged[Kind.GIFT] > told)


# --- presence


async def test_a_viewer_is_a_member_from_its_coming_to_its_going(house: House) -> None:
    viewer = await house.inside()
    assert (house.members(), house.account.members) == (1, 1)
    viewer.go()
    assert house.account.members == 0
    await until(lambda: house.members() == 0)
    assert [count(house, each) for each in (Measure.CONNECT, Measure.HELLO, Measure.JOIN)] == [
        1
    ] * 3
    assert not house.account.close_codes


async def test_to_come_while_inside_is_nothing(house: House) -> None:
    viewer = await house.inside()
    viewer.come()
    await give(house, viewer)
    assert count(house, Measure.CONNECT) == 1


async def test_who_comes_again_is_owed_what_comes_then_and_not_what_it_was_away_for(
    house: House,
) -> None:
    stays, comes_and_goes = await house.inside(), await house.inside()
    comes_and_goes.go()
    await give(house, stays, 0)
    await until(lambda: house.account.tally.delivered == 1)
    comes_and_goes.come()
    await until(lambda: comes_and_goes.place.is_in)
    await give(house, stays, 3)
    await until(lambda: house.account.tally.delivered == 3)
    for viewer in house.viewers:
        viewer.settle("e", BEGUN + 2)
    assert (house.account.tally.expected, house.account.tally.lost) == (3, 0)
    assert house.account.counts["reconnects"] == 0
    assert (len(house.account.stays[0][0].came_ms), house.account.members) == (3, 0)


async def test_who_goes_on_the_way_in_was_never_in(house: House) -> None:
    viewer, opened = house.viewer(), asyncio.Event()
    connect = house.door.connect

    async def slowly(peer: Peer, moved_to: str | None) -> Connection:
        await opened.wait()
        return await connect(peer, moved_to)

    viewer._door = Door(slowly, asyncio.Semaphore(1))
    viewer.come()
    await asyncio.sleep(0)
    viewer.go()
    opened.set()
    await viewer.gone()
    assert not viewer.entered.is_set()
    assert count(house, Measure.JOIN) == 0
    assert house.account.members == 0


async def test_a_guest_brings_no_token(house: House) -> None:
    guest = await house.inside(is_guest=True)
    guest.say(0, 0.0)
    await until(lambda: house.account.said[Kind.COMMENT, "acknowledged"] == 1)
    assert "token" not in guest._hello()


# --- lost connections


async def test_who_drops_comes_back_and_is_told_what_it_missed(house: House) -> None:
    stays, drops = await house.inside(), await house.inside()
    drops.drop()
    await until(lambda: house.members() == 1)
    await give(house, stays)
    await until(lambda: drops.place.is_in and drops.place.seq == BEGUN + 1)
    assert house.account.counts["reconnects"] == count(house, Measure.REJOIN) == 1
    assert (house.account.tally.delivered, house.account.tally.lost) == (2, 0)
    assert not house.account.close_codes


async def test_a_servers_close_is_counted_by_its_code_and_a_drop_of_ours_is_not(
    house: House,
) -> None:
    viewer = await house.inside()
    viewer.drop()
    await until(lambda: house.account.counts["reconnects"] == 1)
    await house.stub.show.rooms[ROOMS[0]].members[0].hang_up(1012)
    await until(lambda: house.account.counts["reconnects"] == 2)
    assert house.account.close_codes == {1012: 1}


async def test_to_drop_while_away_is_nothing(house: House) -> None:
    viewer = house.viewer()
    viewer.drop()
    viewer.come()
    await until(lambda: viewer.place.is_in)
    await house.stub.show.rooms[ROOMS[0]].members[0].hang_up(1012)
    await until(lambda: house.account.counts["reconnects"] == 1)
    assert house.account.close_codes == {1012: 1}


async def test_who_is_told_not_to_come_back_does_not(house: House) -> None:
    viewer = await house.inside()
    await house.stub.show.rooms[ROOMS[0]].members[0].hang_up(4409)
    await until(lambda: viewer.is_gone)
    await viewer.gone()
    assert (house.account.counts["gone"], house.account.members) == (1, 0)
    assert count(house, Measure.CONNECT) == 1


# --- moving


async def test_who_moves_is_in_the_other_room_on_the_same_connection(house: House) -> None:
    host, viewer = await house.inside(1), await house.inside(0)
    viewer.move(1)
    await until(lambda: viewer.place.is_in)
    assert [house.members(room) for room in (0, 1)] == [0, 2]
    assert [stays.members for stays in house.account.stays[0]] == [0, 2]
    await give(house, host)
    await until(lambda: house.account.tally.delivered == 2)
    assert count(house, Measure.CONNECT) == 2
    assert house.account.counts["reconnects"] == 0


async def test_who_moves_is_owed_what_it_got_in_the_old_room_and_no_more(house: House) -> None:
    stays, moves = await house.inside(0), await house.inside(0)
    await give(house, stays, 0)
    await until(lambda: house.account.tally.delivered == 2)
    moves.move(1)
    await give(house, stays, 3)
    await until(lambda: moves.place.is_in and stays.place.seq == BEGUN + 2)
    stays.settle("e", BEGUN + 2)
    moves.settle("e", BEGUN)
    tally = house.account.tally
    assert (tally.expected, tally.delivered, tally.lost) == (3, 3, 0)


async def test_who_is_moved_while_away_comes_into_the_other_room(house: House) -> None:
    viewer = house.viewer(0)
    viewer.move(1)
    viewer.come()
    await until(lambda: viewer.place.is_in)
    assert [house.members(room) for room in (0, 1)] == [0, 1]


async def test_what_comes_of_another_room_is_not_taken(house: House) -> None:
    viewer = await house.inside(0)
    batch = seen(house, 1)
    viewer.take_batch(batch)
    assert (batch.arrivals, viewer.place.seq, house.account.tally.holes) == ({}, BEGUN, 0)


def seen(house: House, room: int) -> Batch:
    """A batch with one event, as a room would send it."""
    seq = BEGUN + 1
    lanes = {"events": [{"type": "ended", "seq": seq}], "waterfall": [], "shed": 0}
    message = {"type": "batch", "room": ROOMS[room], "epoch": "e", "seq": seq, **lanes}
    return house.books.read(b"a frame", message)


# --- slow readers


async def test_what_a_slow_reader_takes_is_in_nobody_elses_figures(house: House) -> None:
    slow = await house.inside(is_slow=True)
    batch = seen(house, 0)
    slow.take_batch(batch)
    assert (batch.arrivals, slow.place.seq) == ({}, BEGUN + 1)
    assert house.account.slow_tally.delivered == 1


async def test_what_a_slow_reader_misses_is_kept_apart(house: House) -> None:
    giver, slow = await house.inside(), await house.inside(is_slow=True)
    slow.read_on(False)
    await give(house, giver)
    await until(lambda: house.account.tally.delivered == 1)
    assert (slow.place.seq, house.account.members) == (BEGUN, 1)
    slow.settle("e", BEGUN + 1)
    assert (house.account.slow_tally.lost, house.account.tally.lost) == (1, 0)


async def test_a_slow_reader_gets_the_rest_when_it_reads_on(house: House) -> None:
    giver, slow = await house.inside(), await house.inside(is_slow=True)
    slow.read_on(False)
    await give(house, giver)
    slow.read_on(True)
    await until(lambda: slow.place.seq == BEGUN + 1)
    assert house.account.slow_tally.delivered == 1


# --- acts


async def test_a_comment_tells_its_number_and_is_as_long_as_asked_for(house: House) -> None:
    viewer = await house.inside()
    viewer.say(3, house.books.clock(), size=60)
    await until(lambda: house.account.said[Kind.COMMENT, "acknowledged"] == 1)
    await until(lambda: house.books.frames == 1)
    house.books.sweep(settle_ms=-1)
    assert house.account.deliveries.arrived[3] == 1
    waterfall = house.account.deliveries.account(house.account.stays)
    assert (waterfall.expected, waterfall.delivered) == (1, 1)


async def test_likes_and_pins_are_said_and_answered(house: House) -> None:
    viewer = await house.inside()
    viewer.like(0)
    viewer.pin(0, "tea", is_up=True)
    viewer.pin(1, "tea", is_up=False)
    await until(lambda: house.account.said[Kind.PIN, "acknowledged"] == 2)
    assert house.account.said[Kind.LIKE, "acknowledged"] == 1
    events = house.stub.show.rooms[ROOMS[0]].lanes.events
    assert [event["type"] for event in events] == ["started", "pinned", "unpinned"]


async def test_what_is_worth_nothing_later_is_skipped_without_a_connection(house: House) -> None:
    viewer = house.viewer()
    viewer.say(0, 0.0)
    viewer.like(0)
    assert house.account.said == {(Kind.COMMENT, "skipped"): 1, (Kind.LIKE, "skipped"): 1}


async def test_what_somebody_wants_before_coming_or_behind_going_is_skipped(house: House) -> None:
    viewer = house.viewer()
    viewer.buy(gift(viewer, 0))
    viewer.come()
    await until(lambda: viewer.place.is_in)
    viewer.go()
    await viewer.gone()
    viewer.buy(gift(viewer, 3))
    receipts = house.account.receipts
    assert (receipts.skipped[Kind.GIFT], receipts.open_count) == (2, 0)


async def test_a_purchase_made_while_the_connection_is_lost_is_sent_on_the_next(
    house: House,
) -> None:
    viewer = await house.inside()
    viewer.drop()
    await until(lambda: house.members() == 0)
    viewer.buy(gift(viewer))
    assert (house.account.counts["late"], house.account.receipts.open_count) == (1, 1)
    await until(lambda: house.account.receipts.acknowledged[Kind.GIFT] == 1)


async def test_a_purchase_without_an_answer_is_sent_again_on_the_next_connection(
    house: House,
) -> None:
    viewer = await house.inside()
    viewer.buy(gift(viewer))
    viewer.drop()
    await until(lambda: house.account.receipts.acknowledged[Kind.GIFT] == 1)
    assert house.account.counts["resent"] == 1
    events = house.stub.show.rooms[ROOMS[0]].lanes.events
    assert [event["type"] for event in events] == ["started", "gift"]


async def test_who_goes_without_an_answer_leaves_its_purchase_unknown_and_nothing_open(
    house: House,
) -> None:
    viewer = await house.inside()
    viewer.buy(gift(viewer))
    viewer.go()
    await viewer.gone()
    receipts = house.account.receipts
    await until(lambda: house.members() == 0)
    assert (receipts.unknown[Kind.GIFT], receipts.open_count) == (1, 0)


async def test_who_goes_while_a_purchase_waits_to_be_tried_again_leaves_nothing_open(
    house: House,
) -> None:
    house.stub.show.shop.faults = Faults(is_busy_at_first=True)
    viewer = await house.inside()
    viewer.buy(gift(viewer))
    await until(lambda: house.account.counts["retries"] == 1)
    viewer.go()
    await until(lambda: house.account.receipts.open_count == 0)
    assert house.account.receipts.unknown[Kind.GIFT] == 1


@pytest.mark.parametrize("code", [4400, 4401, 4403])
async def test_what_somebody_wants_who_was_told_to_stay_away_is_given_up(
    house: House, code: int
) -> None:
    viewer = await house.inside()
    await house.stub.show.rooms[ROOMS[0]].members[0].hang_up(code)
    await until(lambda: viewer.is_gone)
    await viewer.gone()
    viewer.buy(gift(viewer))
    assert house.account.receipts.skipped[Kind.GIFT] == 1
