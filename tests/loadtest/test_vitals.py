"""What scrapes amount to: rates by the processes' own clocks, worst values, percentiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.record.figures import CATALOGUE
from loadtest.record.timeline import SERIES
from loadtest.run.exposition import Scrape
from loadtest.run.vitals import Sight, Vitals, percentile

MIB = 1024 * 1024
BOUNDS = ("0.001", "0.01", "0.1", "+Inf")


def worker(uptime_s: float, cpu_s: float, **others: float) -> dict[str, float]:
    keys = {
        "process_uptime_seconds": uptime_s,
        "process_cpu_seconds_total": cpu_s,
        "process_resident_bytes": 50 * MIB,
        "loop_lag_seconds": 0.004,
        "store_ping_seconds ledger": 0.002,
        "store_ping_seconds bus": 0.001,
        "ledger_oldest_seconds": 0.0,
    }
    return keys | {name.replace("__", " "): value for name, value in others.items()}


def watched(*scrapes: Scrape, begin_behind: int | None = None) -> Vitals:
    vitals = Vitals(cores=2)
    for second, scrape in enumerate(scrapes):
        vitals.add(Sight(float(second), scrape))
        if second == begin_behind:
            vitals.begin()
    return vitals


def test_cpu_counts_by_the_processs_own_clock_not_by_when_it_was_asked() -> None:
    """It looked at itself 1.25 s later, whatever the time between two scrapes."""
    vitals = watched({"worker-0": worker(10, 5)}, {"worker-0": worker(11.25, 6)})
    assert vitals.second["server_cpu_pct"] == pytest.approx(80)
    assert vitals.figures()["server.cpu_pct_max"] == pytest.approx(80)


def test_a_process_without_news_keeps_its_rate() -> None:
    vitals = watched(
        {"worker-0": worker(10, 5)}, {"worker-0": worker(11, 5.9)}, {"worker-0": worker(11, 5.9)}
    )
    assert vitals.second["server_cpu_pct"] == pytest.approx(90)
    assert vitals.processes()[0].cpu_pct == pytest.approx(90)


def test_a_process_that_began_anew_counts_from_nought() -> None:
    vitals = watched({"worker-0": worker(100, 50)}, {"worker-0": worker(2, 1)})
    assert vitals.second["server_cpu_pct"] == pytest.approx(50)


def test_what_was_before_the_begin_counts_in_nothing() -> None:
    stormy = worker(11, 6, loop_lag_seconds=3.0, store_ping_seconds__ledger=0.9)
    vitals = watched(
        *({"worker-0": worker(10, 5)}, {"worker-0": stormy}, {"worker-0": worker(12, 6.1)}),
        begin_behind=1,
    )
    assert vitals.figures()["server.cpu_pct_max"] == pytest.approx(10)
    assert vitals.figures()["server.lag_max_ms"] == pytest.approx(4)
    assert vitals.stores()["ledger"] == pytest.approx(2)
    assert len(vitals.moments) == 1


def test_mean_and_most_of_each_process_are_told() -> None:
    vitals = watched(*({"worker-0": worker(s, cpu)} for s, cpu in ((0, 0), (1, 0.2), (2, 1.0))))
    (process,) = vitals.processes()
    assert (process.name, process.resident_mib, process.lag_max_ms) == ("worker-0", 50, 4)
    assert process.cpu_pct == pytest.approx(50)
    assert process.cpu_pct_max == pytest.approx(80)


def test_stores_are_told_of_by_their_own_clock_and_their_memory_counts() -> None:
    def office(clock_s: float, cpu_s: float) -> dict[str, float]:
        return worker(
            clock_s,
            0,
            store_clock_seconds__ledger=clock_s,
            store_cpu_seconds_total__ledger=cpu_s,
            store_resident_bytes__ledger=10 * MIB,
        )

    vitals = watched({"backoffice": office(1, 0)}, {"backoffice": office(3, 1.5)})
    assert [each.name for each in vitals.processes()] == ["backoffice", "ledger"]
    assert vitals.processes()[1].cpu_pct == pytest.approx(75)
    assert vitals.second["server_resident_mib"] == pytest.approx(60)
    assert vitals.moments[-1].stores[0].cpu_pct == pytest.approx(75)


def test_a_store_is_as_fast_as_its_fastest_answer_and_its_slowest_is_told() -> None:
    """A worker that is busy itself sees every answer late."""
    scrape = {
        "worker-0": worker(1, 1, store_ping_seconds__ledger=0.3),
        "worker-1": worker(1, 0),
    }
    vitals = watched(scrape, scrape)
    assert vitals.moments[-1].stores[0].answer_ms == pytest.approx(2)
    assert vitals.stores() == pytest.approx({"ledger": 300, "bus": 1})
    assert vitals.figures()["server.ledger_ping_max_ms"] == pytest.approx(300)


def test_a_moment_is_of_three_seconds() -> None:
    cpu_s = (0.0, 1.0, 1.3, 1.6, 1.9)
    vitals = watched(*({"worker-0": worker(s, cpu)} for s, cpu in enumerate(cpu_s)))
    found = [moment.processes[0].cpu_pct for moment in vitals.moments]
    assert found == pytest.approx([100, 65, 160 / 3, 30])


def test_one_stall_is_not_how_a_stretch_was() -> None:
    calls_s = (0.001, 0.002, 0.4, 0.003, 0.3, 0.2)
    vitals = watched(
        *({"w": worker(n, 0, ledger_call_longest_seconds=s)} for n, s in enumerate(calls_s))
    )
    found = [moment.processes[0].call_ms for moment in vitals.moments]
    assert found[2:] == pytest.approx([3, 300, 200])


def test_a_moment_tells_of_calls_waiting_cores_files_and_who_was_turned_away() -> None:
    def at(second: int) -> Scrape:
        return {
            "worker-0": worker(
                second,
                0,
                process_cpu_wait_seconds_total=0.4 * second,
                process_cores__0=1,
                process_open_files=90,
                process_open_files_max=100,
                connections=80,
                connections_max=1000,
                ledger_call_longest_seconds=0.05,
                ledger_oldest_seconds=0.2,
                relay_lag_lines=30,
                handshakes_total__accepted=second,
                handshakes_total__full=3 * second,
            )
        }

    (moment,) = watched(at(1), at(2)).moments
    (process,) = moment.processes
    assert process.wait_pct == pytest.approx(40)
    assert (process.cores, process.which) == (1, "0")
    assert (process.open_files, process.open_files_max) == (90, 100)
    assert (process.connections, process.connections_max) == (80, 1000)
    assert process.call_ms == pytest.approx(50)
    assert moment.ledger_oldest_ms == pytest.approx(200)
    assert moment.relay_lag_lines == pytest.approx(30)
    assert moment.turned_away == {"full": 3}


def test_the_machine_is_as_busy_as_all_its_cores_together() -> None:
    vitals = Vitals(cores=4)
    for second in range(3):
        vitals.add(Sight(float(second), {"worker-0": worker(second, 0)}, 3.0 * second))
    assert vitals.moments[-1].machine_busy_pct == pytest.approx(75)
    assert vitals.moments[-1].machine_cores == 4


def test_without_any_scrape_nothing_is_told() -> None:
    vitals = watched()
    assert (vitals.figures(), vitals.second, vitals.processes(), vitals.moments) == ({}, {}, [], [])


def test_all_that_is_told_has_a_name_in_the_record() -> None:
    commands = {f"command_seconds_bucket__{bound}": 1.0 for bound in BOUNDS}
    vitals = watched({"w": worker(1, 1)}, {"w": worker(2, 1, **commands, flush_lag_seconds=0.1)})
    assert vitals.figures().keys() == {name for name in CATALOGUE if name.startswith("server.")}
    assert vitals.second.keys() == {name for name in SERIES if name.startswith("server_")}


def test_the_percentile_is_of_the_commands_of_the_show_alone() -> None:
    def at(second: int, *counts: float) -> Scrape:
        pairs = zip(BOUNDS, counts, strict=True)
        return {"w": worker(second, 1, **{f"command_seconds_bucket__{b}": n for b, n in pairs})}

    vitals = watched(at(0, 0, 0, 500, 500), at(1, 0, 100, 600, 600))
    assert vitals.figures()["server.command_p99_ms"] == pytest.approx(9.91)


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.floats(0.01, 0.999))
def test_a_percentile_lies_in_the_bucket_that_reaches_the_share(
    counts: list[int], share: float
) -> None:
    upto = [sum(counts[: n + 1]) for n in range(4)]
    found = percentile(dict(zip(BOUNDS, map(float, upto), strict=True)), share)
    if not upto[-1]:
        assert found is None
        return
    assert found is not None
    place = next(n for n, count in enumerate(upto) if count >= share * upto[-1])
    edges = [0.0, 0.001, 0.01, 0.1, 0.1]
    assert edges[place] <= found <= edges[place + 1] + 1e-12
