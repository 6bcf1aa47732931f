"""The open loop: an order that finds all connections waiting is late, from its own moment on."""

from typing import cast

import pytest

from loadtest.alongside import clock_ms
from loadtest.books.books import Books
from loadtest.books.purchases import Line
from loadtest.checkout.buyer import Buyer, Desk
from loadtest.checkout.form import OrderForm
from loadtest.checkout.loops import Queue
from loadtest.scenario.schedule import Schedule


class Waiting:
    """Stands for a buyer: remembers from which moments its orders counted."""

    def __init__(self) -> None:
        self.is_connected = True
        self.moments: list[float] = []

    def order(self, intended_ms: float) -> None:
        self.moments.append(intended_ms)


def desk() -> Desk:
    form = OrderForm("run", "run-r0", Line("peach", 1, 2_990))
    return Desk(form, Books("run", ["run-r0"], Schedule(), clock_ms))


def queue_of(at: Desk, *buyers: Waiting) -> Queue:
    return Queue(at, [cast(Buyer, buyer) for buyer in buyers])


def test_the_connection_that_was_idle_the_longest_takes_the_next_order() -> None:
    first, second = Waiting(), Waiting()
    queue = queue_of(desk(), first, second)
    queue.come(1.0)
    queue.take_idle(cast(Buyer, first))
    queue.come(2.0)
    queue.come(3.0)
    assert (first.moments, second.moments) == ([1.0, 3.0], [2.0])


def test_a_moment_that_finds_no_idle_connection_is_late_and_counts_from_itself() -> None:
    at, buyer = desk(), Waiting()
    queue = queue_of(at, buyer)
    for moment_ms in (1.0, 2.0, 3.0):
        queue.come(moment_ms)
    queue.take_idle(cast(Buyer, buyer))
    assert buyer.moments == [1.0, 2.0]
    assert (at.sales.scheduled, at.sales.late, at.sales.skipped) == (3, 2, 0)


def test_what_still_waits_in_the_end_is_skipped() -> None:
    at = desk()
    queue = queue_of(at)
    queue.come(1.0)
    queue.close()
    assert (at.sales.late, at.sales.skipped) == (1, 1)


def test_a_queue_that_is_full_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.checkout.loops.BACKLOG_MAX", 1)
    at = desk()
    queue = queue_of(at)
    queue.come(1.0)
    queue.come(2.0)
    assert (at.sales.late, at.sales.skipped) == (1, 1)


def test_a_buyer_without_connection_gets_no_order() -> None:
    gone, here = Waiting(), Waiting()
    queue = queue_of(desk(), gone, here)
    gone.is_connected = False
    queue.come(1.0)
    queue.take_idle(cast(Buyer, gone))
    assert (gone.moments, here.moments) == ([], [1.0])
