"""A serving process: puts the parts together, serves, drains."""

import logging
import secrets
import sys
from collections.abc import Coroutine, Iterator
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from livesrv import buyers, pages, process, readings, stores
from livesrv.api import Api
from livesrv.bulletin import Bulletin
from livesrv.buyers import Buyers
from livesrv.clock import now_ms
from livesrv.commands import Commands
from livesrv.config import Config
from livesrv.demo_login import DemoLogin
from livesrv.gateway import Gateway
from livesrv.ledger.store import Ledger
from livesrv.metrics import Sample
from livesrv.probes import LoopLag, StorePing
from livesrv.rehearsal.practice import directory
from livesrv.rehearsal.proxy import Proxy
from livesrv.rooms.bus import Bus
from livesrv.rooms.hall import Hall
from livesrv.rooms.nodes import Nodes
from livesrv.rooms.outbox import Outbox
from livesrv.rooms.room import Head
from livesrv.snapshot import load_head
from livesrv.tally import DoorTally
from livesrv.turnstile import Turnstile

BACKLOG = 4_096
"""Connections the kernel keeps for us while the loop is busy; a raid brings thousands at once."""
KEEPALIVE_S = 75.0
BODY_BYTES_MAX = 65_536


class NotOurFault(logging.Filter):
    """Leaves out what aiohttp logs, traceback and all, when a peer does not speak HTTP."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


class Worker:
    """Who is given whom."""

    def __init__(
        self, config: Config, index: str, ledger: Ledger, bus: Bus, epoch: str, secret: str
    ) -> None:
        async def load(room: str) -> Head:
            head = await load_head(ledger, room, now_ms())
            head.buyers = await buyers.load(ledger, room)
            return head

        name = f"w{index}{secrets.token_hex(3)}"
        self._config = config
        self._secret = secret
        self._ledger = ledger
        self._bus = bus
        self._tally = DoorTally()
        self._turnstile = Turnstile(config, self._tally)
        self._hall = Hall(name, epoch, bus, load, config, lambda: self.gateway.is_busy)
        self._outbox = Outbox(name, bus, self._hall.hear)
        self._buyers = Buyers(ledger)
        commands = Commands(
            name,
            config,
            secret,
            ledger,
            bus,
            self._hall,
            self._outbox,
            self._turnstile,
            self._buyers,
        )
        self.gateway = Gateway(name, config, commands, self._turnstile, self._tally)
        self._lag = LoopLag()
        self._pings = {"ledger": StorePing(ledger.store.ping), "bus": StorePing(bus.ping)}
        self._bulletin = Bulletin(bus, config.port, f"worker-{index}", self._look)

    def app(self) -> web.Application:
        """Both doors, and the way into the rehearsal, behind one turnstile."""
        turnstile, ledger, config = self._turnstile, self._ledger, self._config
        bulletin, hall = self._bulletin, self._hall
        api = Api(config, self._secret, ledger, self._bus, hall, turnstile, self._tally, bulletin)
        app = web.Application(
            middlewares=[turnstile.count, api.answer_errors], client_max_size=BODY_BYTES_MAX
        )
        app.router.add_get("/ws", self.gateway.handle)
        api.add_routes(app.router)
        pages.add_routes(app.router, config)
        if config.demo:
            DemoLogin(self._secret, ledger).add_routes(app.router)
        if config.rehearsal:
            proxy = Proxy(directory(config))
            proxy.add_routes(app.router)
            app.on_cleanup.append(proxy.close)
        return app

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs for as long as the process does."""
        hall, gateway = self._hall, self.gateway
        return {
            "the ledger's queue": self._ledger.run(),
            "listening to the bus": self._bus.listen(
                hall.on_room, gateway.on_users, hall.on_connect
            ),
            "the outbox": self._outbox.run(),
            "the census": hall.census(),
            "looking up buyers": self._buyers.run(),
            "looking after connections": gateway.look_after(),
            "the loop's lag": self._lag.run(),
            **{f"the {store}'s ping": ping.run() for store, ping in self._pings.items()},
            "the bulletin": self._bulletin.run(),
        }

    def _look(self) -> Iterator[Sample]:
        yield from readings.of_server(self._config.workers)
        yield from readings.of_doors(self._tally, self._config.connections_max)
        yield from readings.of_rooms(self._hall.tally)
        yield from readings.of_outbox(self._outbox.waiting)
        yield from readings.of_ledger(self._ledger)
        yield from readings.of_stores(self._pings)
        yield from readings.of_process(self._lag)


async def main(config: Config) -> None:
    assert config.ledger_url is not None  # resolved by the supervisor
    assert config.bus_url is not None
    assert config.jwt_secret is not None
    stopped = process.stop_signal()
    ledger_store, nodes = stores.connect(config.ledger_url), Nodes(config.bus_url)
    ledger = Ledger(
        ledger_store,
        queue_max=config.post_queue_max,
        batch_max=config.post_batch_max,
        deadline_ms=config.post_deadline_ms,
    )
    bus = Bus(nodes, history_events=config.history_events, recent_comments=config.recent_comments)
    worker = Worker(config, sys.argv[2], ledger, bus, await ledger.epoch(), config.jwt_secret)
    runner = web.AppRunner(
        worker.app(), access_log=None, keepalive_timeout=KEEPALIVE_S, shutdown_timeout=1.0
    )
    await runner.setup()
    site = web.TCPSite(runner, config.host, config.port, reuse_port=True, backlog=BACKLOG)
    await site.start()
    process.tell_ready()

    async def drain() -> None:
        await site.stop()
        await worker.gateway.drain()

    await process.run_until(stopped, worker.tasks(), drain)
    await runner.cleanup()
    await ledger_store.aclose()
    await nodes.aclose()


if __name__ == "__main__":
    logging.getLogger("aiohttp.server").addFilter(NotOurFault())
    process.run("worker", main)
