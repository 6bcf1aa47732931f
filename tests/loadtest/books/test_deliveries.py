"""The waterfall's account."""

from loadtest.books.deliveries import Deliveries


def test_an_accepted_comment_is_owed_to_the_members_of_that_moment() -> None:
    deliveries = Deliveries(2)
    deliveries.accept(0, members=10)
    deliveries.arrive(0, members=10)
    account = deliveries.account()
    assert (account.expected, account.delivered, account.missing) == (10, 10, 0)


def test_what_was_announced_as_left_out_is_not_missing() -> None:
    deliveries = Deliveries(1)
    deliveries.accept(0, members=10)
    deliveries.arrive(0, members=4)
    deliveries.shed, deliveries.gap = 3, 2
    assert deliveries.account().missing == 1


def test_a_comment_never_accepted_counts_on_neither_side() -> None:
    deliveries = Deliveries(1)
    deliveries.arrive(0, members=10)
    account = deliveries.account()
    assert (account.expected, account.delivered, account.unacknowledged) == (0, 0, 10)


def test_deliveries_of_one_comment_too_many_do_not_hide_another_that_is_missing() -> None:
    deliveries = Deliveries(2)
    for number, members in ((0, 12), (1, 8)):
        deliveries.accept(number, members=10)
        deliveries.arrive(number, members=members)
    account = deliveries.account()
    assert (account.surplus, account.missing) == (2, 2)
