"""Reads the numbers that the parts of a process keep, and names them for the operator.

Only looks: nothing here counts, waits or asks a store. Each function takes one part.
"""

import gc
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from livesrv.ledger.store import Ledger
from livesrv.metrics import Sample
from livesrv.probes import JournalPing, LoopLag, StorePing, StoreUse
from livesrv.rooms.tally import Tally
from livesrv.tally import DoorTally, Spread

STARTED_S = time.time()
BEGAN_S = time.monotonic()
STATM = Path("/proc/self/statm")
"""Its second number is the memory in use, in pages (proc(5)); there is none on macOS."""
SCHEDSTAT = Path("/proc/self/schedstat")
"""Of the event loop's thread: ns on a core, ns ready without one, turns."""
OPEN_FILES = Path("/proc/self/fd")
"""Its size is the number of open files since Linux 6.2; before, it is 0, and 15,000 files took
28 ms to list, so that they are not counted."""
NS_PER_S = 1e9


def of_server(workers: int) -> Iterator[Sample]:
    yield Sample("livesrv_workers", workers)


def of_doors(tally: DoorTally, connections_max: int) -> Iterator[Sample]:
    yield Sample("livesrv_connections", tally.connections)
    yield Sample("livesrv_connections_max", connections_max)
    yield from _each("livesrv_sessions", tally.sessions)
    yield from _each("livesrv_handshakes_total", tally.handshakes)
    yield from _each("livesrv_closes_total", tally.closes)
    yield from _each("livesrv_commands_total", tally.commands)
    yield from _each("livesrv_errors_total", tally.errors)
    yield from _each("livesrv_http_requests_total", tally.requests)
    yield from _each("livesrv_over_budget_total", tally.over_budget)
    for type_, spread in tally.took.items():
        yield _spread("livesrv_command_seconds", spread, type_)


def of_rooms(tally: Tally) -> Iterator[Sample]:
    yield Sample("livesrv_rooms", tally.rooms)
    yield Sample("livesrv_members", tally.members)
    yield Sample("livesrv_flushes_total", tally.flushes)
    yield Sample("livesrv_frames_total", tally.frames)
    yield Sample("livesrv_comment_deliveries_total", tally.comments_delivered)
    yield Sample("livesrv_comments_shed_total", tally.comments_shed)
    yield Sample("livesrv_gap_items_total", tally.gap_items)
    yield Sample("livesrv_slow_closes_total", tally.slow_closed)
    yield Sample("livesrv_fan_out_seconds", tally.fan_out_ms / 1000)
    yield Sample("livesrv_flush_lag_seconds", tally.flush_lag_ms / 1000)
    longest_ms = max(tally.window_ms.values(), default=0.0)
    yield Sample("livesrv_flush_window_seconds", longest_ms / 1000)


def of_outbox(waiting: int) -> Iterator[Sample]:
    yield Sample("livesrv_outbox_comments", waiting)


def of_ledger(ledger: Ledger) -> Iterator[Sample]:
    yield Sample("livesrv_ledger_waiting", ledger.waiting)
    yield Sample("livesrv_ledger_waiting_max", ledger.queue_max)
    yield Sample("livesrv_ledger_oldest_seconds", ledger.oldest_s())
    yield Sample("livesrv_ledger_calls", ledger.calls)
    yield _spread("livesrv_ledger_call_seconds", ledger.took)
    yield Sample("livesrv_ledger_call_longest_seconds", ledger.take_longest_s())
    yield Sample("livesrv_ledger_entries_total", ledger.entries)


def of_stores(pings: Mapping[str, StorePing]) -> Iterator[Sample]:
    for store, ping in pings.items():
        if ping.is_up is not None:
            yield Sample("livesrv_store_up", int(ping.is_up), (store,))
            yield Sample("livesrv_store_ping_seconds", ping.took_s, (store,))


def of_process(lag: LoopLag) -> Iterator[Sample]:
    yield Sample("livesrv_loop_lag_seconds", lag.take_s())
    yield Sample("livesrv_process_start_time_seconds", STARTED_S)
    yield Sample("livesrv_process_uptime_seconds", time.monotonic() - BEGAN_S)
    yield Sample("livesrv_process_cpu_seconds_total", time.process_time())
    yield from _of_cores()
    yield from _of_files()
    if STATM.exists():
        pages = int(STATM.read_text().split()[1])
        yield Sample("livesrv_process_resident_bytes", pages * os.sysconf("SC_PAGE_SIZE"))
    for generation, stats in enumerate(gc.get_stats()):
        yield Sample("livesrv_gc_collections_total", stats["collections"], (str(generation),))


def _of_cores() -> Iterator[Sample]:
    if SCHEDSTAT.exists():
        waited_ns = int(SCHEDSTAT.read_text().split()[1])
        yield Sample("livesrv_process_cpu_wait_seconds_total", waited_ns / NS_PER_S)
    if sys.platform == "linux":
        cores = os.sched_getaffinity(0)
        yield Sample("livesrv_process_cores", len(cores), (listed(cores),))


def _of_files() -> Iterator[Sample]:
    files_max, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files_max != resource.RLIM_INFINITY:
        yield Sample("livesrv_process_open_files_max", files_max)
    if OPEN_FILES.exists() and (files := OPEN_FILES.stat().st_size):
        yield Sample("livesrv_process_open_files", files)


def of_store_use(uses: Mapping[str, StoreUse]) -> Iterator[Sample]:
    for store, use in uses.items():
        if use.clock_s is not None:
            yield Sample("livesrv_store_clock_seconds", use.clock_s, (store,))
            yield Sample("livesrv_store_cpu_seconds_total", use.cpu_s, (store,))
            yield Sample("livesrv_store_resident_bytes", use.resident_bytes, (store,))
            yield from _of_store_cores(store, use.pid)


def _of_store_cores(store: str, pid: int | None) -> Iterator[Sample]:
    if pid is not None and sys.platform == "linux":
        with suppress(OSError):  # it has just died
            cores = os.sched_getaffinity(pid)
            yield Sample("livesrv_store_cores", len(cores), (store, listed(cores)))


def of_journal(journal: JournalPing, *, relayed: int, settled: int) -> Iterator[Sample]:
    """Never less than no lag: the end was asked for a moment ago, the places are of now."""
    if journal.is_up is None:
        return
    yield Sample("livesrv_shows_live", journal.shows)
    yield Sample("livesrv_journal_lines", journal.end)
    yield Sample("livesrv_journal_sealed_lines", journal.sealed)
    yield Sample("livesrv_relay_lag_lines", max(0, journal.end - relayed))
    yield Sample("livesrv_commission_lag_lines", max(0, journal.end - settled))
    yield Sample("livesrv_money_stopped", int(journal.is_money_stopped))


def _each(family: str, counts: Counter[str] | Counter[int]) -> Iterator[Sample]:
    for label, count in counts.items():
        yield Sample(family, count, (str(label),))


def _spread(family: str, spread: Spread, *labels: str) -> Sample:
    return Sample(family, spread.sum_ms / 1000, labels, list(spread.counts))


def listed(cores: set[int]) -> str:
    """Numbers of cores as the kernel lists them: 0-3,8."""
    runs: list[list[int]] = []
    for core in sorted(cores):
        if runs and core == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], core]
        else:
            runs.append([core])
    return ",".join("-".join(map(str, run)) for run in runs)
