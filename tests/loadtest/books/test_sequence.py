"""The rule S + R = T, member by member."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.books.sequence import Place, Step, Tally


def placed(seq: int = 10) -> tuple[Place, Tally]:
    tally = Tally()
    place = Place(tally)
    place.joined("e", seq, recovered=False)
    return place, tally


def test_a_batch_that_continues_where_the_member_is_is_taken() -> None:
    place, tally = placed(10)
    assert place.take("e", 12, 2, 0) is Step.TAKE
    assert (place.seq, tally.delivered) == (12, 2)


def test_a_batch_without_events_fits_only_at_the_members_own_place() -> None:
    place, _ = placed(10)
    assert place.take("e", 10, 0, 0) is Step.TAKE
    assert place.take("e", 11, 0, 0) is Step.REJOIN


def test_a_batch_after_a_hole_is_dropped_and_asked_for_again_once() -> None:
    place, tally = placed(10)
    assert place.take("e", 13, 1, 0) is Step.REJOIN
    assert place.take("e", 14, 1, 0) is Step.DROP
    assert place.since() == {"epoch": "e", "seq": 10}
    assert (tally.holes, tally.delivered, tally.lost) == (1, 0, 0)


def test_a_recovered_hole_is_no_loss() -> None:
    place, tally = placed(10)
    place.take("e", 13, 1, 0)
    place.joined("e", 13, recovered=True)
    assert place.take("e", 13, 3, 0) is Step.TAKE
    place.settle("e", 13)
    assert (tally.delivered, tally.expected, tally.lost) == (3, 3, 0)


def test_what_a_new_snapshot_jumps_over_is_lost() -> None:
    place, tally = placed(10)
    place.leave()
    place.joined("e", 15, recovered=False)
    place.settle("e", 15)
    assert (tally.lost, tally.expected, tally.resnapshots) == (5, 5, 1)


def test_a_new_snapshot_at_the_members_place_loses_nothing() -> None:
    place, tally = placed(10)
    place.leave()
    place.joined("e", 10, recovered=False)
    assert (tally.lost, tally.resnapshots) == (0, 1)


def test_events_the_member_already_has_are_doubled() -> None:
    place, tally = placed(10)
    assert place.take("e", 12, 4, 0) is Step.REJOIN
    assert tally.doubled == 2
    place, tally = placed(10)
    place.take("e", 10, 3, 0)
    assert tally.doubled == 3


def test_a_batch_that_fits_after_a_later_one_came_is_reordered() -> None:
    place, tally = placed(10)
    place.take("e", 12, 1, 0)
    assert place.take("e", 11, 1, 0) is Step.DROP
    assert tally.reordered == 1


def test_a_batch_of_another_epoch_does_not_fit() -> None:
    place, _ = placed(10)
    assert place.take("other", 11, 1, 0) is Step.REJOIN


def test_a_member_out_of_the_room_drops_what_comes() -> None:
    place, tally = placed(10)
    place.leave()
    assert place.take("e", 11, 1, 0) is Step.DROP
    assert tally.delivered == 0


def test_a_member_that_has_not_caught_up_in_the_end_has_lost_the_rest() -> None:
    place, tally = placed(10)
    place.take("e", 11, 1, 0)
    place.settle("e", 14)
    assert (tally.delivered, tally.lost, tally.expected) == (1, 3, 4)


@pytest.mark.parametrize("recovered", [True, False])
def test_the_first_join_sets_the_place_whatever_it_says_of_recovery(recovered: bool) -> None:
    place = Place(Tally())
    assert place.since() is None
    place.joined("e", 7, recovered=recovered)
    assert place.seq == 7


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("batch"), st.integers(0, 4)),
        st.tuples(st.just("hole"), st.integers(1, 4)),
        st.tuples(st.just("recover"), st.just(0)),
        st.tuples(st.just("resnapshot"), st.just(0)),
    ),
    max_size=30,
)


@given(STEPS)
def test_delivered_and_lost_always_add_up_to_expected(steps: list[tuple[str, int]]) -> None:
    place, tally = placed(0)
    last = 0
    for what, events in steps:
        if what in ("batch", "hole"):
            last += events
            place.take("e", last, events if what == "batch" else 0, 0)
        else:
            missed = last - place.seq
            place.joined("e", last, recovered=what == "recover")
            if what == "recover" and missed:
                place.take("e", last, missed, 0)
    place.settle("e", last)
    assert tally.delivered + tally.lost == tally.expected == last
