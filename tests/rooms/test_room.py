"""A room's reliable lane and snapshot, without any I/O."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesrv.rooms import room as room_module
from livesrv.rooms.room import Head, Room
from protocol import messages as m
from protocol.codec import Format, Item

HOST = m.User("h", "Host", ["host"])
BO = m.User("b", "Bo")


def sold(seq: int, user: m.User) -> bytes:
    return encoded(m.Sold(seq=seq, at_ms=0, user=user, lines=[]))


def room_at(seq: int = 0, history_max: int = 100, **state: Any) -> Room:
    head = Head(
        state=m.State(room="r", title="t", host=HOST, status="live", **state),
        seq=seq,
        muted={},
        banned={},
        gifters={},
    )
    return Room(head, epoch="e", history_max=history_max, recent_max=3)


def encoded(event: m.Event) -> bytes:
    return msgspec.msgpack.encode(event)


def notices(first: int, last: int) -> list[bytes]:
    return [encoded(m.Notice(seq=i, at_ms=0, text=str(i))) for i in range(first, last + 1)]


def seqs(items: list[Item]) -> list[int]:
    return [msgspec.msgpack.decode(item.msgpack)["seq"] for item in items]


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 8)), max_size=40))
def test_whatever_arrives_members_get_each_event_once_and_in_order(
    runs: list[tuple[int, int]],
) -> None:
    room, sent = room_at(), []
    for first, length in runs:
        room.accept(first, notices(first, first + length - 1))
        sent += seqs(room.flush()[0])
    assert sent == list(range(1, len(sent) + 1))
    assert room.seq == room.head == len(sent)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60), st.integers(0, 5))
def test_runs_that_cover_everything_leave_no_hole(starts: list[int], overlap: int) -> None:
    room = room_at()
    for first in [*starts, *range(1, 31)]:
        is_whole = room.accept(first, notices(first, min(30, first + overlap)))
        assert is_whole == (room.head >= first or first > 30)
    assert room.head == 30


def test_a_hole_is_told_and_nothing_beyond_it_is_taken() -> None:
    room = room_at(seq=4)
    assert not room.accept(6, notices(6, 7))
    assert room.flush()[0] == []
    assert room.accept(5, notices(5, 7))
    assert seqs(room.flush()[0]) == [5, 6, 7]


def test_who_comes_back_is_told_exactly_what_was_missed() -> None:
    room = room_at()
    room.accept(1, notices(1, 9))
    room.flush()
    missed = {seq: room.since(m.Since("e", seq)) for seq in (9, 6, 0)}
    assert {seq: seqs(items or []) for seq, items in missed.items()} == {
        9: [],
        6: [7, 8, 9],
        0: list(range(1, 10)),
    }


def test_what_cannot_be_told_in_full_is_not_told_at_all() -> None:
    room = room_at(history_max=3)
    room.accept(1, notices(1, 9))
    room.flush()
    assert seqs(room.since(m.Since("e", 6)) or []) == [7, 8, 9]
    assert room.since(m.Since("e", 5)) is None
    assert room.since(m.Since("e", 10)) is None
    assert room.since(m.Since("other", 8)) is None


@given(st.integers(1, 30), st.integers(0, 40), st.integers(0, 20))
def test_older_events_are_put_in_front_where_they_join_and_as_far_as_they_fit(
    first: int, length: int, later: int
) -> None:
    room = room_at(seq=20, history_max=12)
    room.accept(21, notices(21, 20 + later))
    room.flush()
    held = min(later, 12)
    room.backfill(first, notices(first, first + length - 1))
    oldest = 20 + later - held + 1
    joins = first < oldest <= first + length
    told = min(12, 20 + later - first + 1) if joins else held
    missed = room.since(m.Since("e", room.seq - told))
    assert seqs(missed or []) == list(range(room.seq - told + 1, room.seq + 1))
    assert room.since(m.Since("e", room.seq - told - 1)) is None


def test_unflushed_events_are_not_in_the_place_a_newcomer_gets() -> None:
    room = room_at()
    room.accept(1, [encoded(m.Ended(seq=1, at_ms=0))])
    assert (room.seq, room.snapshot(Format.JSON).status) == (0, "live")
    room.flush()
    assert (room.seq, room.snapshot(Format.JSON).status) == (1, "ended")


def test_events_that_the_state_contains_already_are_sent_but_not_applied_again() -> None:
    room = room_at(seq=5)
    gift = m.GiftEvent(seq=5, at_ms=0, user=BO, gift="rose", combo="c", count=1, added=1, coins=7)
    room.remember(4, notices(3, 4))
    room.accept(5, [encoded(gift)])
    assert seqs(room.flush()[0]) == [5]
    assert room.snapshot(Format.JSON).top_gifters == []


def test_the_snapshot_follows_the_events() -> None:
    room = room_at()
    offer: dict[str, Any] = {"offer": "o", "title": "O", "price_minor": 5, "currency": "CNY"}
    head: dict[str, Any] = {"at_ms": 0}
    events = [
        m.Pinned(seq=1, **head, **offer, stock=9),
        m.Sold(seq=2, **head, user=BO, lines=[m.SoldLine("o", 2, 7)]),
        m.GiftEvent(seq=3, **head, user=BO, gift="rose", combo="c", count=1, added=1, coins=4),
        m.GiftEvent(seq=4, **head, user=BO, gift="rose", combo="c", count=2, added=1, coins=4),
        m.Settings(seq=5, **head, slow_mode_s=3, followers_only=True),
        m.Muted(seq=6, **head, user="x", until_ms=None),
        m.Banned(seq=7, **head, user="y", until_ms=9),
    ]
    room.accept(1, list(map(encoded, events)))
    room.flush()
    state = room.snapshot(Format.MSGPACK)
    assert state.pinned == [m.Offer(**offer, stock=7)]
    assert state.top_gifters == [m.Gifter(BO, 8)]
    assert (state.slow_mode_s, state.followers_only) == (3, True)
    assert (room.muted, room.banned) == ({"x": None}, {"y": 9})
    room.accept(8, [encoded(m.Unpinned(seq=8, at_ms=0, offer="o"))])
    room.accept(9, [encoded(m.Unmuted(seq=9, at_ms=0, user="x"))])
    room.flush()
    assert (room.snapshot(Format.JSON).pinned, room.muted) == ([], {})


def test_a_removed_comment_is_gone_from_the_snapshot_and_the_latest_are_kept() -> None:
    room = room_at()
    drops = [Item.of(m.CommentDrop(comment=f"c{i}", user=BO, text="x", at_ms=i)) for i in range(5)]
    room.recall_comments(drops)
    room.accept(1, [encoded(m.Removed(seq=1, at_ms=0, comment="c3"))])
    room.flush()
    left = [msgspec.json.decode(raw)["comment"] for raw in room.snapshot(Format.JSON).comments]
    assert left == ["c2", "c4"]


def test_who_buys_is_a_buyer_once_that_was_sent() -> None:
    room = room_at(seq=4)
    room.accept(5, [sold(5, BO)])
    assert not room.is_buyer("b")
    room.flush()
    assert room.is_buyer("b")
    assert not room.is_buyer("h")


def test_a_sale_that_the_state_contains_makes_no_buyer_again() -> None:
    room = room_at(seq=4)
    room.remember(4, [sold(4, BO)])
    assert not room.is_buyer("b")


def test_as_many_buyers_are_kept_as_fit_the_latest_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_module, "BUYERS_KEPT", 3)
    room = room_at()
    for user in ("a", "b", "c", "a", "d"):
        room.note_buyer(user, is_buyer=True)
    assert [user for user in "abcd" if room.is_buyer(user)] == ["a", "c", "d"]
    room.note_buyer("c", is_buyer=False)
    assert [user for user in "abcd" if room.is_buyer(user)] == ["a", "d"]


def test_what_a_room_is_called_changes_only_where_that_is_told() -> None:
    room = room_at(seq=0, city="Lishui", theme="fruit")
    changed = m.Settings(
        seq=1, at_ms=0, slow_mode_s=0, followers_only=False, title="Plums", theme=None
    )
    slow = m.Settings(seq=2, at_ms=0, slow_mode_s=0, followers_only=True)
    room.accept(1, [encoded(changed), encoded(slow)])
    room.flush()
    state = room.snapshot(Format.JSON)
    assert (state.title, state.city, state.theme) == ("Plums", "Lishui", None)
    assert state.followers_only
