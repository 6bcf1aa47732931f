"""What is named, of all that may be at its limit at once."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.capacity.bottleneck import AT_LEAST, name_bottleneck
from loadtest.run.moment import Moment, ProcessNow, StoreNow

LEDGER = StoreNow(name="ledger", answer_ms=2, cpu_pct=20)
BUS = StoreNow(name="bus", answer_ms=1, cpu_pct=5)


def worker(cpu_pct: float = 30.0, **others: Any) -> ProcessNow:
    values: dict[str, Any] = {"name": "worker-0", "cpu_pct": cpu_pct, "wait_pct": 5.0}
    return ProcessNow(**(values | others))


def pinned(cpu_pct: float, wait_pct: float, name: str = "worker-0") -> ProcessNow:
    return worker(cpu_pct, wait_pct=wait_pct, name=name, cores=1, which="3")


def moment(*processes: ProcessNow, **others: Any) -> Moment:
    values: dict[str, Any] = {"processes": processes or (worker(),), "stores": (LEDGER, BUS)}
    return Moment(**(values | others))


def named(*processes: ProcessNow, **others: Any) -> str | None:
    return name_bottleneck([moment(*processes, **others)] * AT_LEAST)


OFFICE = worker(10, name="backoffice")
FULL = worker(96.6)
WAITING = worker(40, wait_pct=45)
SHARED = (pinned(45, 40), pinned(20, 25, "worker-1"))
ON_THE_SAME = replace(LEDGER, which="3", cores=1, cpu_pct=28)

TABLE: list[tuple[str | None, tuple[ProcessNow, ...], dict[str, Any]]] = [
    (None, (worker(), OFFICE), {}),
    (None, (worker(85, wait_pct=5),), {}),
    (
        "worker-0 has 19,744 of its 20,000 files open",
        (worker(99, open_files=19_744, open_files_max=20_000),),
        {},
    ),
    (
        "worker-0 has 500 of its 500 connections (connections_max)",
        (worker(connections=500, connections_max=500),),
        {},
    ),
    (
        "the server turned away 40 handshakes in 3 s (handshakes_per_s)",
        (FULL,),
        {"turned_away": {"handshakes_per_s": 40, "full": 1}},
    ),
    (None, (worker(),), {"turned_away": {"draining": 40}}),
    ("worker-0 used 97 % of its core", (OFFICE, FULL), {}),
    ("worker-1 used 99 % of its core", (FULL, worker(99, name="worker-1")), {}),
    ("worker-0 used 82 % of its core", (worker(82, wait_pct=16),), {}),
    (
        "worker-0 used 100 % of its core",
        (worker(104),),
        {"stores": (replace(LEDGER, answer_ms=900),)},
    ),
    (
        "the server's processes share 1 core and used 93 % of it",
        SHARED,
        {"stores": (ON_THE_SAME, BUS)},
    ),
    (
        "the server's processes share 1 core and used 97 % of it",
        (pinned(91, 8), pinned(6, 20, "backoffice")),
        {},
    ),
    (
        "the server's processes share 1 core and used 75 % of it; others had the rest",
        SHARED,
        {"stores": (replace(ON_THE_SAME, cpu_pct=10),), "machine_busy_pct": 99, "machine_cores": 2},
    ),
    (
        "the machine was 99 % busy, and the server's processes had 0.5 of its 2 cores",
        (pinned(45, 40),),
        {"stores": (replace(ON_THE_SAME, cpu_pct=2),), "machine_busy_pct": 99, "machine_cores": 2},
    ),
    (
        "the server's processes share 2 cores and used 96 % of them",
        tuple(worker(64, name=f"worker-{n}", cores=2, which="0-1") for n in range(3)),
        {},
    ),
    ("worker-0 used 97 % of its core", (replace(FULL, cores=1, which="3"), OFFICE), {}),
    (
        "the machine was 99 % busy, and the server's processes had 0.7 of its 2 cores",
        (WAITING,),
        {"machine_busy_pct": 99.0, "machine_cores": 2},
    ),
    (None, (worker(20, wait_pct=21),), {"machine_busy_pct": 99.0, "machine_cores": 2}),
    (
        "worker-0 waited 45 % of the time for a core that others used, and ran for 40 % of it",
        (WAITING,),
        {"machine_busy_pct": 70.0, "machine_cores": 2},
    ),
    (
        "the ledger's store used 96 % of its core",
        (worker(call_ms=300),),
        {"stores": (replace(LEDGER, cpu_pct=96), BUS)},
    ),
    (
        "the ledger's store took 212 ms to answer while worker-0 used 23 % of its core",
        (OFFICE, worker(23, call_ms=212)),
        {},
    ),
    (
        "the ledger's store took 1,000 ms to answer while worker-0 used 23 % of its core",
        (worker(23),),
        {"stores": (replace(LEDGER, answer_ms=1_000), BUS)},
    ),
    (None, (worker(75, wait_pct=4, call_ms=300),), {}),
    (
        "the bus store took 80 ms to answer while worker-0 used 30 % of its core",
        (OFFICE, worker()),
        {"stores": (LEDGER, replace(BUS, answer_ms=80))},
    ),
    (
        "entries waited 700 ms for their turn at the ledger",
        (worker(call_ms=30),),
        {"ledger_oldest_ms": 700.0},
    ),
    ("the rooms were told 812 lines of the journal too late", (), {"relay_lag_lines": 812.0}),
]


@pytest.mark.parametrize(("sentence", "processes", "others"), TABLE)
def test_what_could_cause_the_rest_is_named_with_its_figure(
    sentence: str | None, processes: tuple[ProcessNow, ...], others: dict[str, Any]
) -> None:
    assert named(*processes, **others) == sentence


def test_what_did_not_last_is_not_named() -> None:
    assert name_bottleneck([moment(FULL)] * (AT_LEAST - 1) + [moment()] * 10) is None
    assert name_bottleneck([]) is None


def test_what_lasted_longest_is_named_with_the_mean_of_its_moments() -> None:
    slow = [moment(worker(20 + n, call_ms=100 + 10 * n)) for n in range(5)]
    storm = [moment(FULL)] * 4
    assert name_bottleneck([*storm, *slow]) == (
        "the ledger's store took 120 ms to answer while worker-0 used 22 % of its core"
    )


def test_of_two_that_lasted_equally_the_one_that_could_cause_the_other_is_named() -> None:
    both = [moment(worker(20, call_ms=100))] * 4 + [moment(FULL)] * 4
    assert name_bottleneck(both) == name_bottleneck(both[::-1]) == "worker-0 used 97 % of its core"


@given(
    st.lists(
        st.builds(
            moment,
            st.builds(
                worker,
                st.floats(0, 110),
                wait_pct=st.none() | st.floats(0, 100),
                call_ms=st.floats(0, 2_000),
                open_files=st.none() | st.integers(0, 100),
                open_files_max=st.just(100),
            ),
            ledger_oldest_ms=st.floats(0, 2_000),
            machine_busy_pct=st.none() | st.floats(0, 110),
            machine_cores=st.just(2),
        ),
        max_size=8,
    )
)
def test_any_moments_give_one_plain_sentence_or_none(moments: list[Moment]) -> None:
    sentence = name_bottleneck(moments)
    assert sentence is None or (sentence and "nan" not in sentence and "\n" not in sentence)
