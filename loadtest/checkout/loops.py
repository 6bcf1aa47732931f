"""The two ways of ordering: as fast as the server answers, and at moments fixed beforehand.

Must not know what an order is. In the closed loop every connection keeps exactly one order under
way, so the server is never without work and never with more than one order a connection: what is
measured is its rate. In the open loop moments never move, whatever the server does; an order whose
moment comes while all connections are waiting leaves as soon as one of them is idle, and its
latency counts from the moment all the same.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from random import Random

from ..crew.pacing import pace
from ..scenario.model import Curve, Kind
from ..scenario.schedule import timetable
from .buyer import Buyer, Desk

BACKLOG_MAX = 100_000
"""Orders that wait for an idle connection; more are skipped: nobody queues for ever."""
NAP_S = 0.05
HOPELESS_S = 5.0
"""No order was answered and no update came for this long: what is open stays open."""


async def saturate(
    desk: Desk, buyers: Sequence[Buyer], duration_s: float, stop: asyncio.Event
) -> None:
    """Keep one order under way on every connection for a while."""
    clock, sales = desk.clock, desk.sales
    sales.ends_ms = clock() + duration_s * 1000

    def order_again(buyer: Buyer) -> None:
        now_ms = clock()
        if now_ms < sales.ends_ms and not stop.is_set() and buyer.is_connected:
            sales.scheduled += 1
            buyer.order(now_ms)

    desk.on_idle = order_again
    for buyer in buyers:
        order_again(buyer)
    while clock() < sales.ends_ms and not stop.is_set():
        await asyncio.sleep(NAP_S)
    sales.ends_ms = min(sales.ends_ms, clock())


class Queue:
    """Idle buyers, or moments that have come and wait for one; never both."""

    def __init__(self, desk: Desk, buyers: Sequence[Buyer]) -> None:
        self._sales = desk.sales
        self._idle = deque(buyer for buyer in buyers if buyer.is_connected)
        self._waiting: deque[float] = deque()

    def come(self, intended_ms: float) -> None:
        """A moment has come: order on the connection that has been idle the longest."""
        self._sales.scheduled += 1
        while self._idle:
            buyer = self._idle.popleft()
            if buyer.is_connected:
                buyer.order(intended_ms)
                return
        if len(self._waiting) < BACKLOG_MAX:
            self._sales.late += 1
            self._waiting.append(intended_ms)
        else:
            self._sales.skipped += 1

    def take_idle(self, buyer: Buyer) -> None:
        if not buyer.is_connected:
            return
        if self._waiting:
            buyer.order(self._waiting.popleft())
        else:
            self._idle.append(buyer)

    def close(self) -> None:
        """Whatever still waits is not sent any more."""
        self._sales.skipped += len(self._waiting)
        self._waiting.clear()


async def keep_pace(
    desk: Desk,
    buyers: Sequence[Buyer],
    per_s: float,
    duration_s: float,
    seed: int,
    stop: asyncio.Event,
) -> None:
    """Order `per_s` times a second for a while, at moments that follow from the seed."""
    books = desk.books
    steady = Curve(((0.0, per_s), (duration_s, per_s)))
    table = timetable(Kind.ORDER, steady, [0], duration_s=duration_s, random=Random(seed))
    queue = Queue(desk, buyers)
    desk.on_idle = queue.take_idle
    books.start_ms = desk.clock()
    desk.sales.ends_ms = books.start_ms + duration_s * 1000

    moments = ((moment_ms, books.start_ms + moment_ms) for moment_ms in table.intended_ms)
    await pace(moments, duration_s * 1000, queue.come, books, stop)
    desk.sales.ends_ms = min(desk.sales.ends_ms, desk.clock())
    await answered(desk, buyers)
    queue.close()


async def answered(desk: Desk, buyers: Sequence[Buyer]) -> None:
    """Wait until every order is answered and told of, or nothing comes any more."""
    state, since_ms = (-1, -1), desk.clock()
    while desk.clock() - since_ms < HOPELESS_S * 1000:
        open_count = sum(not buyer.is_idle for buyer in buyers)
        missing = sum(buyer.updates.missing for buyer in buyers)
        if not open_count and not missing:
            return
        if (desk.sales.acknowledged, missing) != state:
            state, since_ms = (desk.sales.acknowledged, missing), desk.clock()
        await asyncio.sleep(NAP_S)
