"""An open room: slices between which members come and go, own comments, members who never read."""

import asyncio
import time
from collections.abc import Callable

import msgspec
import pytest

from livesrv.rooms import open_room as open_room_module
from protocol.codec import Format
from protocol.codes import CloseCode
from protocol.messages import Banned, Notice
from tests.waiting import until

from .stage import Stage, a_room, comment_of, comments, notice, seqs
from .wire import Wire, said

SLICE = 4


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_room_module, "SLICE_MEMBERS", SLICE)
    monkeypatch.setattr(open_room_module, "HURRIED_SLICE_MEMBERS", SLICE)


def written(wires: list[Wire]) -> int:
    return sum(len(wire.written) > 0 for wire in wires)


def stall() -> None:
    """Longer than the window of 1 ms."""
    time.sleep(0.002)


async def half_way(wires: list[Wire]) -> None:
    """Until some slices have been written and others have not."""
    await until_turn(lambda: written(wires) > 0)
    assert written(wires) < len(wires)


async def until_turn(holds: Callable[[], bool]) -> None:
    """Let the loop have one turn after the other until it is so."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("not so within 1000 turns of the loop")


# --- slices


async def test_the_loop_has_its_turn_between_slices_and_all_get_every_event_in_order() -> None:
    stage = Stage(flush_window_ms=1)
    wires = [stage.enter(f"u{i}")[1] for i in range(5 * SLICE + 1)]
    turns: list[int] = []
    stage.tell(notice(1))
    while written(wires) < len(wires):
        turns.append(written(wires))
        if len(turns) == 3:
            stall()  # the window is over, and the last slice is not written
            stage.tell(notice(2))
        await asyncio.sleep(0)
        assert stage.opened.room.seq <= 1 or written(wires) == len(wires)
    assert {0, SLICE, 2 * SLICE, 3 * SLICE, 4 * SLICE, 5 * SLICE} <= set(turns)
    assert all(len(wire.written) == 1 for wire in wires)  # the next flush waits for the last slice
    await until(lambda: all(seqs(wire) == [1, 2] for wire in wires))
    assert wires[0].written[0] is wires[-1].written[0]


async def test_slices_are_small_while_somebody_waits_for_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_room_module, "HURRIED_SLICE_MEMBERS", 1)
    stage = Stage()
    wires = [stage.enter(f"u{i}")[1] for i in range(4 * SLICE)]
    stage.tell(notice(1))
    await half_way(wires)
    grown: dict[bool, int] = {}
    for stage.is_hurried in (True, False):
        before = written(wires)
        await asyncio.sleep(0)
        grown[stage.is_hurried] = written(wires) - before
    assert grown == {True: 1, False: SLICE}
    await until(lambda: all(seqs(wire) == [1] for wire in wires))


async def test_who_joins_between_slices_stands_behind_that_batch_and_does_not_get_it() -> None:
    stage = Stage()
    wires = [stage.enter(f"u{i}")[1] for i in range(3 * SLICE)]
    stage.tell(notice(1))
    await half_way(wires)
    _, late = stage.enter("late")
    assert stage.opened.room.seq == 1
    stage.tell(notice(2))
    await until(lambda: all(seqs(wire) == [1, 2] for wire in wires))
    assert seqs(late) == [2]


async def test_who_leaves_or_is_closed_between_slices_gets_nothing_more_of_it() -> None:
    stage = Stage()
    pairs = [stage.enter(f"u{i}") for i in range(3 * SLICE)]
    wires = [wire for _, wire in pairs]
    stage.tell(notice(1))
    await half_way(wires)
    leaver, empty = next(pair for pair in pairs if not pair[1].written)
    full = next(pair for pair in pairs if pair[1].written)
    for member, _ in (full, (leaver, empty)):
        stage.opened.remove(member)
    _, again = stage.enter(leaver.user, Wire())
    await until(lambda: written(wires) == len(wires) - 1)
    stage.tell(notice(2))
    await until(lambda: seqs(again) == [2])
    assert (empty.written, seqs(full[1])) == ([], [1])


async def test_a_banned_member_is_told_and_then_closed_after_the_last_slice() -> None:
    stage = Stage()
    pairs = [stage.enter(f"u{i}") for i in range(3 * SLICE)]
    stage.tell(Banned(seq=1, at_ms=0, user="u0", until_ms=None), notice(2))
    assert await stage.opened.reach(2, 15.0)
    await until(lambda: stage.closed)
    assert stage.closed == [(pairs[0][0], CloseCode.BANNED)]
    assert all(seqs(wire) == [1, 2] for _, wire in pairs)
    stage.tell(notice(3))
    await until(lambda: seqs(pairs[1][1]) == [1, 2, 3])
    assert seqs(pairs[0][1]) == [1, 2]


async def test_a_room_that_starts_anew_between_slices_says_so_behind_the_last() -> None:
    stage = Stage()
    wires = [stage.enter(f"u{i}")[1] for i in range(3 * SLICE)]
    stage.tell(notice(1))
    await half_way(wires)
    stage.opened.room = a_room(9)
    stage.opened.resend_place()
    _, late = stage.enter("late")
    await until(lambda: all(len(wire.written) == 2 for wire in wires))
    for wire in wires:
        assert [(len(batch["events"]), batch["seq"]) for batch in said(wire)] == [(1, 1), (0, 9)]
    assert [batch["seq"] for batch in said(late)] == [9]


async def test_a_slice_that_fails_does_not_keep_the_room_from_going_on() -> None:
    stage = Stage(flush_window_ms=1)
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    broken, wires = stage.enter("broken", BrokenWire())[1], [stage.enter()[1] for _ in range(SLICE)]
    stage.tell(notice(1))
    await until(lambda: stage.opened.room.seq == 1)
    broken.is_gone = True
    stage.tell(notice(2))
    await until(lambda: all(2 in seqs(wire) for wire in wires))


class BrokenWire(Wire):
    def write(self, data: bytes | bytearray | memoryview) -> None:
        raise RuntimeError("our bug")


# --- one's own comments


async def test_an_author_sees_its_own_shed_comment_and_others_see_that_one_was_shed() -> None:
    stage = Stage(waterfall_items_max=1)
    (one, one_wire), (two, two_wire), (_, lurker_wire) = map(stage.enter, ("one", "two", "lurker"))
    one_again = stage.enter("one")[1]
    for member in (one, two):
        stage.opened.spoke(member)
    stage.comment(comment_of("one", "1"), comment_of("two", "2"), comment_of("two", "3"))
    wires = [one_wire, two_wire, lurker_wire, one_again]
    await until(lambda: all(wire.written for wire in wires))
    (shown,) = comments(lurker_wire)
    assert said(lurker_wire)[0]["shed"] == 2
    assert lurker_wire.written == one_again.written  # has not spoken on this connection
    own = {"one": ["1"], "two": ["2", "3"]}
    for wire, texts in ((one_wire, own["one"]), (two_wire, own["two"])):
        assert comments(wire) == [shown, *(text for text in texts if text != shown)]
        assert said(wire)[0]["shed"] == 3 - len(comments(wire))
    assert stage.tally.comments_shed == 2


async def test_who_has_left_is_not_remembered_as_having_spoken() -> None:
    stage = Stage(waterfall_items_max=1)
    member, _ = stage.enter("one")
    stage.opened.spoke(member)
    stage.opened.remove(member)
    stage.opened.spoke(member)  # its comment was still on the way here
    assert stage.opened._speakers == {}


async def test_the_snapshot_has_the_comments_that_were_shown() -> None:
    stage = Stage(waterfall_items_max=2)
    _, wire = stage.enter()
    stage.comment(*[comment_of("flood", f"{i}") for i in range(9)], comment_of("quiet", "q"))
    assert stage.opened.room.snapshot(Format.JSON).comments == []
    await until(lambda: wire.written)
    raws = stage.opened.room.snapshot(Format.JSON).comments
    assert [msgspec.json.decode(raw)["text"] for raw in raws] == comments(wire) == ["0", "q"]


# --- members who never read


async def test_a_thousand_members_who_never_read_cost_bounded_memory_and_delay_nobody() -> None:
    stage = Stage(
        flush_window_ms=1,
        flush_window_max_ms=1,
        slow_skip_bytes=2_000,
        slow_close_bytes=10_000,
        waterfall_comments_per_s=0,
    )
    stuck = [stage.enter(f"stuck{i}", StuckWire())[1] for i in range(1000)]
    _, reading = stage.enter("reading")
    for number in range(1, 61):
        stage.comment(*[comment_of("u", f"{number}-{i}") for i in range(10)])
        stage.tell(Notice(seq=number, at_ms=0, text="x" * 200))
        await until(lambda number=number: len(seqs(reading)) == number)  # type: ignore[misc]
        assert sum(wire.unsent_bytes for wire in stuck) <= len(stuck) * 10_000
    assert seqs(reading) == list(range(1, 61))
    assert len(comments(reading)) == 600
    assert [code for _, code in stage.closed] == [CloseCode.TOO_SLOW] * len(stuck)
    assert stage.opened.member_count == 1
    assert stage.tally.slow_closed == len(stuck)
    batches = said(stuck[0])
    assert len(comments(stuck[0])) < 100
    assert [batch["waterfall"] for batch in batches[-3:]] == [[], [], []]
    assert [batch["seq"] for batch in batches] == list(range(1, len(batches) + 1))


class StuckWire(Wire):
    """Its peer never reads."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        super().write(data)
        self.unsent_bytes += len(data)
