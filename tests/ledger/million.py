"""Make the journal of a long season, audit it as a process, and see that the audit can tell.

    python -m tests.ledger.million --lines 1000000 [--dir DIR]

Prints how long each step took and the audit's peak memory; its exit status is 0 only when the audit
found the books clean and then, with one balance changed by hand, named that balance. Sales have the
shape of the shop's own and are posted in its batches; the archiver runs beside them, as in the back
office. `SEED=n` makes another season.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from livesrv import datadir, stores
from livesrv.clock import now_ms
from livesrv.ledger.archive import Archive
from livesrv.ledger.archiver import Archiver
from livesrv.ledger.entry import (
    GIFTS_UNSETTLED,
    ORDERS_UNSETTLED,
    Entry,
    Rank,
    Write,
    fingerprint,
    leg,
)
from livesrv.ledger.split import Due, Portion, Share
from livesrv.ledger.store import BALANCES_KEY, install
from tests.embedded import open_ledger, running
from tests.seeding import SEED

from .books import accountant, seal_whole

BATCH = 500
SETTLE_EVERY = 5_000
USERS, ROOMS, OFFERS = 20_000, 200, 10
PRICES = [990, 1490, 2990, 4990]
DAY_MS = 86_400_000


class Season:
    """Entries as a shop posts them, by seed. Every wallet is filled before it pays."""

    def __init__(self, seed: int, now_ms: int) -> None:
        self._random = Random(seed)
        self._now_ms = now_ms
        self._filled: dict[str, int] = {}
        self._count = 0

    def entries(self) -> Iterator[Entry]:
        """Without end: 6 gifts to 3 orders to a fact, and a top-up where one is needed."""
        for place in range(ROOMS * OFFERS):
            yield self._stocked(f"room{place % ROOMS}", f"offer{place // ROOMS}")
        while True:
            self._count += 1
            user = f"user{self._random.randrange(USERS)}"
            room = f"room{min(self._random.randrange(ROOMS), self._random.randrange(ROOMS))}"
            kind = self._random.choices(("gift", "order", "fact"), (6, 3, 1))[0]
            if kind == "fact":
                yield self._fact(user, room)
                continue
            yield from self._topup(user, "COIN" if kind == "gift" else "CNY")
            yield self._gift(user, room) if kind == "gift" else self._order(user, room)

    def _entry(self, identity: str, kind: str, **fields: Any) -> Entry:
        return Entry(id=identity, fingerprint=fingerprint(identity), kind=kind, **fields)

    def _stocked(self, room: str, offer: str) -> Entry:
        asset, account = f"SKU:{room}:{offer}", f"stock:{room}:{offer}"
        legs = [leg(f"supplier:{room}:{offer}", asset, -(10**9)), leg(account, asset, 10**9)]
        return self._entry(f"offer:{room}:{offer}", "offer_changed", room=room, legs=legs)

    def _fact(self, user: str, room: str) -> Entry:
        facts = {"user": {"id": user, "name": user}, "offer": "offer1"}
        return self._entry(f"pin:{self._count}", "offer_pinned", room=room, facts=facts)

    def _topup(self, user: str, asset: str) -> Iterator[Entry]:
        name = f"{user} {asset}"
        self._filled[name] = self._filled.get(name, 0) - 1
        if self._filled[name] < 0:
            self._filled[name] = 20
            legs = [leg("world", asset, -(10**6)), leg(f"wallet:{user}", asset, 10**6)]
            yield self._entry(f"topup:{self._count}", "topup", legs=legs)

    def _gift(self, user: str, room: str) -> Entry:
        coins = self._random.choice((1, 10, 1000)) * self._random.randint(1, 3)
        key = f"{self._random.getrandbits(64):016x}"
        card = (Share("platform", "@platform", 5000), Share("host", f"host-{room}", 5000))
        due = Due(GIFTS_UNSETTLED, "COIN", (Portion(coins, card),))
        forget_at_ms = self._now_ms + 4 * DAY_MS
        combo = f'{{"room":"{room}","gift":"rose","count":{coins}}}'
        return self._entry(
            f"gift:{user}:{key}:0-{coins}",
            "gift",
            room=room,
            legs=[leg(f"wallet:{user}", "COIN", -coins), leg(GIFTS_UNSETTLED, "COIN", coins)],
            reads=[(f"room:{room}", 0), (f"combo:{user}:{key}", 0)],
            writes=[Write(f"combo:{user}:{key}", combo, forget_at_ms)],
            ranks=[Rank(f"gifters:{room}", f"{user} {user}", coins, is_raise=True)],
            facts={
                "user": {"id": user, "name": user},
                "gift": "rose",
                "combo": key,
                "count": coins,
                "added": coins,
                "coins": coins,
                "due": due,
            },
            forget_at_ms=forget_at_ms,
        )

    def _order(self, user: str, room: str) -> Entry:
        offer, pieces = f"offer{self._random.randrange(OFFERS)}", self._random.randint(1, 2)
        total = self._random.choice(PRICES) * pieces
        asset, order = f"SKU:{room}:{offer}", f"o{self._random.getrandbits(96):024x}"
        quota, per = f"QUOTA:{room}:{offer}", f"quota:{room}:{offer}"
        card = (
            Share("platform", "@platform", 500),
            Share("host", f"host-{room}", 1000),
            Share("seller", f"seller{self._random.randrange(50)}", 8500),
        )
        sheet = {
            "order": order, "room": room, "buyer": user, "host": f"host-{room}", "status": "paid",
            "lines": [[offer, pieces, total // pieces]], "total_minor": total, "currency": "CNY",
            "at_ms": self._now_ms,
        }  # fmt: skip
        return self._entry(
            f"order:{user}:{order}",
            "order",
            room=room,
            legs=[
                leg(f"wallet:{user}", "CNY", -total),
                leg(ORDERS_UNSETTLED, "CNY", total),
                leg(f"stock:{room}:{offer}", asset, -pieces),
                leg(f"sold:{room}:{offer}", asset, pieces),
                leg(f"{per}:{user}", quota, -pieces, floor=-1000),
                leg(per, quota, pieces),
            ],
            reads=[(f"room:{room}", 0), (f"offer:{room}:{offer}", 0)],
            writes=[Write(f"order:{order}", msgspec.json.encode(sheet).decode())],
            ranks=[Rank(f"orders:{user}", order, self._now_ms)],
            facts={
                "user": {"id": user, "name": user},
                "order": order,
                "lines": [[offer, pieces]],
                "due": Due(ORDERS_UNSETTLED, "CNY", (Portion(total, card),)),
            },
            forget_at_ms=self._now_ms + 4 * DAY_MS,
        )


async def play(url: str, archive: Archive, lines: int, segment_lines: int, keep: int) -> None:
    """Post a season of so many lines, with commission and archiving as in the back office."""
    season = Season(SEED, now_ms()).entries()
    async with open_ledger(url, deadline_ms=60_000) as ledger:
        archiver = Archiver(ledger.store, archive, segment_lines=segment_lines, keep_lines=keep)
        settling = accountant(ledger)
        for first in range(0, lines, BATCH):
            raws = [msgspec.json.encode(next(season)) for _ in range(min(BATCH, lines - first))]
            answers: Any = await ledger.store.fcall("post", 0, "0", *raws)
            assert all(answer.startswith(b"posted") for answer in answers), answers
            if first % SETTLE_EVERY == 0:
                await settling.settle()
                await seal_whole(archiver, segment_lines)
        while await settling.settle():
            continue
        await seal_whole(archiver, segment_lines)


class Audited(Struct):
    """What a run of the audit cost, and what it said."""

    status: int
    said: str
    took_s: float
    peak_mb: float


def audit(url: str, data_dir: Path) -> Audited:
    """Run `livesrv audit` as a process."""
    began_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "livesrv", "audit", "--data-dir", str(data_dir)],
        env=os.environ | {"LIVESRV_LEDGER_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak_mb = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return Audited(process.returncode, said, time.monotonic() - began_s, peak_mb)


async def change_by_hand(store: Redis) -> str:
    """Move one balance by one; its name."""
    found: Any = await store.hrandfield(BALANCES_KEY)
    name: bytes = found
    await store.hincrby(BALANCES_KEY, name.decode(), 1)
    return name.decode()


async def season(directory: Path, lines: int, segment_lines: int, keep_lines: int) -> bool:
    """Play, audit, change a balance, audit; whether both audits said what is so."""
    archive = Archive(datadir.archive(directory))
    async with running("ledger", directory) as running_store:
        store = stores.connect(running_store.url)
        await install(store)
        began_s = time.monotonic()
        await play(running_store.url, archive, lines, segment_lines, keep_lines)
        print(f"{lines} lines and their commission made in {time.monotonic() - began_s:.1f} s")
        clean = await asyncio.to_thread(audit, running_store.url, directory)
        print(f"{clean.said}audited in {clean.took_s:.1f} s, peak RSS {clean.peak_mb:.0f} MB")
        name = await change_by_hand(store)
        print(f"{name} is changed by 1")
        changed = await asyncio.to_thread(audit, running_store.url, directory)
        print(changed.said, end="")
        await store.aclose()
    return clean.status == 0 and changed.status == 1 and f"breach: {name} is" in changed.said


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger.million")
    parser.add_argument("--lines", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--segment-lines", type=int, default=20_000, metavar="N")
    parser.add_argument("--keep-lines", type=int, default=50_000, metavar="N")
    parser.add_argument("--dir", type=Path, help="where to make it, and leave it there")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        directory = flags.dir or Path(place)
        done = season(directory, flags.lines, flags.segment_lines, flags.keep_lines)
        return 0 if asyncio.run(done) else 1


if __name__ == "__main__":
    sys.exit(main())
