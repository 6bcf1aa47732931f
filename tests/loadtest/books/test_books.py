"""Batches decoded once, and what their arrivals add up to."""

from array import array
from typing import Any

import pytest

from loadtest.books.batches import MEMO_FRAMES_MAX, Batch, Memo, mark, read_batch
from loadtest.books.books import Books
from loadtest.books.latency import Measure, Summary
from loadtest.books.purchases import combo_key
from loadtest.books.receipts import Purchase
from loadtest.books.sequence import Step
from loadtest.scenario.model import Kind
from loadtest.scenario.schedule import Schedule, Timetable

RUN = "r1"
COMBO = combo_key(RUN, 0, 0)
LINE = {"offer": "peach", "quantity": 2, "stock": 5}


class Clock:
    """Milliseconds that pass when told to."""

    def __init__(self) -> None:
        self.now_ms = 0.0

    def __call__(self) -> float:
        return self.now_ms


def books(clock: Clock) -> Books:
    moments = array("d", [100.0, 200.0])
    return Books(RUN, ["room"], Schedule([Timetable(kind, moments, [0]) for kind in Kind]), clock)


def summary(of: Books, measure: Measure) -> Summary:
    return of.account.latencies.summary(measure)


def batch(
    seq: int = 0,
    events: list[dict[str, Any]] | None = None,
    texts: tuple[str, ...] = (),
    shed: int = 0,
) -> dict[str, Any]:
    waterfall = [{"type": "like", "count": 1}, *({"type": "comment", "text": t} for t in texts)]
    lanes = {"events": events or [], "waterfall": waterfall, "shed": shed}
    return {"type": "batch", "room": "room", "epoch": "e", "seq": seq, **lanes}


def gift(seq: int, count: int, added: int) -> dict[str, Any]:
    return {"type": "gift", "seq": seq, "combo": COMBO, "count": count, "added": added}


def sold(seq: int) -> dict[str, Any]:
    return {"type": "sold", "seq": seq, "user": {"id": f"{RUN}-v0"}, "lines": [LINE]}


def order(number: int) -> Purchase:
    command = {"room": "room", "lines": [{"offer": "peach", "quantity": 2}]}
    return Purchase(Kind.ORDER, number, 0, 100.0 * (number + 1), command)


def read(message: dict[str, Any]) -> Batch:
    return read_batch(message, RUN, 2, 0.0)


def test_only_this_runs_comments_are_recognised() -> None:
    texts = (mark(RUN, 1, 0) + "hi", mark("r2", 0, 0) + "hi", "#r1", mark(RUN, 0, 2.5) + "ho")
    assert read(batch(texts=texts)).comments == ((1, 0.0), (0, 2.5))


def test_a_comment_with_a_number_that_was_never_sent_is_an_error() -> None:
    with pytest.raises(ValueError, match="numbered 2"):
        read(batch(texts=(mark(RUN, 2, 0),)))


@pytest.mark.parametrize("text", ["#r1. what?", "#r1.1 no lateness", "#r1.x.1 no number"])
def test_a_comment_that_looks_like_ours_and_is_not_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(batch(texts=(text,)))


@pytest.mark.parametrize(("numbers", "misplaced"), [([4, 5], 0), ([5, 4], 2), ([4, 6], 1)])
def test_events_not_numbered_in_order_are_misplaced(numbers: list[int], misplaced: int) -> None:
    events = [{"type": "started", "seq": number} for number in numbers]
    assert read(batch(seq=5, events=events)).misplaced == misplaced


def test_the_memo_gives_back_the_batch_of_equal_bytes() -> None:
    memo = Memo()
    first = read(batch())
    memo.put(b"frame", first)
    assert memo.get(bytes(bytearray(b"frame"))) is first


def test_the_memo_hands_out_every_batch_once_even_when_it_is_full() -> None:
    memo = Memo()
    for number in range(MEMO_FRAMES_MAX + 10):
        memo.put(str(number).encode(), read(batch()))
    assert len(memo) == MEMO_FRAMES_MAX
    assert len(memo.retire(1.0)) == MEMO_FRAMES_MAX + 10
    assert memo.retire(1.0) == []


def test_the_memo_keeps_what_is_young() -> None:
    memo = Memo()
    memo.put(b"old", read_batch(batch(), RUN, 2, 10.0))
    memo.put(b"young", read_batch(batch(), RUN, 2, 20.0))
    assert len(memo.retire(20.0)) == 1
    assert memo.get(b"young")


def test_a_delivery_is_timed_from_the_intended_moment_and_from_the_sending() -> None:
    clock = Clock()
    account = books(clock)
    account.start_ms = 1000.0
    clock.now_ms = 1150.5
    seen = account.read(b"frame", batch(texts=(mark(RUN, 0, 20.0),)))
    for _ in range(3):
        account.arrive(seen, Step.TAKE)
    account.sweep(settle_ms=-1)
    response = summary(account, Measure.COMMENT_DELIVERED)
    assert response.count == 3
    assert response.max_ms == pytest.approx(50.5, abs=0.25)
    assert summary(account, Measure.COMMENT_SERVICE).max_ms == pytest.approx(30.5, abs=0.25)


def test_a_batch_that_was_dropped_delivers_nothing() -> None:
    account = books(Clock())
    seen = account.read(b"frame", batch(texts=(mark(RUN, 0, 0),), shed=1))
    account.arrive(seen, Step.REJOIN)
    account.sweep(settle_ms=-1)
    assert (account.account.deliveries.arrived_total, account.account.deliveries.shed) == (0, 0)


def test_what_is_shed_counts_for_every_member_that_was_told() -> None:
    account = books(Clock())
    seen = account.read(b"frame", batch(shed=4))
    for _ in range(5):
        account.arrive(seen, Step.TAKE)
    account.sweep(settle_ms=-1)
    assert account.account.deliveries.shed == 20


def test_a_frame_seen_again_after_it_was_forgotten_adds_its_arrivals_but_no_events() -> None:
    account = books(Clock())
    message = batch(1, [sold(1)], texts=(mark(RUN, 0, 0),))
    for _ in range(2):
        account.arrive(account.read(b"frame", message), Step.TAKE)
        account.sweep(settle_ms=-1)
    assert account.account.counts["frames_decoded"] == 2
    assert account.account.sightings.shown_pieces() == {("room", f"{RUN}-v0", "peach"): 2}
    assert account.account.deliveries.arrived[0] == 2


def test_one_gift_event_times_every_gift_it_brings() -> None:
    clock = Clock()
    account = books(clock)
    clock.now_ms = 300.0
    account.arrive(account.read(b"frame", batch(1, [gift(1, 2, 2)])), Step.TAKE)
    account.sweep(settle_ms=-1)
    found = summary(account, Measure.GIFT_EVENT)
    assert found.count == 2
    assert (found.p50_ms, found.max_ms) == (100.0, 200.0)


@pytest.mark.parametrize("combo", ["of somebody else", f"{RUN}-g7-0", f"{RUN}-g0-9"])
def test_a_gift_that_is_not_of_the_schedule_is_shown_but_not_timed(combo: str) -> None:
    account = books(Clock())
    account.arrive(account.read(b"frame", batch(1, [{**gift(1, 1, 1), "combo": combo}])), Step.TAKE)
    account.sweep(settle_ms=-1)
    assert summary(account, Measure.GIFT_EVENT).count == 0
    assert list(account.account.sightings.gifts()) == [(combo, 1, 1)]


def test_a_sale_is_timed_from_the_intended_moment_of_its_order() -> None:
    clock = Clock()
    account = books(clock)
    account.open(order(0))
    clock.now_ms = 130.0
    account.arrive(account.read(b"frame", batch(1, [sold(1)])), Step.TAKE)
    account.sweep(settle_ms=-1)
    found = summary(account, Measure.SOLD_EVENT)
    assert (found.count, found.max_ms) == (1, 30.0)


def test_a_refused_order_leaves_the_moment_of_the_next_one_alike_to_be_timed() -> None:
    clock = Clock()
    account = books(clock)
    for number in (0, 1):
        account.open(order(number))
    account.refuse(order(0))
    clock.now_ms = 230.0
    account.arrive(account.read(b"frame", batch(1, [sold(1)])), Step.TAKE)
    account.sweep(settle_ms=-1)
    assert summary(account, Measure.SOLD_EVENT).max_ms == 30.0


def test_an_order_refused_after_a_later_one_alike_was_sold_is_no_trouble() -> None:
    account = books(Clock())
    for number in (0, 1):
        account.open(order(number))
    account.read(b"frame", batch(1, [sold(1)]))
    account.refuse(order(0))
    assert account.read(b"another", batch(2, [sold(2)])).moments == []


def test_an_event_number_with_two_contents_is_a_mismatch() -> None:
    account = books(Clock())
    account.read(b"one", batch(1, [gift(1, 1, 1)]))
    account.read(b"two", batch(1, [gift(1, 2, 2)]))
    assert account.account.sightings.mismatches == 1


def test_the_first_frame_that_makes_no_sense_is_kept_and_all_are_counted() -> None:
    account = books(Clock())
    account.unreadable(b"first")
    account.unreadable(b"second")
    assert account.account.counts["unreadable"] == 2
    assert account.account.unreadable_first == b"first".hex()
