"""The metrics an operator can watch: names, kinds, labels, and what a bad value asks for. Pure.

Names follow Prometheus's conventions (base units, `_total`); every sample also has the label
`process`. Invariant: no label's values come from users, so that each family stays small.
"""

from typing import Literal, NamedTuple


class Family(NamedTuple):
    """Samples of one name. `help` says what a bad value means and what to do, in a line."""

    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


DOORS = {
    "livesrv_workers": Family(
        "gauge", "Workers that this server was told to run; fewer tell of themselves: one is down."
    ),
    "livesrv_connections": Family(
        "gauge", "Open WebSocket connections; near connections_max add workers or machines."
    ),
    "livesrv_connections_max": Family(
        "gauge", "What a worker takes of them; reached: those who come are turned away."
    ),
    "livesrv_sessions": Family(
        "gauge",
        "Connections that said hello; far fewer than connections: look at closes.",
        ("kind",),
    ),
    "livesrv_handshakes_total": Family(
        "counter",
        "WebSocket handshakes; many turned away for long: a storm, or handshakes_per_s is too low.",
        ("outcome",),
    ),
    "livesrv_closes_total": Family(
        "counter",
        "Connections closed by us; many 4408: thin lines or a slow loop, 1011: our bug.",
        ("code",),
    ),
    "livesrv_commands_total": Family(
        "counter", "Commands that decoded; a jump in one type: a client gone wild.", ("type",)
    ),
    "livesrv_errors_total": Family(
        "counter",
        "Refusals through either door; busy: look at the stores, internal: our bug, see the log.",
        ("code",),
    ),
    "livesrv_command_seconds": Family(
        "histogram",
        "From an order's or a gift's arrival to its reply; slow: the ledger's disk or loop lag.",
        ("type",),
    ),
    "livesrv_http_requests_total": Family(
        "counter",
        "HTTP answers; a growing share of 5xx: look at the stores and the log.",
        ("status",),
    ),
    "livesrv_over_budget_total": Family(
        "counter",
        "Turned down for being too much; for long: abuse, or a proxy not in trusted_proxies.",
        ("setting",),
    ),
}
ROOMS = {
    "livesrv_rooms": Family(
        "gauge", "Rooms with members here; none during a show: look at the bus."
    ),
    "livesrv_members": Family(
        "gauge", "Members of rooms here; uneven over workers: reconnect some."
    ),
    "livesrv_flushes_total": Family(
        "counter", "Batches sent to rooms; stands still during a show: look at the bus."
    ),
    "livesrv_frames_total": Family(
        "counter", "Frames written to members; falls while members stay: the loop is too busy."
    ),
    "livesrv_comment_deliveries_total": Family(
        "counter", "Comments times the members they went to; what the CPU is spent on."
    ),
    "livesrv_comments_shed_total": Family(
        "counter",
        "Comments that found no place in a batch; many: a raid, or the budget is too small.",
    ),
    "livesrv_gap_items_total": Family(
        "counter",
        "Items that slow members missed; many: thin lines, or a machine out of bandwidth.",
    ),
    "livesrv_slow_closes_total": Family(
        "counter", "Members closed for being too slow; many at once: the machine's network."
    ),
    "livesrv_fan_out_seconds": Family(
        "gauge", "What the last fan-out took; above the flush window: add workers."
    ),
    "livesrv_flush_lag_seconds": Family(
        "gauge", "How late the last flush began; above 0.05: the loop is too busy, add workers."
    ),
    "livesrv_flush_window_seconds": Family(
        "gauge", "How long the busiest room gathers; at its maximum for long: add workers."
    ),
    "livesrv_outbox_comments": Family(
        "gauge", "Comments that wait for the bus; hundreds: the bus is slow or away."
    ),
}
LEDGER = {
    "livesrv_ledger_waiting": Family(
        "gauge", "Entries that wait for the ledger; near post_queue_max: its disk is too slow."
    ),
    "livesrv_ledger_waiting_max": Family(
        "gauge", "How many may wait; reached: gifts and orders are answered busy."
    ),
    "livesrv_ledger_oldest_seconds": Family(
        "gauge", "Age of the oldest waiting entry; above 1: orders are slow, look at the disk."
    ),
    "livesrv_ledger_calls": Family(
        "gauge", "Calls of the ledger under way; above 0 while entries stand still: it hangs."
    ),
    "livesrv_ledger_call_seconds": Family(
        "histogram",
        "What a call of the ledger took, of up to 128 entries; above 0.05: its disk is too slow.",
    ),
    "livesrv_ledger_call_longest_seconds": Family(
        "gauge",
        "Longest that a call took within a second; above 0.1: its disk or network is too slow.",
    ),
    "livesrv_ledger_entries_total": Family(
        "counter", "Entries the ledger answered; stands still with some waiting: it is away."
    ),
}
PROCESS = {
    "livesrv_store_up": Family(
        "gauge",
        "1 while the store answers, else 0; 0: see the store's log and its disk.",
        ("store",),
    ),
    "livesrv_store_ping_seconds": Family(
        "gauge", "How long the store took to answer; above 0.1: a slow disk or network.", ("store",)
    ),
    "livesrv_loop_lag_seconds": Family(
        "gauge", "Longest the event loop was late within a second; above 0.1: add workers."
    ),
    "livesrv_process_start_time_seconds": Family(
        "gauge", "When the process began (Unix time); changes by itself: it died, see the log."
    ),
    "livesrv_process_uptime_seconds": Family(
        "gauge", "Age of the process when its numbers were read; stands still: it hangs."
    ),
    "livesrv_process_cpu_seconds_total": Family(
        "counter", "CPU time; a rate near 1 is a full core: add workers."
    ),
    "livesrv_process_cpu_wait_seconds_total": Family(
        "counter",
        "Time it was ready and had no core; a rate above 0.2: too much else runs on its cores.",
    ),
    "livesrv_process_cores": Family(
        "gauge",
        "Cores that the process may use; all processes on the same one: see who pinned them.",
        ("which",),
    ),
    "livesrv_process_open_files": Family(
        "gauge", "Open files, sockets among them; near the limit: raise it (ulimit -n)."
    ),
    "livesrv_process_open_files_max": Family(
        "gauge", "Files it may have open; hardly more than connections_max: raise it (ulimit -n)."
    ),
    "livesrv_process_resident_bytes": Family(
        "gauge", "Memory in use; grows while connections do not: a leak, tell us."
    ),
    "livesrv_gc_collections_total": Family(
        "counter",
        "Garbage collections; generation 2 many a minute: a leak, or far too much load.",
        ("generation",),
    ),
}
STORES = {
    "livesrv_store_cpu_seconds_total": Family(
        "counter",
        "CPU time of the store's one thread for commands; a rate near 1: it is full.",
        ("store",),
    ),
    "livesrv_store_cores": Family(
        "gauge",
        "Cores that a store on this machine may use; one that workers have too: see who pinned it.",
        ("store", "which"),
    ),
    "livesrv_store_resident_bytes": Family(
        "gauge",
        "Memory of the store; near the machine's: more memory, or archive more.",
        ("store",),
    ),
    "livesrv_store_clock_seconds": Family(
        "gauge",
        "Unix time at the store when it told of its CPU time; seconds off: set its clock.",
        ("store",),
    ),
}
BACK_OFFICE = {
    "livesrv_shows_live": Family(
        "gauge", "Shows that are on by the books; falls at once by many: see who ended them."
    ),
    "livesrv_journal_lines": Family(
        "gauge",
        "The journal's last place; stands still during a show: nothing is sold, or no money.",
    ),
    "livesrv_journal_sealed_lines": Family(
        "gauge",
        "How far the journal is archived; falls ever further behind: look at the archive's disk.",
    ),
    "livesrv_relay_lag_lines": Family(
        "gauge",
        "Lines the rooms have not been told; hundreds for seconds: the bus is slow or away.",
    ),
    "livesrv_commission_lag_lines": Family(
        "gauge",
        "Lines whose commission is not posted; thousands for long: see the back office's log.",
    ),
    "livesrv_money_stopped": Family(
        "gauge", "1 while the live audit has stopped money; run `livesrv audit`, then resume."
    ),
}
FAMILIES = DOORS | ROOMS | LEDGER | PROCESS | STORES | BACK_OFFICE
"""All of them by name."""
