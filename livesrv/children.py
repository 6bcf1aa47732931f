"""One process that is kept alive: started, watched, started again when it dies, stopped.

Must not know what the process does. Invariants: a child that was started is running, or about to
be started again, until `stop`; when this process dies, however it dies, its children die too.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import IO

from msgspec import Struct

READY_FD = "LIVESRV_READY_FD"
"""Names the descriptor to which a child writes one byte when it serves."""
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 5.0
SETTLED_S = 10.0
"""A child that lived this long was well: its next death counts as the first one."""
TAIL_LINES = 12
STDERR_FD = 2
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal this process gets when its parent dies. Linux only."""

log = logging.getLogger(__name__)
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ChildError(Exception):
    """A child did not come up; the message is for a person, and may have several lines."""


class Program(Struct, frozen=True):
    """What to run. `is_ready` is awaited until it returns; without it, the child writes READY_FD.

    `death_signal` is what the child gets when we die without having stopped it.
    """

    name: str
    argv: list[str]
    cwd: Path | None = None
    is_ready: Callable[[], Awaitable[None]] | None = None
    ready_within_s: float = 60.0
    death_signal: signal.Signals = signal.SIGKILL


class Backoff:
    """How long to wait before the next start: not at all, then 0.1 s, doubling up to 5 s."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def pause_s(self, alive_s: float) -> float:
        """The pause after a child died that had been alive for `alive_s` seconds."""
        if alive_s >= SETTLED_S:
            self._next_s = 0.0
        pause_s = self._next_s
        self._next_s = min(max(pause_s * 2, PAUSE_FIRST_S), PAUSE_MAX_S)
        return pause_s


class Child:
    """A running `Program`. `log_file` None: what it prints goes to our stderr."""

    def __init__(
        self,
        program: Program,
        *,
        log_file: Path | None = None,
        keep_fds: tuple[int, ...] = (),
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        """`keep_fds` stay open in the child; `on_start` is called when `pid` has changed."""
        self.name = program.name
        self._program = program
        self._log_file = log_file
        self._log_offset = 0
        self._keep_fds = keep_fds
        self._on_start = on_start
        self._process: asyncio.subprocess.Process | None = None
        self._pipe: _ReadyPipe | None = None
        self._started_at_s = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._stop_asked = asyncio.Event()
        self._stop_signal = signal.SIGTERM

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Run the program, wait until it serves, and keep it running from then on.

        Raises `ChildError` when it dies first, or takes too long.
        """
        await self._spawn()
        try:
            await self._until_ready()
        except BaseException:
            self.kill()
            raise
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self, *, grace_s: float) -> None:
        """End the process for good: SIGTERM, and SIGKILL after `grace_s` seconds."""
        self._stop_asked.set()
        self._send(signal.SIGTERM)
        ended = asyncio.ensure_future(self._ended())
        _, pending = await asyncio.wait({ended}, timeout=grace_s)
        if pending:
            log.warning("%s did not stop within %g s; killing it", self.name, grace_s)
            self.kill()
        await ended
        self._close_pipe()

    def kill(self) -> None:
        """End the process for good, at once. `stop` still has to be awaited."""
        self._stop_asked.set()
        self._stop_signal = signal.SIGKILL
        self._send(signal.SIGKILL)

    async def _spawn(self) -> None:
        environ = {name: value for name, value in os.environ.items() if name != READY_FD}
        fds = self._keep_fds
        if self._program.is_ready is None:
            self._pipe = _ReadyPipe()
            environ[READY_FD] = str(self._pipe.write_fd)
            fds = (*fds, self._pipe.write_fd)
        with self._output() as output:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._program.argv,
                    cwd=self._program.cwd,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=fds,
                    start_new_session=True,  # the terminal's Ctrl-C is for the supervisor alone
                    preexec_fn=tie(self._program.death_signal),
                )
            finally:
                if self._pipe is not None:
                    self._pipe.close_write()
        self._started_at_s = asyncio.get_running_loop().time()
        self._on_start()

    async def _until_ready(self) -> None:
        ready = asyncio.ensure_future(self._ready())
        ended = asyncio.ensure_future(self._running().wait())
        within_s = self._program.ready_within_s
        try:
            done, _ = await asyncio.wait(
                {ready, ended}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for waiting in (ready, ended):
                waiting.cancel()
        if ready in done:
            ready.result()
        elif ended in done:
            raise ChildError(f"{self.name} {_fate(ended.result())} before it served{self._tail()}")
        else:
            raise ChildError(f"{self.name} does not serve after {within_s:g} s{self._tail()}")

    async def _ready(self) -> None:
        if self._program.is_ready is not None:
            await self._program.is_ready()
        elif self._pipe is not None:
            await self._pipe.said.wait()

    async def _keep(self) -> None:
        backoff = Backoff()
        while True:
            status = await self._running().wait()
            self._close_pipe()
            if self._stop_asked.is_set():
                return
            alive_s = asyncio.get_running_loop().time() - self._started_at_s
            pause_s = backoff.pause_s(alive_s)
            log.warning(
                "%s %s after %.1f s; starting it again %s",
                self.name,
                _fate(status),
                alive_s,
                f"in {pause_s:g} s" if pause_s else "at once",
            )
            await self._respawn(pause_s)

    async def _respawn(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop_asked.wait(), pause_s)
            return
        try:
            await self._spawn()
        except OSError as error:  # no memory, say: counts as a start that lived for no time
            log.error("cannot start %s: %s", self.name, error)
            self._started_at_s = asyncio.get_running_loop().time()
        if self._stop_asked.is_set():
            self._send(self._stop_signal)

    async def _ended(self) -> None:
        if self._keeper is not None:
            await self._keeper
        elif self._process is not None:
            await self._process.wait()

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "only a child that was spawned is waited for"
        return self._process

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _close_pipe(self) -> None:
        if self._pipe is not None:
            self._pipe.close()

    @contextlib.contextmanager
    def _output(self) -> Iterator[IO[bytes] | int]:
        """Where the child prints to."""
        if self._log_file is None:
            yield STDERR_FD
            return
        with self._log_file.open("ab") as file:
            if self._process is None:
                self._log_offset = file.tell()
            yield file

    def _tail(self) -> str:
        """What the child printed last since its first start, where we have it."""
        if self._log_file is None:
            return "; what it printed is above"
        with self._log_file.open("rb") as file:
            file.seek(self._log_offset)
            lines = file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f"; from {self._log_file}:", *lines])


class _ReadyPipe:
    """The pipe on which a child says that it serves. Both our ends are closed when it is over."""

    def __init__(self) -> None:
        self._read_fd, self.write_fd = os.pipe()
        self.said = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._read_fd, self._on_readable)

    def _on_readable(self) -> None:
        if os.read(self._read_fd, 1):
            self.said.set()
        self.close()

    def close_write(self) -> None:
        os.close(self.write_fd)

    def close(self) -> None:
        if self._read_fd >= 0:
            self._loop.remove_reader(self._read_fd)
            os.close(self._read_fd)
            self._read_fd = -1


def tie(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child does between fork and exec (`preexec_fn`), so that it cannot outlive us."""
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def tie_to_parent() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # we died in between, and the signal will not come
            os.kill(os.getpid(), signal.SIGKILL)

    return tie_to_parent


def _fate(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    names = {number.value: number.name for number in signal.Signals}
    return f"was killed by {names.get(-status, f'signal {-status}')}"
