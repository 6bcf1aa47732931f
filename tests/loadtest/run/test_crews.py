"""Crews as processes: who is lost is named, nobody waits for it, and nothing is left behind."""

import asyncio
import io
import os
import signal
import sys
from pathlib import Path

import pytest
from rich.console import Console

from loadtest.alongside import clock_ms
from loadtest.client.credentials import Mint
from loadtest.crew.messages import Assignment, Gift
from loadtest.record.record import Verdict
from loadtest.run.crews import Crews
from loadtest.run.run import RunOrder, run
from loadtest.scenario.cast import Cast
from loadtest.scenario.model import Scenario
from loadtest.selftest.stub import SECRET, Faults, serving, serving_stub

from ...waiting import is_alive, until
from ..asides import impatient as impatient
from ..shows import busy_show, crowd, show

MINT = Mint(SECRET, "the test")
NOBODY = "http://127.0.0.1:9"
FEW = show(crowd(2), rooms=1)


def assignments(crews: int, url: str, scenario: Scenario = FEW) -> list[Assignment]:
    rooms = [f"r1-r{room}" for room in range(Cast(scenario).room_count)]
    return [
        Assignment(scenario, url, "r1", rooms, Gift("rose", 3), MINT, 60.0, crew, crews)
        for crew in range(crews)
    ]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crew that does not answer is given up soon."""
    for name in ("ANSWER_WITHIN_S", "END_WITHIN_S"):
        monkeypatch.setattr(f"loadtest.run.crews.{name}", 0.5)


@pytest.mark.usefixtures("soon")
async def test_a_killed_crew_and_one_that_hangs_are_lost_and_the_third_is_heard() -> None:
    async with serving_stub(Faults()) as (url, stub):
        stub.show.open("r1-r0", "A room", "r1-r0-host")
        async with Crews(assignments(3, url), lambda crew, beat: None) as crews:
            pids = crews.pids
            assert len(await crews.enter()) == 3
            assert len(await crews.ask({})) == 3
            os.kill(pids[0], signal.SIGKILL)
            os.kill(pids[1], signal.SIGSTOP)
            await until(lambda: crews.is_lost(0))
            began_ms = clock_ms()
            assert [each.is_complete for each in await crews.ask({})] == [True]
            assert [crews.is_lost(crew) for crew in range(3)] == [True, True, False]
            assert len(await crews.ask({})) == 1
            (account,) = await crews.finish({})
            assert clock_ms() - began_ms < 3_000
            assert account.counts["opened"] == 1
            assert crews.losses() == [
                "generator process 1 of 3 was lost (exit code -9)",
                "generator process 2 of 3 was lost",
            ]
        assert not any(map(is_alive, pids))


async def test_crews_end_with_their_director_and_say_nothing(tmp_path: Path) -> None:
    """The director is killed: it has no moment left to tell them."""
    script = tmp_path / "director.py"
    script.write_text(DIRECTOR)
    director = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script)),
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert director.stdout is not None
    pids = [int(pid) for pid in (await director.stdout.readline()).split()]
    assert len(pids) == 2
    assert all(map(is_alive, pids))
    director.kill()
    _, errors = await director.communicate()
    await until(lambda: not any(map(is_alive, pids)))
    assert errors == b""


DIRECTOR = """
import asyncio
from loadtest.run.crews import Crews
from tests.loadtest.run.test_crews import NOBODY, assignments

async def main():
    told = set()
    async with Crews(assignments(2, NOBODY), lambda crew, beat: told.add(crew)) as crews:
        while len(told) < 2:
            await asyncio.sleep(0.01)
        print(*crews.pids, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def children() -> list[int]:
    """The crews that this process has started."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            parent = (directory / "stat").read_text().rpartition(")")[2].split()[1]
            command = (directory / "cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == os.getpid() and b"loadtest.crew" in command:
            found.append(int(directory.name))
    return sorted(found)


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.usefixtures("impatient")
async def test_a_run_that_loses_a_crew_goes_on_and_is_invalid() -> None:
    async with serving_stub(Faults()) as (url, stub):
        order = RunOrder(scenario=busy_show(2.0), url=url, crews=2)
        playing = asyncio.create_task(run(order, MINT, Console(file=io.StringIO())))
        await until(lambda: len(children()) == 2)
        await until(lambda: stub.show.shop.orders)
        os.kill(children()[1], signal.SIGKILL)
        async with asyncio.timeout(10):
            record = await playing
    assert record.verdict is Verdict.INVALID
    assert record.reasons[0].startswith("Generator process ")
    assert record.reasons[0].endswith("of 2 was lost (exit code -9).")
    assert record.figures["generator.crews_lost"] == 1
    assert record.figures["viewers.opened"] == 4
    assert record.figures["reliable.lost"] == 0
    assert children() == []


@pytest.mark.usefixtures("impatient")
async def test_a_run_with_processes_finds_what_one_without_does() -> None:
    async with serving(Faults(forgets_order_every=1)) as url:
        order = RunOrder(scenario=busy_show(1.5), url=url, crews=2)
        record = await run(order, MINT, Console(file=io.StringIO()))
    figures = record.figures
    assert record.verdict is Verdict.FAIL
    assert record.reasons == ["20 acknowledged orders are not in the ledger."]
    assert figures["reliable.delivered"] == figures["reliable.expected"] == 40 * 5
    assert figures["comment.count"] == figures["comment.delivered"] == 40 * 5
    assert figures["viewers.peak"] == 8
    assert figures["connect.count"] == figures["join.count"] == 10
    assert [each.name for each in record.generator] == ["generator-1", "generator-2"]
    assert 0 < figures["generator.cpu_pct_max"] < 100
    assert figures["generator.bytes_per_viewer"] > 0
    assert children() == []
