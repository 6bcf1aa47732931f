"""What is gathered for those who asked for less: whole, rare, and the same for all of them."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livesrv.rooms import open_room as open_room_module
from livesrv.rooms.bus import Wave
from livesrv.rooms.fanout import Member
from livesrv.rooms.saver import Saver
from livesrv.rooms.waterfall import Fall
from protocol.codec import Item
from protocol.codes import CloseCode
from protocol.messages import Banned, LikeDrop, Since, ViewersDrop
from tests.seeding import SEED
from tests.waiting import until

from .stage import Stage, a_room, comment_of, comments, notice, seqs
from .wire import JSON, Wire, said

WINDOW_MS = 1_000
PER_S = 3


# --- the gathering


def a_saver(window_ms: int = WINDOW_MS, per_s: int = PER_S, comments_max: int = 500) -> Saver:
    return Saver(
        window_ms=window_ms,
        comments_per_s=per_s,
        comments_max=comments_max,
        present={"here"},
        randbytes=Random(SEED).randbytes,
        now_ms=0,
    )


def falling(*authors: str, shed: int = 0, likes: int = 0, viewers: int | None = None) -> Fall:
    return Fall(
        comments=[Item(author.encode()) for author in authors],
        authors=list(authors),
        shed=shed,
        own={},
        likes=LikeDrop(count=likes, total=100 + likes) if likes else None,
        viewers=None if viewers is None else ViewersDrop(count=viewers),
    )


def an_event(seq: int) -> Item:
    return Item.of(notice(seq))


def texts(items: Sequence[Item]) -> list[str]:
    return [item.msgpack.decode() for item in items]


def arrived(fall: Fall) -> int:
    return len(fall.comments) + fall.shed


def test_who_enters_is_owed_what_comes_behind_and_the_others_all() -> None:
    saver = a_saver()
    saver.catch([an_event(1)], falling("a", shed=2, likes=3, viewers=7))
    late = saver.cut(10)
    saver.catch([an_event(2)], falling("b", "c", likes=4))
    saver.cut(20)
    whole, part = saver.owed(0), saver.owed(late)
    assert whole is not None
    assert part is not None
    assert (len(whole.events), arrived(whole.fall)) == (2, 5)
    assert (len(part.events), arrived(part.fall)) == (1, 2)
    assert whole.fall.likes == LikeDrop(count=7, total=104)
    assert part.fall.likes == LikeDrop(count=4, total=104)
    assert (whole.fall.viewers, part.fall.viewers) == (ViewersDrop(count=7), None)


def test_what_was_told_is_owed_to_nobody_and_they_all_stand_at_one_place() -> None:
    saver = a_saver()
    came: list[int] = []
    for seq in (1, 2, 3):
        came.append(saver.cut(0))
        saver.catch([an_event(seq)], falling("a"))
    came.append(saver.cut(0))
    saver.told(0)
    assert not any(saver.owed(first) for first in came)
    assert len({saver.group(first) for first in came}) == 1
    saver.catch([an_event(4)], falling())
    later = saver.cut(0)
    assert [len(owed.events) for owed in map(saver.owed, came) if owed] == [1] * 4
    assert saver.owed(later) is None
    assert saver.group(later) != saver.group(0)


def test_it_is_due_a_window_after_the_last_time_when_there_is_anything() -> None:
    saver = a_saver()
    dues = [saver.due_ms]
    saver.catch([], falling(shed=1))
    dues.append(saver.due_ms)  # the first need not wait
    saver.cut(5)
    dues.append(saver.due_ms)
    saver.told(5)
    dues.append(saver.due_ms)
    saver.catch([an_event(1)], falling())
    dues.append(saver.due_ms)
    assert dues == [None, 0, 0, None, 5 + WINDOW_MS]


def test_cuts_where_nothing_came_end_no_piece() -> None:
    saver = a_saver()
    saver.catch([an_event(1)], falling())
    assert {saver.cut(i) for i in range(100)} == {1}
    assert len(saver._pieces) == 1


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3_000), st.booleans()), max_size=40),
    st.integers(1, 20),
    st.integers(100, 2_000),
)
def test_no_more_is_shown_than_the_rate_and_one_windows_worth(
    flushes: list[tuple[int, int, bool]], per_s: int, window_ms: int
) -> None:
    """However often members come and go, for which it is cut."""
    saver, now_ms, shown = a_saver(window_ms, per_s), 0, 0
    for count, elapsed_ms, is_told in flushes:
        now_ms += elapsed_ms
        saver.catch([], falling(*(f"u{i}" for i in range(count))))
        saver.cut(now_ms)
        if is_told:
            owed = saver.owed(0)
            assert owed is not None
            shown += len(owed.fall.comments)
            saver.told(now_ms)
        assert shown <= max(1, per_s * window_ms / 1000) + per_s * now_ms / 1000


def test_at_most_as_many_are_shown_as_a_batch_carries() -> None:
    saver = a_saver(per_s=200, comments_max=2)
    saver.catch([], falling(*"abcdef"))
    saver.cut(0)
    owed = saver.owed(0)
    assert owed is not None
    assert (len(owed.fall.comments), owed.fall.shed) == (2, 4)


def test_authors_take_turns_over_the_whole_window() -> None:
    saver = a_saver()
    for now_ms in range(0, 1_000, 50):
        saver.catch([], falling(*["flood"] * 10, *(["a"] if now_ms == 500 else [])))
    saver.catch([], falling("b"))
    saver.cut(1_000)
    owed = saver.owed(0)
    assert owed is not None
    assert texts(owed.fall.comments) == ["flood", "a", "b"]
    assert owed.fall.shed == 199


def test_an_author_sees_what_was_shed_for_all_and_what_was_shed_here() -> None:
    saver = a_saver(per_s=1)
    shed_before = falling("other", shed=1)._replace(own={"here": [Item(b"1")]})
    saver.catch([], shed_before)
    saver.cut(0)
    saver.catch([], falling("here"))
    saver.cut(0)
    owed = saver.owed(0)
    assert owed is not None
    assert texts(owed.fall.comments) == ["other"]
    assert {author: texts(own) for author, own in owed.fall.own.items()} == {"here": ["1", "here"]}
    assert owed.fall.shed == 2


# --- in a room


class Viewer:
    """Follows a room as the spec says, over all its joins."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.member: Member | None = None
        self.wire = Wire()
        self.seq = 0
        self.events: list[int] = []
        self.comments: list[str] = []
        self.shed = self.likes = 0

    def read(self) -> None:
        for batch in said(self.wire):
            events = [event["seq"] for event in batch["events"]]
            assert self.seq + len(events) == batch["seq"]
            self.seq = batch["seq"]
            self.events += events
            drops = batch["waterfall"]
            self.comments += [drop["text"] for drop in drops if drop["type"] == "comment"]
            self.likes += sum(drop["count"] for drop in drops if drop["type"] == "like")
            self.shed += batch["shed"]
        self.wire.written.clear()

    def join(self, stage: Stage, *, is_saver: bool, is_resuming: bool) -> None:
        """As the command does; without its place nothing may be lost either."""
        self.read()
        opened, before = stage.opened, self.member
        missed = opened.room.since(Since("e", self.seq)) if is_resuming else None
        if before is not None:
            opened.settle(before, is_resuming=missed is not None)
            opened.remove(before)
        self.member = Member(self.user, self.wire, JSON, lambda code: None)
        opened.add(self.member, is_saver=is_saver)
        opened.spoke(self.member)
        self.read()
        assert self.seq == opened.room.seq - len(missed or ())
        if missed:
            self.wire.write(opened.missed(missed).full(JSON))


class Play:
    """Two viewers, one in each lane, and a clock that moves when told."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.now_ms = 0
        self.said: dict[str, list[str]] = {"full": [], "less": [], "other": []}
        self.likes = 0
        self.viewers = [Viewer("full"), Viewer("less")]

    def begin(self) -> None:
        for viewer in self.viewers:
            viewer.join(self.stage, is_saver=viewer.user == "less", is_resuming=False)

    def comment(self, author: str, count: int) -> None:
        numbers = range(len(self.said[author]), len(self.said[author]) + count)
        new = [f"{author}-{number}" for number in numbers]
        self.said[author] += new
        self.stage.opened.hear_comments(Wave([comment_of(author, text) for text in new]))

    def like(self, count: int) -> None:
        self.likes += count
        self.stage.opened.hear_comments(Wave([], likes=count, likes_total=self.likes))

    def tell(self, count: int) -> None:
        room = self.stage.opened.room
        events = [notice(room.head + 1 + i) for i in range(count)]
        assert room.accept(room.head + 1, [Item.of(event).msgpack for event in events])

    def switch(self, which: int, is_saver: bool, is_resuming: bool) -> None:
        self.viewers[which].join(self.stage, is_saver=is_saver, is_resuming=is_resuming)

    async def flush(self, elapsed_ms: int, has_event: bool, is_half: bool) -> None:
        """Half a flush leaves all slices but the first for after what comes next."""
        await self.finish()
        self.now_ms += elapsed_ms
        self.tell(int(has_event))
        self.stage.opened.flush()
        if not is_half:
            await self.finish()

    async def finish(self) -> None:
        while self.stage.opened._handle is not None:
            await asyncio.sleep(0)

    async def end(self) -> None:
        for _ in range(2):
            await self.flush(10 * WINDOW_MS, has_event=False, is_half=False)
        for viewer in self.viewers:
            viewer.read()


acts: st.SearchStrategy[tuple[object, ...]] = st.one_of(
    st.tuples(st.just("comment"), st.sampled_from(["full", "less", "other"]), st.integers(1, 9)),
    st.tuples(st.just("like"), st.integers(1, 9)),
    st.tuples(st.just("tell"), st.integers(1, 5)),
    st.tuples(st.just("switch"), st.integers(0, 1), st.booleans(), st.booleans()),
    st.tuples(
        st.just("flush"), st.sampled_from([0, 50, 300, WINDOW_MS]), st.booleans(), st.booleans()
    ),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(acts, max_size=60))
def test_in_either_lane_and_over_any_switch_all_events_come_and_all_comments_are_told_of(
    played: list[tuple[object, ...]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_room_module, "SLICE_MEMBERS", 1)
        asyncio.run(playing(patch, played))


async def playing(patch: pytest.MonkeyPatch, played: list[tuple[object, ...]]) -> None:
    play = Play(Stage(waterfall_comments_per_s=10, waterfall_items_max=12))
    patch.setattr(open_room_module, "monotonic_ms", lambda: play.now_ms)
    play.begin()
    for name, *arguments in played:
        done = getattr(play, str(name))(*arguments)
        if done is not None:
            await done
    await play.end()
    count = sum(map(len, play.said.values()))
    for viewer in play.viewers:
        assert viewer.events == list(range(1, play.stage.opened.room.head + 1))
        assert len(viewer.comments) == len(set(viewer.comments))
        assert len(viewer.comments) + viewer.shed == count
        assert set(play.said[viewer.user]) <= set(viewer.comments)
        assert viewer.likes == play.likes


async def test_all_savers_are_written_the_same_bytes_and_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_ms = 0
    monkeypatch.setattr(open_room_module, "monotonic_ms", lambda: now_ms)
    stage = Stage(flush_window_ms=1)
    savers = [stage.enter(f"s{i}", is_saver=True)[1] for i in range(3)]
    _, full = stage.enter("full")
    for number in range(1, 31):
        stage.comment(comment_of(f"u{number}", f"{number}"))
        stage.tell(notice(number))
        await until(lambda number=number: number in seqs(full))  # type: ignore[misc]
    now_ms = WINDOW_MS
    stage.opened.touch()
    await until(lambda: all(seqs(wire) == list(range(1, 31)) for wire in savers))
    first, second = savers[0].written
    for wire in savers:
        assert wire.written[0] is first
        assert wire.written[1] is second
    assert len(comments(full)) == 30
    shown, shed = comments(savers[0]), sum(batch["shed"] for batch in said(savers[0]))
    assert len(comments(savers[0])) <= 2 * PER_S
    assert len(shown) + shed == 30


async def test_savers_are_told_no_sooner_because_others_come_and_go() -> None:
    stage = Stage(flush_window_ms=1, saver_window_ms=5_000)
    _, first = stage.enter("first", is_saver=True)
    stage.tell(notice(1))
    await until(lambda: seqs(first) == [1])  # the first at once
    for number in range(2, 12):
        stage.tell(notice(number))
        assert await stage.opened.reach(number, 15.0)
        member, wire = stage.enter("guest", is_saver=True)
        stage.opened.settle(member, is_resuming=False)
        stage.opened.remove(member)
        assert (seqs(first), wire.written) == ([1], [])


async def test_what_is_owed_to_savers_comes_though_the_room_falls_silent() -> None:
    stage = Stage(flush_window_ms=1, saver_window_ms=20)
    _, wire = stage.enter(is_saver=True)
    for number in (1, 2):
        stage.tell(notice(number))
        assert await stage.opened.reach(number, 15.0)
    await until(lambda: seqs(wire) == [1, 2])
    assert stage.opened._saver_handle is None


async def test_who_enters_between_is_told_in_the_next_batch_what_came_since() -> None:
    stage = Stage(flush_window_ms=1, saver_window_ms=50)
    _, early = stage.enter("early", is_saver=True)
    for number in (1, 2):
        stage.tell(notice(number))
        assert await stage.opened.reach(number, 15.0)
    assert stage.opened.room.seq == 2
    _, late = stage.enter("late", is_saver=True)
    stage.tell(notice(3))
    await until(lambda: seqs(early) == [1, 2, 3])
    assert [(seqs(wire), said(wire)[-1]["seq"]) for wire in (early, late)] == [
        ([1, 2, 3], 3),
        ([3], 3),
    ]


async def test_a_banned_saver_is_told_and_closed_at_once() -> None:
    stage = Stage(flush_window_ms=1, saver_window_ms=5_000)
    banned, wire = stage.enter("loud", is_saver=True)
    _, other = stage.enter("other", is_saver=True)
    stage.tell(notice(1))
    await until(lambda: seqs(other) == [1])
    stage.tell(notice(2))
    stage.tell(Banned(seq=3, at_ms=0, user="loud", until_ms=None))
    await until(lambda: stage.closed)
    assert stage.closed == [(banned, CloseCode.BANNED)]
    assert (seqs(wire), seqs(other)) == ([1, 2, 3], [1])


async def test_savers_learn_at_once_that_the_room_starts_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_room_module, "monotonic_ms", lambda: 0)  # so it is never due again
    stage = Stage(flush_window_ms=1)
    _, wire = stage.enter(is_saver=True)
    for number in (1, 2):
        stage.tell(notice(number))
        assert await stage.opened.reach(number, 15.0)
    stage.opened.room = a_room(9)
    stage.opened.resend_place()
    await until(lambda: len(wire.written) == 2)
    assert [(len(batch["events"]), batch["seq"]) for batch in said(wire)] == [(1, 1), (1, 9)]


async def test_a_slow_saver_misses_waterfall_but_no_event() -> None:
    stage = Stage(flush_window_ms=1, saver_window_ms=1)
    _, wire = stage.enter(is_saver=True)
    wire.unsent_bytes = 100_000
    stage.comment(comment_of("u"))
    stage.tell(notice(1))
    await until(lambda: wire.written)
    assert (seqs(wire), comments(wire)) == ([1], [])
    wire.unsent_bytes = 0
    stage.tell(notice(2))
    await until(lambda: len(wire.written) == 3)
    gap, batch = said(wire)[1:]
    assert (gap["type"], gap["shed"], batch["seq"]) == ("gap", 1, 2)


async def test_nothing_is_gathered_when_no_saver_is_left() -> None:
    stage = Stage(flush_window_ms=1)
    members = [stage.enter(f"s{i}", is_saver=True)[0] for i in range(2)]
    assert stage.opened.member_count == 2
    stage.opened.remove(members[0])
    gathered = [stage.opened._saver]
    stage.opened.remove(members[1])
    gathered.append(stage.opened._saver)
    assert [each is None for each in gathered] == [False, True]
    assert stage.opened.member_count == 0
