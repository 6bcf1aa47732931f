"""What a recording keeps of a batch."""

from typing import Any

from livesrv.recording import Transcript

LAN = {"id": "lan", "name": "Lan", "badges": []}


def batch(**fields: Any) -> dict[str, Any]:
    return {"at_ms": 1_050, "shed": 0, "events": [], "waterfall": [], **fields}


def gift(at_ms: int) -> dict[str, Any]:
    return {"type": "gift", "seq": 1, "at_ms": at_ms, "user": LAN, "gift": "rose", "added": 3}


def comment(at_ms: int) -> dict[str, Any]:
    return {"type": "comment", "comment": "c1", "user": LAN, "text": "so sweet", "at_ms": at_ms}


def test_lines_of_a_batch_are_in_the_order_of_their_moments() -> None:
    waterfall = [comment(1_010), {"type": "like", "count": 12, "total": 99}, comment(1_030)]
    lines = Transcript(1_000).batch(batch(events=[gift(1_020)], waterfall=waterfall, shed=4))
    assert lines == [
        {"at_ms": 10, "what": "comment", "size": 8},
        {"at_ms": 20, "what": "gift", "added": 3},
        {"at_ms": 30, "what": "comment", "size": 8},
        {"at_ms": 50, "what": "like", "count": 12},
        {"at_ms": 50, "what": "shed", "count": 4},
    ]


def test_a_gap_is_shed_comments_of_the_latest_moment() -> None:
    transcript = Transcript(1_000)
    transcript.batch(batch(events=[gift(1_020)]))
    assert transcript.gap(31) == [{"at_ms": 20, "what": "shed", "count": 31}]
    assert transcript.counts["shed"] == 31


def test_nothing_happens_before_the_begin() -> None:
    assert Transcript(1_000).batch(batch(events=[gift(990)]))[0]["at_ms"] == 0


def test_what_is_reserved_or_unsold_is_no_order_until_it_is_sold() -> None:
    lines = [{"offer": "peach", "quantity": 2, "stock": 5}, {"offer": "tea", "quantity": 3}]
    events = [{"type": what, "at_ms": 1_000, "lines": lines} for what in ("reserved", "unsold")]
    sold = {"type": "sold", "at_ms": 1_000, "user": LAN, "lines": lines}
    transcript = Transcript(1_000)
    assert transcript.batch(batch(events=[*events, sold])) == [
        {"at_ms": 0, "what": "order", "pieces": 5}
    ]


def test_counts_are_of_things_not_of_lines() -> None:
    transcript = Transcript(1_000)
    transcript.joined({"viewers": 7, "pinned": [{}]}, 1_000)
    like = {"type": "like", "count": 12, "total": 99}
    transcript.batch(batch(events=[gift(1_020)], waterfall=[like, like]))
    assert (transcript.counts["like"], transcript.counts["gift"]) == (24, 3)
    assert (transcript.counts["pin"], transcript.viewers_max, transcript.last_ms) == (1, 7, 50)
