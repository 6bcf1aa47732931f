"""Child processes: started, kept alive, stopped."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from livesrv.children import Backoff, Child, ChildError, Program

from .waiting import is_alive, until

READY = "import os; os.write(int(os.environ['LIVESRV_READY_FD']), b'1')\n"
WAIT = "import time; time.sleep(600)\n"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


def python(source: str, *, ready_within_s: float = 20.0) -> Program:
    return Program("stand-in", [sys.executable, "-c", source], ready_within_s=ready_within_s)


@pytest.fixture
async def children() -> AsyncIterator[AsyncExitStack]:
    """Stops, in the end, every child whose `stop` was pushed."""
    async with AsyncExitStack() as stack:
        yield stack


async def started(children: AsyncExitStack, source: str, **options: Any) -> Child:
    child = Child(python(source), **options)
    children.push_async_callback(child.stop, grace_s=0)
    await child.start()
    return child


def test_first_restart_is_at_once_and_the_next_ones_wait_longer_and_longer() -> None:
    backoff = Backoff()
    pauses = [backoff.pause_s(alive_s=0.01) for _ in range(9)]
    assert pauses == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]


def test_child_that_was_well_for_a_while_starts_over() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.pause_s(alive_s=1)
    assert [backoff.pause_s(alive_s=10), backoff.pause_s(alive_s=1)] == [0, 0.1]


async def test_child_has_started_when_it_says_so(children: AsyncExitStack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    await started(children, f"open({str(mark)!r}, 'w').close()\n" + READY + WAIT)
    assert mark.exists()


async def test_killed_child_comes_back_with_another_pid(children: AsyncExitStack) -> None:
    starts: list[None] = []
    child = await started(children, READY + WAIT, on_start=lambda: starts.append(None))
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.pid != first)
    assert is_alive(child.pid or 0)
    assert len(starts) == 2


async def test_child_that_ends_by_itself_comes_back_too(
    children: AsyncExitStack, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    await started(children, READY + "print('up', flush=True)\n", log_file=log)
    await until(lambda: log.read_text().count("up") >= 4)


async def test_child_that_dies_before_it_serves_is_an_error_with_what_it_printed(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    log.write_text("of an earlier run\n")
    child = Child(python("print('no such room'); raise SystemExit(3)"), log_file=log)
    with pytest.raises(ChildError, match="stand-in ended with exit status 3 before it served") as e:
        await child.start()
    await child.stop(grace_s=0)
    assert "no such room" in str(e.value)
    assert "earlier run" not in str(e.value)


async def test_child_that_is_killed_before_it_serves_is_an_error_that_names_the_signal() -> None:
    child = Child(python("import os; os.kill(os.getpid(), 9)"))
    with pytest.raises(ChildError, match="was killed by SIGKILL before it served"):
        await child.start()
    await child.stop(grace_s=0)


async def test_child_that_never_serves_is_an_error_and_is_killed() -> None:
    child = Child(python(WAIT, ready_within_s=0.2))
    with pytest.raises(ChildError, match=r"does not serve after 0\.2 s"):
        await child.start()
    await child.stop(grace_s=0)
    assert not is_alive(child.pid or 0)


async def test_child_that_closes_its_pipe_unsaid_has_not_started() -> None:
    source = "import os; os.close(int(os.environ['LIVESRV_READY_FD']))\n" + WAIT
    child = Child(python(source, ready_within_s=0.3))
    with pytest.raises(ChildError, match="does not serve"):
        await child.start()
    await child.stop(grace_s=0)


async def test_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    child = Child(Program("stand-in", [str(tmp_path / "nothing")]))
    with pytest.raises(FileNotFoundError):
        await child.start()
    await child.stop(grace_s=0)


async def test_stopped_child_does_not_come_back(children: AsyncExitStack) -> None:
    child = await started(children, READY + WAIT)
    first = child.pid
    await child.stop(grace_s=20)
    assert child.pid == first
    assert not is_alive(first or 0)


async def test_child_that_ignores_sigterm_is_killed_after_its_grace(
    children: AsyncExitStack,
) -> None:
    child = await started(children, STUBBORN + READY + WAIT)
    await child.stop(grace_s=0.1)
    assert not is_alive(child.pid or 0)


async def test_kill_ends_a_stop_that_is_waiting(children: AsyncExitStack) -> None:
    child = await started(children, STUBBORN + READY + WAIT)
    stopping = asyncio.create_task(child.stop(grace_s=600))
    await asyncio.sleep(0)
    child.kill()
    await asyncio.wait_for(stopping, 20)


async def test_stop_while_waiting_to_start_again_starts_nothing(
    children: AsyncExitStack, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    child = await started(children, READY + "print('up', flush=True)\n", log_file=log)
    await until(lambda: log.read_text().count("up") >= 5)
    await child.stop(grace_s=20)
    assert not is_alive(child.pid or 0)


async def test_terminals_ctrl_c_does_not_reach_a_child(children: AsyncExitStack) -> None:
    child = await started(children, READY + WAIT)
    assert child.pid is not None
    assert os.getsid(child.pid) == child.pid != os.getsid(0)


async def test_kept_descriptor_stays_open_in_the_child(children: AsyncExitStack) -> None:
    reader, writer = os.pipe()
    await started(children, READY + WAIT, keep_fds=(writer,))
    os.close(writer)
    os.set_blocking(reader, False)
    with pytest.raises(BlockingIOError):  # and not end of file: somebody can still write
        os.read(reader, 1)
    os.close(reader)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of our death")
@pytest.mark.parametrize("death_signal", ["SIGKILL", "SIGTERM"])
async def test_child_of_a_killed_parent_dies(death_signal: str) -> None:
    source = f"""
import asyncio, signal, sys
from livesrv.children import Child, Program
async def main():
    argv = [sys.executable, "-c", {READY + WAIT!r}]
    child = Child(Program("stand-in", argv, death_signal=signal.{death_signal}))
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    await parent.wait()
    await until(lambda: not is_alive(child))
