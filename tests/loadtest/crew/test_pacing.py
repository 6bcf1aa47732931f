"""The schedule carried out in real time, where a late or an early send must show."""

import asyncio
import time

from loadtest.alongside import clock_ms
from loadtest.books.books import Books
from loadtest.books.latency import Measure
from loadtest.crew.pacing import pace
from loadtest.scenario.schedule import Schedule

MOMENTS_MS = [each * 300 / 90 for each in range(90)]
ACTIONS = list(zip(MOMENTS_MS, range(90), strict=True))


def books() -> Books:
    return Books("r1", ["r"], Schedule(), clock_ms)


async def test_everything_is_sent_in_order_and_nothing_early() -> None:
    account = books()
    sent: list[tuple[float, int]] = []
    await pace(
        iter(ACTIONS),
        300.0,
        lambda number: sent.append((clock_ms() - account.start_ms, number)),
        account,
        asyncio.Event(),
    )
    assert [number for _, number in sent] == list(range(90))
    assert all(real[0] >= plan[0] for real, plan in zip(sent, ACTIONS, strict=True))
    assert clock_ms() - account.start_ms >= 300.0


async def test_a_sender_that_blocks_is_late_and_the_schedule_does_not_wait_for_it() -> None:
    account = books()
    await pace(iter(ACTIONS), 300.0, lambda _: time.sleep(0.01), account, asyncio.Event())
    late = account.account.latencies.summary(Measure.SENT_LATE)
    assert late.count == 90
    assert late.max_ms > 300


async def test_an_interruption_ends_the_sending_at_once() -> None:
    stop = asyncio.Event()
    stop.set()
    sent: list[int] = []
    await pace(iter(ACTIONS), 60_000.0, sent.append, books(), stop)
    assert sent == []


async def test_an_interruption_in_between_leaves_out_what_was_still_to_come() -> None:
    stop = asyncio.Event()
    sent: list[int] = []

    def do(number: int) -> None:
        sent.append(number)
        stop.set()

    await pace(iter([(0.0, 1), (60_000.0, 2)]), 60_000.0, do, books(), stop)
    assert sent == [1]
