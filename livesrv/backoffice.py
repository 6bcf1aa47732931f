"""The back office's process: reads the journal, tells the rooms, posts the commission.

May be killed at any moment: where it was is written down in the stores it serves.
"""

from livesrv import process, stores
from livesrv.config import Config
from livesrv.ledger.accountant import Accountant
from livesrv.ledger.store import Ledger
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
    bus = Bus(
        bus_store, history_events=config.history_events, recent_comments=config.recent_comments
    )
    tasks = {
        "the ledger's queue": ledger.run(),
        "the publisher": Publisher(journal_store, bus).run(),
        "the accountant": Accountant(ledger).run(),
    }
    process.tell_ready()
    await process.run_until(stopped, tasks)
    for store in (journal_store, ledger_store, bus_store):
        await store.aclose()


if __name__ == "__main__":
    process.run("backoffice", main)
