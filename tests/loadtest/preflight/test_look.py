"""The checks of this very machine, with a server and without."""

import os
import resource
import subprocess
import sys

from loadtest.preflight.checks import Check, State
from loadtest.preflight.look import look_around, look_at_server, need_of, preflight
from loadtest.scenario.model import People, Role, RoomGroup, Scenario

from ...server import Server
from ...waiting import until_awaited

NOBODY = "http://127.0.0.1:9"
SCENARIO = Scenario(
    name="small",
    title="Small",
    duration_s=10,
    rooms=(RoomGroup(name="main", count=3),),
    people=(People(name="viewers", role=Role.VIEWER, count=100, rooms="main"),),
)


def states(checks: list[Check]) -> dict[str, State]:
    return {check.name: check.state for check in checks}


def test_hosts_take_connections_too() -> None:
    assert need_of(SCENARIO, 2).viewers == 103


async def test_this_machine_is_read() -> None:
    found = await look_around(NOBODY)
    assert found.cores == len(os.sched_getaffinity(0))
    assert found.addresses == 64
    assert found.ports is not None
    assert found.ports[0] < found.ports[1]
    assert found.memory_available_bytes is not None
    assert found.busy_pct is not None
    assert 0 <= found.busy_pct <= 110


async def test_a_servers_own_limits_are_checked(server: Server) -> None:
    async def workers() -> list[str]:
        return [worker.name for worker in (await look_at_server(server.url)).workers]

    async def tells_of_both() -> bool:
        return await workers() == ["worker-0", "worker-1"]

    await until_awaited(tells_of_both)
    checks = states(await preflight(SCENARIO, 1, server.url))
    assert checks["open files, worker-0"] is State.OK
    assert "server" not in checks
    afar = await look_at_server(server.url, "of nobody")
    assert afar.workers, "who asks from this machine needs no token"


async def test_without_a_server_the_machine_is_checked_all_the_same() -> None:
    checks = states(await preflight(SCENARIO, 1, NOBODY))
    assert checks["server"] is State.WARN
    assert checks["open files, a generator process"] is State.OK


def loadtest(*arguments: str, files: int = 1_000) -> "subprocess.CompletedProcess[str]":
    """The command, for whom the system lets open so many files."""
    command = [sys.executable, "-m", "loadtest", "preflight", *arguments, "--url", NOBODY]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
    )


def test_the_command_ends_with_0_unless_something_will_stop_the_run() -> None:
    fine = loadtest("--viewers", "50")
    assert fine.returncode == 0, fine.stderr
    assert "warn: server: start the server at" in fine.stdout
    too_much = loadtest("--viewers", "1000", "--crews", "1")
    assert too_much.returncode == 2
    assert "stop: open files, a generator process:" in too_much.stdout
