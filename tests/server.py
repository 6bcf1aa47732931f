"""A real server for tests: `livesrv serve` as a subprocess, on a free port, in its own directory.

Knows the command line and DATA_DIR, and nothing of the code behind them. Invariant: when `serving`
ends, the server has ended by itself with status 0, none of its processes is left and none of them
printed a traceback.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jwt

from .waiting import is_alive

Settings = Mapping[str, object]
"""What a TOML file for `--config` holds: numbers, strings, booleans, lists, tables of numbers."""

START_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
TOKEN_TTL_S = 3600
LIVESRV = (sys.executable, "-m", "livesrv")
FOR_TESTS: Settings = {"workers": 2, "drain_ms": 500}
"""Two workers, so that members of a room are on both; clients of tests need no time to move."""

QUICK: dict[str, object] = {"flush_window_ms": 10}
"""For tests that wait for one batch after the other."""


@dataclass(frozen=True)
class Server:
    """A running server. `url` is http://HOST:PORT; `log` has what all its processes printed."""

    url: str
    data_dir: Path
    process: "subprocess.Popen[bytes]"
    log: Path
    secret: str = field(repr=False)
    killed: list[str] = field(default_factory=list, repr=False)

    @property
    def ws_url(self) -> str:
        return self.url.replace("http://", "ws://", 1) + "/ws"

    def token(
        self, user: str, *roles: str, name: str | None = None, ttl_s: float = TOKEN_TTL_S
    ) -> str:
        """A token signed with the server's secret; a viewer's when no roles are named."""
        claims: dict[str, object] = {"sub": user, "roles": list(roles or ("viewer",))}
        claims["exp"] = int(time.time() + ttl_s)
        return jwt.encode(claims | ({} if name is None else {"name": name}), self.secret)

    def pids(self) -> dict[str, int]:
        """The processes by name: supervisor, ledger, bus, backoffice, worker-0, worker-1…"""
        found: dict[str, int] = json.loads((self.data_dir / "pids.json").read_bytes())
        return found

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send one process a signal; its pid."""
        pid = self.pids()[name]
        os.kill(pid, number)
        if number is signal.SIGKILL:
            self.killed.append(name)
        return pid

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Stop one process in its tracks for a while: alive, and not answering."""
        pid = self.kill(name, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def audit(self) -> str:
        """Replay the journal; fails unless it is clean. Works on a stopped server too."""
        done = subprocess.run(
            [*LIVESRV, "audit", "--data-dir", str(self.data_dir)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stop(self) -> None:
        """End it with SIGTERM: it ends with status 0 and leaves no process behind."""
        if self.process.poll() is not None:
            return
        running = self.pids()
        self.process.terminate()
        status = self.process.wait(STOP_WITHIN_S)
        assert status == 0, f"ended with {status}\n{self.log.read_text()}"
        left = [name for name, pid in running.items() if is_alive(pid)]
        assert not left, f"left running: {left}"

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def serving(
    directory: Path, settings: Settings | None = None, *, inside: Sequence[str] = ()
) -> Iterator[Server]:
    """Run a server whose files are in `directory`; the same one again takes over its ledger."""
    server = started(directory, settings, inside=inside)
    try:
        yield server
        server.stop()
        assert "Traceback" not in server.log_text(), server.log_text()
    finally:
        _end(server.process)


def started(
    directory: Path, settings: Settings | None = None, *, inside: Sequence[str] = ()
) -> Server:
    """Start one and return when it serves; whoever calls this stops it.

    `inside` is a command that runs another one, in some other place.
    """
    directory.mkdir(parents=True, exist_ok=True)
    data_dir, log = directory / "data", directory / "log"
    toml = directory / "livesrv.toml"
    toml.write_text(as_toml({**FOR_TESTS, **(settings or {})}))
    command = [*LIVESRV, "serve", "--port", "0"]
    with log.open("ab") as said:
        process = subprocess.Popen(
            [*inside, *command, "--data-dir", str(data_dir), "--config", str(toml)],
            stdout=subprocess.PIPE,
            stderr=said,
        )
    try:
        url = _url(process, log)
        secret = (settings or {}).get("jwt_secret") or (data_dir / "secret").read_text().strip()
        return Server(url, data_dir, process, log, str(secret))
    except BaseException:
        _end(process)
        raise


def as_toml(settings: Settings) -> str:
    """Write settings down; JSON is TOML for all but tables."""
    plain = {name: value for name, value in settings.items() if not isinstance(value, Mapping)}
    tables = {name: value for name, value in settings.items() if isinstance(value, Mapping)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", as_toml(table)]
    return "\n".join(lines) + "\n"


def _url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The URL of the line it prints when it serves."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_WITHIN_S)
    line = process.stdout.readline().decode() if ready else ""
    assert line.startswith("livesrv serves at http://"), f"{line!r}\n{log.read_text()}"
    return line.removeprefix("livesrv serves at ").partition(";")[0]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Whatever happened, the server and so its children are gone, and the pipe is closed."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


class Serve:
    """Starts servers with settings of their own; all of them end with the test."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stack = ExitStack()
        self._count = 0

    def __call__(self, **settings: object) -> Server:
        self._count += 1
        directory = self._directory / f"server-{self._count}"
        return self._stack.enter_context(serving(directory, settings))

    def close(self) -> None:
        self._stack.close()
