"""What this machine, and the server, allow beside what a run will need. Pure.

Must not know where the numbers come from; None is what nobody told, and is not complained of.
Invariants: a check that is not OK says how to put it right, in one sentence with the command;
STOP is for what is sure to spoil the run, WARN for what may.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from ..process import FILES_SPARE

SERVER_FILES_SPARE = 128
"""Of a worker beside its connections: stores, HTTP, logs; an idle one has some 30."""
UNEVEN = 1.1
"""The kernel picks one of several workers by chance: of 1,000 connections over two, the busier has
9 % more than its half in 3 of 1,000 cases (three standard deviations); of more of them, less."""
PORTS_UNEVEN = 1.1
"""Ports stay taken for a minute after a connection that we ended: for those who come and go."""
VIEWER_BYTES = 20_000
"""Of the generator, at the most."""
SOCKET_BYTES = 4_096
"""One end of a connection in the kernel, when it is idle: measured 3.0 to 4.0 KB (Linux 6.18)."""
MEMBER_BYTES = 12_000
"""One member in a worker: 3.4 KB measured, 12 KB is what it may be."""
MEMORY_SHARE = 0.9
"""Of what is available: a machine without any to spare begins to swap."""
PEOPLE_PER_CREW_MAX = 10_000
"""Beyond, one process's loop may be late before the server is."""
OTHERS = 2
"""Cores for what a server runs beside its workers (stores and back office), at full load."""
BUSY_PCT = 20.0
"""Of all cores, before the run has begun."""
BACKLOG = 4_096
"""What a server asks the kernel to keep of connections that it has not come to yet."""
CREWS_MAX = 64
"""What `--crews` takes."""
ADDRESS_CONNECTIONS = 5_000
"""What a worker takes from one address that is not a trusted proxy, unless set otherwise."""
GOOD_CLOCKS = frozenset(
    {"tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "xen", "unknown"}
)
"""Read without a call of the kernel, or by a cheap one; hpet and acpi_pm take a microsecond."""
CLOCK_STEP_MS = 0.1
"""A tenth of the shortest time that is told apart."""
WIDE_PORTS = (1024, 65_535)


class State(Enum):
    OK = "ok"
    WARN = "warn"
    STOP = "stop"


@dataclass(frozen=True)
class Check:
    """`found` and `needed` are for people; `fix` is empty when there is nothing to put right."""

    name: str
    state: State
    found: str
    needed: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a run will ask for: its people, hosts among them, and generator processes."""

    viewers: int
    crews: int

    @property
    def per_crew(self) -> int:
        return math.ceil(self.viewers / self.crews)


@dataclass(frozen=True)
class Files:
    """Of one of the server's processes. `name` is its own."""

    name: str
    open_files: int
    open_files_max: int | None
    connections_max: int | None = None


@dataclass(frozen=True, kw_only=True)
class Server:
    """`is_here`: it runs on this machine. `workers` is empty when none told of itself; then
    `silence` says why, and `advice` what to do."""

    url: str
    is_here: bool
    workers: tuple[Files, ...] = ()
    silence: str = ""
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """This machine, as this process sees it. `addresses` are what connections come from."""

    cores: int
    addresses: int
    files_max: int
    """Open files of one process, as far as its soft limit can be raised."""
    all_files: tuple[int, int] | None = None
    """Open files of the whole machine, and their limit."""
    ports: tuple[int, int] | None = None
    memory_available_bytes: int | None = None
    busy_pct: float | None = None
    """Of all cores."""
    clock: str = "unknown"
    clock_step_ms: float = 0.0
    backlog_max: int | None = None
    tracked: tuple[int, int] | None = None
    """Connections that the firewall keeps track of, and the most it can."""


def judge(need: Need, found: Surroundings, server: Server) -> list[Check]:
    """All checks, in the order of `CHECKS`; those of which nothing is known are left out."""
    return [check for judged in CHECKS for check in judged(need, found, server)]


def _files(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    needed = need.per_crew + FILES_SPARE
    shown = f"{needed:,} ({need.per_crew:,} viewers in each of {need.crews})"
    has = f"{found.files_max:,}"
    if needed <= found.files_max:
        yield Check("open files, a generator process", State.OK, has, shown)
        return
    crews = math.ceil(need.viewers / max(1, found.files_max - FILES_SPARE))
    more = f"use --crews {crews}, or " if crews <= CREWS_MAX else ""
    fix = f"{more}raise the hard limit, as root: ulimit -n {needed}"
    yield Check("open files, a generator process", State.STOP, has, shown, fix)


def _all_files(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    if found.all_files is None:
        return
    used, most = found.all_files
    needed = used + need.viewers * (2 if server.is_here else 1)
    state = State.OK if needed <= most else State.STOP
    fix = "" if needed <= most else f"sysctl -w fs.file-max={2 * needed}"
    yield Check("open files, the machine", state, f"{most:,}", f"{needed:,}", fix)


def _server_files(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    if not server.workers:
        yield Check("server", State.WARN, server.silence, "one that answers", server.advice)
        return
    share = _share(need.viewers, len(server.workers))
    for worker in server.workers:
        needed = worker.open_files + share + SERVER_FILES_SPARE
        if worker.open_files_max is None:
            continue
        is_enough = needed <= worker.open_files_max
        fix = "" if is_enough else f"before starting the server: ulimit -n {needed}"
        state = State.OK if is_enough else State.STOP
        has = f"{worker.open_files_max:,}"
        yield Check(f"open files, {worker.name}", state, has, f"{needed:,}", fix)


def _connections(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    share = _share(need.viewers, len(server.workers))
    for worker in server.workers:
        most = worker.connections_max
        if most is not None and share > most:
            fix = f"livesrv serve --connections-max {share}"
            yield Check(f"connections, {worker.name}", State.STOP, f"{most:,}", f"{share:,}", fix)


def _address(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    """From elsewhere all viewers come from one address."""
    share = _share(need.viewers, max(1, len(server.workers)))
    if not server.is_here and share > ADDRESS_CONNECTIONS:
        yield Check(
            "connections of one address",
            State.WARN,
            f"{ADDRESS_CONNECTIONS:,} a worker, unless set otherwise",
            f"{share:,}",
            f"livesrv serve --connections-per-address-max {share}",
        )


def _ports(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    if found.ports is None:
        return
    low, high = found.ports
    has, needed = _count(found.ports) * found.addresses, math.ceil(need.viewers * PORTS_UNEVEN)
    shown = f"{has:,} ({low}-{high} on {found.addresses} {_plural('address', found.addresses)})"
    if needed <= has:
        yield Check("ports", State.OK, shown, f"{needed:,}")
        return
    wide = _count(WIDE_PORTS) * found.addresses
    fix = 'sysctl -w net.ipv4.ip_local_port_range="1024 65535"'
    if wide < needed:
        machines = math.ceil(needed / wide)
        fix += f", and spread the viewers over {machines} generator machines"
    yield Check("ports", State.STOP, shown, f"{needed:,}", fix)


def _memory(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    if found.memory_available_bytes is None:
        return
    each = VIEWER_BYTES + SOCKET_BYTES + (MEMBER_BYTES + SOCKET_BYTES if server.is_here else 0)
    has, needed = found.memory_available_bytes * MEMORY_SHARE, need.viewers * each
    whose = "viewers and server" if server.is_here else "viewers"
    shown = f"{_mib(needed)} MiB ({each / 1000:.0f} KB a viewer: {whose})"
    if needed <= has:
        yield Check("memory", State.OK, f"{_mib(has)} MiB", shown)
        return
    fix = f"play at most {int(has / each):,} viewers from this machine: --viewers {int(has / each)}"
    yield Check("memory", State.STOP, f"{_mib(has)} MiB", shown, fix)


def _cores(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    has = f"{found.cores}"
    workers = len(server.workers) if server.is_here else 0
    needed = need.crews + (workers + OTHERS if workers else 0)
    shown = f"{need.crews} for the generator"
    if workers:
        shown += f", {workers + OTHERS} for the server"
    if need.crews > found.cores:
        fix = f"use --crews {found.cores}: more processes than cores wait for each other"
        needed_files = math.ceil(need.viewers / found.cores) + FILES_SPARE
        if needed_files > found.files_max:
            fix += f" (and as root, for their files: ulimit -n {needed_files})"
    elif needed > found.cores:
        fix = "they share cores, and so do their figures: play from another machine than the server"
    elif need.per_crew > PEOPLE_PER_CREW_MAX and need.crews < found.cores:
        crews = min(found.cores, math.ceil(need.viewers / PEOPLE_PER_CREW_MAX))
        fix = f"use --crews {crews}: one process with {need.per_crew:,} viewers may be late itself"
    else:
        fix = ""
    yield Check("cores", State.WARN if fix else State.OK, has, shown, fix)


def _busy(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    if found.busy_pct is not None:
        is_busy = found.busy_pct > BUSY_PCT
        fix = "end what else runs here: top -o %CPU shows it" if is_busy else ""
        state = State.WARN if is_busy else State.OK
        has, needed = f"{found.busy_pct:.0f} % of all cores", f"at most {BUSY_PCT:.0f} %"
        yield Check("other programs", state, has, needed, fix)


def _clock(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    is_good = found.clock in GOOD_CLOCKS and found.clock_step_ms <= CLOCK_STEP_MS
    fix = ""
    if not is_good:
        fix = "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource"
    state = State.OK if is_good else State.WARN
    has = f"{found.clock}, steps of {found.clock_step_ms * 1e6:.0f} ns"
    yield Check("clock", state, has, "one that is read quickly, like tsc", fix)


def _backlog(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    if found.backlog_max is not None and server.is_here:
        needed = min(need.viewers, BACKLOG)
        is_enough = found.backlog_max >= needed
        fix = "" if is_enough else f"sysctl -w net.core.somaxconn={BACKLOG}, and start it anew"
        state = State.OK if is_enough else State.WARN
        yield Check("backlog of the server", state, f"{found.backlog_max:,}", f"{needed:,}", fix)


def _tracked(need: Need, found: Surroundings, server: Server) -> Iterator[Check]:
    if found.tracked is None:
        return
    used, most = found.tracked
    needed = used + need.viewers
    is_enough = needed <= most
    fix = "" if is_enough else f"sysctl -w net.netfilter.nf_conntrack_max={2 * needed}"
    state = State.OK if is_enough else State.WARN
    yield Check("connections the firewall tracks", state, f"{most:,}", f"{needed:,}", fix)


def _share(viewers: int, workers: int) -> int:
    """Viewers of the worker that the kernel gives the most."""
    return viewers if workers <= 1 else math.ceil(viewers / workers * UNEVEN)


def _count(ports: tuple[int, int]) -> int:
    return ports[1] - ports[0] + 1


def _mib(size_bytes: float) -> str:
    return f"{size_bytes / 2**20:,.0f}"


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}es"


CHECKS: tuple[Callable[[Need, Surroundings, Server], Iterator[Check]], ...] = (
    *(_files, _all_files, _server_files, _connections, _address, _ports, _memory),
    *(_cores, _busy, _clock, _backlog, _tracked),
)
