"""A serving process: puts the parts together, serves, drains."""

import logging
import secrets
import sys

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from livesrv import process, stores
from livesrv.api import Api
from livesrv.clock import now_ms
from livesrv.commands import Commands
from livesrv.config import Config
from livesrv.gateway import Gateway
from livesrv.ledger.store import Ledger
from livesrv.pages import Pages
from livesrv.rooms.bus import Bus
from livesrv.rooms.hall import Hall
from livesrv.rooms.nodes import Nodes
from livesrv.rooms.outbox import Outbox
from livesrv.rooms.room import Head
from livesrv.snapshot import load_head

BACKLOG = 4_096
"""Connections the kernel keeps for us while the loop is busy; a raid brings thousands at once."""
KEEPALIVE_S = 75.0
BODY_BYTES_MAX = 65_536


class NotOurFault(logging.Filter):
    """Leaves out what aiohttp logs, traceback and all, when a peer does not speak HTTP."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


async def main(config: Config) -> None:
    assert config.ledger_url is not None  # resolved by the supervisor
    assert config.bus_url is not None
    assert config.jwt_secret is not None
    worker = f"w{sys.argv[2]}{secrets.token_hex(3)}"
    stopped = process.stop_signal()
    ledger_store, nodes = stores.connect(config.ledger_url), Nodes(config.bus_url)
    ledger = Ledger(
        ledger_store,
        queue_max=config.post_queue_max,
        batch_max=config.post_batch_max,
        deadline_ms=config.post_deadline_ms,
    )
    bus = Bus(nodes, history_events=config.history_events, recent_comments=config.recent_comments)

    async def load(room: str) -> Head:
        return await load_head(ledger, room, now_ms())

    hall = Hall(worker, await ledger.epoch(), bus, load, config)
    outbox = Outbox(bus)
    commands = Commands(worker, config, config.jwt_secret, ledger, bus, hall, outbox)
    gateway = Gateway(worker, config, commands)
    api = Api(config, config.jwt_secret, ledger, bus, hall)

    app = web.Application(middlewares=[api.answer_errors], client_max_size=BODY_BYTES_MAX)
    app.router.add_get("/ws", gateway.handle)
    api.add_routes(app.router)
    Pages(config, config.jwt_secret, ledger).add_routes(app.router)
    runner = web.AppRunner(
        app, access_log=None, keepalive_timeout=KEEPALIVE_S, shutdown_timeout=1.0
    )
    await runner.setup()
    site = web.TCPSite(runner, config.host, config.port, reuse_port=True, backlog=BACKLOG)
    await site.start()
    process.tell_ready()

    async def drain() -> None:
        await site.stop()
        await gateway.drain()

    await process.run_until(
        stopped,
        {
            "the ledger's queue": ledger.run(),
            "listening to the bus": bus.listen(hall.on_room, gateway.on_users, hall.on_connect),
            "the outbox": outbox.run(),
            "the census": hall.census(),
            "the sweep": gateway.sweep(),
        },
        drain,
    )
    await runner.cleanup()
    await ledger_store.aclose()
    await nodes.aclose()


if __name__ == "__main__":
    logging.getLogger("aiohttp.server").addFilter(NotOurFault())
    process.run("worker", main)
