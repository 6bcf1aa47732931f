"""The ledger store: group commit of entries, and reads of what they left behind.

Sends at once when idle, gathers while calls are in flight, so that one fsync serves many. A call
whose answer is lost is sent again unchanged: entry ids make that safe. Knows nothing of rooms,
orders or gifts.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import partial
from pathlib import Path
from secrets import token_hex
from time import perf_counter
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as StoreTimeoutError

from livesrv.tally import Spread

from .entry import ABSENT, UNFLOORED, Entry, Register, Registers, Unread

log = logging.getLogger(__name__)

JOURNAL_KEY = "{ledger}:journal"
BALANCES_KEY = "{ledger}:balances"
ROOMS_KEY = "{ledger}:rooms"
META_KEY = "{ledger}:meta"
REGISTER_PREFIX = "{ledger}:register:"
RANK_PREFIX = "{ledger}:rank:"

CACHED_REGISTERS_MAX = 10_000
ATTEMPTS_MAX = 16
"""How often a register may move under one transaction before it gives up as unavailable."""
CALLS_MAX = 2
"""Calls under way at a time: while the store writes one down, the next is already there."""
BESIDE_ANOTHER_MIN = 32
"""Entries that make a second call worth it: one alone costs the store as much as four in a batch,
and with 16 orders at moments of their own waited longer."""
RETRY_MIN_S, RETRY_MAX_S = 0.02, 0.5
PATIENCE_MIN_S = 0.05

AWAY = (StoreConnectionError, StoreTimeoutError, ReadOnlyError, OSError)
"""What says that the store is away, and that an answer may have been lost."""

UNFIT = ("BEHIND", "MISCONF", "OOM", "BUSY", "CLUSTERDOWN", "Function not found")
"""What a store answers that is there but must not or cannot write: its disk is full, it has come
back empty."""

Compose = Callable[[Registers], Entry | None]


class Unavailable(Exception):
    """The ledger store is away or overloaded; posting the same entry again is safe."""


class Fault(Exception):
    """The ledger store turned an entry down as malformed: a defect of ours."""


class Status(Enum):
    POSTED = "posted"
    REFUSED = "refused"
    SHORT = "short"
    CONFLICT = "conflict"
    STALE = "stale"


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of an entry. A repeat has the outcome of the first time.

    `after` holds the balance behind each leg. `why` of a refusal is `floor ACCOUNT ASSET`,
    `range ACCOUNT ASSET` or `code CODE`; `short` is a `floor` that was not recorded. `moved` holds
    the registers that made it stale.
    """

    status: Status
    is_repeat: bool = False
    place: int = 0
    room_seq: int = 0
    after: tuple[int, ...] = ()
    why: str = ""
    moved: dict[str, Register] = {}


class _Remembered(Registers):
    """Registers as this process remembers them."""

    def __init__(self, cache: Mapping[str, Register], guess: dict[str, Register]) -> None:
        super().__init__(guess)
        self._cache = cache

    def __missing__(self, name: str) -> Register:
        if name not in self._cache:
            raise Unread(name)
        self[name] = register = self._cache[name]
        return register


class _Ticket(NamedTuple):
    raw: bytes
    deadline_s: float
    answer: asyncio.Future[Outcome]


class Ledger:
    """One process's way to the ledger. Start `run` as a task before posting."""

    def __init__(
        self,
        store: Redis,
        *,
        queue_max: int = 8192,
        batch_max: int = 128,
        deadline_ms: int = 10_000,
    ) -> None:
        self.store = store
        self.queue_max = queue_max
        self._batch_max = batch_max
        self._deadline_s = deadline_ms / 1000
        self._queue: deque[_Ticket] = deque()
        self._wake = asyncio.Event()
        self.calls = 0
        """Calls of the store under way."""
        self.took = Spread()
        """What calls that the store has answered took."""
        self._under_way: list[float] = []
        """When those began that it has not."""
        self._longest_s = 0.0
        self.entries = 0
        """Entries that the store has answered."""
        self._has_ended = False
        self._cache: OrderedDict[str, Register] = OrderedDict()
        self._place = 0
        """The highest place acknowledged to us. A store that is behind it has lost entries."""

    # --- posting

    @property
    def waiting(self) -> int:
        """Entries that wait for a call to take them along."""
        return len(self._queue)

    def oldest_s(self) -> float:
        """How long the first of them has waited."""
        if not self._queue:
            return 0.0
        posted_s = self._queue[0].deadline_s - self._deadline_s
        return asyncio.get_running_loop().time() - posted_s

    def take_longest_s(self) -> float:
        """The longest call since the last take; one under way counts with its age."""
        ages_s = (perf_counter() - began_s for began_s in self._under_way)
        longest_s, self._longest_s = max(self._longest_s, *ages_s, 0.0), 0.0
        return longest_s

    async def post(self, entry: Entry) -> Outcome:
        """Post one entry; when this returns, the outcome is on disk.

        Raises `Unavailable` when the queue is full or the store stays away past the deadline: the
        outcome is then unknown, and posting the same entry again is right.
        """
        if self._has_ended:
            raise Unavailable("this process is stopping")
        if len(self._queue) >= self.queue_max:
            raise Unavailable(f"{self.queue_max} entries are waiting for the ledger")
        loop = asyncio.get_running_loop()
        ticket = _Ticket(
            msgspec.json.encode(entry), loop.time() + self._deadline_s, loop.create_future()
        )
        self._queue.append(ticket)
        self._wake.set()
        return await ticket.answer

    async def run(self) -> None:
        """Carry batches to the store until cancelled."""
        try:
            async with asyncio.TaskGroup() as calls:
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    while self._is_call_due():
                        size = min(len(self._queue), self._batch_max)
                        batch = [self._queue.popleft() for _ in range(size)]
                        self.calls += 1
                        call = calls.create_task(self._settle(batch))
                        call.add_done_callback(partial(self._call_ended, batch))
        finally:
            self._has_ended = True
            _fail(self._queue, Unavailable("this process is stopping"))

    def _is_call_due(self) -> bool:
        """At once when idle; beside another call only with enough to make it worth one more."""
        if self.calls == 0:
            return bool(self._queue)
        return self.calls < CALLS_MAX and len(self._queue) >= BESIDE_ANOTHER_MIN

    def _call_ended(self, batch: list[_Ticket], call: asyncio.Task[None]) -> None:
        """Nobody waits on for a call that was cut off, be it before it began."""
        if call.cancelled() or call.exception():
            _fail(batch, Unavailable("this process is stopping"))
        self.calls -= 1
        self._wake.set()

    async def _settle(self, batch: list[_Ticket]) -> None:
        """Post a batch until every ticket is answered or past its deadline."""
        pause_s = RETRY_MIN_S
        while batch:
            try:
                async with asyncio.timeout(self._patience_s(batch)):
                    texts = await self._call(batch)
                return self._answer(batch, texts)
            except AWAY as error:
                log.warning("the ledger store is away (%s), %d entries wait", error, len(batch))
            except ResponseError as error:
                if not str(error).startswith(UNFIT):
                    return await self._settle_singly(batch, error)
                log.error("the ledger store takes no writes: %s", error)
            batch = self._give_up_late(batch)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_MAX_S)
        return None

    def _answer(self, batch: list[_Ticket], texts: list[bytes]) -> None:
        self.entries += len(batch)
        for ticket, text in zip(batch, texts, strict=True):
            if ticket.answer.done():
                continue
            try:
                outcome = parse_outcome(text)
                self._place = max(self._place, outcome.place)
                ticket.answer.set_result(outcome)
            except (Fault, Unavailable) as error:
                ticket.answer.set_exception(error)

    def _patience_s(self, batch: list[_Ticket]) -> float:
        """How long a call may take before the first of its tickets is late."""
        return max(PATIENCE_MIN_S, batch[0].deadline_s - asyncio.get_running_loop().time())

    def _give_up_late(self, batch: list[_Ticket]) -> list[_Ticket]:
        """Answer those who have waited too long, in the batch and behind it; returns the others."""
        now_s = asyncio.get_running_loop().time()
        away = Unavailable("the ledger store is away")
        while self._queue and self._queue[0].deadline_s <= now_s:
            _fail([self._queue.popleft()], away)
        _fail((ticket for ticket in batch if ticket.deadline_s <= now_s), away)
        return [ticket for ticket in batch if ticket.deadline_s > now_s]

    async def _settle_singly(self, batch: list[_Ticket], error: ResponseError) -> None:
        """Keep one malformed entry from failing its neighbours."""
        if len(batch) == 1:
            return _fail(batch, Fault(str(error)))
        for ticket in batch:
            await self._settle([ticket])
        return None

    async def _call(self, batch: list[_Ticket]) -> list[bytes]:
        raws = (ticket.raw for ticket in batch)
        began_s = perf_counter()
        self._under_way.append(began_s)
        try:
            answer: Any = await self.store.fcall("post", 0, str(self._place), *raws)
            self.took.add((perf_counter() - began_s) * 1000)
        finally:
            self._under_way.remove(began_s)
            self._longest_s = max(self._longest_s, perf_counter() - began_s)
        return list(answer)

    # --- transactions over registers

    async def transact(
        self, names: Sequence[str], compose: Compose, *, likely_absent: Iterable[str] = ()
    ) -> Outcome | None:
        """Compose an entry from registers and post it, again whenever one has moved meanwhile.

        `names` are the registers that `compose` is known to look at; it may look at others, which
        are read when it does. Starts from what this process remembers of them (`likely_absent`
        ones are taken as not existing yet), so the common case costs no read. A `compose` that
        raises, or returns None because nothing is to be done, is believed only over freshly read
        registers.
        """
        registers, entry = self._remembered(compose, dict.fromkeys(likely_absent, ABSENT))
        if entry is None:
            registers = Registers(await self.read(names))
            entry = await self._composed(compose, registers)
        for _ in range(ATTEMPTS_MAX):
            if entry is None:
                return None
            outcome = await self.post(entry)
            if outcome.status is not Status.STALE:
                self._note_writes(entry, outcome, registers)
                return outcome
            self._remember(outcome.moved)
            registers |= outcome.moved
            entry = await self._composed(compose, registers)
        raise Unavailable("too many others change the same thing at this moment")

    def _remembered(
        self, compose: Compose, guess: dict[str, Register]
    ) -> tuple[Registers, Entry | None]:
        """What can be composed without reading, if anything."""
        registers = _Remembered(self._cache, guess)
        with suppress(Exception):
            return registers, compose(registers)
        return registers, None

    async def _composed(self, compose: Compose, registers: Registers) -> Entry | None:
        for _ in range(ATTEMPTS_MAX):
            try:
                return compose(registers)
            except Unread as unread:
                registers |= await self.read([unread.name])
        raise Fault("an entry looks at ever more registers")

    def _note_writes(self, entry: Entry, outcome: Outcome, known: Registers) -> None:
        if outcome.status is Status.POSTED and not outcome.is_repeat:
            self._remember(
                {
                    name: Register(known[name].version + 1, value.encode())
                    for name, value, _ in entry.writes
                    if name in known
                }
            )

    def _remember(self, registers: dict[str, Register]) -> None:
        for name, register in registers.items():
            self._cache[name] = register
            self._cache.move_to_end(name)
        while len(self._cache) > CACHED_REGISTERS_MAX:
            self._cache.popitem(last=False)

    # --- reads

    async def read(self, names: Sequence[str]) -> dict[str, Register]:
        """The registers as they stand now."""
        if not names:
            return {}
        values = await self._reading(self.store.mget([REGISTER_PREFIX + name for name in names]))
        registers = {name: parse_register(value) for name, value in zip(names, values, strict=True)}
        self._remember(registers)
        return registers

    async def balances(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """The balance of each (account, asset)."""
        if not pairs:
            return []
        fields = [f"{account} {asset}" for account, asset in pairs]
        values = await self._reading(self.store.hmget(BALANCES_KEY, fields))
        return [int(value or 0) for value in values]

    async def page(
        self, ranking: str, behind: tuple[int, str] | None, count: int
    ) -> list[tuple[str, int]]:
        """Members of a ranking with their scores, highest first, behind one of them.

        Stable while others come and go: what was told is not told again, nothing is left out.
        """
        key = RANK_PREFIX + ranking
        if behind is None:
            return await self.top(ranking, 0, count - 1)
        score, member = behind
        ties = await self._reading(self.store.zcount(key, score, score))
        found = await self._reading(
            self.store.zrevrangebyscore(key, score, "-inf", 0, count + ties, withscores=True)
        )
        pairs = [(name.decode(), int(value)) for name, value in found]
        return [pair for pair in pairs if (pair[1], pair[0]) < (score, member)][:count]

    async def top(self, ranking: str, first: int, last: int) -> list[tuple[str, int]]:
        """Members of a ranking with their scores, highest first, places first..last."""
        found = await self._reading(
            self.store.zrange(RANK_PREFIX + ranking, first, last, desc=True, withscores=True)
        )
        return [(member.decode(), int(score)) for member, score in found]

    async def tops(self, rankings: Sequence[str], count: int) -> list[list[tuple[str, int]]]:
        """The top of each ranking, in one go."""
        async with self.store.pipeline(transaction=False) as pipe:
            for ranking in rankings:
                pipe.zrange(RANK_PREFIX + ranking, 0, count - 1, desc=True, withscores=True)
            found = await self._reading(pipe.execute())
        return [[(member.decode(), int(score)) for member, score in top] for top in found]

    async def scores(self, ranking: str, members: Sequence[str]) -> list[int]:
        """The score of each member in a ranking, 0 for one that is not there."""
        found = await self._reading(self.store.zmscore(RANK_PREFIX + ranking, list(members)))
        return [int(score or 0) for score in found]

    async def upto(self, ranking: str, score: int, count: int) -> list[str]:
        """Members of a ranking with at most a score, lowest first."""
        found = await self._reading(
            self.store.zrangebyscore(RANK_PREFIX + ranking, "-inf", score, 0, count)
        )
        return [member.decode() for member in found]

    async def score(self, ranking: str, member: str) -> int | None:
        """A member's score in a ranking, None when it is not there."""
        found = await self._reading(self.store.zscore(RANK_PREFIX + ranking, member))
        return None if found is None else int(found)

    async def epoch(self) -> str:
        found = await self._reading(self.store.hget(META_KEY, "epoch"))
        return (found or b"").decode()

    async def room_seq(self, room: str) -> int:
        """The number of the room's last entry."""
        return int(await self._reading(self.store.hget(ROOMS_KEY, room)) or 0)

    async def ranked_room(self, room: str, ranking: str, count: int) -> tuple[int, list[Any]]:
        """A room's last number, and the top of a ranking at exactly that moment."""
        async with self.store.pipeline(transaction=True) as pipe:
            pipe.hget(ROOMS_KEY, room)
            pipe.zrange(RANK_PREFIX + ranking, 0, count - 1, desc=True, withscores=True)
            seq, ranks = await self._reading(pipe.execute())
        return int(seq or 0), [(member.decode(), int(score)) for member, score in ranks]

    async def _reading(self, reply: Any) -> Any:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await reply
        except AWAY as error:
            raise Unavailable(f"the ledger store is away: {error}") from None


async def install(store: Redis) -> None:
    """Load the ledger's function into a store and give a new ledger its epoch."""
    source = Path(__file__).with_name("ledger.lua").read_text()
    unfloored = ", ".join(f"{name} = true" for name in sorted(UNFLOORED))
    await store.function_load(source.replace("--[[UNFLOORED]]", unfloored), replace=True)
    await store.hsetnx(META_KEY, "epoch", token_hex(4))


def parse_register(value: bytes | None) -> Register:
    if value is None:
        return ABSENT
    version, _, document = value.partition(b" ")
    return Register(int(version), document)


def parse_outcome(text: bytes) -> Outcome:
    """One answer of the ledger's function.

    Raises `Fault` for an entry that makes no sense, `Unavailable` while money is stopped.
    """
    word, _, rest = text.partition(b" ")
    if word == b"again":
        first = parse_outcome(rest)
        return msgspec.structs.replace(first, is_repeat=True)
    if word == b"posted":
        place, room_seq, after = rest.split(b" ")
        balances = tuple(map(int, after.split(b","))) if after else ()
        return Outcome(
            status=Status.POSTED, place=int(place), room_seq=int(room_seq), after=balances
        )
    if word == b"stale":
        return Outcome(status=Status.STALE, moved=dict(map(_parse_moved, rest.split(b"\n"))))
    if word == b"invalid":
        raise Fault(rest.decode())
    if word == b"halted":
        raise Unavailable(f"money is stopped until the books are looked at: {rest.decode()}")
    return Outcome(status=Status(word.decode()), why=rest.decode())


def _parse_moved(line: bytes) -> tuple[str, Register]:
    name, _, register = line.partition(b" ")
    return name.decode(), parse_register(register)


def _fail(tickets: Iterable[_Ticket], error: Exception) -> None:
    for ticket in tickets:
        with suppress(asyncio.InvalidStateError):
            ticket.answer.set_exception(error)
