"""Fan-out: shared bytes, and slow members who cost nobody anything."""

from livesrv.rooms import fanout
from livesrv.rooms.fanout import BatchFrames, Member, SlowLimits
from livesrv.rooms.tally import Tally
from protocol.codec import Item
from protocol.messages import LikeDrop, Notice

from .wire import JSON, MSGPACK, member, said

LIMITS = SlowLimits(skip_bytes=100, close_bytes=1000, close_after_ms=5000)


def fan_out(
    members: list[Member], frames: BatchFrames, now_ms: int = 0, tally: Tally | None = None
) -> list[Member]:
    encoding = members[0].encoding
    return fanout.fan_out(members, encoding, frames, LIMITS, now_ms, tally or Tally())


def batch(events: int = 0, drops: int = 0, shed: int = 0) -> BatchFrames:
    return BatchFrames(
        room="r",
        epoch="e",
        seq=events,
        events=[Item.of(Notice(seq=i, at_ms=0, text="x")) for i in range(events)],
        comments=[Item.of(LikeDrop(count=1, total=i)) for i in range(drops)],
        folded=[],
        shed=shed,
        at_ms=0,
    )


def test_members_of_an_encoding_are_written_the_same_bytes_object() -> None:
    pairs = [member(), member(), member(MSGPACK)]
    frames = batch(1, 1)
    assert fan_out([m for m, _ in pairs[:2]], frames) == []
    assert fan_out([pairs[2][0]], frames) == []
    assert pairs[0][1].written[0] is pairs[1][1].written[0]
    assert pairs[2][1].written[0] != pairs[0][1].written[0]


def test_a_slow_member_misses_waterfall_but_no_event_and_is_told_how_much() -> None:
    slow, wire = member()
    wire.unsent_bytes = 101
    assert fan_out([slow], batch(drops=3, shed=2)) == []
    assert fan_out([slow], batch(events=1, drops=4), 10) == []
    assert [(m["events"] != [], m["waterfall"]) for m in said(wire)] == [(True, [])]
    wire.unsent_bytes = 0
    assert fan_out([slow], batch(drops=1), 20) == []
    gap, full = said(wire)[1:]
    assert (gap["type"], gap["room"], gap["shed"]) == ("gap", "r", 9)
    assert len(full["waterfall"]) == 1
    assert (slow.shed, slow.slow_since_ms) == (0, 0)


def test_a_member_whose_reliable_lane_is_stuck_is_given_up() -> None:
    stuck, wire = member()
    wire.unsent_bytes = 1001
    assert fan_out([stuck], batch(events=1)) == [stuck]
    assert wire.written == []


def test_a_member_who_stays_slow_is_given_up_in_time() -> None:
    slow, wire = member()
    wire.unsent_bytes = 500
    assert fan_out([slow], batch(drops=1), 1) == []
    assert fan_out([slow], batch(drops=1), 5001) == []
    assert fan_out([slow], batch(drops=1), 5002) == [slow]


def test_a_member_whose_connection_is_gone_does_not_keep_others_from_theirs() -> None:
    gone, gone_wire = member()
    here, here_wire = member()
    gone_wire.is_gone = True
    assert fan_out([gone, here], batch(events=1)) == []
    assert (len(gone_wire.written), len(here_wire.written)) == (0, 1)


def test_a_slow_member_does_not_keep_others_from_theirs() -> None:
    slow, slow_wire = member()
    quick, quick_wire = member()
    slow_wire.unsent_bytes = 5000
    assert fan_out([slow, quick], batch(drops=1)) == [slow]
    assert len(quick_wire.written) == 1


def test_an_author_sees_its_shed_comments_behind_what_all_see_and_less_is_shed() -> None:
    frames = batch(events=1, drops=2, shed=5)
    own = frames.with_own(
        [Item.of(LikeDrop(count=7, total=7)), Item.of(LikeDrop(count=8, total=8))]
    )
    (author, wire), (other, other_wire) = member(), member()
    fan_out([author], own)
    fan_out([other], frames)
    (theirs,), (shared,) = said(wire), said(other_wire)
    assert [item["count"] for item in theirs["waterfall"]] == [1, 1, 7, 8]
    assert (theirs["shed"], shared["shed"], len(shared["waterfall"])) == (3, 5, 2)
    assert theirs["events"] == shared["events"]
    assert own.reliable(JSON) is frames.reliable(JSON)


def test_a_frame_that_would_lead_over_the_close_bound_is_not_written() -> None:
    slow, wire = member()
    wire.unsent_bytes = LIMITS.close_bytes - 1
    assert fan_out([slow], batch(drops=1)) == []
    assert fan_out([slow], batch(events=1)) == [slow]
    assert wire.written == []


def test_what_was_done_is_counted() -> None:
    tally = Tally()
    (slow, slow_wire), (quick, _), (gone, gone_wire) = member(), member(), member()
    slow_wire.unsent_bytes, gone_wire.is_gone = 101, True
    fan_out([slow, quick, gone], batch(drops=3, shed=1), 1, tally)
    assert (tally.frames, tally.comments_delivered, tally.gap_items) == (1, 3, 0)
    slow_wire.unsent_bytes = 0
    fan_out([slow, quick, gone], batch(drops=2), 2, tally)
    assert (tally.frames, tally.comments_delivered, tally.gap_items) == (4, 7, 4)
