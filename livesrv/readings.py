"""Reads the numbers that the parts of a process keep, and names them for the operator.

Only looks: nothing here counts, waits or asks a store. Each function takes one part.
"""

import gc
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from livesrv.ledger.store import Ledger
from livesrv.metrics import Sample
from livesrv.probes import JournalPing, LoopLag, StorePing
from livesrv.rooms.tally import Tally
from livesrv.tally import DoorTally

STARTED_S = time.time()
STATM = Path("/proc/self/statm")
"""Its second number is the memory in use, in pages (proc(5)); there is none on macOS."""


def of_doors(tally: DoorTally) -> Iterator[Sample]:
    yield Sample("livesrv_connections", tally.connections)
    yield from _each("livesrv_sessions", tally.sessions)
    yield from _each("livesrv_handshakes_total", tally.handshakes)
    yield from _each("livesrv_closes_total", tally.closes)
    yield from _each("livesrv_commands_total", tally.commands)
    yield from _each("livesrv_errors_total", tally.errors)
    yield from _each("livesrv_http_requests_total", tally.requests)
    yield from _each("livesrv_over_budget_total", tally.over_budget)
    for type_, spread in tally.took.items():
        yield Sample("livesrv_command_seconds", spread.sum_ms / 1000, (type_,), list(spread.counts))


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
    yield Sample("livesrv_ledger_oldest_seconds", ledger.oldest_s())
    yield Sample("livesrv_ledger_calls", ledger.calls)
    yield Sample("livesrv_ledger_entries_total", ledger.entries)


def of_stores(pings: Mapping[str, StorePing]) -> Iterator[Sample]:
    for store, ping in pings.items():
        if ping.is_up is not None:
            yield Sample("livesrv_store_up", int(ping.is_up), (store,))
            yield Sample("livesrv_store_ping_seconds", ping.took_s, (store,))


def of_process(lag: LoopLag) -> Iterator[Sample]:
    yield Sample("livesrv_loop_lag_seconds", lag.take_s())
    yield Sample("livesrv_process_start_time_seconds", STARTED_S)
    yield Sample("livesrv_process_cpu_seconds_total", time.process_time())
    if STATM.exists():
        pages = int(STATM.read_text().split()[1])
        yield Sample("livesrv_process_resident_bytes", pages * os.sysconf("SC_PAGE_SIZE"))
    for generation, stats in enumerate(gc.get_stats()):
        yield Sample("livesrv_gc_collections_total", stats["collections"], (str(generation),))


def of_journal(journal: JournalPing, *, relayed: int, settled: int) -> Iterator[Sample]:
    """Never less than no lag: the end was asked for a moment ago, the places are of now."""
    if journal.is_up is None:
        return
    yield Sample("livesrv_journal_lines", journal.end)
    yield Sample("livesrv_journal_sealed_lines", journal.sealed)
    yield Sample("livesrv_relay_lag_lines", max(0, journal.end - relayed))
    yield Sample("livesrv_commission_lag_lines", max(0, journal.end - settled))
    yield Sample("livesrv_money_stopped", int(journal.is_money_stopped))


def _each(family: str, counts: Counter[str] | Counter[int]) -> Iterator[Sample]:
    for label, count in counts.items():
        yield Sample(family, count, (str(label),))
