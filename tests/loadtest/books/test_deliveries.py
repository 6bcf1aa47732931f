"""The waterfall's account."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.books.deliveries import STAY_MS, Deliveries, Stays, WaterfallAccount

LATER_MS = 60_000.0


def stays(*visits: tuple[float, float | None]) -> Stays:
    """Members by when they came and went; None for who stays."""
    went = sorted(went for _, went in visits if went is not None)
    return Stays(array("d", sorted(came for came, _ in visits)), array("d", went))


def account_of(
    deliveries: Deliveries, members: int = 10, closed_ms: float = LATER_MS
) -> WaterfallAccount:
    """With one crew, whose members are in room 0 all the time."""
    return deliveries.account([[stays(*[(0.0, closed_ms)] * members)]], closed_ms)


def test_an_accepted_comment_is_owed_to_the_members_of_that_moment() -> None:
    deliveries = Deliveries(2)
    deliveries.accept(0, 0, sent_ms=1.0)
    deliveries.arrive(0, members=10)
    account = account_of(deliveries)
    assert (account.expected, account.delivered, account.missing) == (10, 10, 0)


def test_what_was_announced_as_left_out_is_not_missing() -> None:
    deliveries = Deliveries(1)
    deliveries.accept(0, 0, sent_ms=1.0)
    deliveries.arrive(0, members=4)
    deliveries.shed, deliveries.gap = 3, 2
    assert account_of(deliveries).missing == 1


def test_a_comment_never_accepted_counts_on_neither_side() -> None:
    deliveries = Deliveries(1)
    deliveries.arrive(0, members=10)
    account = account_of(deliveries)
    assert (account.expected, account.delivered, account.unacknowledged) == (0, 0, 10)


def test_deliveries_of_one_comment_too_many_do_not_hide_another_that_is_missing() -> None:
    deliveries = Deliveries(2)
    for number, members in ((0, 12), (1, 8)):
        deliveries.accept(number, 0, sent_ms=1.0)
        deliveries.arrive(number, members=members)
    account = account_of(deliveries)
    assert (account.surplus, account.missing) == (2, 2)


def test_a_comment_is_owed_to_the_members_of_its_own_room_alone() -> None:
    deliveries = Deliveries(1)
    deliveries.accept(0, 1, sent_ms=1.0)
    crews = [[stays((0, None), (0, None)), stays((0, None))], [stays(), stays((0, None))]]
    assert deliveries.account(crews).expected == 2


@pytest.mark.parametrize(
    ("came_ms", "went_ms", "owed"),
    [
        (1_000.0, None, 1),
        (1_000.1, None, 0),
        (0.0, 1_000.0 + STAY_MS, 1),
        (0.0, 999.0 + STAY_MS, 0),
        (0.0, 500.0, 0),
    ],
)
def test_owed_is_who_was_there_and_stayed_a_while(
    came_ms: float, went_ms: float | None, owed: int
) -> None:
    assert stays((came_ms, went_ms)).owed(1_000.0, LATER_MS) == owed


def test_who_left_when_the_books_were_closed_was_there_to_the_end() -> None:
    assert stays((0.0, 1_500.0)).owed(1_000.0, closed_ms=1_500.0) == 1
    assert stays((0.0, 1_499.0)).owed(1_000.0, closed_ms=1_500.0) == 0


def test_who_came_later_and_left_soon_is_owed_nothing_in_whichever_crew() -> None:
    deliveries = Deliveries(1)
    deliveries.accept(0, 0, sent_ms=1_000.0)
    here, soon_gone = stays((0.0, None)), stays((1_100.0, 1_200.0), (1_100.0, 1_300.0))
    apart = deliveries.account([[here], [soon_gone]], LATER_MS)
    assert (soon_gone.owed(1_000.0, LATER_MS), apart.expected) == (-2, 0)


VISITS = st.lists(
    st.tuples(st.integers(0, 9_000), st.integers(int(STAY_MS), 9_000)).map(
        lambda visit: (float(visit[0]), float(sum(visit)))
    ),
    max_size=12,
)


@given(VISITS, st.integers(0, 9_000))
def test_where_everybody_stays_a_while_those_are_owed_who_were_there_all_the_time(
    visits: list[tuple[float, float]], sent_ms: float
) -> None:
    there = sum(came <= sent_ms and went >= sent_ms + STAY_MS for came, went in visits)
    assert stays(*visits).owed(sent_ms, closed_ms=20_000.0) == there
