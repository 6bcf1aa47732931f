"""The back office's process: reads the journal, tells the rooms, posts the commission, archives,
and does what is due: holds that end, return windows that close, money to be sent back.

May be killed at any moment: where it was is written down in the stores it serves.
"""

from collections.abc import Iterator
from pathlib import Path

from livesrv import datadir, process, readings, stores
from livesrv.bulletin import Bulletin
from livesrv.clock import now_ms
from livesrv.commerce.clockwork import Clockwork
from livesrv.commerce.terms import terms_of
from livesrv.config import Config
from livesrv.ledger.accountant import Accountant
from livesrv.ledger.archive import Archive
from livesrv.ledger.archiver import Archiver
from livesrv.ledger.store import Ledger
from livesrv.ledger.tail import Tail
from livesrv.ledger.watch import watch
from livesrv.metrics import Sample
from livesrv.probes import JournalPing, LoopLag, StorePing
from livesrv.returns import Returns
from livesrv.rooms.bus import Bus
from livesrv.rooms.publisher import Publisher


async def main(config: Config) -> None:
    assert config.ledger_url is not None  # resolved by the supervisor
    assert config.bus_url is not None
    stopped = process.stop_signal()
    journal_store, ledger_store = (
        stores.connect(config.ledger_url),
        stores.connect(config.ledger_url),
    )
    bus_store = stores.connect(config.bus_url)
    ledger = Ledger(ledger_store, deadline_ms=config.post_deadline_ms)
    tail = Tail(journal_store)
    terms = terms_of(config)
    bus = Bus(
        bus_store, history_events=config.history_events, recent_comments=config.recent_comments
    )
    archiver = Archiver(
        ledger_store,
        Archive(datadir.archive(Path(config.data_dir))),
        segment_lines=config.archive_segment_lines,
        keep_lines=config.journal_keep_lines,
    )
    publisher = Publisher(tail, bus)
    accountant = Accountant(ledger, tail, terms.gift_window_ms, now_ms)
    lag, journal, bus_ping = LoopLag(), JournalPing(ledger_store), StorePing(bus_store)

    def look() -> Iterator[Sample]:
        yield from readings.of_journal(journal, relayed=publisher.place, settled=accountant.place)
        yield from readings.of_ledger(ledger)
        yield from readings.of_stores({"ledger": journal, "bus": bus_ping})
        yield from readings.of_process(lag)

    tasks = {
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
        "the bulletin": Bulletin(bus_store, config.port, "backoffice", look).run(),
    }
    process.tell_ready()
    await process.run_until(stopped, tasks)
    for store in (journal_store, ledger_store, bus_store):
        await store.aclose()


if __name__ == "__main__":
    process.run("backoffice", main)
