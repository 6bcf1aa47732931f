"""The text for Prometheus: every family well named, every sample in its family."""

import asyncio
import os
import platform
import re
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from livesrv import readings
from livesrv.families import FAMILIES
from livesrv.ledger.store import Ledger
from livesrv.metrics import Sample, Snapshot, exposition
from livesrv.probes import JournalPing, LoopLag, StorePing, StoreUse
from livesrv.rooms.tally import Tally
from livesrv.stores import connect
from livesrv.tally import DoorTally

from .embedded import RunningStore
from .waiting import end, until


def some_rooms() -> Tally:
    tally = Tally()
    for number, name in enumerate(Tally.__slots__):
        setattr(tally, name, number + 2)
    tally.window_ms = {"a": 50.0, "b": 200.0}
    return tally


def parsed(*snapshots: Snapshot) -> dict[tuple[str, ...], float]:
    """The text's samples: name, process and the other labels' values, by label -> value."""
    packed = [msgspec.msgpack.encode(snapshot) for snapshot in snapshots]
    text = exposition([msgspec.msgpack.decode(each, type=Snapshot) for each in packed]).decode()
    return {
        (
            sample.name,
            sample.labels.pop("process"),
            *(sample.labels[label] for label in sorted(sample.labels)),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def busy_doors() -> DoorTally:
    tally = DoorTally()
    tally.connections = 7
    tally.sessions["viewer"] += 5
    tally.handshakes["accepted"] += 9
    tally.closes[4408] += 1
    tally.commands["comment"] += 4
    tally.errors["busy"] += 2
    tally.requests[200] += 3
    tally.over_budget["address_requests_per_s"] += 1
    for took_ms in (3.0, 4.0, 700.0):
        tally.took["order"].add(took_ms)
    return tally


def is_kernel_older_than_6_2() -> bool:
    """Which did not tell how many files a process has open."""
    return tuple(map(int, platform.release().split(".")[:2])) < (6, 2)


def a_use() -> StoreUse:
    use = StoreUse(connect("redis://127.0.0.1:1"), is_here=True)
    use.clock_s, use.pid = 1.0, os.getpid()
    return use


@pytest.mark.parametrize("name", FAMILIES)
def test_family_is_named_and_explained_as_prometheus_and_an_operator_want(name: str) -> None:
    family = FAMILIES[name]
    assert re.fullmatch(r"livesrv_[a-z_]+", name)
    assert name.endswith("_total") == (family.kind == "counter")
    assert not name.endswith(("_ms", "_count", "_sum", "_bucket"))
    assert re.fullmatch(r"[^;]+; .+\.", family.help), "what it is; what a bad value asks for"
    assert "process" not in family.labels


async def test_every_family_is_read_and_every_sample_read_has_a_family() -> None:
    store = connect("redis://127.0.0.1:1")
    journal = JournalPing(store)
    journal.is_up = True
    samples = [
        *readings.of_server(2),
        *readings.of_doors(busy_doors(), 9),
        *readings.of_rooms(some_rooms()),
        *readings.of_outbox(1),
        *readings.of_ledger(Ledger(store)),
        *readings.of_stores({"ledger": journal}),
        *readings.of_process(LoopLag()),
        *readings.of_store_use({"ledger": a_use()}),
        *readings.of_journal(journal, relayed=0, settled=0),
    ]
    unread = {"livesrv_process_open_files"} if is_kernel_older_than_6_2() else set()
    assert {sample.family for sample in samples} == set(FAMILIES) - unread
    assert parsed(Snapshot("worker-0", 0, samples))


def test_samples_of_processes_stand_side_by_side() -> None:
    quiet = Snapshot("worker-1", 0, [*readings.of_doors(DoorTally(), 9)])
    found = parsed(Snapshot("worker-0", 0, [*readings.of_doors(busy_doors(), 9)]), quiet)
    assert found["livesrv_connections", "worker-0"] == 7
    assert found["livesrv_connections", "worker-1"] == 0
    assert found["livesrv_closes_total", "worker-0", "4408"] == 1
    assert found["livesrv_http_requests_total", "worker-0", "200"] == 3


def test_histogram_is_cumulative_in_seconds() -> None:
    found = parsed(Snapshot("worker-0", 0, [*readings.of_doors(busy_doors(), 9)]))
    buckets = {
        key[2]: value
        for key, value in found.items()
        if key[0] == "livesrv_command_seconds_bucket" and "order" in key
    }
    assert (buckets["0.002"], buckets["0.005"], buckets["0.5"], buckets["1.0"]) == (0, 2, 2, 3)
    assert buckets["+Inf"] == found["livesrv_command_seconds_count", "worker-0", "order"] == 3
    assert found["livesrv_command_seconds_sum", "worker-0", "order"] == pytest.approx(0.707)


def test_sample_with_other_labels_than_its_family_is_an_error() -> None:
    with pytest.raises(ValueError, match="livesrv_closes_total has the labels"):
        exposition([Snapshot("worker-0", 0, [Sample("livesrv_closes_total", 1)])])
    with pytest.raises(KeyError):
        exposition([Snapshot("worker-0", 0, [Sample("livesrv_made_up", 1)])])


async def test_store_that_was_not_asked_yet_is_neither_up_nor_away() -> None:
    ping = StorePing(connect("redis://127.0.0.1:1").ping)
    assert [*readings.of_stores({"bus": ping})] == []


@pytest.mark.parametrize(
    ("cores", "text"), [({0}, "0"), ({3, 0, 1}, "0-1,3"), ({2, 4, 5, 6, 9}, "2,4-6,9"), (set(), "")]
)
def test_cores_are_listed_as_the_kernel_does(cores: set[int], text: str) -> None:
    assert readings.listed(cores) == text


async def test_a_store_tells_of_its_cpu_time_and_memory(
    bus_store: RunningStore, bus_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livesrv.probes.LOOK_S", 0.02)
    use = StoreUse(bus_client, is_here=True)
    assert [*readings.of_store_use({"bus": use})] == []
    task = asyncio.create_task(use.run())
    try:
        await until(lambda: use.clock_s)
        first_s, first_cpu_s = use.clock_s, use.cpu_s
        await bus_client.eval("for i = 1, 10000000 do end", 0)
        await until(lambda: use.cpu_s > first_cpu_s + 0.01)
    finally:
        await end(task)
    assert first_s is not None
    assert use.clock_s is not None
    assert use.cpu_s - first_cpu_s <= use.clock_s - first_s
    assert use.resident_bytes > 10**6
    cores = [s for s in readings.of_store_use({"bus": use}) if s.family == "livesrv_store_cores"]
    assert [sample.value for sample in cores] == [len(os.sched_getaffinity(0))]


async def test_a_store_that_does_not_tell_is_left_out() -> None:
    use = StoreUse(connect("redis://127.0.0.1:1"), is_here=True)
    use._note({"used_cpu_sys": 1.0, "used_cpu_user": 2.0})
    assert [*readings.of_store_use({"ledger": use})] == []


def test_open_files_are_counted_without_listing_them(tmp_path: Path) -> None:
    if is_kernel_older_than_6_2() or not Path("/proc/self/fd").exists():
        pytest.skip("this kernel does not tell")

    def count() -> float:
        found = {sample.family: sample.value for sample in readings.of_process(LoopLag())}
        return found["livesrv_process_open_files"]

    before = count()
    with (tmp_path / "one").open("w"), (tmp_path / "two").open("w"):
        assert count() == before + 2
