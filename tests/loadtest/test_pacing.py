"""The schedule carried out in real time, where a late or an early send must show."""

import asyncio
import time

from loadtest.alongside import clock_ms
from loadtest.books.books import Books
from loadtest.books.latency import Measure
from loadtest.crew.pacing import pace
from loadtest.run.plan import Plan
from loadtest.run.run import timetables
from loadtest.scenario.schedule import Kind, in_order


def books() -> Books:
    tables = timetables(Plan(comments_per_s=200, gifts_per_s=50, orders_per_s=50, duration_s=0.3))
    return Books("r1", ["r"], tables, clock_ms)


async def test_everything_is_sent_in_order_and_nothing_early() -> None:
    account = books()
    planned = list(in_order(list(account.tables.values())))
    sent: list[tuple[float, Kind, int]] = []
    await pace(
        iter(planned),
        300.0,
        lambda kind, number: sent.append((clock_ms() - account.start_ms, kind, number)),
        account,
        asyncio.Event(),
    )
    assert [action[1:] for action in sent] == [action[1:] for action in planned]
    assert all(real[0] >= plan[0] for real, plan in zip(sent, planned, strict=True))
    assert clock_ms() - account.start_ms >= 300.0


async def test_a_sender_that_blocks_is_late_and_the_schedule_does_not_wait_for_it() -> None:
    account = books()
    actions = in_order(list(account.tables.values()))

    def block(kind: Kind, number: int) -> None:
        time.sleep(0.01)

    await pace(actions, 300.0, block, account, asyncio.Event())
    late = account.latencies.summary(Measure.SENT_LATE)
    assert late.count == 90
    assert late.max_ms > 300


async def test_an_interruption_ends_the_sending_at_once() -> None:
    stop = asyncio.Event()
    stop.set()
    sent: list[int] = []
    account = books()
    actions = in_order(list(account.tables.values()))
    await pace(actions, 60_000.0, lambda kind, number: sent.append(number), account, stop)
    assert sent == []
