"""Books to archive and to audit: top-ups, gifts with their commission, a few facts."""

from livesrv.clock import now_ms
from livesrv.ledger.accountant import Accountant
from livesrv.ledger.archive import Archive
from livesrv.ledger.archiver import Archiver
from livesrv.ledger.entry import GIFTS_UNSETTLED, Entry, Rank, Write, leg
from livesrv.ledger.split import Due, Portion, Share
from livesrv.ledger.store import Ledger
from livesrv.ledger.tail import Tail

HALVES = (Share("platform", "@platform", 5000), Share("host", "h", 5000))
USERS = 7


def topup(number: int, amount: int = 1_000) -> Entry:
    legs = [leg("world", "COIN", -amount), leg(f"wallet:u{number}", "COIN", amount)]
    return Entry(id=f"t{number}", fingerprint="t", kind="topup", legs=legs)


def gift(number: int) -> Entry:
    """The gift of one of `USERS` in one of two rooms; it leaves a register and a rank behind."""
    user = f"u{number % USERS}"
    return Entry(
        id=f"g{number}",
        fingerprint=f"g{number}",
        kind="tip",
        room=f"r{number % 2}",
        legs=[leg(f"wallet:{user}", "COIN", -7), leg(GIFTS_UNSETTLED, "COIN", 7)],
        writes=[Write(f"combo:{user}", str(number))],
        ranks=[Rank("gifters", user, 7, is_raise=True)],
        facts={"due": Due(GIFTS_UNSETTLED, "COIN", (Portion(7, HALVES),))},
    )


async def fill(ledger: Ledger, count: int) -> None:
    """As many lines: `USERS` top-ups, gifts, and in the end the commission of all of them."""
    for number in range(USERS):
        await ledger.post(topup(number))
    for number in range(count - USERS - 1):
        await ledger.post(gift(number))
    await accountant(ledger).settle()


def accountant(ledger: Ledger) -> Accountant:
    return Accountant(ledger, Tail(ledger.store), gift_window_ms=0, clock_ms=now_ms)


def archiver(
    ledger: Ledger, archive: Archive, *, segment_lines: int = 20, keep_lines: int = 10
) -> Archiver:
    return Archiver(ledger.store, archive, segment_lines=segment_lines, keep_lines=keep_lines)


async def seal_whole(archiver: Archiver, segment_lines: int = 20) -> None:
    """Seal all whole segments and trim, as the back office does at one look."""
    while await archiver.seal(segment_lines):
        continue
    await archiver.trim()
