"""Fan-out: shared bytes, and slow members who cost nobody anything."""

from livesrv.rooms.fanout import BatchFrames, SlowLimits, fan_out
from protocol.codec import Format, Item
from protocol.messages import LikeDrop, Notice

from .wire import member, said

LIMITS = SlowLimits(skip_bytes=100, close_bytes=1000, close_after_ms=5000)


def batch(events: int = 0, drops: int = 0, shed: int = 0) -> BatchFrames:
    return BatchFrames(
        room="r",
        epoch="e",
        seq=events,
        events=[Item.of(Notice(seq=i, at_ms=0, text="x")) for i in range(events)],
        waterfall=[Item.of(LikeDrop(count=1, total=i)) for i in range(drops)],
        shed=shed,
        at_ms=0,
    )


def test_members_of_a_format_are_written_the_same_bytes_object() -> None:
    pairs = [member(), member(), member(Format.MSGPACK)]
    groups = {Format.JSON: [m for m, _ in pairs[:2]], Format.MSGPACK: [pairs[2][0]]}
    assert fan_out(groups, batch(1, 1), LIMITS, 0) == []
    assert pairs[0][1].written[0] is pairs[1][1].written[0]
    assert pairs[2][1].written[0] != pairs[0][1].written[0]


def test_a_slow_member_misses_waterfall_but_no_event_and_is_told_how_much() -> None:
    slow, wire = member()
    wire.unsent_bytes = 101
    assert fan_out({Format.JSON: [slow]}, batch(drops=3, shed=2), LIMITS, 0) == []
    assert fan_out({Format.JSON: [slow]}, batch(events=1, drops=4), LIMITS, 10) == []
    assert [(m["events"] != [], m["waterfall"]) for m in said(wire)] == [(True, [])]
    wire.unsent_bytes = 0
    assert fan_out({Format.JSON: [slow]}, batch(drops=1), LIMITS, 20) == []
    gap, full = said(wire)[1:]
    assert (gap["type"], gap["room"], gap["shed"]) == ("gap", "r", 9)
    assert len(full["waterfall"]) == 1
    assert (slow.shed, slow.slow_since_ms) == (0, 0)


def test_a_member_whose_reliable_lane_is_stuck_is_given_up() -> None:
    stuck, wire = member()
    wire.unsent_bytes = 1001
    assert fan_out({Format.JSON: [stuck]}, batch(events=1), LIMITS, 0) == [stuck]
    assert wire.written == []


def test_a_member_who_stays_slow_is_given_up_in_time() -> None:
    slow, wire = member()
    wire.unsent_bytes = 500
    assert fan_out({Format.JSON: [slow]}, batch(drops=1), LIMITS, 1) == []
    assert fan_out({Format.JSON: [slow]}, batch(drops=1), LIMITS, 5001) == []
    assert fan_out({Format.JSON: [slow]}, batch(drops=1), LIMITS, 5002) == [slow]


def test_a_member_whose_connection_is_gone_does_not_keep_others_from_theirs() -> None:
    gone, gone_wire = member()
    here, here_wire = member()
    gone_wire.is_gone = True
    assert fan_out({Format.JSON: [gone, here]}, batch(events=1), LIMITS, 0) == []
    assert (len(gone_wire.written), len(here_wire.written)) == (0, 1)


def test_a_slow_member_does_not_keep_others_from_theirs() -> None:
    slow, slow_wire = member()
    quick, quick_wire = member()
    slow_wire.unsent_bytes = 5000
    assert fan_out({Format.JSON: [slow, quick]}, batch(drops=1), LIMITS, 0) == [slow]
    assert len(quick_wire.written) == 1
