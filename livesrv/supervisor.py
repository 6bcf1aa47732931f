"""The supervisor starts, watches, restarts and drains everything else; it serves nothing itself.

    ledger, bus  ->  back office  ->  worker-0 … worker-N, rehearsal      started in this order
    worker-0 … worker-N, rehearsal  ->  back office  ->  bus, ledger      stopped in this one

Any child may be killed at any moment and comes back by itself; the others stay. Must not know
what is said on the wire or written in the ledger. Invariant: while it runs, DATA_DIR/run.json is
the configuration its children have; when it has ended, nothing of it is left running.
"""

import asyncio
import errno
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Coroutine
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from redis.exceptions import RedisError

from livesrv import auth, config, datadir, stores
from livesrv.children import Child, ChildError, Program
from livesrv.config import Config, ConfigError
from livesrv.datadir import Claim, DataDirError
from livesrv.ledger.archive import Archive
from livesrv.ledger.archiver import require_known
from livesrv.ledger.segment import ArchiveError
from livesrv.ledger.store import install
from livesrv.stores import EmbeddedStore, StoreError, StoreRole

LOADING_WAIT_S = 600.0
"""An embedded ledger reads its whole journal when it starts: about 1 s for each 100 MB."""
DRAIN_EXTRA_S = 5.0
"""What a worker has, after its clients' time to move, to close what is left."""
BACKOFFICE_GRACE_S = 5.0
REHEARSAL_GRACE_S = 20.0
"""It has stores of its own to close; when it is killed, all that it started dies with it."""
STORE_GRACE_S = 10.0
ANY_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to listen on, and what to write in a URL instead."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

WORKER = (sys.executable, "-m", "livesrv.worker")
BACKOFFICE = (sys.executable, "-m", "livesrv.backoffice")
REHEARSAL = (sys.executable, "-m", "livesrv.rehearsal")

log = logging.getLogger(__name__)


class SetupError(Exception):
    """The server cannot start, or was told to stop before it had; the message is for a person."""


class PortError(Exception):
    """The address cannot be listened on; the message is one sentence for a person."""


SETUP_ERRORS = (ChildError, ConfigError, DataDirError, OSError, PortError, StoreError)
"""What a person can put right; anything else is our bug and keeps its traceback."""


class Supervisor:
    """One server. Use from the main thread: `start`, `run_until_stopped`, in the end `stop`."""

    def __init__(self, config: Config, *, log_dir: Path | None = None) -> None:
        """`log_dir`: where children's output goes, NAME.log each; without it to our stderr."""
        self.config = config
        """As given; once started, as resolved: port, store URLs, secret and data_dir filled in."""
        self._directory = Path(config.data_dir).absolute()
        self._log_dir = log_dir
        self._claim: Claim | None = None
        self._port_sockets: list[socket.socket] = []
        self._stores: list[Child] = []
        self._backoffice: list[Child] = []
        self._workers: list[Child] = []
        self._rehearsal: list[Child] = []
        self._stop_asked = asyncio.Event()
        self._stopping: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        host = ANY_HOSTS.get(self.config.host, self.config.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.config.port}"

    async def start(self) -> None:
        """Start everything and return when all of it serves.

        Takes over SIGINT and SIGTERM: the first asks `run_until_stopped` to stop, a second one
        kills. Raises `SetupError`, leaving nothing behind.
        """
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        try:
            await _unless(self._stop_asked, self._set_up())
        except SETUP_ERRORS as error:
            await self.stop()
            raise SetupError(str(error)) from error
        except BaseException:
            await self.stop()
            raise

    async def run_until_stopped(self) -> None:
        """Return when SIGINT or SIGTERM has come and everything has ended."""
        await self._stop_asked.wait()
        await self.stop()

    async def stop(self) -> None:
        """Drain the workers and end everything. May be called any number of times."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._tear_down())
        await asyncio.shield(self._stopping)

    async def _set_up(self) -> None:
        self._claim = await asyncio.to_thread(Claim, self._directory)
        self._port_sockets = claim_port(self.config.host, self.config.port)
        self._write_pids()
        self.config = replace(
            self.config,
            data_dir=str(self._directory),
            port=self._port_sockets[0].getsockname()[1],
            jwt_secret=auth.secret(self._directory, self.config.jwt_secret),
        )
        await _together(self._set_up_ledger(), self._set_up_bus())
        await self._serve()

    async def _set_up_ledger(self) -> None:
        url = await self._store("ledger", self.config.ledger_url)
        await prepare_ledger(url, datadir.archive(self._directory))
        self.config = replace(self.config, ledger_url=url)

    async def _set_up_bus(self) -> None:
        url = await self._store("bus", self.config.bus_url)
        self.config = replace(self.config, bus_url=url)

    async def _store(self, role: StoreRole, url: str | None) -> str:
        """The URL of a store that is fit for `role`: the configured one, else one of our own."""
        if url is not None:
            await stores.check(url, role=role)
            return url
        store = stores.embedded(role, self._directory)
        await self._start(self._stores, store_program(store))
        return store.url

    async def _serve(self) -> None:
        """Write down where everything is, and start those who need to know."""
        run_json = self._directory / "run.json"
        datadir.write(run_json, config.to_json(self.config))
        datadir.announce(self.config.port, self._directory)
        backoffice = [*BACKOFFICE, str(run_json), secrets.token_hex(8)]
        await self._start(self._backoffice, Program("backoffice", backoffice))
        workers = [
            Program(f"worker-{index}", [*WORKER, str(run_json), str(index)])
            for index in range(self.config.workers)
        ]
        starting = [self._start(self._workers, program) for program in workers]
        if self.config.rehearsal:
            rehearsal = Program("rehearsal", [*REHEARSAL, str(run_json)])
            starting.append(self._start(self._rehearsal, rehearsal))
        await _together(*starting)

    async def _start(self, group: list[Child], program: Program) -> None:
        assert self._claim is not None, "nothing starts in a directory that is not ours"
        log_dir = self._log_dir
        child = Child(
            program,
            log_file=None if log_dir is None else datadir.log_file(log_dir, program.name),
            keep_fds=(self._claim.children_fd,),
            on_start=self._write_pids,
        )
        group.append(child)
        await child.start()

    async def _tear_down(self) -> None:
        drain_s = self.config.drain_ms / 1000 + DRAIN_EXTRA_S
        await _together(
            *(child.stop(grace_s=drain_s) for child in self._workers),
            *(child.stop(grace_s=REHEARSAL_GRACE_S) for child in self._rehearsal),
        )
        await _together(*(child.stop(grace_s=BACKOFFICE_GRACE_S) for child in self._backoffice))
        for store in reversed(self._stores):
            await store.stop(grace_s=STORE_GRACE_S)
        for held in self._port_sockets:
            held.close()
        if self._claim is not None:
            datadir.withdraw(self.config.port)
            datadir.forget(self._directory)
            self._claim.release()
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _on_signal(self) -> None:
        if not self._stop_asked.is_set():
            log.info("stopping; once more to kill")
            self._stop_asked.set()
            return
        for child in self._children:
            child.kill()

    @property
    def _children(self) -> list[Child]:
        return [*self._stores, *self._backoffice, *self._workers, *self._rehearsal]

    def _write_pids(self) -> None:
        pids = {child.name: child.pid for child in self._children if child.pid is not None}
        datadir.write_pids(self._directory, {"supervisor": os.getpid()} | pids)


def store_program(store: EmbeddedStore) -> Program:
    """How an embedded store is run as a child. It may close its files when we die."""
    return Program(
        store.role,
        store.argv,
        cwd=store.cwd,
        is_ready=partial(stores.check, store.url, role=store.role, wait_s=LOADING_WAIT_S),
        ready_within_s=LOADING_WAIT_S,
        death_signal=signal.SIGTERM,
    )


async def prepare_ledger(url: str, archive_directory: Path) -> None:
    """Load the ledger's function into a store that `stores.check` let pass.

    Refuses a store that has lost what the archive holds: it would begin a new ledger there.
    """
    client = stores.connect(url, max_connections=1)
    where = f"ledger store {stores.redacted(url)}"
    try:
        await require_known(client, Archive(archive_directory))
        await install(client)
    except ArchiveError as error:
        raise StoreError(f"{where}: {error}") from error
    except RedisError as error:
        raise StoreError(f"{where}: cannot load its function: {error}") from error
    finally:
        await client.aclose()


def claim_port(host: str, port: int) -> list[socket.socket]:
    """Take `port` (0: any free one) on every address of `host`, so that it stays ours.

    The sockets never listen; workers bind beside them, with SO_REUSEPORT too. Raises `PortError`.
    """
    claimed: list[socket.socket] = []
    try:
        for family, address in _addresses(host):
            claimed.append(_claimed(family, address, port))
            port = claimed[0].getsockname()[1]
    except OSError as error:
        for held in claimed:
            held.close()
        raise PortError(_port_complaint(error, host, port)) from error
    return claimed


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))


def _claimed(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    with _socket(family) as probe:  # without SO_REUSEPORT: fails when anybody listens there
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
    held = _socket(family)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        held.bind((address, port))
    except OSError:
        held.close()
        raise
    return held


def _socket(family: socket.AddressFamily) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made


def _port_complaint(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use by another program; choose one with --port"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} is not for us: those below 1024 need privileges"
    return f"cannot listen on {host} port {port}: {error.strerror}"


async def _unless(event: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do `work`; when `event` comes first, cancel it and raise `SetupError`."""
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise SetupError("told to stop before it had started")
    finally:
        waiting.cancel()
        working.cancel()
        await asyncio.wait({working})
    working.result()


async def _together(*work: Coroutine[None, None, None]) -> None:
    """Do all `work`; when one fails, cancel the others, and raise when they have ended."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
