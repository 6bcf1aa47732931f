"""The beats of crews: nothing of them is lost, whenever they come."""

from collections import Counter

from loadtest.books.latency import Measure
from loadtest.crew.messages import Beat
from loadtest.record.timeline import Timeline
from loadtest.run.seconds import Seconds


def beat(number: int | None, latency_us: int, comments: int = 0) -> Beat:
    counts = {"members": 1.0, "comments": float(comments), "cpu_s": 0.0, "resident_bytes": 0.0}
    every = ("deliveries", "frames", "bytes", "gifts", "orders", "errors", "closes", "shed", "lost")
    histograms = {Measure.CONNECT: Counter({latency_us: 1})}
    return Beat(number, {**dict.fromkeys(every, 0.0), **counts}, histograms)


def seconds(timeline: Timeline) -> Seconds:
    return Seconds(timeline, 1, dict)


def test_a_second_that_is_told_twice_has_what_both_said() -> None:
    timeline = Timeline()
    told = seconds(timeline)
    told.begin()
    told.take(0, beat(1, 100_000, comments=3))
    told.take(0, beat(1, 900_000, comments=4))
    told.tell(lambda crew: False)
    assert told.latencies.summary(Measure.CONNECT).count == 2
    assert timeline.column("connect_p99_ms") == [900.0]
    assert timeline.column("comments_per_s") == [4.0]


def test_what_was_told_before_the_show_or_after_its_last_second_is_part_of_the_run() -> None:
    told = seconds(Timeline())
    told.take(0, beat(None, 100_000))
    told.begin()
    told.take(0, beat(1, 200_000))
    told.tell(lambda crew: False)
    told.take(0, beat(None, 300_000))
    assert told.latencies.summary(Measure.CONNECT).count == 3
