"""Replay the journal and compare: does every number in the store follow from it?

Works while the server runs: a number of the store is read together with the journal's end at that
moment, and the replay catches up to it before the two are compared.
"""

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator

from msgspec import Struct, field
from redis.asyncio import Redis

from . import journal
from .accountant import WATERMARK_REGISTER, due_of
from .entry import Line, is_floored, unbalanced
from .split import Due, movements
from .store import BALANCES_KEY, META_KEY, REGISTER_PREFIX, ROOMS_KEY, parse_register

BREACHES_MAX = 100
SCAN_COUNT = 1_000


class Report(Struct, kw_only=True):
    """What the audit saw. `unsettled` counts gifts and orders above the commission watermark."""

    lines: int = 0
    accounts: int = 0
    rooms: int = 0
    watermark: int = 0
    unsettled: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.breaches


class Replay:
    """The books as the journal alone tells them. Pure; feed it lines in order of place."""

    def __init__(self) -> None:
        self.report = Report()
        self.place = 0
        self.balances: dict[tuple[str, str], int] = {}
        self.room_seqs: dict[str, int] = {}
        self._dues: deque[tuple[int, Due]] = deque()

    def breach(self, text: str) -> None:
        if len(self.report.breaches) < BREACHES_MAX:
            self.report.breaches.append(text)

    def feed(self, line: Line) -> None:
        """Check one line against everything before it, and apply it."""
        entry = line.entry
        self.report.lines += 1
        self.report.kinds[entry.kind] = self.report.kinds.get(entry.kind, 0) + 1
        if line.place != self.place + 1:
            self.breach(f"place {line.place} follows place {self.place}")
        self.place = line.place
        self._check_room(line)
        self._apply_legs(line)
        if entry.kind == "commission":
            self._check_commission(line)
        elif due := due_of(line):
            self._dues.append((line.place, due))

    def _check_room(self, line: Line) -> None:
        room = line.entry.room
        expected = self.room_seqs.get(room, 0) + 1 if room else 0
        if line.room_seq != expected:
            self.breach(
                f"place {line.place}: room {room!r} has number {line.room_seq}, not {expected}"
            )
        if room:
            self.room_seqs[room] = line.room_seq

    def _apply_legs(self, line: Line) -> None:
        legs = line.entry.legs
        for asset in unbalanced(legs):
            self.breach(f"place {line.place}: the legs in {asset} do not sum to zero")
        if len(legs) != len(line.after):
            return self.breach(f"place {line.place}: {len(legs)} legs, {len(line.after)} balances")
        for (account, asset, amount, floor), after in zip(legs, line.after, strict=True):
            balance = self.balances.get((account, asset), 0) + int(amount)
            self.balances[account, asset] = balance
            if balance != after:
                self.breach(f"place {line.place}: {account} {asset} is {balance}, noted as {after}")
            if is_floored(account) and int(amount) < 0 and balance < int(floor):
                self.breach(f"place {line.place}: {account} {asset} falls to {balance}")
        return None

    def _check_commission(self, line: Line) -> None:
        """Exactly the dues between the last watermark and this one, each once."""
        facts = line.entry.facts
        if facts["from"] != self.report.watermark:
            self.breach(
                f"place {line.place}: commission starts at {facts['from']}, "
                f"the watermark is {self.report.watermark}"
            )
        self.report.watermark = facts["upto"]
        if facts["upto"] >= line.place:
            self.breach(f"place {line.place}: the watermark {facts['upto']} is ahead of it")
        expected: defaultdict[tuple[str, str], int] = defaultdict(int)
        while self._dues and self._dues[0][0] <= facts["upto"]:
            for account, amount in movements(self._dues.popleft()[1]).items():
                expected[account] += amount
        posted = {(account, asset): int(amount) for account, asset, amount, _ in line.entry.legs}
        for account in sorted(expected.keys() | posted.keys()):
            due, got = expected.get(account, 0), posted.get(account, 0)
            if due != got:
                self.breach(
                    f"place {line.place}: commission of {' '.join(account)}: {got}, not {due}"
                )

    def finish(self) -> Report:
        """The checks over the whole."""
        sums: defaultdict[str, int] = defaultdict(int)
        for (_, asset), balance in self.balances.items():
            sums[asset] += balance
        for asset, total in sorted(sums.items()):
            if total:
                self.breach(f"{asset} sums to {total} over all accounts, not to 0")
        self.report.accounts = len(self.balances)
        self.report.rooms = len(self.room_seqs)
        self.report.unsettled = len(self._dues)
        return self.report


async def audit(store: Redis) -> Report:
    """Replay the whole journal and compare it with every balance, number and watermark."""
    replay = Replay()
    await _catch_up(store, replay, None)
    names = {name async for name in _names(store)} | replay.balances.keys()
    for chunk in _chunks(sorted(names)):
        await _compare_balances(store, replay, chunk)
    await _compare_heads(store, replay)
    return replay.finish()


async def _catch_up(store: Redis, replay: Replay, upto: int | None) -> None:
    async for line in journal.walk(store, replay.place, upto):
        replay.feed(line)


async def _compare_balances(store: Redis, replay: Replay, names: list[tuple[str, str]]) -> None:
    pipe = store.pipeline(transaction=True)
    pipe.hmget(BALANCES_KEY, [" ".join(name) for name in names])
    pipe.hget(META_KEY, "place")
    values, place = await pipe.execute()
    await _catch_up(store, replay, int(place or 0))
    for name, value in zip(names, values, strict=True):
        stored, told = int(value or 0), replay.balances.get(name, 0)
        if stored != told:
            replay.breach(f"{' '.join(name)} is {stored} in the store, {told} by the journal")


async def _compare_heads(store: Redis, replay: Replay) -> None:
    """The numbers of rooms, the last place, and the watermark."""
    pipe = store.pipeline(transaction=True)
    pipe.hgetall(ROOMS_KEY)
    pipe.get(REGISTER_PREFIX + WATERMARK_REGISTER)
    pipe.hget(META_KEY, "place")
    rooms, watermark, place = await pipe.execute()
    await _catch_up(store, replay, int(place or 0))
    if int(place or 0) != replay.place:
        replay.breach(f"the last place is {place} in the store, {replay.place} by the journal")
    stored = {room.decode(): int(seq) for room, seq in rooms.items()}
    for room in sorted(stored.keys() | replay.room_seqs.keys()):
        seq, told = stored.get(room, 0), replay.room_seqs.get(room, 0)
        if seq != told:
            replay.breach(f"room {room} stands at {seq} in the store, at {told} by the journal")
    mark = parse_register(watermark).value or 0
    if mark != replay.report.watermark:
        told = replay.report.watermark
        replay.breach(f"the watermark is {mark} in the store, {told} by the journal")


async def _names(store: Redis) -> AsyncIterator[tuple[str, str]]:
    async for name, _ in store.hscan_iter(BALANCES_KEY, count=SCAN_COUNT):
        account, _, asset = name.decode().partition(" ")
        yield account, asset


def _chunks(names: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for i in range(0, len(names), SCAN_COUNT):
        yield names[i : i + SCAN_COUNT]
