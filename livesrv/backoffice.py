"""The back office's process: reads the journal, tells the rooms, posts the commission, archives,
and does what is due: holds that end, return windows that close, money to be sent back.

May be killed at any moment: where it was is written down in the stores it serves. Where several
servers share a ledger, one of them holds the lease and works, and the others stand by.
"""

import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from livesrv import datadir, process, readings, stores
from livesrv.bulletin import Bulletin
from livesrv.clock import now_ms
from livesrv.commerce.clockwork import Clockwork
from livesrv.commerce.terms import terms_of
from livesrv.config import Config
from livesrv.ledger.accountant import Accountant
from livesrv.ledger.archive import Archive
from livesrv.ledger.archiver import Archiver
from livesrv.ledger.lease import Lease
from livesrv.ledger.store import Ledger
from livesrv.ledger.tail import Tail
from livesrv.ledger.watch import watch
from livesrv.metrics import Sample
from livesrv.probes import JournalPing, LoopLag, StorePing, StoreUse
from livesrv.returns import Returns
from livesrv.rooms.bus import Bus
from livesrv.rooms.nodes import Nodes
from livesrv.rooms.publisher import Publisher

LEASE = "backoffice"


async def main(config: Config) -> None:
    assert config.ledger_url is not None  # resolved by the supervisor
    assert config.bus_url is not None
    stopped = process.stop_signal()
    journal_store, ledger_store = (
        stores.connect(config.ledger_url),
        stores.connect(config.ledger_url),
    )
    nodes = Nodes(config.bus_url)
    lease = Lease(ledger_store, LEASE, owner=sys.argv[2])
    process.tell_ready()
    if await process.unless(stopped, lease.taken()):
        ledger = Ledger(ledger_store, deadline_ms=config.post_deadline_ms)
        bus = Bus(
            nodes, history_events=config.history_events, recent_comments=config.recent_comments
        )
        uses = _uses(config, ledger_store, nodes)
        tasks = _tasks(config, ledger, Tail(journal_store), bus, uses)
        await process.run_until(stopped, {"the lease": lease.keep()} | tasks)
        await lease.release()
    await nodes.aclose()
    for store in (journal_store, ledger_store):
        await store.aclose()


def _uses(config: Config, ledger_store: Redis, nodes: Nodes) -> dict[str, StoreUse]:
    """What tells of the stores' use of their machines; a cluster's nodes are watched by others."""
    uses = {"ledger": StoreUse(ledger_store, is_here=_is_here(config.ledger_url))}
    if not nodes.is_cluster:
        uses["bus"] = StoreUse(next(iter(nodes)).client, is_here=_is_here(config.bus_url))
    return uses


def _is_here(url: str | None) -> bool:
    """Whether a store is surely on this machine: a port of it may lead into a container."""
    return url is not None and url.startswith("unix:")


def _tasks(
    config: Config, ledger: Ledger, tail: Tail, bus: Bus, uses: dict[str, StoreUse]
) -> dict[str, Coroutine[Any, Any, None]]:
    """All that is done while the lease is ours.

    Each goes on from what is written in the stores, so that two of them for a moment, while a lease
    changes hands, do no harm.
    """
    terms = terms_of(config)
    archiver = Archiver(
        ledger.store,
        Archive(datadir.archive(Path(config.data_dir))),
        segment_lines=config.archive_segment_lines,
        keep_lines=config.journal_keep_lines,
    )
    publisher = Publisher(tail, bus)
    accountant = Accountant(ledger, tail, terms.gift_window_ms, now_ms)
    lag, journal = LoopLag(), JournalPing(ledger.store)
    bus_ping = StorePing(bus.ping)

    def look() -> Iterator[Sample]:
        yield from readings.of_journal(journal, relayed=publisher.place, settled=accountant.place)
        yield from readings.of_ledger(ledger)
        yield from readings.of_stores({"ledger": journal, "bus": bus_ping})
        yield from readings.of_process(lag)
        yield from readings.of_store_use(uses)

    return {
        "the ledger's queue": ledger.run(),
        "the publisher": publisher.run(),
        "the accountant": accountant.run(),
        "the clock": Clockwork(ledger, terms, now_ms).run(),
        "returns": Returns(ledger, terms).run(),
        "the archiver": archiver.run(),
        "the live audit": watch(tail),
        "the loop's lag": lag.run(),
        "the journal's ping": journal.run(),
        "the bus's ping": bus_ping.run(),
        **{f"the use of the {store}": use.run() for store, use in uses.items()},
        "the bulletin": Bulletin(bus, config.port, "backoffice", look).run(),
    }


if __name__ == "__main__":
    process.run("backoffice", main)
