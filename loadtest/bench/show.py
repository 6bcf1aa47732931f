"""A row's scene: one server, its rooms, the audience in them, and what all of it cost meanwhile.

Must not know targets. Invariant: nobody waits without end; what did not happen in time raises
`NotReady` with what was missing.
"""

import gc
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import uvloop

from ..books.purchases import CURRENCY, OFFERS
from ..checkout.machine import busy_s, others_s
from ..client.api import Api, open_session
from ..crew.messages import Gift
from ..run.stage import Stage, fill_wallets, open_room
from .account import Account, settle
from .audience import Audience
from .reference import Faults
from .servers import Server, Settings, serving
from .visitor import Room, Visitor

ENTER_WITHIN_S = 30.0
ENTER_PER_S_MIN = 500
OTHERS_CORES_MAX = 0.2
"""Used by what is none of ours: a machine that does something else is slower for all of us."""
SETTLE_WITHIN_S = 15.0
TTL_S = 3_600
BUSY_SHARE = 0.9
"""Of its core: an audience that used more may have been what was measured."""
GAP_S = 0.1
"""Between two looks at the sockets; the same."""
WALLET_MINOR = 10**9


class NotReady(Exception):
    """Something the row stands on did not happen; the message says what."""


@dataclass
class Spent:
    """What a stretch of time cost. Shares are of one core."""

    seconds: float = 0.0
    workers_cpu_s: float = 0.0
    audience_cpu_s: float = 0.0
    others_cores: float = 0.0
    longest_gap_s: float = 0.0
    reads: int = 0

    @property
    def is_disturbed(self) -> bool:
        """Whether the audience, or somebody else on this machine, may have been the limit."""
        is_slow = self.audience_share > BUSY_SHARE or self.longest_gap_s > GAP_S
        return is_slow or self.others_cores > OTHERS_CORES_MAX

    @property
    def audience_share(self) -> float:
        return self.audience_cpu_s / max(self.seconds, 1e-9)

    @property
    def worker_share(self) -> float:
        return self.workers_cpu_s / max(self.seconds, 1e-9)

    def as_note(self) -> str:
        reads_us = self.audience_cpu_s / max(self.reads, 1) * 1e6
        return (
            f"worker {self.worker_share:.0%} of its core; audience {self.audience_share:.0%}, "
            f"{reads_us:.1f} µs a read, longest gap {self.longest_gap_s * 1000:.0f} ms; "
            f"others {self.others_cores:.2f} cores"
        )


@dataclass
class Show:
    """One server and its audience."""

    server: Server
    audience: Audience
    faults: Faults
    run: str
    rooms: dict[str, Room] = field(default_factory=dict)

    def open_room(self, name: str, *, payers: int = 0, text_bytes: int = 40) -> Room:
        """Open a room with a show on; members 0 to `payers` - 1 of it get money and coins."""
        room = Room(f"{self.run}-{name}", f"{self.run}{name}", self.faults, text_bytes=text_bytes)
        self.rooms[name] = room
        uvloop.run(self._prepare(room.name, payers))
        return room

    async def _prepare(self, room: str, payers: int) -> None:
        topups = {payer: {CURRENCY: WALLET_MINOR, "COIN": WALLET_MINOR} for payer in range(payers)}
        stage = Stage(room, [room], Gift("", 0), topups)
        async with open_session() as session:
            api, mint = Api(session, self.server.url), self.server.mint
            await open_room(api, mint, room, [OFFERS[0]], ttl_s=TTL_S)
            await fill_wallets(api, stage, mint, ttl_s=TTL_S)

    def watchers(
        self, room: Room, count: int, *, first: int = 0, enters: bool = True
    ) -> list[Visitor]:
        """Members who only watch, users `first` and on of the room; not yet entering."""
        users = range(first, first + count)
        return [self._person(room, f"{room.name}-v{number}", enters=enters) for number in users]

    def commenters(
        self, room: Room, count: int, *, first: int = 0, enters: bool = True
    ) -> list[Visitor]:
        """The same who comment, too: they may be sent frames of their own."""
        return [
            self._person(room, f"{room.name}-v{number}", leads=False, is_urgent=True, enters=enters)
            for number in range(first, first + count)
        ]

    def payers(self, room: Room, count: int) -> list[Visitor]:
        """The first users of the room, who have money, and whose replies are timed."""
        users = range(count)
        return [self._person(room, f"{room.name}-v{number}", is_urgent=True) for number in users]

    def host(self, room: Room) -> Visitor:
        return self._person(room, f"{room.name}-host", "host", is_urgent=True)

    def _person(
        self,
        room: Room,
        user: str,
        role: str = "viewer",
        *,
        leads: bool = True,
        is_urgent: bool = False,
        enters: bool = True,
    ) -> Visitor:
        """`enters` False: it says hello, and joins later."""
        token = self.server.mint.token(user, role, ttl_s=TTL_S)
        into = room if enters else None
        return self.audience.add(token, into, leads=leads, is_urgent=is_urgent)

    def let_in(self, visitors: Sequence[Visitor]) -> float:
        """Let them enter; how long that took in seconds."""
        began_s = time.monotonic()
        self.audience.enter(visitors)
        within_s = ENTER_WITHIN_S + len(visitors) / ENTER_PER_S_MIN
        self.wait_for(lambda: not self.audience.is_entering(), within_s, "all members being let in")
        missing = sum(not visitor.is_in for visitor in visitors)
        if missing:
            told = "; ".join(self.faults.examples[:3]) or dict(self.audience.errors)
            raise NotReady(f"{missing:,} of {len(visitors):,} members did not get in: {told}")
        return time.monotonic() - began_s

    def wait_for(self, holds: Callable[[], bool], within_s: float, what: str) -> None:
        if not self.audience.until(holds, within_s):
            raise NotReady(f"{what}: not so within {within_s:g} s")

    def settle_down(self, room: Room) -> Account:
        """Wait until everything has arrived, or nothing comes any more, and sum up."""
        members = [v.member for v in self.audience.visitors if v.room is room]

        def is_complete() -> bool:
            if self.audience.unanswered:
                return False
            behind = (
                member.next != member.reference.next for member in members if member.reference
            )
            return _told(room) >= room.script.accepted and not any(behind)

        self.audience.until(is_complete, SETTLE_WITHIN_S)
        return settle(room.script, list(room.references.values()), members)

    def measured(self) -> AbstractContextManager[Spent]:
        """What goes on within the block costs so much."""
        return measuring(self.audience, self.server.cpu_s)


@contextmanager
def measuring(audience: Audience, cpu_s: Callable[[], dict[str, float]]) -> Iterator[Spent]:
    """What goes on within the block costs so much; `cpu_s` tells the time of processes by name."""
    spent = Spent()
    audience.rest()
    began_s, own_s = time.monotonic(), time.process_time()
    before_s, busy_began_s, reads = cpu_s(), busy_s(), audience.reads
    yield spent
    spent.seconds = time.monotonic() - began_s
    spent.audience_cpu_s = time.process_time() - own_s
    by_process = {name: s - before_s.get(name, 0.0) for name, s in cpu_s().items()}
    spent.workers_cpu_s = sum(s for name, s in by_process.items() if name.startswith("worker"))
    by_process["audience"] = spent.audience_cpu_s
    spent.others_cores = others_s(by_process, busy_s() - busy_began_s) / spent.seconds
    spent.longest_gap_s = audience.longest_gap_s
    spent.reads = audience.reads - reads


@contextmanager
def showing(settings: Settings | None = None, *, is_pinned: bool = True) -> Iterator[Show]:
    """A fresh server and an audience for it; both end with the block."""
    with serving(settings or {}, is_pinned=is_pinned) as server:
        faults = Faults()
        audience = Audience(server.address, faults)
        try:
            yield Show(server, audience, faults, secrets.token_hex(3))
        finally:
            audience.close()
            gc.unfreeze()
            gc.collect()


def spare_collector() -> None:
    """Keep the collector from walking what lives as long as the row."""
    gc.collect()
    gc.freeze()


def _told(room: Room) -> int:
    """Comments that a worker has told of, shown or shed; of several workers, the one behind."""
    sums = [
        sum(len(frame.comments) + frame.shed for frame in reference.told)
        for reference in room.references.values()
    ]
    return min(sums, default=0)
