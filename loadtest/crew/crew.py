"""One crew: its people let in, the show played, the rest waited for, the account handed over.

Must not know the other crews. Invariant: everything it noted is in the account it hands over, and
nothing of it is told twice.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from heapq import merge
from random import Random
from typing import Any

from ..alongside import alongside, clock_ms, epoch_clock
from ..books.account import Account
from ..books.books import Books
from ..client.audience import SLOW_BUFFER_BYTES, Audience, connector
from ..client.viewer import Door, Viewer
from ..process import allow_files, resident_bytes, spare_collector
from ..scenario.cast import Cast, Group
from ..scenario.model import Kind, Role
from .acting import Action, Actor
from .lag import watch_lag
from .messages import Assignment, Beat, End, Standing, host_of
from .pacing import pace
from .presence import Presence

ENTERING_MAX = 128
"""People of one crew on their way in at once; a server's backlog is some thousands."""
READING_S = 0.05
"""How long a slow reader reads when it does."""


class Crew:
    """The people of one assignment."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._cast = Cast(assignment.scenario)
        self.clock = epoch_clock() if assignment.is_apart else clock_ms
        self.books = Books(assignment.run, assignment.room_ids, self._cast.schedule, self.clock)
        self._people = dict(self._hired())
        self._audience = Audience(list(self._people.values()))
        self.presence = self._present()
        self._actor = Actor(self.books, self._cast, self._people, self.presence, assignment.gift)
        self.all_called = asyncio.Event()

    async def enter(self) -> float:
        """Let in who is there from the first; returns bytes of memory for each."""
        allow_files(len(self._people))
        before_bytes = resident_bytes()
        if self._assignment.is_apart:
            await Audience(self._expected()).enter()
            await self.all_called.wait()
        first = self._expected()
        await Audience(first).enter()
        spare_collector()
        return (resident_bytes() - before_bytes) / max(1, len(first))

    async def play(self, start_ms: float, stop: asyncio.Event) -> float:
        """Play the show that begins at a moment; returns how many seconds it lasted."""
        self.books.start_ms = start_ms
        duration_ms = self._assignment.scenario.duration_s * 1000
        async with alongside(watch_lag(self.books), *self._slow_reading()):
            await pace(self._actions(), duration_ms, self._actor.do, self.books, stop)
        for viewer in self._people.values():
            viewer.read_on(True)
        return max(0.0, self.clock() - start_ms) / 1000

    def beat(self, number: int | None) -> Beat:
        """Sum up the second that has just ended."""
        self.books.sweep()
        counts = {**_counts(self.books), "viewers": self._viewers_in()}
        return Beat(number, counts, self.books.account.latencies.take_recent())

    def standing(self, ends: Mapping[str, End], *, wants_account: bool) -> Standing:
        self.books.sweep(settle_ms=0)
        account = self.books.account
        wanted = [viewer for viewer in self._healthy() if viewer.is_wanted]
        return Standing(
            open_count=account.receipts.open_count,
            changes=account.deliveries.arrived_total + account.tally.delivered + account.tally.lost,
            is_complete=all(viewer.place.is_in for viewer in wanted),
            has_reached=bool(ends) and all(_has_reached(viewer, ends) for viewer in wanted),
            account=account if wants_account else None,
        )

    def close(self, ends: Mapping[str, End]) -> Account:
        """Close every account where its room ends, or where its member was told to go."""
        self.books.sweep(settle_ms=-1)
        account = self.books.account
        account.receipts.abandon_open()
        account.closed_ms = self.books.clock()
        account.counts["called"] = sum(
            not self._cast.is_host(number) for number in self.presence.ever_called
        )
        account.counts["opened"] = sum(
            viewer.entered.is_set() and not self._cast.is_host(number)
            for number, viewer in self._people.items()
        )
        for viewer in self._people.values():
            place, end = viewer.place, ends.get(viewer.room_id)
            if end is None or not viewer.is_wanted:
                viewer.settle(place.epoch, place.seq)
            else:
                viewer.settle(end.epoch, end.seq)
        return account

    def _viewers_in(self) -> int:
        """How many people are in rooms now, hosts aside."""
        is_host = self._cast.is_host
        return sum(v.place.is_in for n, v in self._people.items() if not is_host(n))

    async def leave(self) -> None:
        await self._audience.leave()

    def _present(self) -> Presence:
        """Hosts are always there: nobody else brings them in."""
        is_apart, is_host = self._assignment.is_apart, self._cast.is_host
        due = [number for number in self._people if self._cast.is_there_first(number)]
        called = [number for number in self._people if is_host(number) or not is_apart]
        return Presence(self._people, due, called)

    def _expected(self) -> list[Viewer]:
        return [self._people[number] for number in self.presence.expected]

    def _hired(self) -> Iterator[tuple[int, Viewer]]:
        """The people of this crew, by number."""
        assignment, url = self._assignment, self._assignment.url
        turn = asyncio.Semaphore(ENTERING_MAX)
        door = Door(connector(url, self.books), turn)
        slow_door = Door(connector(url, self.books, SLOW_BUFFER_BYTES), turn)
        random = Random(assignment.crew)
        for number in range(assignment.crew, self._cast.size, assignment.crews):
            group = self._cast.group_of(number)
            is_slow = _is(group, Role.SLOW_READER)
            yield (
                number,
                Viewer(
                    number,
                    self._cast.room_of(number),
                    self._token(number, group),
                    self.books,
                    slow_door if is_slow else door,
                    random,
                    is_slow=is_slow,
                ),
            )

    def _token(self, number: int, group: Group | None) -> str | None:
        assignment = self._assignment
        if group is None:
            user = host_of(assignment.room_ids[number])
            return assignment.mint.token(user, "host", ttl_s=assignment.ttl_s)
        if group.people.role is Role.GUEST:
            return None
        user = self.books.user(number)
        return assignment.mint.token(user, "viewer", ttl_s=assignment.ttl_s)

    def _actions(self) -> Iterator[tuple[float, Action]]:
        """All that the people of this crew do, earliest first."""
        people = self._people
        acts: Iterator[tuple[float, Action]] = (
            (at_ms, (table, number))
            for at_ms, table, number in self._cast.schedule.in_order()
            if table.viewer(number) in people
        )
        moves: Iterator[tuple[float, Action]] = (
            (move.at_ms, move) for move in self._cast.movements() if move.person in people
        )
        return merge(acts, moves, key=lambda action: action[0])

    def _slow_reading(self) -> list[Coroutine[Any, Any, None]]:
        """What keeps each group of slow readers slow."""
        return [
            _read_rarely(
                [self._people[n] for n in group.numbers if n in self._people],
                group.people.reads_every_s,
            )
            for group in self._cast.groups
            if group.people.reads_every_s is not None
        ]

    def _healthy(self) -> list[Viewer]:
        return [
            viewer
            for number, viewer in self._people.items()
            if not _is(self._cast.group_of(number), Role.SLOW_READER)
        ]


def _is(group: Group | None, role: Role) -> bool:
    return group is not None and group.people.role is role


def _has_reached(viewer: Viewer, ends: Mapping[str, End]) -> bool:
    end = ends.get(viewer.room_id)
    return end is None or (not viewer.place.is_awaiting and viewer.place.seq >= end.seq)


async def _read_rarely(readers: Sequence[Viewer], every_s: float) -> None:
    """Let slow readers read for a moment, again and again."""
    while True:
        for reader in readers:
            reader.read_on(False)
        await asyncio.sleep(every_s)
        for reader in readers:
            reader.read_on(True)
        await asyncio.sleep(READING_S)


def _counts(books: Books) -> dict[str, float]:
    """Totals so far of what is told every second."""
    account = books.account
    account.counts["frames"], account.counts["bytes"] = books.frames, books.bytes_in
    return {
        "deliveries": account.deliveries.arrived_total + account.tally.delivered,
        "frames": books.frames,
        "bytes": books.bytes_in,
        "comments": account.said[Kind.COMMENT, "acknowledged"],
        "gifts": account.receipts.acknowledged[Kind.GIFT],
        "orders": account.receipts.acknowledged[Kind.ORDER],
        "errors": account.errors.total(),
        "closes": account.close_codes.total(),
        "shed": account.deliveries.shed + account.deliveries.gap,
        "lost": account.tally.lost,
        **account.failures(),
        "cpu_s": time.process_time(),
        "at_s": books.clock() / 1000,
        "resident_bytes": resident_bytes(),
    }
