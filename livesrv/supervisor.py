"""The supervisor starts, watches, restarts and drains everything else; it serves nothing itself.

    ledger, bus  ->  back office  ->  worker-0 … worker-N        started in this order
    worker-0 … worker-N  ->  back office  ->  bus, ledger        stopped in this one

Any child may be killed at any moment and comes back by itself; the others stay. Must not know
what is said on the wire or written in the ledger. Invariant: while it runs, DATA_DIR/run.json is
the configuration its children have; when it has ended, nothing of it is left running.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from livesrv import auth, config, datadir, stores
from livesrv.children import Child, ChildError, Program
from livesrv.config import Config, ConfigError
from livesrv.datadir import Claim, DataDirError
from livesrv.ledger import store as ledger
from livesrv.stores import StoreError, StoreRole

LOADING_WAIT_S = 600.0
"""An embedded ledger reads its whole journal when it starts: about 1 s for each 100 MB."""
DRAIN_EXTRA_S = 5.0
"""What a worker has, after its clients' time to move, to close what is left."""
BACKOFFICE_GRACE_S = 5.0
STORE_GRACE_S = 10.0
ANY_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to listen on, and what to write in a URL instead."""

WORKER = (sys.executable, "-m", "livesrv.worker")
BACKOFFICE = (sys.executable, "-m", "livesrv.backoffice")

_log = logging.getLogger(__name__)


class SetupError(Exception):
    """The server cannot start, or was told to stop before it had; the message is for a person."""


class Supervisor:
    """One server. Use from the main thread: `start`, `run_until_stopped`, in the end `stop`."""

    def __init__(self, config: Config, *, log_dir: Path | None = None) -> None:
        """`log_dir`: where children's output goes, NAME.log each; without it to our stderr."""
        self.config = config
        """As given; once started, as resolved: port, store URLs, secret and data_dir filled in."""
        self._log_dir = log_dir
        self._claim: Claim | None = None
        self._port_sockets: list[socket.socket] = []
        self._stores: list[Child] = []
        self._backoffice: list[Child] = []
        self._workers: list[Child] = []
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
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)
        try:
            await _unless(self._stop_asked, self._set_up())
        except (ChildError, ConfigError, DataDirError, OSError, StoreError) as error:
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
        directory = Path(self.config.data_dir).absolute()
        self._claim = await asyncio.to_thread(Claim, directory)
        self._port_sockets = claim_port(self.config.host, self.config.port)
        self._write_pids()
        self.config = replace(
            self.config,
            data_dir=str(directory),
            port=self._port_sockets[0].getsockname()[1],
            jwt_secret=auth.secret(directory, self.config.jwt_secret),
        )
        ledger_url, bus_url = await asyncio.gather(
            self._store("ledger", self.config.ledger_url),
            self._store("bus", self.config.bus_url),
        )
        self.config = replace(self.config, ledger_url=ledger_url, bus_url=bus_url)
        await _install(ledger_url)
        await self._serve(directory)

    async def _serve(self, directory: Path) -> None:
        """Tell everybody where we are, and start who needs to know."""
        run_json = directory / "run.json"
        datadir.write(run_json, config.to_json(self.config))
        datadir.announce(self.config.port, directory)
        program = Program("backoffice", [*BACKOFFICE, str(run_json)])
        await self._start(self._backoffice, program)
        await asyncio.gather(
            *(
                self._start(
                    self._workers, Program(f"worker-{index}", [*WORKER, str(run_json), str(index)])
                )
                for index in range(self.config.workers)
            )
        )

    async def _store(self, role: StoreRole, url: str | None) -> str:
        """The URL of a store that is fit for `role`: the configured one, else one of our own."""
        if url is not None:
            await stores.check(url, role=role)
            return url
        return await self._start(
            self._stores, store_program(stores.embedded(role, Path(self.config.data_dir)))
        )

    async def _start(self, group: list[Child], program: Program) -> None:
        assert self._claim is not None
        child = Child(
            program,
            log=self._log(program.name),
            keep_fds=(self._claim.children_fd,),
            on_start=self._write_pids,
        )
        group.append(child)
        await child.start()

    async def _tear_down(self) -> None: ...
