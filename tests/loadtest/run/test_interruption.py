"""Ctrl-C ends the show early; what was sent is still checked and reported."""

import asyncio
import math
import signal

import pytest

from loadtest.record.record import Record, Verdict
from loadtest.scenario.model import Kind
from loadtest.selftest.stub import Faults, serving_stub

from ...waiting import until
from ..asides import asides as asides
from ..asides import impatient as impatient
from ..shows import act, crowd, show
from .test_run import play

pytestmark = pytest.mark.usefixtures("asides", "impatient")

ACTS = (act(Kind.GIFT, 30, 60.0), act(Kind.ORDER, 30, 60.0), act(Kind.COMMENT, 30, 60.0))
LONG = show(crowd(4, *ACTS), rooms=1, duration_s=60.0)


async def interrupted(orders: int) -> Record:
    """Play a show that is interrupted when it has begun and so many orders came."""
    usual = signal.getsignal(signal.SIGINT)
    async with serving_stub(Faults()) as (url, stub):
        playing = asyncio.create_task(play(url, LONG))
        await until(lambda: signal.getsignal(signal.SIGINT) is not usual)
        await until(lambda: len(stub.show.shop.orders) >= orders)
        signal.raise_signal(signal.SIGINT)
        async with asyncio.timeout(10):
            return await playing


async def test_a_show_cut_short_is_still_checked_and_reported() -> None:
    record = await interrupted(5)
    assert record.verdict is Verdict.PASS
    assert 0 < record.seconds < 5
    assert record.notes[0].startswith("The show was cut short after")
    figures = record.figures
    assert 0 < figures["order.acknowledged"] == figures["ledger.orders_checked"] < 1_800
    assert figures["reliable.expected"] == figures["reliable.delivered"] > 0
    assert figures["order.scheduled"] == 1_800


async def test_a_show_that_is_ended_before_it_began_has_lasted_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadtest.run.run.LEAD_MS", 5_000.0)
    record = await interrupted(0)
    assert record.seconds == 0
    assert record.figures["order.sent"] == 0
    assert all(math.isfinite(value) and value >= 0 for value in record.figures.values())
