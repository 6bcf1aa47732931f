"""Batches decoded once, and what their arrivals add up to."""

from array import array
from typing import Any

import pytest

from loadtest.books.batches import MEMO_FRAMES_MAX, Batch, Memo, mark, read_batch
from loadtest.books.books import Books
from loadtest.books.latency import Measure
from loadtest.books.receipts import Purchase
from loadtest.books.sequence import Step
from loadtest.scenario.schedule import Kind, Timetable

RUN = "r1"


class Clock:
    """Milliseconds that pass when told to."""

    def __init__(self) -> None:
        self.now_ms = 0.0

    def __call__(self) -> float:
        return self.now_ms


def books(clock: Clock) -> Books:
    moments = array("d", [100.0, 200.0])
    tables = {kind: Timetable(kind, moments, [0]) for kind in Kind}
    return Books(RUN, ["room"], tables, clock)


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
    return {"type": "gift", "seq": seq, "combo": "c", "count": count, "added": added}


def read(message: dict[str, Any]) -> Batch:
    return read_batch(message, RUN, 2, 0.0)


def test_only_this_runs_comments_are_recognised() -> None:
    texts = (mark(RUN, 1) + "hi", mark("r2", 0) + "hi", "#r1. what?"[:3], mark(RUN, 0) + "ho")
    assert read(batch(texts=texts)).comments == (1, 0)


def test_a_comment_with_a_number_that_was_never_sent_is_an_error() -> None:
    with pytest.raises(ValueError, match="numbered 2"):
        read(batch(texts=(mark(RUN, 2),)))


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


def test_a_delivery_is_timed_from_the_intended_moment_and_never_understated() -> None:
    clock = Clock()
    account = books(clock)
    account.start_ms = 1000.0
    clock.now_ms = 1150.5
    seen = account.read(b"frame", batch(texts=(mark(RUN, 0),)))
    for _ in range(3):
        account.arrive(seen, Step.TAKE)
    account.sweep(settle_ms=-1)
    summary = account.latencies.summary(Measure.COMMENT_DELIVERED)
    assert summary.count == 3
    assert 50.5 <= summary.max_ms < 52.5


def test_a_batch_that_was_dropped_delivers_nothing() -> None:
    account = books(Clock())
    seen = account.read(b"frame", batch(texts=(mark(RUN, 0),), shed=1))
    account.arrive(seen, Step.REJOIN)
    account.sweep(settle_ms=-1)
    assert (account.deliveries.arrived_total, account.deliveries.shed) == (0, 0)


def test_what_is_shed_counts_for_every_member_that_was_told() -> None:
    account = books(Clock())
    seen = account.read(b"frame", batch(shed=4))
    for _ in range(5):
        account.arrive(seen, Step.TAKE)
    account.sweep(settle_ms=-1)
    assert account.deliveries.shed == 20


def test_a_frame_seen_again_after_it_was_forgotten_adds_its_arrivals_but_no_events() -> None:
    account = books(Clock())
    message = batch(1, [{"type": "sold", "seq": 1, "user": {"id": "u"}, "lines": [LINE]}])
    for _ in range(2):
        account.arrive(account.read(b"frame", message), Step.TAKE)
        account.sweep(settle_ms=-1)
    assert account.frames_decoded == 2
    assert account.receipts.sold_seen == {("room", "u", "peach"): 2}


LINE = {"offer": "peach", "quantity": 2, "stock": 5}


def test_one_gift_event_times_every_gift_it_brings() -> None:
    clock = Clock()
    account = books(clock)
    for number, count in ((0, 1), (1, 2)):
        command = {"key": "c", "count": count}
        intended_ms = account.intended_ms(Kind.GIFT, number)
        account.receipts.open(Purchase(Kind.GIFT, number, 0, intended_ms, command))
    clock.now_ms = 300.0
    account.arrive(account.read(b"frame", batch(1, [gift(1, 2, 2)])), Step.TAKE)
    account.sweep(settle_ms=-1)
    summary = account.latencies.summary(Measure.GIFT_EVENT)
    assert summary.count == 2
    assert summary.max_ms == pytest.approx(201.0, rel=0.001)


def test_an_event_number_with_two_contents_is_a_mismatch() -> None:
    account = books(Clock())
    account.read(b"one", batch(1, [gift(1, 1, 1)]))
    account.read(b"two", batch(1, [gift(1, 2, 2)]))
    assert account.rooms["room"].mismatches == 1
