"""A room's lanes: nothing goes wrong that was not told to, and as much as was told."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from loadtest.selftest.faults import Delay, Faults
from loadtest.selftest.lanes import Lanes, Parcel
from loadtest.selftest.shop import person

USERS = ("a", "b", "c")


def flushed(faults: Faults, bursts: Sequence[tuple[int, int]]) -> list[Parcel]:
    """What is told after each of several (events, comments) that came at once."""
    lanes = Lanes(faults)
    parcels, cause = [], 0
    for events, comments in bursts:
        for _ in range(events):
            lanes.happen({"type": "gift", "user": person("a")}, cause, 0.0, 0)
            cause += 1
        for _ in range(comments):
            author = person(USERS[cause % len(USERS)])
            lanes.pour({"type": "comment", "user": author, "text": "hm"}, cause, 0.0)
            cause += 1
        parcels += lanes.flush(1.0, USERS)
    return parcels


def seqs(parcels: Sequence[Parcel], user: str) -> list[int]:
    return [item.content["seq"] for p in parcels if p.is_for(user) for item in p.events]


def causes(parcels: Sequence[Parcel], user: str) -> set[int]:
    """Of the comments that a user is told."""
    return {item.cause for p in parcels if p.is_for(user) for item in p.waterfall}


BURSTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=20)


@given(BURSTS)
def test_without_a_fault_every_member_gets_everything_once_and_in_its_place(
    bursts: list[tuple[int, int]],
) -> None:
    parcels = flushed(Faults(), bursts)
    total = sum(events for events, _ in bursts)
    for user in USERS:
        assert seqs(parcels, user) == list(range(1, total + 1))
        place = 0
        for parcel in (each for each in parcels if each.is_for(user)):
            assert place + len(parcel.events) == parcel.seq
            place = parcel.seq
    comments = sum(comments for _, comments in bursts)
    assert sum(len(parcel.waterfall) for parcel in parcels) == comments


@given(BURSTS, st.integers(1, 4), st.integers(1, 4))
def test_what_is_dropped_and_what_is_shed_are_those_so_many_and_authors_keep_their_own(
    bursts: list[tuple[int, int]], drops: int, sheds: int
) -> None:
    faults = Faults(drops_comment_every=drops, sheds_comment_every=sheds)
    parcels = flushed(faults, bursts)
    total = sum(comments for _, comments in bursts)
    kept = total - total // drops
    spectator = [each for each in parcels if each.is_for("nobody")]
    assert sum(each.shed for each in spectator) == kept // sheds
    seen = causes(parcels, "nobody")
    assert len(seen) == kept - kept // sheds
    shed = {cause for user in USERS for cause in causes(parcels, user)} - seen
    for user in USERS:
        own = {cause for cause in shed if USERS[cause % len(USERS)] == user}
        assert causes(parcels, user) == seen | own
        assert sum(p.shed for p in parcels if p.is_for(user)) == kept // sheds - len(own)


def test_a_fault_comes_with_its_event_and_so_many_times() -> None:
    faults = Faults(at_event=3, times=2, skips_event=True)
    assert seqs(flushed(faults, [(1, 0)] * 10), "a") == [1, 2, 4, 5, 7, 8, 9, 10]


def test_a_batch_that_is_doubled_says_how_many_events_it_repeats() -> None:
    parcels = flushed(Faults(at_event=2, doubles_batch=True), [(2, 0), (1, 0)])
    assert [each.repeated for each in parcels] == [0, 2, 0]
    assert seqs(parcels, "a") == [1, 2, 1, 2, 3]


def test_events_are_swapped_within_the_first_batch_that_has_two() -> None:
    parcels = flushed(Faults(at_event=1, swaps_events=True), [(1, 0), (3, 0), (2, 0)])
    assert seqs(parcels, "a") == [1, 4, 3, 2, 5, 6]
    assert [each.misplaced for each in parcels] == [0, 2, 0]


def test_a_batch_that_is_swapped_comes_behind_the_next() -> None:
    parcels = flushed(Faults(at_event=2, swaps_batches=True), [(1, 0), (2, 0), (1, 0), (1, 0)])
    assert seqs(parcels, "a") == [1, 4, 2, 3, 5]
    assert [each.misplaced for each in parcels] == [0, 0, 2, 0]


def test_one_member_is_told_another_story_and_only_once() -> None:
    parcels = flushed(Faults(at_event=1, tells_two_stories=True), [(1, 0), (1, 0)])
    told = {
        user: [i.content["user"]["id"] for p in parcels if p.is_for(user) for i in p.events]
        for user in USERS
    }
    assert told == {"a": ["else", "a"], "b": ["a", "a"], "c": ["a", "a"]}
    assert sum(each.untrue for each in parcels) == 1


def test_what_is_not_due_yet_waits() -> None:
    lanes = Lanes(Faults())
    lanes.pour({"type": "like", "count": 1, "total": 1}, -1, due_ms=10.0)
    lanes.happen({"type": "started"}, -1, due_ms=5.0, at_ms=0)
    assert lanes.flush(4.0, USERS) == []
    assert [len(each.events) for each in lanes.flush(5.0, USERS)] == [1]
    assert [len(each.waterfall) for each in lanes.flush(10.0, USERS)] == [1]


def test_whoever_was_elsewhere_or_ahead_is_not_recovered() -> None:
    lanes = Lanes(Faults())
    lanes.happen({"type": "started"}, -1, 0.0, 0)
    lanes.flush(0.0, USERS)
    assert lanes.recovers({"epoch": "e", "seq": 0})
    assert not lanes.recovers({"epoch": "other", "seq": 0})
    assert not lanes.recovers({"epoch": "e", "seq": 2})
    assert not lanes.recovers({})


def test_one_in_so_many_waits_longer() -> None:
    assert [Delay(20, 200, 3).of(number) for number in range(6)] == [20, 20, 200, 20, 20, 200]
    assert Delay(20).of(5) == 20
