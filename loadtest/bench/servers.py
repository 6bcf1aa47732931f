"""Servers of a bench's own: started for one row in a directory of their own, pinned, and ended.

Knows the command line and DATA_DIR of the server, and nothing of the code behind them. Invariant:
when `serving` or `broadcasting` ends, however it ends, the processes and the directory are gone.
"""

import json
import os
import resource
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from ..checkout.machine import cpu_s
from ..client.credentials import Mint

START_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
LIVESRV = (sys.executable, "-m", "livesrv")
FILES_ENOUGH = 200_000
KILOBYTE = 1_024
ALL_CORES = os.sched_getaffinity(0)
WORKER_CORE = {max(ALL_CORES)}
"""One core for the worker alone…"""
OTHER_CORE = {min(ALL_CORES)}
"""…and one for everything else: stores, back office, audience. The same where there is only one."""
STORES = ("ledger", "bus")
"""They go before the audience on that core, if we may say so: on a real night it is elsewhere."""

Settings = Mapping[str, object]
STOPS_AT_ONCE: Settings = {"drain_ms": 0}


class NoServer(Exception):
    """A server did not come up; the message says what it printed."""


@dataclass(frozen=True)
class Server:
    """A running server. `left_out`: settings asked for that it does not know."""

    url: str
    data_dir: Path
    mint: Mint
    left_out: list[str]

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    def pids(self) -> dict[str, int]:
        pids: dict[str, int] = json.loads((self.data_dir / "pids.json").read_text())
        return pids

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds that each process has used."""
        return cpu_s(self.data_dir)

    def worker_rss_bytes(self) -> int:
        return _rss_bytes(self.pids()["worker-0"])


@contextmanager
def serving(settings: Settings, *, is_pinned: bool = True) -> Iterator[Server]:
    """Run a server on a free port. Settings it does not know are left out."""
    with tempfile.TemporaryDirectory(prefix="livesrv-bench-") as directory:
        data_dir = Path(directory) / "data"
        wanted = {**STOPS_AT_ONCE, **settings}
        known = {name: value for name, value in wanted.items() if name in _settings()}
        config, log = Path(directory) / "livesrv.toml", Path(directory) / "log"
        config.write_text(
            "".join(f"{name} = {json.dumps(value)}\n" for name, value in known.items())
        )
        command = [*LIVESRV, "serve", "--port", "0", "--data-dir", str(data_dir)]
        command += ["--config", str(config)]
        with log.open("wb") as said, _running(command, said.fileno()) as process:
            url = _url(process, log)
            mint = Mint((data_dir / "secret").read_text().strip(), str(data_dir / "secret"))
            server = Server(url, data_dir, mint, sorted(wanted.keys() - known.keys()))
            for name, pid in server.pids().items():
                pin(pid, _cores(name) if is_pinned else ALL_CORES)
                if name in STORES:
                    put_first(pid)
            yield server


@contextmanager
def broadcasting(frame_bytes: int) -> Iterator[tuple[int, int]]:
    """Run the bare broadcaster on the workers' core; its port and pid."""
    command = [sys.executable, "-m", "loadtest.bench.broadcaster", str(frame_bytes)]
    with _running(command, subprocess.DEVNULL) as process:
        pin(process.pid, WORKER_CORE)
        yield int(_line(process) or 0), process.pid


def pin(pid: int, cores: set[int]) -> None:
    """Keep a process, with all the threads it has, on these cores."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def put_first(pid: int) -> None:
    """Have a process run as soon as it can, if we may."""
    with suppress(PermissionError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_RR, os.sched_param(1))


def files_max() -> int:
    """Files that a process may have open; raises our own limit to that, for servers inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, FILES_ENOUGH) if hard != resource.RLIM_INFINITY else FILES_ENOUGH
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def process_cpu_s(pid: int) -> float:
    """CPU seconds of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _cores(name: str) -> set[int]:
    return WORKER_CORE if name.startswith("worker") else OTHER_CORE


def _rss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * KILOBYTE
    return 0


@cache
def _settings() -> frozenset[str]:
    """The words of the server's own help: its settings among them."""
    done = subprocess.run([*LIVESRV, "serve", "--help"], capture_output=True, text=True)
    return frozenset(done.stdout.split())


@contextmanager
def _running(command: list[str], stderr: int) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("LIVESRV_")}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _line(process: "subprocess.Popen[bytes]") -> str:
    """The next line it prints; empty when none came in time."""
    assert process.stdout is not None  # it was opened with a pipe
    waiting = select.poll()  # select(2) cannot look at descriptors above 1,023
    waiting.register(process.stdout, select.POLLIN)
    ready = waiting.poll(START_WITHIN_S * 1000)
    return process.stdout.readline().decode().strip() if ready else ""


def _url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    line = _line(process)
    if not line.startswith("livesrv serves at "):
        raise NoServer(f"the server did not start: {line} {log.read_text(errors='replace')}")
    return line.removeprefix("livesrv serves at ").partition(";")[0]
