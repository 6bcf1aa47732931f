"""Beats of several crews made into the seconds of one run."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from loadtest.books.latency import Histogram, Measure
from loadtest.crew.messages import Beat
from loadtest.record.timeline import Timeline
from loadtest.run.seconds import Seconds

MEASURE = Measure.COMMENT_DELIVERED
COUNTS = ("viewers", "deliveries", "frames", "bytes", "comments", "gifts", "orders")
NOUGHT = dict.fromkeys((*COUNTS, "errors", "closes", "shed", "lost", "cpu_s", "at_s"), 0.0)


def beat(number: int | None, *latencies_us: int, lag_us: int = 0, **counts: float) -> Beat:
    histograms: dict[Measure, Histogram] = {}
    if latencies_us:
        histograms[MEASURE] = Counter(latencies_us)
    if lag_us:
        histograms[Measure.LOOP_LAG] = Counter([lag_us])
    return Beat(number, {**NOUGHT, "resident_bytes": 0.0, **counts}, histograms)


def nobody(crew: int) -> bool:
    return False


class Run:
    """The seconds of a run whose show has begun."""

    def __init__(self, crews: int = 2) -> None:
        self.timeline = Timeline()
        self.seconds = Seconds(self.timeline, crews, dict)
        self.seconds.begin()
        self.lost: set[int] = set()

    def hear(self, crew: int, told: Beat) -> None:
        self.seconds.take(crew, told)
        self.seconds.tell(self.lost.__contains__)

    def column(self, name: str) -> list[float | None]:
        return self.timeline.column(name)

    def timed(self) -> Histogram:
        return self.seconds.latencies.total[MEASURE]


def test_a_second_is_told_when_the_last_crew_has_told_it() -> None:
    run = Run()
    run.hear(0, beat(1, comments=3))
    assert run.timeline.at_s == []
    run.hear(1, beat(1, comments=4))
    assert run.timeline.at_s == [1.0]
    assert run.column("comments_per_s") == [7.0]


def test_rates_are_what_the_totals_grew_by() -> None:
    run = Run(1)
    for number, total in enumerate((5, 5, 12), 1):
        run.hear(0, beat(number, frames=total))
    assert run.column("frames_per_s") == [5.0, 0.0, 7.0]


def test_a_seconds_percentiles_are_of_all_crews_and_of_that_second_alone() -> None:
    run = Run()
    for number, latencies in enumerate(((1_000, 9_000), (2_000, 2_000)), 1):
        for crew in (0, 1):
            run.hear(crew, beat(number, latencies[crew]))
    run.hear(0, beat(3))
    run.hear(1, beat(3))
    assert run.column("comment_p99_ms") == [9.0, 2.0, None]
    assert run.column("comment_p50_ms") == [1.0, 2.0, None]
    assert run.timed() == {1_000: 1, 2_000: 2, 9_000: 1}


def test_a_crew_that_left_a_second_out_has_it_in_the_next_one() -> None:
    run = Run()
    run.hear(0, beat(1, 10, comments=1))
    run.hear(1, beat(2, 20, comments=5))
    assert run.timeline.at_s == [1.0]
    run.hear(0, beat(2, 10, comments=2))
    assert run.column("comments_per_s") == [1.0, 6.0]
    assert run.timed() == {10: 2, 20: 1}


def test_a_lost_crew_is_not_waited_for_and_keeps_what_it_had_counted() -> None:
    run = Run()
    run.hear(1, beat(1, comments=4, viewers=9))
    run.hear(0, beat(1, comments=1, viewers=1))
    run.lost.add(1)
    run.hear(0, beat(2, comments=3, viewers=1))
    assert run.timeline.at_s == [1.0, 2.0]
    assert run.column("comments_per_s") == [5.0, 2.0]


def test_nothing_is_told_when_all_crews_are_lost() -> None:
    run = Run(1)
    run.lost.add(0)
    run.hear(0, beat(1))
    assert run.timeline.at_s == []


def test_the_peak_is_of_all_crews_together() -> None:
    run = Run()
    for number, members in enumerate(((3, 4), (5, 1)), 1):
        for crew in (0, 1):
            run.hear(crew, beat(number, viewers=members[crew]))
    assert run.seconds.peak == 7


def test_seconds_before_the_show_have_moments_below_nought() -> None:
    timeline = Timeline()
    seconds = Seconds(timeline, 1, dict)
    for _ in range(3):
        seconds.take(0, beat(None))
    seconds.tell(nobody)
    assert timeline.at_s == [1.0, 2.0, 3.0]
    seconds.begin()
    seconds.take(0, beat(1))
    seconds.tell(nobody)
    assert timeline.at_s == [-2.0, -1.0, 0.0, 1.0]


def test_what_was_in_no_second_before_the_show_is_of_the_run_all_the_same() -> None:
    timeline = Timeline()
    seconds = Seconds(timeline, 2, dict)
    seconds.take(0, beat(None, 10))
    seconds.take(0, beat(None, 20))
    seconds.tell(nobody)
    assert timeline.at_s == []
    seconds.begin()
    for crew in (0, 1):
        seconds.take(crew, beat(1, 30))
    seconds.tell(nobody)
    assert timeline.at_s == [1.0]
    assert seconds.latencies.total[MEASURE] == {10: 1, 20: 1, 30: 2}


def test_a_beat_under_way_when_the_show_begins_does_not_stand_for_its_first_second() -> None:
    run = Run(1)
    run.hear(0, beat(None, 10, comments=1))
    run.hear(0, beat(None, 20, comments=2))
    assert run.timeline.at_s == []
    run.hear(0, beat(1, 30, comments=9))
    assert run.column("comments_per_s") == [9.0]
    assert run.timed() == {10: 1, 20: 1, 30: 1}


def test_what_is_told_too_late_for_a_second_is_of_the_run_all_the_same() -> None:
    run = Run()
    run.hear(0, beat(1, 10))
    run.hear(0, beat(None, 20))
    run.seconds.close()
    run.seconds.close()
    assert run.timed() == {10: 1, 20: 1}


def test_cpu_is_of_the_time_that_passed_however_late_a_beat_comes() -> None:
    run = Run(1)
    run.hear(0, beat(None, cpu_s=5.0, at_s=100.0))
    run.hear(0, beat(1, cpu_s=5.75, at_s=101.5))
    run.hear(0, beat(2, cpu_s=6.5, at_s=102.5))
    (process,) = run.seconds.processes()
    assert run.column("generator_cpu_pct") == [50.0, 75.0]
    assert (process.cpu_pct, process.cpu_pct_max) == (62.5, 75.0)


def test_what_crews_do_before_and_behind_the_show_is_not_of_it() -> None:
    seconds = Seconds(Timeline(), 1, dict)
    seconds.take(0, beat(None, lag_us=90_000))
    seconds.take(0, beat(None, cpu_s=1.0, at_s=1.0, lag_us=90_000))
    seconds.tell(nobody)
    seconds.begin()
    seconds.take(0, beat(1, cpu_s=1.5, at_s=2.0, lag_us=2_000))
    seconds.end(1.02)
    seconds.take(0, beat(2, cpu_s=2.5, at_s=3.0, lag_us=80_000))
    seconds.tell(nobody)
    (process,) = seconds.processes()
    assert (process.cpu_pct, process.lag_max_ms) == (50.0, 2.0)


def test_each_process_is_named_and_has_its_largest_memory() -> None:
    run = Run()
    for number, mib in ((1, 30), (2, 20)):
        for crew in (0, 1):
            run.hear(crew, beat(number, resident_bytes=(mib + crew) * 2.0**20))
    first, second = run.seconds.processes()
    assert (first.name, first.resident_mib) == ("generator-1", 30.0)
    assert (second.name, second.resident_mib) == ("generator-2", 31.0)


def test_what_the_server_told_stands_beside_it() -> None:
    timeline = Timeline()
    seconds = Seconds(timeline, 1, lambda: {"server_cpu_pct": 12.0})
    seconds.begin()
    seconds.take(0, beat(1))
    seconds.tell(nobody)
    assert timeline.column("server_cpu_pct") == [12.0]


@given(st.integers(1, 4), st.integers(1, 8), st.randoms(use_true_random=False))
def test_every_second_is_told_once_and_every_value_is_timed_once(
    crews: int, last: int, random: Random
) -> None:
    """Each crew tells its seconds in order, and leaves some out; crews overtake each other."""
    run = Run(crews)
    queues = [
        [n for n in range(1, last + 1) if n == last or random.random() < 0.8] for _ in range(crews)
    ]
    beats = sum(map(len, queues))
    while any(queues):
        crew = random.choice([n for n, queue in enumerate(queues) if queue])
        number = queues[crew].pop(0)
        run.hear(crew, beat(number, 10, comments=number))
    assert run.timeline.at_s == [float(number) for number in range(1, last + 1)]
    assert run.timed() == {10: beats}
    assert sum(value or 0 for value in run.column("comments_per_s")) == crews * last


def test_a_second_that_a_crew_tells_twice_loses_nothing_of_either() -> None:
    run = Run()
    for latency_us in (1_000, 2_000):
        run.hear(0, beat(1, latency_us))
    run.hear(1, beat(1, 3_000))
    assert run.timed() == Counter([1_000, 2_000, 3_000])
